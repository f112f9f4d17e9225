//! How many stand before a place: counted by blocks, so that it costs little however many wait.

use std::collections::{BTreeMap, BTreeSet};

/// Places of a block: a power of two near the root of the number of callers that may wait.
const BLOCK_BITS: u32 = 7;

/// A set of places that knows how many are before one.
#[derive(Debug, Default)]
pub struct Ranks {
    blocks: BTreeMap<u64, usize>,
    places: BTreeSet<u64>,
}

impl Ranks {
    pub fn insert(&mut self, place: u64) {
        if self.places.insert(place) {
            *self.blocks.entry(place >> BLOCK_BITS).or_default() += 1;
        }
    }

    pub fn remove(&mut self, place: u64) {
        if !self.places.remove(&place) {
            return;
        }
        let block = place >> BLOCK_BITS;
        if let Some(count) = self.blocks.get_mut(&block) {
            *count -= 1;
            if *count == 0 {
                self.blocks.remove(&block);
            }
        }
    }

    pub fn before(&self, place: u64) -> usize {
        let block = place >> BLOCK_BITS;
        let whole: usize = self.blocks.range(..block).map(|(_, count)| count).sum();
        whole + self.places.range(block << BLOCK_BITS..place).count()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn a_place_is_as_many_as_a_count_of_all_says(
            steps in proptest::collection::vec((any::<bool>(), 0..2000u64), 0..400),
            asked in 0..2100u64,
        ) {
            let mut ranks = Ranks::default();
            let mut all = BTreeSet::new();
            for (comes, place) in steps {
                if comes {
                    ranks.insert(place);
                    all.insert(place);
                } else {
                    ranks.remove(place);
                    all.remove(&place);
                }
            }
            let before = all.iter().filter(|place| **place < asked).count();
            prop_assert_eq!(ranks.before(asked), before);
            prop_assert_eq!(ranks.is_empty(), all.is_empty());
        }
    }
}
