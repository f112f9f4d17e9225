//! How fast callers are served, from those who were.

use std::time::{Duration, Instant};

/// Fewer intervals than this say nothing.
const INTERVALS_AT_LEAST: u32 = 4;

/// Each new interval counts for one part in so many.
const PARTS: u32 = 8;

/// What is older says nothing of now.
const HOLDS_FOR: Duration = Duration::from_secs(1800);

/// The moving average of the intervals at which callers are served while others wait.
#[derive(Debug, Default)]
pub struct Pace {
    mean: Duration,
    intervals: u32,
    /// When one was last served; `None` where nobody has waited since.
    last: Option<Instant>,
    known_at: Option<Instant>,
}

impl Pace {
    /// One is served. `more`: others still wait, so that the interval to the next one counts.
    pub fn served(&mut self, now: Instant, more: bool) {
        if let Some(last) = self.last {
            let interval = now.saturating_duration_since(last);
            self.mean = match self.intervals {
                // The first ones are a plain average.
                count if count < PARTS => (self.mean * count + interval) / (count + 1),
                _ => (self.mean * (PARTS - 1) + interval) / PARTS,
            };
            self.intervals = self.intervals.saturating_add(1);
            self.known_at = Some(now);
        }
        self.last = more.then_some(now);
    }

    /// Nobody waits any more: how long it is until the next one is served says nothing.
    pub fn pause(&mut self) {
        self.last = None;
    }

    /// How long it takes until so many and one more are served; `None` while too little is known.
    pub fn wait(&self, ahead: usize, now: Instant) -> Option<Duration> {
        let known = now.saturating_duration_since(self.known_at?) <= HOLDS_FOR;
        if self.intervals < INTERVALS_AT_LEAST || !known {
            return None;
        }
        // Where nobody has been served for longer than usual, it goes on as slowly as it does now.
        let standing = self.last.map(|last| now.saturating_duration_since(last));
        let each = self.mean.max(standing.unwrap_or_default());
        let turns = u32::try_from(ahead).unwrap_or(u32::MAX).saturating_add(1);
        Some(each.saturating_mul(turns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A test's own zero: only differences count.
    #[allow(clippy::disallowed_methods)]
    fn epoch() -> Instant {
        Instant::now()
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn nothing_is_said_before_enough_is_known_or_of_long_ago() {
        let zero = epoch();
        let mut pace = Pace::default();
        for turn in 0..4 {
            pace.served(zero + s(turn * 30), true);
            assert_eq!(pace.wait(0, zero + s(turn * 30)), None);
        }
        pace.served(zero + s(120), true);
        assert_eq!(pace.wait(0, zero + s(120)), Some(s(30)));
        assert_eq!(pace.wait(3, zero + s(120)), Some(s(120)));
        pace.pause();
        assert_eq!(pace.wait(3, zero + s(120 + 1801)), None);
    }

    #[test]
    fn a_time_without_anybody_waiting_is_no_interval_and_a_standstill_is_told() {
        let zero = epoch();
        let mut pace = Pace::default();
        for turn in 0..=4 {
            pace.served(zero + s(turn * 10), turn < 4);
        }
        // Ten minutes nobody waited.
        pace.served(zero + s(640), true);
        assert_eq!(pace.wait(0, zero + s(640)), Some(s(10)));
        assert_eq!(
            pace.wait(1, zero + s(700)),
            Some(s(120)),
            "no one was served for a minute"
        );
        pace.served(zero + s(650), true);
        assert_eq!(pace.wait(0, zero + s(650)), Some(s(10)));
    }
}
