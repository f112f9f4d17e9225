//! When people may be called: 9 to 20 o'clock at +08:00, or less (第八条; a caller's rest is not disturbed).

use crate::domain::{Calendar, Day, Moment};
use crate::special_days::SpecialDays;

/// Nobody is called before 09:00 …
pub const EARLIEST_MIN: u16 = 9 * 60;
/// … nor from 20:00 on.
pub const LATEST_MIN: u16 = 20 * 60;

/// The hours of a day in which calls go out. On a special day of the centre they are what both have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    from_min: u16,
    until_min: u16,
    workdays_only: bool,
    special: SpecialDays,
}

/// No stretch of a day within 09:00 to 20:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("calls go out between 09:00 and 20:00 only")]
pub struct NoHours;

/// Longer than any run of days off.
const DAYS_AHEAD: usize = 40;

impl Hours {
    /// Minutes since midnight; `until_min` is not included.
    pub fn new(from_min: u16, until_min: u16, workdays_only: bool) -> Result<Hours, NoHours> {
        let lawful = EARLIEST_MIN <= from_min && from_min < until_min && until_min <= LATEST_MIN;
        lawful
            .then_some(Hours {
                from_min,
                until_min,
                workdays_only,
                special: SpecialDays::default(),
            })
            .ok_or(NoHours)
    }

    /// With the centre's special days, those of all dialplans.
    #[must_use]
    pub fn with_special_days(self, special: SpecialDays) -> Hours {
        Hours { special, ..self }
    }

    /// The first moment from `now` on at which somebody may be called; `now` itself within the hours.
    pub fn next(&self, now: Moment, calendar: &Calendar) -> Moment {
        let mut day = now.day();
        for _ in 0..DAYS_AHEAD {
            let stretches = self.stretches(day, calendar);
            let ahead = stretches
                .iter()
                .find(|(_, until_min)| now < self.at(day, *until_min));
            if let Some((from_min, _)) = ahead {
                return now.max(self.at(day, *from_min));
            }
            day = day.end().plus_millis(1000).day();
        }
        self.at(day, self.from_min)
    }

    pub fn is_open(&self, now: Moment, calendar: &Calendar) -> bool {
        self.next(now, calendar) == now
    }

    /// When people are called on this day, in order.
    fn stretches(&self, day: Day, calendar: &Calendar) -> Vec<(u16, u16)> {
        let (from_min, until_min) = (self.from_min, self.until_min);
        let Some(special) = self.special.on(day, None) else {
            let called = self.is_called_on(day, calendar);
            return called
                .then_some((from_min, until_min))
                .into_iter()
                .collect();
        };
        let common = special
            .open
            .iter()
            .map(|open| (open.from_min.max(from_min), open.until_min.min(until_min)));
        common.filter(|(from, until)| from < until).collect()
    }

    /// A day of a year without a notice is taken for what its weekday is.
    fn is_called_on(&self, day: Day, calendar: &Calendar) -> bool {
        let workday = || calendar.is_workday(day).unwrap_or(!day.is_weekend());
        !self.workdays_only || workday()
    }

    fn at(&self, day: Day, minutes: u16) -> Moment {
        day.start().plus_millis(i64::from(minutes) * 60_000)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::special_days::{SpecialDay, Stretch};

    pub fn calendar() -> Calendar {
        Calendar::from_texts(&[("2026.toml", include_str!("../../calendars/2026.toml"))]).unwrap()
    }

    fn at(month: i8, day: i8, hour: i8, minute: i8) -> Moment {
        Day::new(2026, month, day).unwrap().at(hour, minute, 0)
    }

    #[test]
    fn the_law_bounds_what_may_be_configured() {
        assert!(Hours::new(9 * 60, 20 * 60, false).is_ok());
        for (from, until) in [(539, 1000), (600, 1201), (700, 700), (800, 700)] {
            assert_eq!(Hours::new(from, until, true), Err(NoHours));
        }
    }

    #[test]
    fn within_the_hours_is_now_and_else_the_next_opening() {
        let hours = Hours::new(9 * 60, 20 * 60, false).unwrap();
        let calendar = calendar();
        let open = at(9, 18, 19, 59);
        assert_eq!(hours.next(open, &calendar), open);
        assert_eq!(hours.next(at(9, 18, 20, 0), &calendar), at(9, 19, 9, 0));
        assert_eq!(hours.next(at(9, 18, 3, 0), &calendar), at(9, 18, 9, 0));
        assert!(!hours.is_open(at(9, 18, 8, 59), &calendar));
    }

    #[test]
    fn on_working_days_only_a_swapped_sunday_is_one() {
        let hours = Hours::new(9 * 60, 18 * 60, true).unwrap();
        let calendar = calendar();
        // 2026-09-20 is a Sunday that is worked; 2026-10-01 begins the holiday.
        assert!(hours.is_open(at(9, 20, 10, 0), &calendar));
        assert_eq!(hours.next(at(9, 18, 18, 0), &calendar), at(9, 20, 9, 0));
        assert_eq!(hours.next(at(9, 30, 18, 0), &calendar), at(10, 8, 9, 0));
    }

    #[test]
    fn on_a_special_day_calls_go_out_within_its_hours_and_the_laws() {
        let special = |day: &str, open: &[(u16, u16)]| SpecialDay {
            day: day.parse().unwrap(),
            open: open
                .iter()
                .map(|(from_min, until_min)| Stretch {
                    from_min: *from_min,
                    until_min: *until_min,
                })
                .collect(),
            name: None,
            dialplan: None,
        };
        let days = SpecialDays::new(vec![
            special("2026-02-16", &[(510, 720)]),
            special("2026-03-07", &[(480, 700), (800, 1300)]),
            special("2026-03-10", &[]),
        ]);
        let hours = Hours::new(9 * 60, 20 * 60, true).unwrap();
        let hours = hours.with_special_days(days.unwrap());
        let calendar = calendar();
        // The eve of Spring Festival: from nine, for the law's sake, until noon; then after the holiday.
        assert_eq!(hours.next(at(2, 16, 8, 30), &calendar), at(2, 16, 9, 0));
        assert!(hours.is_open(at(2, 16, 11, 59), &calendar));
        assert_eq!(hours.next(at(2, 16, 12, 0), &calendar), at(2, 24, 9, 0));
        // A Saturday of the centre's own, with a pause, until eight at the latest.
        assert_eq!(hours.next(at(3, 6, 20, 0), &calendar), at(3, 7, 9, 0));
        assert_eq!(hours.next(at(3, 7, 11, 40), &calendar), at(3, 7, 13, 20));
        assert!(hours.is_open(at(3, 7, 19, 59), &calendar));
        assert_eq!(hours.next(at(3, 7, 20, 0), &calendar), at(3, 9, 9, 0));
        // A day that is closed.
        assert_eq!(hours.next(at(3, 10, 10, 0), &calendar), at(3, 11, 9, 0));
    }
}
