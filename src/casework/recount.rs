//! When a calendar changes, open deadlines are counted anew (row 33 of the ticket's table).

use crate::acts::Act;
use crate::acts::{Change, ClockKey, Record};
use crate::domain::{
    Actor, By, Calendar, Deadline, Entry, Event, Moment, Subject, What, article_of,
};

/// A deadline as the new calendar has it, and the trail's line with the old and the new time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recounted {
    /// Takes the place of the one with the same `of`, `kind` and `started_at`.
    pub deadline: Deadline,
    pub entry: Entry,
}

impl Recounted {
    /// A ticket's record is not dated before the one before it, where the machine's clock was set back.
    pub fn not_before(mut self, last: Moment) -> Recounted {
        if self.entry.at >= last {
            return self;
        }
        self.entry.at = last;
        if let Some(text) = &mut self.entry.record {
            let record = serde_json::from_str(text).expect("a record reads back");
            let record = Record { at: last, ..record };
            *text = serde_json::to_string(&record).expect("a record has text keys only");
        }
        self
    }
}

/// What `calendar` makes of a deadline that was counted with another; `None` where nothing changes.
///
/// Only deadlines still to come are touched: a met one is past, and a breach stays a breach. Nor does a
/// notice that comes late make anybody late: where the new time has already gone by, the old one stands.
/// `rehearsal` is the mark of what the deadline is of.
pub fn recount(
    deadline: &Deadline,
    rehearsal: bool,
    calendar: &Calendar,
    now: Moment,
) -> Option<Recounted> {
    if !deadline.is_open() || deadline.due_at < now {
        return None;
    }
    let due = deadline.counted(calendar)?;
    if due.due_at < now || (due.due_at, due.provisional) == (deadline.due_at, deadline.provisional)
    {
        return None;
    }
    let detail = format!(
        "{}：原定{}{}，现定{}{}（日历{}）",
        deadline.kind.zh(),
        deadline.due_at.civil_text(),
        flag(deadline.provisional),
        due.due_at.civil_text(),
        flag(due.provisional),
        due.calendar,
    );
    let order = match deadline.of {
        Subject::Ticket(_) => Some(None),
        Subject::Order(_, order) => Some(Some(order)),
        _ => None,
    };
    // A ticket is the sum of its records, so its moved clock is one of them.
    let record = order.map(|order| Record {
        at: now,
        by: By::System,
        act: Act::Revise {
            calendar: due.calendar.clone(),
        },
        to: None,
        slips: Vec::new(),
        clocks: vec![Change::Moved {
            key: ClockKey {
                order,
                kind: deadline.kind,
                epoch: deadline.epoch,
            },
            due_at: due.due_at,
            provisional: due.provisional,
            calendar: due.calendar.clone(),
        }],
    });
    Some(Recounted {
        entry: Entry {
            at: now,
            actor: Actor::System,
            person: None,
            what: What::DeadlineRecounted,
            about: deadline.of.clone(),
            article: article_of(Event::CalendarRevised),
            detail,
            record: record
                .map(|record| serde_json::to_string(&record).expect("a record has text keys only")),
            rehearsal,
        },
        deadline: Deadline {
            due_at: due.due_at,
            provisional: due.provisional,
            calendar: due.calendar,
            ..deadline.clone()
        },
    })
}

fn flag(provisional: bool) -> &'static str {
    if provisional { "（暂定）" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DeadlineKind, Series, TicketNumber};

    fn at(text: &str) -> Moment {
        format!("{text}:00+08:00").parse().expect("a moment")
    }

    fn assess(start: &str, calendar: &Calendar) -> Deadline {
        let term = DeadlineKind::Assess.term();
        let due = term.due(at(start), calendar).expect("working days");
        Deadline {
            of: Subject::Ticket(TicketNumber {
                series: Series::Real,
                year: 2020,
                serial: 7,
            }),
            kind: DeadlineKind::Assess,
            epoch: 1,
            article: term.article,
            started_at: at(start),
            due_at: due.due_at,
            met_at: None,
            void_at: None,
            missed_at: None,
            provisional: due.provisional,
            calendar: due.calendar,
        }
    }

    /// The calendar as it was before the second notice of 2020.
    fn original() -> Calendar {
        let day = |text: &str| text.parse().expect("a day");
        Calendar::shipped()
            .toggled(day("2020-01-31"))
            .toggled(day("2020-02-01"))
    }

    #[test]
    fn the_second_notice_of_2020_moves_an_open_due_day_and_says_so() {
        let deadline = assess("2020-01-22T15:00", &original());
        let moved = recount(
            &deadline,
            false,
            &Calendar::shipped(),
            at("2020-01-26T20:00"),
        )
        .expect("the due day moves");
        assert_eq!(moved.deadline.due_at.civil_text(), "2020-02-04 23:59:59");
        assert_eq!(moved.deadline.started_at, deadline.started_at);
        assert!(
            moved
                .entry
                .detail
                .contains("原定2020-02-01 23:59:59，现定2020-02-04 23:59:59"),
            "{}",
            moved.entry.detail
        );
        let again = recount(
            &moved.deadline,
            false,
            &Calendar::shipped(),
            at("2020-01-26T20:01"),
        );
        assert_eq!(again, None, "a second run finds nothing to do");
    }

    #[test]
    fn a_met_deadline_and_a_past_breach_are_never_moved() {
        let deadline = assess("2020-01-22T15:00", &original());
        let met = Deadline {
            met_at: Some(at("2020-01-23T10:00")),
            ..deadline.clone()
        };
        let revised = Calendar::shipped();
        assert_eq!(recount(&met, false, &revised, at("2020-01-26T20:00")), None);
        assert_eq!(
            recount(&deadline, false, &revised, at("2020-02-02T00:00")),
            None
        );
    }

    #[test]
    fn a_notice_that_comes_late_makes_nobody_late() {
        let prolonged = assess("2020-01-22T15:00", &Calendar::shipped());
        assert_eq!(
            recount(&prolonged, false, &original(), at("2020-02-03T09:00")),
            None
        );
    }

    #[test]
    fn a_provisional_day_becomes_a_sure_one_when_its_year_has_a_file() {
        let known = Calendar::shipped();
        let files = [2025, 2026].map(|year| {
            let path = format!("{}/calendars/{year}.toml", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&path).expect("shipped");
            (path, text)
        });
        let before = Calendar::from_texts(&files[..1]).expect("sound");
        let deadline = assess("2025-12-30T10:00", &before);
        assert!(deadline.provisional);
        assert_eq!(deadline.due_at.civil_text(), "2026-01-02 23:59:59");
        let now = at("2025-12-30T11:00");
        let sure = recount(&deadline, true, &known, now).expect("2026-01-01 and 02 are off");
        assert!(!sure.deadline.provisional && sure.entry.rehearsal);
        assert_eq!(sure.deadline.due_at.civil_text(), "2026-01-05 23:59:59");
    }
}
