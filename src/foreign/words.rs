//! Single words: keys with times, dates, numbers and cursors, what a request's line says.

use crate::credentials::{Answering, Credentials, strongest};
use crate::domain::{Day, Moment, TicketNumber};
use crate::keypad::KeyPlan;
use crate::referral::Referral;
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

/// The values of Refer-To, a line each, and of Refer-Sub behind an empty line. Who is named can be dialled and stand
/// in a header; and in brackets, from our own pen, he is the same.
pub fn refer_to(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (refer_to, refer_sub) = match text.split_once("\n\n") {
        Some((refer_to, refer_sub)) => (refer_to, Some(refer_sub)),
        None => (text, None),
    };
    if let Ok(referral) = Referral::read(refer_to.lines(), refer_sub) {
        let plain = |c: char| c.is_ascii_graphic() && !"<>@:;?,\"\\".contains(c);
        assert!(referral.name.chars().all(plain), "{}", referral.name);
        let ours = format!("<sip:{}@192.0.2.7>", referral.name);
        let again = Referral::read([ours.as_str()].into_iter(), refer_sub);
        assert_eq!(again.as_ref(), Ok(&referral));
    }
}

/// Values of WWW-Authenticate, a line each. What is believed is short, and what we show for it is one line without the
/// password in it.
pub fn challenge(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for (status, name) in [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")] {
        let headers = text.lines().map(|line| (name, line));
        let Some(challenge) = strongest(status, headers) else {
            continue;
        };
        assert_eq!(challenge.proxy, status == 407);
        let credentials = Credentials {
            username: "0571\"\\8001".to_owned(),
            password: "the password of nobody".to_owned(),
        };
        let counted = challenge.qop;
        let mut answering = Answering::new(challenge);
        for count in ["nc=00000001", "nc=00000002"] {
            let request = ("REGISTER", "sip:carrier.example");
            let (_, header) = answering.header(&credentials, request, "cnonce");
            assert!(header.len() <= 4096, "{} octets", header.len());
            assert!(!header.chars().any(char::is_control), "{header:?}");
            // What they wrote themselves is theirs to read again.
            assert!(
                text.contains(&credentials.password) || !header.contains(&credentials.password)
            );
            assert!(header.contains(count) || !counted, "{header}");
        }
    }
}
