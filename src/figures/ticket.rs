//! From a ticket to what it adds to the sums.

use super::count::{Count, Reviewer, TermOf};
use super::fact::{Cell, Part, term};
use super::tally::Tally;
use crate::casework::{Case, Finding, Order};
use crate::domain::{
    Calendar, Channel, ContentItem, DeadlineKind, Grade, Moment, NotAdopted, State, workdays_taken,
};

/// What a ticket adds, to each day on which something of it was due or done. `channel` and `item` are those
/// of the rating that opened it; working days are counted by `calendar`.
pub fn of_ticket(
    case: &Case,
    channel: Channel,
    item: Option<&str>,
    calendar: &Calendar,
) -> Vec<Part> {
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
                tally: closed(case, at, calendar),
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
    let draft = case.draft.as_ref();
    let found = |item: &ContentItem| {
        draft.is_some_and(|draft| draft.assessment.items.contains(&item.number()))
    };
    for item in ContentItem::ALL.into_iter().filter(found) {
        tally.add(Count::FoundOn(item), 1);
    }
    Part { cell, tally }
}

fn closed(case: &Case, at: Moment, calendar: &Calendar) -> Tally {
    let mut tally = Tally::default();
    tally.add(Count::Closed, 1);
    // From the bad grade, as its first term runs (A8).
    let assess = case
        .clocks
        .iter()
        .find(|clock| clock.key.kind == DeadlineKind::Assess);
    let since = assess.map_or(case.ticket.opened_at, |clock| clock.started_at);
    tally.add(
        Count::OpenWorkdays,
        i64::from(workdays_taken(since, at, calendar)),
    );
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
        if let Some(unit) = case.ruled_in() {
            tally.add(Count::RuledIn(why, Reviewer::of(unit)), 1);
        }
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
        let upheld = upheld.contains(&order.state);
        tally.add_if(Count::AppealUpheld, upheld);
        if let Some(unit) = &order.judged_in {
            tally.add(Count::AppealedIn(Reviewer::of(unit)), 1);
            tally.add_if(Count::AppealUpheldIn(Reviewer::of(unit)), upheld);
        }
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
