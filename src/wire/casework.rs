use serde::Serialize;
use utoipa::ToSchema;

use crate::acts::{Aspect, Question, Suggestion, suggest};
use crate::domain::{Moment, UnitId};
use crate::engine::{Allowed, WholeCase};

/// The ticket after an act.
#[derive(Debug, Serialize, ToSchema)]
pub struct Acted {
    pub number: String,
    #[schema(example = "reported")]
    pub state: String,
    /// For the next `If-Match`.
    pub version: u32,
}

/// What is done about a ticket, and what the asker may do next.
#[derive(Debug, Serialize, ToSchema)]
pub struct Casework {
    /// Of the ticket; it is its `ETag` too.
    version: u32,
    round: u8,
    officer: Option<String>,
    handling_unit: Option<String>,
    /// 待核: the rater is on the blocklist.
    listed: bool,
    /// 督办.
    escalated: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Moment>,
    orders: Vec<Order>,
    slips: Vec<Slip>,
    /// Units that the rules of 第十条 point at, with the rule to cite; people decide.
    suggestions: Vec<SuggestedUnit>,
    acts: Vec<PossibleAct>,
}

/// A handling slip's order to one responsible unit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Order {
    number: u8,
    round: u8,
    slip: String,
    unit: String,
    rule: u8,
    #[schema(example = "verifying")]
    state: String,
    /// 作废.
    void: bool,
    /// 回避: the Centre itself is responsible.
    recused: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    received_at: Option<Moment>,
    /// Nobody signed for it in time.
    deemed: bool,
    contested: bool,
    /// A wish for more time waits for its decision.
    requested: bool,
    returns: u8,
}

/// A version of a handling slip (差评处理单).
#[derive(Debug, Serialize, ToSchema)]
pub struct Slip {
    #[schema(example = "S2026-000007")]
    number: String,
    /// In the annex's words: `2026 第 7 号`.
    number_zh: String,
    version: u16,
    order: u8,
    unit: String,
    matter: String,
    contact: String,
    #[schema(value_type = String, format = DateTime)]
    made_at: Moment,
    /// A void copy since then.
    #[schema(value_type = Option<String>, format = DateTime)]
    void_at: Option<Moment>,
}

/// A row of the decision table of 第十条.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestedUnit {
    rule: u8,
    #[schema(example = "第十条（一）")]
    article: String,
    aspect: String,
    /// Primary first; empty where nobody named the unit yet.
    units: Vec<String>,
}

/// An act, and whether the asker may do it now: `POST /api/v1/tickets/{number}/{act}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct PossibleAct {
    #[schema(example = "dispatch")]
    act: String,
    name: String,
    /// On which of several orders.
    order: Option<u8>,
    allowed: bool,
    /// Why not, in Chinese.
    why_not: Option<String>,
    /// The word of the refusal.
    refusal: Option<String>,
    article: Option<String>,
    fields: Vec<String>,
}

impl Casework {
    pub fn of(whole: WholeCase, allowed: Vec<Allowed>, reasons: &[Aspect]) -> Self {
        let case = whole.case;
        let suggested = |aspect: &Aspect| {
            suggest(&Question {
                business: case.business,
                aspect: *aspect,
                seconded_from: whole.seconded_from.clone(),
                handling_unit: case.handling_unit.clone(),
            })
        };
        Casework {
            version: case.version,
            round: case.ticket.round,
            officer: case.officer.as_ref().map(|person| person.0.clone()),
            handling_unit: case.handling_unit.as_ref().map(|unit| unit.0.clone()),
            listed: case.listed,
            escalated: case.escalated,
            closed_at: case.closed_at,
            suggestions: reasons.iter().map(suggested).map(Into::into).collect(),
            orders: case.orders.iter().map(Into::into).collect(),
            slips: whole.slips.into_iter().map(Into::into).collect(),
            acts: allowed.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&crate::casework::Order> for Order {
    fn from(order: &crate::casework::Order) -> Self {
        Order {
            number: order.number,
            round: order.round,
            slip: order.slip.to_string(),
            unit: order.unit.0.clone(),
            rule: order.rule,
            state: order.state.word().to_owned(),
            void: order.void,
            recused: order.unit.is_centre(),
            received_at: order.received_at,
            deemed: order.deemed,
            contested: order.contested,
            requested: order.request.is_some(),
            returns: order.returns,
        }
    }
}

impl From<crate::engine::SlipRow> for Slip {
    fn from(row: crate::engine::SlipRow) -> Self {
        let slip = row.slip;
        Slip {
            number: slip.number.to_string(),
            number_zh: slip.number.zh(),
            version: slip.version,
            order: slip.order,
            unit: slip.unit.0,
            matter: slip.matter,
            contact: slip.contact,
            made_at: slip.made_at,
            void_at: row.void_at,
        }
    }
}

impl From<Suggestion> for SuggestedUnit {
    fn from(suggestion: Suggestion) -> Self {
        let units = suggestion.units.into_iter();
        SuggestedUnit {
            rule: suggestion.rule.number,
            article: suggestion.rule.article.to_string(),
            aspect: suggestion.aspect.zh().to_owned(),
            units: units.map(|UnitId(id)| id).collect(),
        }
    }
}

impl From<Allowed> for PossibleAct {
    fn from(allowed: Allowed) -> Self {
        let refusal = allowed.refusal.as_ref();
        PossibleAct {
            act: allowed.kind.word.to_owned(),
            name: allowed.kind.zh.to_owned(),
            order: allowed.order,
            allowed: refusal.is_none(),
            why_not: refusal.map(|refusal| refusal.zh()),
            refusal: refusal.map(|refusal| refusal.word().to_owned()),
            article: refusal.map(|refusal| refusal.article().to_string()),
            fields: allowed
                .kind
                .fields
                .iter()
                .map(|field| field.name.to_owned())
                .collect(),
        }
    }
}
