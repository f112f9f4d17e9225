//! From what is on record about one act to what it adds to the sums.

use std::collections::BTreeSet;

use super::count::{Count, TermOf};
use super::tally::Tally;
use crate::domain::{
    Channel, ContentItem, Day, Moment, NotAdopted, Rating, Service, ServiceKey, Standing, UnitId,
    effective,
};

/// Of what a sum is: a day, and what figures are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    pub day: Day,
    /// 承办单位 of an act, responsible unit of a ticket; `None` where there is none.
    pub unit: Option<UnitId>,
    pub channel: Channel,
    /// 事项: its code; `None` for what is of no one matter.
    pub item: Option<String>,
}

/// What one thing adds to one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub cell: Cell,
    pub tally: Tally,
}

/// What is on record about one act of service. Rehearsals add nothing, whatever else is said of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRecord {
    pub act: ServiceKey,
    pub rehearsal: bool,
    /// In their sequence; the default is the first (sequence 0).
    pub ratings: Vec<Rating>,
    /// Of a telephone consultation.
    pub call: Option<CallRecord>,
    /// Of a matter that is registered.
    pub matter: Option<MatterRecord>,
    /// What was turned away: when, and whether it came from the staff (else it was told twice).
    pub turned_away: Vec<(Moment, bool)>,
    pub uploads: Vec<Upload>,
}

/// A call that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    pub started_at: Moment,
    pub desk_answered_at: Option<Moment>,
    pub talked_ms: Option<u64>,
    /// How long the caller waited in a queue that he left before he got anything.
    pub abandoned_after_ms: Option<u64>,
    /// His waits in the queue that are over.
    pub queue_waits: u64,
    /// How long they took, all together.
    pub queue_waits_ms: u64,
    /// When the rating was offered.
    pub offered_at: Option<Moment>,
    /// The caller hung up.
    pub left: bool,
    /// The word of its outcome.
    pub outcome: String,
}

/// A matter (办件) with its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterRecord {
    pub item: String,
    pub unit: UnitId,
    pub completed_at: Option<Moment>,
}

/// The upload of a rating (第十六条).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    pub due_at: Moment,
    pub met_at: Option<Moment>,
}

/// A talk shorter than this is a misdialled call and no consultation (A21).
pub const SHORTEST_TALK_MS: u64 = 10_000;
/// Who is answered within this is answered soon (GB/T 33358—2016).
pub const SOON_MS: i64 = 15_000;

/// What an act adds: to the day on which it was served, and its uploads to the days on which they are due.
pub fn of_act(record: &ActRecord) -> Vec<Part> {
    if record.rehearsal {
        return Vec::new();
    }
    let Some(cell) = cell_of(record) else {
        return Vec::new();
    };
    let mut tally = Tally::default();
    for (_, from_staff) in &record.turned_away {
        let why = if *from_staff {
            Count::FromStaff
        } else {
            Count::Duplicate
        };
        tally.add(why, 1);
    }
    let by_staff = record.turned_away.iter().any(|(_, staff)| *staff);
    let test = Standing::NotAdopted(NotAdopted::Test);
    let is_test = record.ratings.iter().any(|rating| rating.standing == test);
    let given = || record.ratings.iter().filter(|rating| !rating.is_default());
    for rating in given() {
        if let Standing::NotAdopted(why) = rating.standing {
            tally.add(Count::NotAdopted(why), 1);
        }
    }
    if !is_test {
        count_ratings(&mut tally, record);
        if !by_staff {
            count_service(&mut tally, record, given().next().is_some());
        }
    }
    let mut parts = vec![Part {
        cell: cell.clone(),
        tally,
    }];
    for upload in record.uploads.iter().filter(|_| !is_test) {
        let cell = Cell {
            day: upload.due_at.day(),
            ..cell.clone()
        };
        parts.push(term(cell, TermOf::Upload, upload.due_at, upload.met_at));
    }
    parts.retain(|part| !part.tally.is_empty());
    parts
}

fn count_ratings(tally: &mut Tally, record: &ActRecord) {
    let given: Vec<&Rating> = record
        .ratings
        .iter()
        .filter(|one| !one.is_default())
        .collect();
    tally.add(Count::Given, given.len() as i64);
    // What is 待核 takes no part until it is verified (A27).
    let mut known = given.iter().filter(|one| one.standing != Standing::Pending);
    let first = known.next();
    tally.add_if(Count::Rated, first.is_some());
    let first_is_bad = first.is_some_and(|one| !one.intake.grade.is_positive());
    tally.add_if(Count::FirstBad, first_is_bad);
    let pending = given.iter().filter(|one| one.standing == Standing::Pending);
    tally.add(Count::Pending, pending.count() as i64);
    match effective(&record.ratings) {
        Some(rating) if rating.is_default() => tally.add(Count::Defaulted, 1),
        Some(rating) => {
            tally.add(Count::Graded(rating.intake.grade), 1);
            if !rating.intake.grade.is_positive() {
                count_content(tally, rating);
            }
        }
        None => {}
    }
}

