//! When the example centre works: 09:00 to 17:30 of its working days.

use crate::domain::{Calendar, Day, Moment};

const OPENS: (i8, i8) = (9, 0);
const CLOSES: (i8, i8) = (17, 30);
/// When a played centre ends: late enough in the day for calls to raters, and within the hours.
const ENDS: i8 = 17;

pub(super) const MINUTE: i64 = 60_000;

/// By weekday where the year has no notice.
pub(super) fn is_worked(calendar: &Calendar, day: Day) -> bool {
    match calendar.kind(day) {
        Ok(kind) => kind.is_workday(),
        Err(_) => !day.is_weekend(),
    }
}

fn opens(day: Day) -> Moment {
    day.at(OPENS.0, OPENS.1, 0)
}

fn closes(day: Day) -> Moment {
    day.at(CLOSES.0, CLOSES.1, 0)
}

/// So many minutes of work later.
pub(super) fn later(calendar: &Calendar, from: Moment, minutes: i64) -> Moment {
    let mut left = minutes * MINUTE;
    let mut at = from;
    loop {
        let day = at.day();
        let begin = at.max(opens(day));
        let room = closes(day).millis() - begin.millis();
        if is_worked(calendar, day) && room > 0 {
            if left < room {
                return begin.plus_millis(left);
            }
            left -= room;
        }
        at = day.next().start();
    }
}

/// The last moment that is played by `now`: 17:00 of the last working day on which that has passed.
pub(super) fn last_moment(calendar: &Calendar, now: Moment) -> Moment {
    let mut day = now.day();
    while !is_worked(calendar, day) || day.at(ENDS, 0, 0) > now {
        day = day.previous();
    }
    day.at(ENDS, 0, 0)
}

/// The first day that is played: three whole months before the month in which it ends.
pub(super) fn first_day(last: Day) -> Day {
    let mut day = last;
    for _ in 0..3 {
        day = first_of_month(day).previous();
    }
    first_of_month(day)
}

fn first_of_month(day: Day) -> Day {
    Day::new(day.year(), day.month(), 1).expect("every month has a first day")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        format!("{text}:00+08:00").parse().expect("a moment")
    }

    #[test]
    fn work_goes_on_where_it_was_left_on_the_next_working_day() {
        let calendar = Calendar::shipped();
        // Friday; the Sunday of 2026-09-20 is worked.
        for (from, minutes, then) in [
            ("2026-09-18T16:00", 30, "2026-09-18 16:30:00"),
            ("2026-09-18T16:00", 120, "2026-09-20 09:30:00"),
            ("2026-09-18T03:00", 0, "2026-09-18 09:00:00"),
            ("2026-09-18T17:30", 0, "2026-09-20 09:00:00"),
            // Two whole days, over the National Day holiday.
            ("2026-09-30T09:00", 2 * 510, "2026-10-09 09:00:00"),
        ] {
            assert_eq!(
                later(&calendar, at(from), minutes).civil_text(),
                then,
                "{from}"
            );
        }
    }

    #[test]
    fn a_centre_is_played_to_the_last_afternoon_that_is_over_and_from_three_whole_months_before() {
        let calendar = Calendar::shipped();
        for (now, last, first) in [
            ("2026-09-18T17:00", "2026-09-18 17:00:00", "2026-06-01"),
            ("2026-09-18T16:59", "2026-09-17 17:00:00", "2026-06-01"),
            ("2026-09-19T23:00", "2026-09-18 17:00:00", "2026-06-01"),
            ("2026-03-31T20:00", "2026-03-31 17:00:00", "2025-12-01"),
        ] {
            let end = last_moment(&calendar, at(now));
            assert_eq!(end.civil_text(), last, "{now}");
            assert_eq!(first_day(end.day()).to_string(), first, "{now}");
        }
    }
}
