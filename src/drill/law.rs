//! What every path of a plan must keep, and the path on which it did not, told so that it can be read.

use std::fmt::{self, Write as _};

use super::told;
use crate::ivr::Event;

/// A path on which the machine or the plan broke its word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Broken {
    pub law: Law,
    /// What happened, in order.
    pub path: Vec<Event>,
}

/// What every path must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Law {
    #[error("the call can wait for ever in a step")]
    NoTimer,
    #[error("more than one outcome, or something after it")]
    OneOutcome,
    #[error("something is said before the grade is stored")]
    StoredFirst,
    #[error("a grade without an offer or without the caller's key after it")]
    GradeWithoutKey,
    #[error("the rating part exceeds `rating_at_most_s`")]
    RatingTooLong,
    #[error("the call exceeds `call_at_most_s`")]
    CallTooLong,
    #[error("there are too many paths to walk")]
    TooManyPaths,
}

/// A stretch of at most this many events is recognised when it repeats.
const PERIOD_AT_MOST: usize = 6;
/// Of a longer path so many stretches are told from its beginning, and as many from its end.
const ENDS: usize = 6;

impl Broken {
    /// The path in words: what repeats is told once with its number, and of a long path only its
    /// beginning and its end.
    pub fn path_text(&self) -> String {
        let words: Vec<String> = self.path.iter().map(told).collect();
        let stretches = stretches(&words);
        if stretches.len() <= 2 * ENDS + 1 {
            return stretches.join(", ");
        }
        let left_out = stretches.len() - 2 * ENDS;
        let (first, last) = (&stretches[..ENDS], &stretches[stretches.len() - ENDS..]);
        format!(
            "{}, … {left_out} more …, {}",
            first.join(", "),
            last.join(", ")
        )
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.path_text())
    }
}

/// `a b a b a b c` as `(a, b) × 3`, `c`: the shortest period first, as often as it goes.
fn stretches(words: &[String]) -> Vec<String> {
    let mut told = Vec::new();
    let mut rest = words;
    while let Some(first) = rest.first() {
        let repeated = (1..=PERIOD_AT_MOST)
            .map(|period| (period, times(rest, period)))
            .find(|(_, times)| *times > 1);
        let (period, times) = repeated.unwrap_or((1, 1));
        let mut text = if period == 1 {
            first.clone()
        } else {
            format!("({})", rest[..period].join(", "))
        };
        if times > 1 {
            let _ = write!(text, " × {times}");
        }
        told.push(text);
        rest = &rest[period * times..];
    }
    told
}

/// How often the first `period` words stand one after another.
fn times(words: &[String], period: usize) -> usize {
    let mut chunks = words.chunks_exact(period);
    let Some(first) = chunks.next() else {
        return 0;
    };
    1 + chunks.take_while(|chunk| *chunk == first).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivr::{Digit, PlayId};

    fn broken(path: Vec<Event>) -> Broken {
        let law = Law::CallTooLong;
        Broken { law, path }
    }

    #[test]
    fn what_repeats_is_told_once_with_its_number() {
        let mut path = vec![Event::Answered];
        for play in 0..200 {
            path.extend([Event::Played(PlayId(play)), Event::Timeout]);
        }
        path.extend([Event::Digit(Digit::D6), Event::Digit(Digit::D6)]);
        assert_eq!(
            broken(path).to_string(),
            "the call exceeds `call_at_most_s`: answered, (the prompt ends, the time is over) × 200, \
             caller presses 6 × 2"
        );
    }

    #[test]
    fn of_a_long_path_the_beginning_and_the_end_are_told() {
        // Keys in an order that never repeats within the longest period.
        let keys = (0..300usize).map(|n| Digit::ALL[(n * n + n / 7) % 16]);
        let path = broken(keys.map(Event::Digit).collect());
        let text = path.path_text();
        assert!(
            text.starts_with("caller presses 0, caller presses 1"),
            "{text}"
        );
        assert!(text.contains(" more …, "), "{text}");
        assert!(text.len() < 400, "{} characters: {text}", text.len());
    }

    #[test]
    fn a_short_path_is_told_whole() {
        let path = vec![Event::Answered, Event::DeskHungUp, Event::CallerHungUp];
        assert_eq!(
            broken(path).path_text(),
            "answered, the desk hangs up, the caller hangs up"
        );
        assert_eq!(broken(Vec::new()).path_text(), "");
    }
}
