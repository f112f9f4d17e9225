//! Single words: keys with times, dates, numbers and cursors, what a request's line says.

use crate::domain::{Day, Moment, TicketNumber};
use crate::keypad::KeyPlan;
use crate::{engine, gate};

/// What was read and is written reads back as the same.
pub fn key_plan(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(plan) = KeyPlan::parse(text) {
        let back = KeyPlan::parse(&plan.to_string()).expect("our own words");
        assert_eq!(back.presses().len(), plan.presses().len());
    }
}

/// A day and a moment, read and written; a list can be asked for from the day before to the day after.
pub fn dates(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(day) = text.parse::<Day>() {
        assert_eq!(day.to_string().parse::<Day>(), Ok(day));
        assert!(day.previous().end() < day.start() && day.end() < day.next().start());
    }
    if let Ok(moment) = text.parse::<Moment>() {
        let back: Moment = moment.to_string().parse().expect("our own words");
        assert_eq!(back, moment);
        let day = moment.day();
        assert!(day.start() <= moment);
    }
}

/// Ticket numbers and the cursors of lists.
pub fn identifiers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(number) = text.parse::<TicketNumber>() {
        assert_eq!(number.to_string(), text);
    }
    engine::read_foreign_cursor(text);
}

/// A query, and below it the value of a `Range`.
pub fn web_request(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (query, range) = text.split_once('\n').unwrap_or((text, "bytes=0-"));
    gate::params::read_foreign(query);
    gate::range::read_foreign(range);
}
