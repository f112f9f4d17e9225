//! The places of callers who left the queue, for when they call again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use crate::desks::lane::Place;

/// More are not kept; the oldest goes first.
const KEPT_AT_MOST: usize = 10_000;

/// Places by the number that called.
#[derive(Debug, Default)]
pub(super) struct Redials {
    by_number: HashMap<String, (Place, Instant)>,
    /// In the order of their ends.
    ends: VecDeque<(Instant, String)>,
}

impl Redials {
    /// Places that were kept before the room was opened, each with its end. Of one number the first counts.
    pub fn restore(
        &mut self,
        kept: impl IntoIterator<Item = (String, Place, Instant)>,
        now: Instant,
    ) {
        let mut kept: Vec<_> = kept
            .into_iter()
            .filter(|(.., until)| *until > now)
            .collect();
        // In the order of their ends, as `keep` is told of them; a later one of a number must not replace the first.
        let mut known = HashSet::new();
        kept.retain(|(number, ..)| known.insert(number.clone()));
        kept.sort_by_key(|(.., until)| *until);
        for (number, place, until) in kept {
            self.keep(number, place, until, now);
        }
    }

    pub fn keep(&mut self, number: String, place: Place, until: Instant, now: Instant) {
        self.forget(now);
        self.by_number.insert(number.clone(), (place, until));
        self.ends.push_back((until, number));
    }

    /// The place of who calls again in time; it is his once.
    pub fn take(&mut self, number: &str, now: Instant) -> Option<Place> {
        self.forget(now);
        self.by_number.remove(number).map(|(place, _)| place)
    }

    fn forget(&mut self, now: Instant) {
        while let Some((until, _)) = self.ends.front()
            && (*until <= now || self.ends.len() > KEPT_AT_MOST)
            && let Some((until, number)) = self.ends.pop_front()
        {
            // He may have left once more since.
            if self
                .by_number
                .get(&number)
                .is_some_and(|(_, own)| *own == until)
            {
                self.by_number.remove(&number);
            }
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.ends.len().max(self.by_number.len())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    // A test's own zero: only differences count.
    #[allow(clippy::disallowed_methods)]
    fn a_flood_of_numbers_is_kept_within_the_bound() {
        let now = Instant::now();
        let until = now + Duration::from_secs(60);
        let mut redials = Redials::default();
        for place in 0..30_000 {
            redials.keep(place.to_string(), place, until, now);
        }
        assert!(redials.len() <= KEPT_AT_MOST + 1, "{}", redials.len());
        assert_eq!(redials.take("0", now), None, "the oldest gave way");
        assert_eq!(redials.take("29999", now), Some(29_999));
        assert_eq!(redials.take("29999", now), None, "a place is given once");
        assert_eq!(redials.take("29998", until), None, "its time is over");
        assert_eq!(redials.len(), 0);
    }
}
