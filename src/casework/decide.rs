//! From a ticket and an act to everything the act causes, or the refusal with its article.

use super::case::{Case, Order};
use super::clocks::Step;
use super::decision::{CaseChange, Decision, deadlines, slip_version};
use super::notices;
use super::rules::Asked;
use crate::acts::FreshSlips;
use crate::acts::Kind;
use crate::acts::{Act, Attribution};
use crate::acts::{Record, SlipChange};
use crate::domain::{
    Actor, By, Calendar, Entry, Hindrance, Moment, Next, Refusal, Row, State, Subject, UnitId,
    What, transition,
};

/// What an act is decided with.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub calendar: &'a Calendar,
    pub now: Moment,
    /// Numbers for slips that the act makes, of the year of `now` (A26).
    pub fresh: FreshSlips,
}

/// Performs an act on a ticket.
///
/// Time never runs backwards in a ticket's records: where the machine's clock was set back, the act is dated
/// like the record before it.
pub fn act(case: &Case, mut act: Act, by: &By, setting: Setting<'_>) -> Result<Decision, Refusal> {
    let kind = act.kind(case.is_last_round());
    let now = setting.now.max(case.last_at);
    let mut asked = Asked {
        case,
        kind,
        order: None,
        by,
        now,
    };
    if kind.on_order {
        let number = choose(&asked, act.order())?;
        act.set_order(number);
        asked.order = number.and_then(|number| case.order(number));
    }
    let row = asked.may()?;
    asked.content(&act)?;
    let actor = asked.actor().expect("the hands were looked at");

    let slips = slips(case, &mut act, setting.fresh);
    let record = Record {
        at: now,
        by: by.clone(),
        to: target(case, kind, row),
        act,
        slips,
        clocks: Vec::new(),
    };
    Ok(settle(case, record, row, actor, kind, setting.calendar))
}

/// Whether somebody may do something of a kind now, whatever its content; the reason where not.
pub fn may(
    case: &Case,
    kind: &'static Kind,
    order: Option<u8>,
    by: &By,
    now: Moment,
) -> Result<(), Refusal> {
    let mut asked = Asked {
        case,
        kind,
        order: None,
        by,
        now: now.max(case.last_at),
    };
    if kind.on_order {
        let number = choose(&asked, order)?;
        asked.order = number.and_then(|number| case.order(number));
    }
    asked.may().map(|_| ())
}

/// The order that is meant: the one named, or the only one that it can be.
fn choose(asked: &Asked<'_>, named: Option<u8>) -> Result<Option<u8>, Refusal> {
    let case = asked.case;
    if let Some(number) = named {
        return match case.order(number) {
            Some(_) => Ok(Some(number)),
            None => Err(asked.hindered(Hindrance::NoSuchOrder)),
        };
    }
    let all: Vec<&Order> = case.live().collect();
    let fits = |order: &&&Order| transition(Some(order.state), asked.kind.event).is_ok();
    let fitting: Vec<&&Order> = all.iter().filter(fits).collect();
    match (all.as_slice(), fitting.as_slice()) {
        ([], _) => Ok(None),
        ([only], _) => Ok(Some(only.number)),
        (_, [only]) => Ok(Some(only.number)),
        // None fits: the refusal is the state's.
        ([first, ..], []) => Ok(Some(first.number)),
        _ => Err(asked.hindered(Hindrance::WhichOrder)),
    }
}

/// The state a row leads to; `None` where it stays.
fn target(case: &Case, kind: &Kind, row: &Row) -> Option<State> {
    match row.to {
        _ if kind.prepares => None,
        Next::Same => None,
        Next::State(state) => Some(state),
        Next::OneOf(_) => Some(case.end_after_answer()),
    }
}

/// What becomes of handling slips. An act that makes a new order is on that one.
fn slips(case: &Case, act: &mut Act, fresh: FreshSlips) -> Vec<SlipChange> {
    let last = case.orders.iter().map(|order| order.number).max();
    let mut press = Press {
        fresh,
        next: last.unwrap_or(0) + 1,
    };
    match act {
        Act::Report {} => {
            let draft = case.draft.as_ref();
            let units = draft.map(|draft| draft.assessment.units.as_slice());
            press.report(case, units.unwrap_or_default())
        }
        Act::Dispatch {
            order,
            unit: Some(unit),
            ..
        } => {
            let Some(old) = order.and_then(|number| case.order(number)) else {
                return Vec::new();
            };
            if old.unit == *unit {
                return Vec::new();
            }
            let voided = SlipChange::Voided { order: old.number };
            *order = Some(press.next);
            vec![voided, press.make(unit, old.rule)]
        }
        Act::RejectAppeal {
            order,
            unit: Some(unit),
            ..
        } if order.is_none() => {
            *order = Some(press.next);
            vec![press.make(unit, UNKNOWN_CAUSE)]
        }
        _ => Vec::new(),
    }
}

