//! When a person can be had: service hours, and what of them is now. Pure.

mod facts;
mod spoken;

pub(crate) use facts::{facts, spoken_date};
pub use spoken::{holiday_clip, hours_of, spoken_hours};

use std::time::Duration;

use crate::domain::{Calendar, Day, Holiday, Moment};

/// When a person can be had. GB/T 33358 prefers round the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceHours {
    Always,
    Spans(Vec<Span>),
}

/// A stretch of a day, `from_minute <= minute < to_minute`, minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub days: Days,
    pub from_minute: u16,
    pub to_minute: u16,
}

/// On which days a span holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Working days of the calendar, swapped weekends included.
    Workdays,
    /// Every day, holidays included.
    Daily,
}

/// Whether a person can be had now, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    Open,
    /// Outside the hours of a day that has some, or a plain weekend.
    Closed,
    /// A statutory holiday: its name, and the day on which service resumes.
    Holiday {
        holiday: Holiday,
        resumes: Day,
    },
}

/// Looked up at `now`. A year without a calendar counts as open: GB/T 33358 prefers a line that
/// answers, and the missing file is already reported elsewhere.
pub(crate) fn service(hours: &ServiceHours, calendar: &Calendar, now: Moment) -> Service {
    let ServiceHours::Spans(spans) = hours else {
        return Service::Open;
    };
    let today = now.day();
    let (hour, minute) = now.hour_minute();
    let minute = u16::try_from(i32::from(hour) * 60 + i32::from(minute)).unwrap_or(0);
    let Ok(working) = calendar.is_workday(today) else {
        return Service::Open;
    };
    let serves = |days| days == Days::Daily || working;
    let open = spans
        .iter()
        .any(|span| serves(span.days) && (span.from_minute..span.to_minute).contains(&minute));
    if open {
        return Service::Open;
    }
    let served_today = spans.iter().any(|span| serves(span.days));
    match calendar.holiday_name(today) {
        Ok(Some(holiday)) if !served_today => Service::Holiday {
            holiday,
            resumes: calendar
                .next_workday_after(today)
                .unwrap_or_else(|_| today.next()),
        },
        _ => Service::Closed,
    }
}

/// How long from `now` until nobody can be had any more; `None` where that does not come within a day, or is so now.
/// Swapped working days and half days are the calendar's and the spans'.
pub(crate) fn open_for(hours: &ServiceHours, calendar: &Calendar, now: Moment) -> Option<Duration> {
    let is_open = |at| service(hours, calendar, at) == Service::Open;
    if !is_open(now) {
        return None;
    }
    let into_minute = now.millis().rem_euclid(MINUTE_MS);
    // Service begins and ends at whole minutes.
    let next = now.plus_millis(MINUTE_MS - into_minute);
    let minutes = (0..LOOKED_AHEAD_MIN).map(|minute| next.plus_millis(minute * MINUTE_MS));
    let end = minutes.into_iter().find(|at| !is_open(*at))?;
    let ms = u64::try_from(end.millis() - now.millis()).ok()?;
    Some(Duration::from_millis(ms))
}

const MINUTE_MS: i64 = 60_000;

/// No caller waits for as long as a day.
const LOOKED_AHEAD_MIN: i64 = 24 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        let year = include_str!("../../calendars/2026.toml");
        Calendar::from_texts(&[("2026.toml", year)]).unwrap()
    }

    fn hours() -> ServiceHours {
        let span = |from: u16, to: u16| Span {
            days: Days::Workdays,
            from_minute: from * 60,
            to_minute: to * 60,
        };
        ServiceHours::Spans(vec![span(9, 12), span(13, 17)])
    }

    fn at(text: &str) -> Service {
        service(&hours(), &calendar(), text.parse().unwrap())
    }

    #[test]
    fn the_end_of_the_hours_is_known_ahead_on_swapped_days_too() {
        let open_for = |hours: &ServiceHours, text: &str| {
            let open = open_for(hours, &calendar(), text.parse().unwrap());
            open.map(|open| open.as_millis())
        };
        let hours = &hours();
        for (text, ms) in [
            ("2026-09-21T11:58:30.500+08:00", Some(89_500)),
            ("2026-09-21T12:00:00+08:00", None),
            ("2026-09-21T16:59:59+08:00", Some(1_000)),
            // A Sunday that is worked, and a plain Saturday.
            ("2026-09-20T16:00:00+08:00", Some(3_600_000)),
            ("2026-09-19T16:00:00+08:00", None),
            // A holiday.
            ("2026-10-02T10:00:00+08:00", None),
        ] {
            assert_eq!(open_for(hours, text), ms, "{text}");
        }
        let span = |from_minute, to_minute| Span {
            days: Days::Workdays,
            from_minute,
            to_minute,
        };
        let joined = ServiceHours::Spans(vec![span(540, 720), span(720, 780)]);
        let from = "2026-09-21T11:59:00+08:00";
        assert_eq!(open_for(&joined, from), Some(61 * 60_000));
        assert_eq!(open_for(&ServiceHours::Always, from), None);
        let no_notice = "2031-09-22T11:59:00+08:00";
        assert_eq!(open_for(hours, no_notice), None, "the line answers");
    }

    #[test]
    fn a_working_day_is_open_within_its_spans_only() {
        assert_eq!(at("2026-09-21T09:00:00+08:00"), Service::Open);
        assert_eq!(at("2026-09-21T12:00:00+08:00"), Service::Closed);
        assert_eq!(at("2026-09-21T16:59:59+08:00"), Service::Open);
        assert_eq!(at("2026-09-21T17:00:00+08:00"), Service::Closed);
    }

    #[test]
    fn a_weekend_that_is_worked_is_open_and_a_plain_one_closed() {
        assert_eq!(at("2026-09-20T10:00:00+08:00"), Service::Open);
        assert_eq!(at("2026-09-19T10:00:00+08:00"), Service::Closed);
    }

    #[test]
    fn a_holiday_names_itself_and_the_day_on_which_service_resumes() {
        let Service::Holiday { holiday, resumes } = at("2026-10-02T10:00:00+08:00") else {
            panic!("2026-10-02 is a holiday");
        };
        assert_eq!(holiday.zh(), "国庆节");
        assert_eq!(resumes.to_string(), "2026-10-08");
    }
}
