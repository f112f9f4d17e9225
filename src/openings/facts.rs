//! What a session is told of a call before it begins.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Openings, Service, holiday_clip, service, spoken_hours, spoken_stretches};
use crate::domain::{Calendar, Day, Moment};
use crate::ivr::{Facts, Hours, HoursSpan, Value};

/// Of a call at `now`: whether a person can be had, the last four digits of the `caller`'s number, and when a callback
/// can be promised. `lengths_ms` are the clips'.
pub(crate) fn facts(
    calendar: &Calendar,
    openings: &Openings,
    lengths_ms: &Arc<HashMap<String, u32>>,
    caller: Option<&str>,
    now: Moment,
) -> Facts {
    let hours = match service(openings, calendar, now) {
        Service::Open => Hours::Open,
        Service::Closed => Hours::Closed {
            hours: told_on(openings, now.day()),
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
        slot: slot(calendar, openings, now.day()),
        date: None,
        lengths_ms: lengths_ms.clone(),
    }
}

/// Of a simulated call at `now`, whose number ends in 0000; and as a line: whether it is open, and the hours of the day.
pub(crate) fn facts_told(
    calendar: &Calendar,
    openings: &Openings,
    lengths_ms: &Arc<HashMap<String, u32>>,
    now: Moment,
) -> (Facts, String) {
    let known = Facts {
        date: Some(spoken_date(now.day())),
        ..facts(calendar, openings, lengths_ms, Some("0000"), now)
    };
    let open = openings.on(now.day(), calendar);
    let open: Vec<String> = open.iter().map(ToString::to_string).collect();
    let is = match known.hours {
        Hours::Open => "open",
        Hours::Closed { .. } => "closed",
        Hours::Holiday { .. } => "closed for a holiday",
    };
    let hours = match open.is_empty() {
        true => "none".to_owned(),
        false => open.join(" "),
    };
    let at = now.civil_text();
    (known, format!("{at}: {is}; hours of the day: {hours}"))
}

/// A day as prompts speak it.
pub(crate) fn spoken_date(day: Day) -> Value {
    Value::Date {
        month: unsigned(day.month()),
        day: unsigned(day.day_of_month()),
    }
}

/// The hours as they are told on a day: on a half day its own, else the ordinary ones.
fn told_on(openings: &Openings, day: Day) -> Vec<HoursSpan> {
    match openings.special_on(day) {
        Some(special) if !special.is_closed() => spoken_stretches(&special.open),
        _ => spoken_hours(&openings.hours),
    }
}

/// When a callback can be promised: the next day that is served, within its hours.
fn slot(calendar: &Calendar, openings: &Openings, today: Day) -> Option<Value> {
    let day = openings.next_served_after(today, calendar)?;
    Some(Value::Slot {
        month: unsigned(day.month()),
        day: unsigned(day.day_of_month()),
        hours: told_on(openings, day),
    })
}

fn unsigned(number: i8) -> u8 {
    u8::try_from(number).expect("months and days are positive")
}