/// Makes orders, numbered on from those that a ticket has.
struct Press {
    fresh: FreshSlips,
    next: u8,
}

impl Press {
    fn make(&mut self, unit: &UnitId, rule: u8) -> SlipChange {
        let order = self.next;
        self.next += 1;
        SlipChange::Made {
            order,
            number: self.fresh.take(),
            unit: unit.clone(),
            rule,
        }
    }

    /// A unit that has an order keeps its number; one that is named no more gets its slip made void.
    fn report(&mut self, case: &Case, units: &[Attribution]) -> Vec<SlipChange> {
        let dropped = case
            .live()
            .filter(|order| !units.iter().any(|named| named.unit == order.unit))
            .map(|order| SlipChange::Voided {
                order: order.number,
            });
        let mut changes: Vec<SlipChange> = dropped.collect();
        for named in units {
            changes.push(match case.live().find(|order| order.unit == named.unit) {
                Some(order) => SlipChange::Rewritten {
                    order: order.number,
                    version: order.version + 1,
                    rule: named.rule,
                },
                None => self.make(&named.unit, named.rule),
            });
        }
        changes
    }
}

/// The rule cited where a unit is named without an assessment.
const UNKNOWN_CAUSE: u8 = 12;

/// From a record without its clocks to everything it causes.
pub(super) fn settle(
    before: &Case,
    mut record: Record,
    row: &'static Row,
    actor: Actor,
    kind: &'static Kind,
    calendar: &Calendar,
) -> Decision {
    let mut preview = before.clone();
    preview.apply(&record);
    let quiet = kind.prepares;
    if !quiet {
        let step = Step {
            before,
            after: &preview,
            act: &record.act,
            row,
            now: record.at,
            calendar,
        };
        record.clocks = step.changes();
    }
    let mut after = before.clone();
    after.apply(&record);
    conclude(Some(before), after, record, row, actor, kind)
}

/// The decision of a record that is whole.
pub(super) fn conclude(
    before: Option<&Case>,
    after: Case,
    record: Record,
    row: &Row,
    actor: Actor,
    kind: &Kind,
) -> Decision {
    let ticket = after.ticket.number;
    let written = |slip: &SlipChange| match slip {
        SlipChange::Made { order, .. } | SlipChange::Rewritten { order, .. } => Some(*order),
        SlipChange::Voided { .. } => None,
    };
    let slips = record
        .slips
        .iter()
        .filter_map(written)
        .filter_map(|number| {
            let order = after.orders.iter().find(|order| order.number == number)?;
            Some(slip_version(&after, order, record.at))
        });
    let void_slips = record.slips.iter().filter_map(|slip| {
        let SlipChange::Voided { order } = slip else {
            return None;
        };
        let order = after.orders.iter().find(|other| other.number == *order)?;
        Some(order.slip)
    });
    Decision {
        rating: None,
        standings: standings(before, &after),
        deadlines: deadlines(&record, ticket),
        slips: slips.collect(),
        void_slips: void_slips.collect(),
        notices: notices::of(before, &after, &record, kind),
        trail: vec![entry(&after, &record, row, actor, kind)],
        case: Some(CaseChange {
            before: before.map(|case| case.version),
            after,
        }),
    }
}

fn standings(
    before: Option<&Case>,
    after: &Case,
) -> Vec<(crate::domain::RatingId, crate::domain::Standing)> {
    let Some(before) = before else {
        return Vec::new();
    };
    let changed = after.ratings.iter().filter(|rating| {
        let was = before.ratings.iter().find(|other| other.id == rating.id);
        was.is_some_and(|was| was.standing != rating.standing)
    });
    changed
        .map(|rating| (rating.id.clone(), rating.standing))
        .collect()
}

fn entry(case: &Case, record: &Record, row: &Row, actor: Actor, kind: &Kind) -> Entry {
    let number = case.ticket.number;
    Entry {
        at: record.at,
        actor,
        person: super::apply::person(&record.by),
        what: match kind.word {
            "open" => What::TicketOpened,
            "rate_again" => What::RatedAgain,
            "revise" => What::DeadlineRecounted,
            word => What::Act(word),
        },
        about: match record.act.order() {
            Some(order) => Subject::Order(number, order),
            None => Subject::Ticket(number),
        },
        article: row.article,
        detail: super::words::detail(case, record, kind),
        record: Some(serde_json::to_string(record).expect("a record has text keys only")),
        rehearsal: case.ticket.rehearsal,
    }
}
