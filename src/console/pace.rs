//! How often the pages of one login may come: each one rings anew, takes a talk away from the one before, and is told
//! to the floor.

use std::time::{Duration, Instant};

/// Pages in a row; who loads his page again and again, or has two that fall out of the network together, needs fewer.
const AT_ONCE: u32 = 10;
/// After so long one more may come.
const ONE_MORE_AFTER: Duration = Duration::from_secs(2);

/// Why a page gets no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLine {
    #[error("no desk is bound to the login")]
    NoDesk,
    #[error("the pages of the login come too often")]
    TooOften,
}

/// The pages of one login that came lately.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When all that came will be forgotten.
    forgotten_at: Option<Instant>,
}

impl Pace {
    /// Whether one more may come now; it is counted where it may.
    pub fn may(&mut self, now: Instant) -> bool {
        let from = self.forgotten_at.map_or(now, |at| at.max(now));
        if from.saturating_duration_since(now) > ONE_MORE_AFTER * (AT_ONCE - 1) {
            return false;
        }
        self.forgotten_at = Some(from + ONE_MORE_AFTER);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_come_ten_times_in_a_row_and_then_every_two_seconds() {
        let mut pace = Pace::default();
        let begin = crate::console::now();
        assert_eq!((0..50).filter(|_| pace.may(begin)).count(), 10);
        let later = begin + ONE_MORE_AFTER;
        assert_eq!((0..50).filter(|_| pace.may(later)).count(), 1);
        let later = later + Duration::from_secs(3600);
        assert_eq!((0..50).filter(|_| pace.may(later)).count(), 10);
    }
}
