use std::time::{Duration, Instant};

use super::Digit;

/// Finds a sequence of keys (the desk's 转评价 key, `*8`) in what a leg presses.
#[derive(Debug, Clone)]
pub struct Sequence {
    keys: Vec<Digit>,
    between: Duration,
    matched: usize,
    last: Option<Instant>,
}

impl Sequence {
    /// `between`: the longest time from one key to the next. An empty sequence never matches.
    pub fn new(keys: Vec<Digit>, between: Duration) -> Self {
        Sequence {
            keys,
            between,
            matched: 0,
            last: None,
        }
    }

    /// Takes a key; true when it completes the sequence.
    pub fn press(&mut self, key: Digit, now: Instant) -> bool {
        let late = self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) > self.between);
        if late {
            self.matched = 0;
        }
        self.last = Some(now);
        self.matched = self.advance(key);
        let complete = !self.keys.is_empty() && self.matched == self.keys.len();
        if complete {
            self.matched = 0;
        }
        complete
    }

    /// The longest beginning of the sequence that ends with `key`: `**8` still holds `*8`.
    fn advance(&self, key: Digit) -> usize {
        let mut typed = self.keys[..self.matched].to_vec();
        typed.push(key);
        (0..=typed.len().min(self.keys.len()))
            .rev()
            .find(|&length| typed.ends_with(&self.keys[..length]))
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    // A test's own zero: only differences count.
    #[allow(clippy::disallowed_methods)]
    fn epoch() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_desks_sequence_is_found_after_a_false_start_and_not_when_too_slow() {
        let now = epoch();
        let keys = || vec![Digit::Star, Digit::D8];
        let mut sequence = Sequence::new(keys(), ms(3000));
        assert!(!sequence.press(Digit::Star, now));
        assert!(!sequence.press(Digit::Star, now + ms(500)));
        assert!(sequence.press(Digit::D8, now + ms(900)));
        let mut slow = Sequence::new(keys(), ms(3000));
        assert!(!slow.press(Digit::Star, now));
        assert!(!slow.press(Digit::D8, now + ms(3001)));
    }
}
