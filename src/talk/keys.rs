//! The first desk's keys: which code was keyed, and the number behind it.

use std::time::{Duration, Instant};

use crate::keypad::Digit;

/// Longer is no number of ours.
const NUMBER_AT_MOST: usize = 32;

/// What a code of the desk means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A number and `#` follow: consult him. While a colleague is consulted: all three talk.
    Consult,
    /// The colleague has the caller.
    Complete,
    TakeBack,
    /// The sealed stretch begins, or ends.
    Seal,
}

/// The codes of a plan, and how far one has been keyed.
#[derive(Debug, Clone)]
pub struct Codes {
    codes: Vec<(Meaning, Vec<Digit>)>,
    between: Duration,
    typed: Vec<Digit>,
    /// A number is being keyed.
    number: Option<String>,
    last: Option<Instant>,
}

/// What a key completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keyed {
    Code(Meaning),
    /// The number after `Meaning::Consult`.
    Number(String),
}

impl Codes {
    /// `between`: the longest time from one key to the next.
    pub fn new(codes: Vec<(Meaning, Vec<Digit>)>, between: Duration) -> Codes {
        Codes {
            codes,
            between,
            typed: Vec::new(),
            number: None,
            last: None,
        }
    }

    /// From here on a number is keyed, until `#`.
    pub fn expect_number(&mut self) {
        self.number = Some(String::new());
    }

    /// Whether keys belong to a number: it may be somebody's.
    pub fn is_numbering(&self) -> bool {
        self.number.is_some()
    }

    /// Takes a key; what it completes.
    pub fn press(&mut self, key: Digit, now: Instant) -> Option<Keyed> {
        let late = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) > self.between);
        if late {
            self.forget();
        }
        self.last = Some(now);
        if let Some(number) = &mut self.number {
            match key.char() {
                '#' => {
                    let number = std::mem::take(number);
                    self.forget();
                    return (!number.is_empty()).then_some(Keyed::Number(number));
                }
                key if key.is_ascii_digit() && number.len() < NUMBER_AT_MOST => {
                    number.push(key);
                    return None;
                }
                // Another code, or no number at all.
                _ => self.forget(),
            }
        }
        self.typed.push(key);
        if self.typed.len() > NUMBER_AT_MOST {
            self.typed.remove(0);
        }
        let complete = self.codes.iter().find(|(_, code)| {
            let is_code = !code.is_empty();
            is_code && self.typed.ends_with(code)
        });
        let meaning = complete.map(|(meaning, _)| *meaning)?;
        self.typed.clear();
        Some(Keyed::Code(meaning))
    }

    fn forget(&mut self) {
        self.typed.clear();
        self.number = None;
    }
}

impl Meaning {
    /// The word of the timeline.
    pub fn word(self) -> &'static str {
        match self {
            Meaning::Consult => "consult",
            Meaning::Complete => "complete",
            Meaning::TakeBack => "take_back",
            Meaning::Seal => "seal",
        }
    }
}
