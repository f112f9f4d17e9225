//! A rating that is 待核: somebody looks whether it is true. A bad one is verified by its ticket, as long as that is
//! open.

use serde::Deserialize;

use super::judge::LONGEST;
use super::listing::person;
use super::refusal::{Refusal, Why};
use super::table::{ARTICLE, Field, Kind, State};
use crate::domain::{
    Actor, By, Entry, Hand, Hindrance, Moment, NotAdopted, Rating, Role, Standing, Subject, UnitId,
    What,
};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Valid,
    Invalid,
}

/// The listing stays as it is; the rating counts from now, or not.
static VERIFY: Kind = Kind {
    word: "verify",
    zh: "核实待核评价",
    from: &[],
    to: State::Listed,
    actors: &[Actor::CentreSupervisor, Actor::GeneralOfficeSigner],
    not_after: &[],
    starts: None,
    meets: &[],
    voids: &[],
    fields: &[Field::Reason],
};

impl Verdict {
    pub const fn standing(self) -> Standing {
        match self {
            Verdict::Valid => Standing::Valid,
            Verdict::Invalid => Standing::NotAdopted(NotAdopted::Invalid),
        }
    }
}

/// The trail's line of a verdict on a rating; nobody judges his own unit's. `has_open_ticket`: of the rated act.
pub fn verify(
    rating: &Rating,
    has_open_ticket: bool,
    verdict: Verdict,
    reason: &str,
    by: &By,
    now: Moment,
) -> Result<Entry, Refusal> {
    let no = |why| Refusal {
        state: None,
        kind: &VERIFY,
        why,
    };
    let (By::Person(hand), Some(actor)) = (by, actor(by)) else {
        return Err(no(Why::NotYours));
    };
    if let Some(why) = hindrance(rating, has_open_ticket, hand) {
        return Err(no(Why::Hindered(why)));
    }
    if reason.trim().is_empty() || reason.chars().count() > LONGEST {
        return Err(no(Why::Incomplete(Field::Reason.word())));
    }
    Ok(Entry {
        at: now,
        actor,
        person: person(by),
        what: What::Act("verify"),
        about: Subject::Rating(rating.id.clone()),
        article: ARTICLE,
        detail: format!("待核评价经核实为“{}”：{reason}", verdict.standing().zh()),
        record: None,
        rehearsal: rating.intake.rehearsal,
    })
}

fn actor(by: &By) -> Option<Actor> {
    let has = |role: Role| matches!(by, By::Person(hand) if hand.has(role));
    if has(Role::OfficeSigner) {
        return Some(Actor::GeneralOfficeSigner);
    }
    has(Role::CentreSupervisor).then_some(Actor::CentreSupervisor)
}

fn hindrance(rating: &Rating, has_open_ticket: bool, hand: &Hand) -> Option<Hindrance> {
    if rating.standing != Standing::Pending {
        return Some(Hindrance::NotPending);
    }
    if has_open_ticket && !rating.intake.grade.is_positive() {
        return Some(Hindrance::ByItsTicket);
    }
    let service = &rating.intake.service;
    let served = |staff: &String| service.staff().contains(staff);
    if hand.staff.as_ref().is_some_and(served) {
        return Some(Hindrance::RatedAgent);
    }
    // A consultation is the Centre's own service.
    let centre = UnitId::centre();
    let unit = service.unit().unwrap_or(&centre);
    match (hand.is_of(unit), unit.is_centre()) {
        (true, true) => Some(Hindrance::Recused),
        (true, false) => Some(Hindrance::OfResponsibleUnit),
        (false, _) => None,
    }
}
