//! What a session is told of a call before it begins.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Service, ServiceHours, holiday_clip, service, spoken_hours};
use crate::domain::{Calendar, Day, Moment};
use crate::ivr::{Facts, Hours, HoursSpan, Value};

/// Of a call at `now`: whether a person can be had, the last four digits of the `caller`'s number, and when a callback
/// can be promised. `lengths_ms` are the clips'.
pub(crate) fn facts(
    calendar: &Calendar,
    hours: &ServiceHours,
    lengths_ms: &Arc<HashMap<String, u32>>,
    caller: Option<&str>,
    now: Moment,
) -> Facts {
    let spans = spoken_hours(hours);
    let hours = match service(hours, calendar, now) {
        Service::Open => Hours::Open,
        Service::Closed => Hours::Closed {
            hours: spans.clone(),
        },
        Service::Holiday { holiday, resumes } => Hours::Holiday {
            name: holiday_clip(holiday).to_owned(),
            month: unsigned(resumes.month()),
            day: unsigned(resumes.day_of_month()),
        },
    };
    let digits: String = caller
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    Facts {
        hours,
        tail: digits
            .len()
            .checked_sub(4)
            .map(|from| digits[from..].to_owned()),
        slot: slot(calendar, spans, now.day()),
        date: None,
        lengths_ms: lengths_ms.clone(),
    }
}

/// A day as prompts speak it.
pub(crate) fn spoken_date(day: Day) -> Value {
    Value::Date {
        month: unsigned(day.month()),
        day: unsigned(day.day_of_month()),
    }
}

/// When a callback can be promised: the next working day, within the hours.
fn slot(calendar: &Calendar, hours: Vec<HoursSpan>, today: Day) -> Option<Value> {
    let day = calendar.next_workday_after(today).ok()?;
    Some(Value::Slot {
        month: unsigned(day.month()),
        day: unsigned(day.day_of_month()),
        hours,
    })
}

fn unsigned(number: i8) -> u8 {
    u8::try_from(number).expect("months and days are positive")
}
