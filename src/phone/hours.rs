use crate::config::{Days, ServiceHours};
use crate::domain::{Calendar, Day, Moment};

/// Whether a person can be had now, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Service {
    Open,
    /// Outside the hours of a day that has some, or a plain weekend.
    Closed,
    /// A statutory holiday: its name, and the day on which service resumes.
    Holiday { name: String, resumes: Day },
}

/// Looked up at `now`. A year without a calendar counts as open: GB/T 33358 prefers a line that
/// answers, and the missing file is already reported elsewhere.
pub(super) fn service(hours: &ServiceHours, calendar: &Calendar, now: Moment) -> Service {
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
        Some(name) if !served_today => Service::Holiday {
            name: name.to_owned(),
            resumes: calendar.next_workday_after(today).unwrap_or_else(|_| today.next()),
        },
        _ => Service::Closed,
    }
}