/// Each of the nine things once, however often it was said.
fn count_content(tally: &mut Tally, bad: &Rating) {
    let meant = bad.intake.reasons.iter().flat_map(|reason| reason.items());
    let said: BTreeSet<ContentItem> = bad
        .intake
        .choices
        .items
        .iter()
        .chain(meant)
        .copied()
        .collect();
    tally.add_if(Count::BadUnsaid, said.is_empty());
    for item in said {
        tally.add(Count::BadOn(item), 1);
    }
}

fn count_service(tally: &mut Tally, record: &ActRecord, rated: bool) {
    let mut ratable = record
        .matter
        .as_ref()
        .is_some_and(|it| it.completed_at.is_some());
    if let Some(call) = &record.call {
        let answered = call.desk_answered_at;
        let talked = answered.is_some() && call.talked_ms.unwrap_or(0) >= SHORTEST_TALK_MS;
        let abandoned = answered.is_none() && call.outcome == "abandoned";
        tally.add_if(Count::Wanted, answered.is_some() || abandoned);
        tally.add_if(Count::Abandoned, abandoned);
        if let Some(at) = answered {
            let waited_ms = (at.millis() - call.started_at.millis()).max(0);
            tally.add(Count::Answered, 1);
            tally.add_if(Count::AnsweredSoon, waited_ms <= SOON_MS);
            tally.add(Count::WaitedMs, waited_ms);
        }
        if let Some(ms) = call.abandoned_after_ms {
            tally.add(Count::QueueAbandoned, 1);
            tally.add(
                Count::QueueAbandonedMs,
                i64::try_from(ms).unwrap_or(i64::MAX),
            );
        }
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        tally.add(Count::QueueWaits, signed(call.queue_waits));
        tally.add(Count::QueueWaitsMs, signed(call.queue_waits_ms));
        let graded = call.outcome == "graded";
        tally.add_if(Count::Talked, talked);
        tally.add_if(Count::Prompted, talked && call.offered_at.is_some());
        tally.add_if(Count::Keyed, talked && call.offered_at.is_some() && graded);
        tally.add_if(Count::LeftUnrated, talked && call.left && !graded);
        ratable |= talked;
    }
    tally.add_if(Count::Ratable, ratable);
    tally.add_if(Count::RatableRated, ratable && rated);
}

/// The day on which the act was served; a slip's is that of its entry (A37).
fn cell_of(record: &ActRecord) -> Option<Cell> {
    let last = record.ratings.iter().rev().find(|one| !one.is_default());
    let last = last.or(record.ratings.last());
    let service = last.map(|rating| &rating.intake.service);
    let of_call = |call: &CallRecord| call.desk_answered_at.unwrap_or(call.started_at);
    let at = record
        .call
        .as_ref()
        .map(of_call)
        .or_else(|| {
            record
                .matter
                .as_ref()
                .and_then(|matter| matter.completed_at)
        })
        .or_else(|| service.and_then(Service::served_at))
        .or_else(|| record.ratings.first().map(|rating| rating.intake.graded_at))
        .or_else(|| record.turned_away.first().map(|(at, _)| *at))?;
    let given = last.filter(|rating| !rating.is_default());
    let channel = match given.map(|rating| rating.intake.channel) {
        Some(channel) => channel,
        None if record.matter.is_some() => Channel::WebFiling,
        None => match service {
            Some(Service::Matter { .. }) => Channel::WebFiling,
            Some(Service::WebConsultation { .. }) => Channel::WebConsultation,
            Some(Service::WindowAct { .. }) => Channel::WindowDevice,
            Some(Service::Suggestion { .. }) => Channel::SuggestionBox,
            Some(Service::Consultation { .. }) | None => Channel::Phone,
        },
    };
    let (unit, item) = match (&record.matter, service) {
        (Some(matter), _) => (Some(matter.unit.clone()), Some(matter.item.clone())),
        // The Centre's own line and desk.
        (None, None | Some(Service::Consultation { .. })) => (Some(UnitId::centre()), None),
        (None, Some(service)) => (service.unit().cloned(), item_of(service)),
    };
    Some(Cell {
        day: at.day(),
        unit,
        channel,
        item,
    })
}

/// 事项 of an act that names one.
pub fn item_of(service: &Service) -> Option<String> {
    match service {
        Service::Matter { item, .. } => Some(item.clone()),
        Service::WindowAct { item, .. } => item.clone(),
        _ => None,
    }
}

pub(super) fn term(cell: Cell, of: TermOf, due_at: Moment, met_at: Option<Moment>) -> Part {
    let mut tally = Tally::default();
    tally.add(Count::TermDue(of), 1);
    tally.add_if(Count::TermKept(of), met_at.is_some_and(|at| at <= due_at));
    tally.add_if(
        Count::UploadMissing,
        of == TermOf::Upload && met_at.is_none(),
    );
    Part { cell, tally }
}
