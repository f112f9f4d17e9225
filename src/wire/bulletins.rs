use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bulletins::{Adjusted, BulletinRow};
use crate::domain::Moment;
use crate::figures::Adjustment;

/// A period's bulletin in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulletinHead {
    #[schema(example = "2026-09")]
    period: String,
    version: u32,
    /// SHA-256 of the content: what is reviewed and signed.
    digest: String,
    #[schema(value_type = String, format = DateTime)]
    drafted_at: Moment,
    drafted_by: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    reviewed_at: Option<Moment>,
    reviewed_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    issued_at: Option<Moment>,
    issued_by: Option<String>,
}

/// Until when a period's bulletin is due (第十八条), and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulletinTerm {
    #[schema(example = "2026-09")]
    period: String,
    /// The end of the period.
    #[schema(value_type = String, format = DateTime)]
    started_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    due_at: Moment,
    /// 暂定: it reaches into a year without a notice.
    provisional: bool,
    /// When it was issued.
    #[schema(value_type = Option<String>, format = DateTime)]
    met_at: Option<Moment>,
    /// When it was put on record as overdue.
    #[schema(value_type = Option<String>, format = DateTime)]
    missed_at: Option<Moment>,
}

/// A bulletin with its content, and what has been counted otherwise since it was issued.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeBulletin {
    #[serde(flatten)]
    head: BulletinHead,
    /// Title, 文号, 主送, the seven parts, the annex by 事项 and what is missing to 100 %; without numbers of tickets for whom
    /// single tickets are not open.
    #[schema(value_type = Object)]
    content: serde_json::Value,
    adjustments: Vec<Adjusting>,
    /// Changes that were not counted yet when this was asked: the adjustments are without them. 10001 where there are
    /// more than 10000.
    waiting: u64,
}

/// A number that is another one now (追溯调整).
#[derive(Debug, Serialize, ToSchema)]
pub struct Adjusting {
    /// `overall`, `channel`, `unit` or `item`.
    of: &'static str,
    name: String,
    count: String,
    issued: i64,
    now: i64,
}

/// A bulletin to be drafted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBulletin {
    /// A month or a quarter that is over.
    #[schema(example = "2026-Q3")]
    pub period: String,
    /// 文号.
    #[serde(default)]
    pub reference: String,
    /// 主送.
    #[serde(default)]
    pub to: Vec<String>,
    #[serde(default)]
    pub cases: Vec<NewCase>,
    /// 下步要求.
    #[serde(default)]
    pub demands: String,
}

/// A typical case, without anything that names the rater.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    pub ticket: String,
    pub problem: String,
    pub measure: String,
    pub outcome: String,
}

/// What was read before it is reviewed or signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenBulletin {
    pub digest: String,
}

impl From<BulletinRow> for BulletinHead {
    fn from(row: BulletinRow) -> Self {
        BulletinHead {
            period: row.period.to_string(),
            version: row.version,
            digest: row.digest,
            drafted_at: row.drafted_at,
            drafted_by: row.drafted_by,
            reviewed_at: row.reviewed_at,
            reviewed_by: row.reviewed_by,
            issued_at: row.issued_at,
            issued_by: row.issued_by,
        }
    }
}

impl From<crate::bulletins::BulletinTerm> for BulletinTerm {
    fn from(term: crate::bulletins::BulletinTerm) -> Self {
        BulletinTerm {
            period: term.period.to_string(),
            started_at: term.started_at,
            due_at: term.due_at,
            provisional: term.provisional,
            met_at: term.met_at,
            missed_at: term.missed_at,
        }
    }
}

impl WholeBulletin {
    pub fn of(adjusted: Adjusted, with_tickets: bool, waiting: u64) -> WholeBulletin {
        let mut bulletin = adjusted.bulletin;
        if !with_tickets {
            bulletin.hide_tickets();
        }
        let content = serde_json::to_value(&bulletin);
        WholeBulletin {
            head: adjusted.row.into(),
            content: content.expect("a bulletin has text keys only"),
            adjustments: adjusted
                .adjustments
                .into_iter()
                .map(Adjusting::from)
                .collect(),
            waiting,
        }
    }
}

impl From<Adjustment> for Adjusting {
    fn from(adjustment: Adjustment) -> Self {
        Adjusting {
            of: adjustment.of,
            name: adjustment.name,
            count: adjustment.count,
            issued: adjustment.issued,
            now: adjustment.now,
        }
    }
}
