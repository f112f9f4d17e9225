//! What time does to a ticket: terms that pass, reminders before them.

use super::case::Case;
use crate::acts::Act;
use crate::domain::{Calendar, Day, DeadlineKind, Force, Moment};

/// What the system has to do on the ticket at `now`, the earliest first; to be asked again after each.
pub fn ripe(case: &Case, now: Moment) -> Option<Act> {
    let past = case
        .clocks
        .iter()
        .filter(|clock| clock.is_open() && clock.due_at < now);
    let act = |clock: &super::case::Clock| {
        let key = clock.key;
        match (key.kind, key.kind.term().force) {
            (DeadlineKind::Opinion, _) => Some(Act::NoteSilence {}),
            (DeadlineKind::Receive, _) => Some(Act::DeemReceived {
                order: key.order,
                as_of: clock.due_at,
            }),
            (DeadlineKind::Rerate, _) => Some(Act::NoteNoRerate {}),
            (_, Force::Rule) => None,
            (_, Force::Statutory | Force::Target) => {
                clock.missed_at.is_none().then_some(Act::Miss {
                    order: key.order,
                    kind: key.kind,
                    epoch: key.epoch,
                })
            }
        }
    };
    past.filter_map(|clock| Some((clock.due_at, clock.key, act(clock)?)))
        .min_by_key(|(due_at, key, _)| (*due_at, *key))
        .map(|(_, _, act)| act)
}

/// When a deadline has to be looked at next, after a look at `after`: 09:00 of the working day before and of
/// the due day for a reminder, and when it has passed. `None`: never again.
pub fn next_look(
    kind: DeadlineKind,
    due_at: Moment,
    after: Moment,
    calendar: &Calendar,
) -> Option<Moment> {
    let due_on = due_at.day();
    let eve = workday_before(due_on, calendar);
    let morning = |day: Day| day.at(9, 0, 0);
    let mut looks = Vec::new();
    if is_reminded(kind) {
        looks.extend([morning(eve), morning(due_on)]);
    }
    if has_end(kind) {
        looks.push(due_at.plus_millis(1));
    }
    looks.into_iter().find(|look| *look > after)
}

/// Whether its owner is told before it ends.
pub fn is_reminded(kind: DeadlineKind) -> bool {
    matches!(
        kind,
        DeadlineKind::Assess
            | DeadlineKind::Dispatch
            | DeadlineKind::Verify
            | DeadlineKind::Rectify
            | DeadlineKind::RectifyComplex
            | DeadlineKind::RectifyExtended
            | DeadlineKind::Answer
            | DeadlineKind::Bulletin
            | DeadlineKind::Rework
            | DeadlineKind::Reconsider
            | DeadlineKind::ListingReview
    )
}

/// Whether anything happens when it has passed; the other ones only close a door.
fn has_end(kind: DeadlineKind) -> bool {
    !matches!(
        kind,
        DeadlineKind::Contest | DeadlineKind::Object | DeadlineKind::ListingObjection
    )
}

/// By weekday where the year has no notice.
fn workday_before(day: Day, calendar: &Calendar) -> Day {
    let is_workday = |day: Day| match calendar.kind(day) {
        Ok(kind) => kind.is_workday(),
        Err(_) => !day.is_weekend(),
    };
    std::iter::successors(Some(day.previous()), |day| Some(day.previous()))
        .find(|day| is_workday(*day))
        .expect("some day before was worked")
}
