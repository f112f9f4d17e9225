//! The operator's files, and those that a crash may have torn.

use std::hash::Hasher as _;
use std::num::NonZeroU16;
use std::sync::LazyLock;

use super::Tape;
use crate::calendar::{self, Calendar};
use crate::config::Config;
use crate::drill;
use crate::script::{ClipFact, ClipFacts, Script};

const SCRIPT: &str = include_str!("../../prompts/zh-CN/script.toml");

static KNOWN: LazyLock<(Script, ClipFacts)> = LazyLock::new(|| {
    let script = Script::parse("script.toml", SCRIPT).expect("the shipped script");
    let fact = ClipFact {
        rate_hz: 8000,
        channels: 1,
        length_ms: 800,
    };
    let mut facts = ClipFacts::new();
    for stem in script.clip_files() {
        facts.insert(stem, fact);
    }
    (script, facts)
});

const FIFTEEN: NonZeroU16 = NonZeroU16::new(15).expect("15 is not zero");

/// A dialplan, read, linted and walked as at a start; what is wrong is told at a place of the file.
pub fn dialplan(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (script, facts) = &*KNOWN;
    let (plan, findings) = drill::check("fuzz.toml", text, script, facts);
    assert!(
        plan.is_some() || !findings.is_empty(),
        "refused for a reason"
    );
    for finding in &findings {
        let lines = u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX);
        assert!((1..=lines + 1).contains(&finding.line), "{finding}");
    }
    if let Some(plan) = plan {
        plan.serves("consult");
    }
}

pub fn prompts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Script::parse("fuzz.toml", text) {
        Ok(script) => drop(script.clip_files()),
        Err(findings) => assert!(!findings.is_empty()),
    }
}

/// A year's notice; where it is taken, every day of it is a kind of day, and terms are counted.
pub fn calendar(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Calendar::from_texts(&[("fuzz.toml", text)]) {
        Err(faulty) => assert!(!faulty.0.is_empty()),
        Ok(calendar) => {
            for year in calendar.years() {
                let Some(first) = calendar::Day::new(year, 1, 1) else {
                    continue;
                };
                let mut day = first;
                for _ in 0..365 {
                    assert!(calendar.kind(day).is_ok());
                    day = day.next();
                }
                // Into a year without a file: provisional, never a panic.
                calendar::due_provisional(first.start(), FIFTEEN, &calendar);
            }
        }
    }
}

pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(config) = Config::parse(std::path::Path::new("fuzz.toml"), text) {
        config.warnings();
    }
}

/// Payloads, each with its length before it, and what spoils them on the disk.
pub fn journal(bytes: &[u8]) {
    let mut tape = Tape(bytes);
    let mut spoilt = Vec::new();
    for _ in 0..tape.u8().unwrap_or(0) % 8 {
        if let (Some(place), Some(bits)) = (tape.u16(), tape.u8()) {
            spoilt.push((place, bits));
        }
    }
    let mut payloads = Vec::new();
    while let Some(length) = tape.u8()
        && let Some(payload) = tape.take(usize::from(length).max(1))
    {
        payloads.push(payload);
    }
    // As secret as a house's own is to its callers: with each octet that changes it is another one.
    let mut salt = std::hash::DefaultHasher::new();
    salt.write(bytes);
    crate::journal::read_spoilt(salt.finish(), &payloads, &spoilt);
}

pub fn journal_entry(bytes: &[u8]) {
    crate::ledger::read_foreign(bytes);
}
