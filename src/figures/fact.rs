//! From what is on record about one act or one ticket to what it adds to the sums.

use super::count::{Count, TermOf};
use super::tally::Tally;
use crate::casework::{Case, Finding, Order};
use crate::domain::{
    Channel, Day, DeadlineKind, Grade, Moment, NotAdopted, Rating, Service, ServiceKey, Standing,
    State, UnitId, effective,
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
const SHORTEST_TALK_MS: u64 = 10_000;
/// GB/T 33358—2016.
const SOON_MS: i64 = 15_000;

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
        Some(rating) => tally.add(Count::Graded(rating.intake.grade), 1),
        None => {}
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

/// What a ticket adds, to each day on which something of it was due or done. `channel` and `item` are those
/// of the rating that opened it.
pub fn of_ticket(case: &Case, channel: Channel, item: Option<&str>) -> Vec<Part> {
    if case.ticket.rehearsal {
        return Vec::new();
    }
    let unit = case.primary().map(|order| order.unit.clone());
    let cell = |at: Moment| Cell {
        day: at.day(),
        unit: unit.clone().or_else(|| case.handling_unit.clone()),
        channel,
        item: item.map(str::to_owned),
    };
    let mut parts = vec![Part {
        cell: cell(case.ticket.opened_at),
        tally: Tally::from_iter([(Count::Opened, 1)]),
    }];
    parts.extend(due_at(case).map(|at| due_part(case, cell(at))));
    parts.extend(
        case.closed_at
            .filter(|_| case.ticket.state.is_closed())
            .map(|at| Part {
                cell: cell(at),
                tally: closed(case, at),
            }),
    );
    let invited = case
        .clocks
        .iter()
        .find(|clock| clock.key.kind == DeadlineKind::Rerate);
    parts.extend(invited.map(|clock| Part {
        cell: cell(clock.started_at),
        tally: rerated(case),
    }));
    for clock in case.clocks.iter().filter(|clock| clock.void_at.is_none()) {
        let Some(of) = TermOf::of(clock.key.kind) else {
            continue;
        };
        let order = clock.key.order.and_then(|number| order_of(case, number));
        let mut cell = cell(clock.due_at);
        if let Some(order) = order {
            cell.unit = Some(order.unit.clone());
        }
        parts.push(term(cell, of, clock.due_at, clock.met_at));
    }
    parts
}

fn order_of(case: &Case, number: u8) -> Option<&Order> {
    case.orders.iter().find(|order| order.number == number)
}

fn term(cell: Cell, of: TermOf, due_at: Moment, met_at: Option<Moment>) -> Part {
    let mut tally = Tally::default();
    tally.add(Count::TermDue(of), 1);
    tally.add_if(Count::TermKept(of), met_at.is_some_and(|at| at <= due_at));
    Part { cell, tally }
}

/// By when it had to be rectified: the last term of its orders; where none ever ran, when it was closed.
/// `None` where the rating does not stand, or nothing is due yet.
fn due_at(case: &Case) -> Option<Moment> {
    let state = case.ticket.state;
    if matches!(
        state,
        State::ClosedInvalid | State::ClosedMistaken | State::ClosedMalicious
    ) {
        return None;
    }
    let terms = case.clocks.iter().filter(|clock| {
        clock.void_at.is_none() && TermOf::of(clock.key.kind) == Some(TermOf::Rectify)
    });
    let closed = case.closed_at.filter(|_| state.is_closed());
    terms.map(|clock| clock.due_at).max().or(closed)
}

fn due_part(case: &Case, cell: Cell) -> Part {
    let state = case.ticket.state;
    let done = matches!(state, State::ClosedRectified | State::ClosedExplained);
    let named = case.identity.is_real_name();
    let late = case.clocks.iter().any(|clock| {
        TermOf::of(clock.key.kind) == Some(TermOf::Rectify) && clock.missed_at.is_some()
    });
    let returned = case.orders.iter().any(|order| order.returns >= 2);
    let bad_again = case
        .ratings
        .iter()
        .skip(1)
        .any(|rating| !rating.grade.is_positive());
    let mut tally = Tally::default();
    tally.add(Count::BadDue, 1);
    tally.add_if(Count::BadDone, done);
    tally.add_if(Count::NamedDue, named);
    tally.add_if(Count::NamedDone, named && done && case.is_revisited());
    tally.add_if(Count::Weak, late || returned || bad_again);
    Part { cell, tally }
}

fn closed(case: &Case, at: Moment) -> Tally {
    let mut tally = Tally::default();
    tally.add(Count::Closed, 1);
    tally.add(
        Count::OpenMs,
        (at.millis() - case.ticket.opened_at.millis()).max(0),
    );
    let ruled = match case.ticket.state {
        State::ClosedInvalid => Some(NotAdopted::Invalid),
        State::ClosedMistaken => Some(NotAdopted::Mistaken),
        State::ClosedMalicious => Some(NotAdopted::Malicious),
        _ => None,
    };
    if let Some(why) = ruled {
        tally.add(Count::Ruled(why), 1);
    }
    for order in case.orders.iter().filter(|order| !order.void) {
        let filed = order.filing.as_ref().map(|filing| filing.finding);
        if !matches!(filed, Some(Finding::Appeal(_))) || order.judged_by.is_none() {
            continue;
        }
        tally.add(Count::Appealed, 1);
        let upheld = [
            State::ClosedInvalid,
            State::ClosedMistaken,
            State::ClosedMalicious,
        ];
        tally.add_if(Count::AppealUpheld, upheld.contains(&order.state));
    }
    tally
}

fn rerated(case: &Case) -> Tally {
    let again: Vec<Grade> = case
        .ratings
        .iter()
        .skip(1)
        .map(|rating| rating.grade)
        .collect();
    let mut tally = Tally::default();
    tally.add(Count::Invited, 1);
    tally.add_if(Count::Rerated, !again.is_empty());
    tally.add_if(
        Count::ReratedGood,
        again.last().is_some_and(|grade| grade.is_positive()),
    );
    tally
}
