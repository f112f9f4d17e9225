/// SplitMix64: the same centre from the same seed, on every machine.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn of(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `end`, `end` left out; 0 where that is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// From the first to the last, both of them too.
    pub(super) fn between(&mut self, first: i64, last: i64) -> i64 {
        first + self.below((last - first + 1).max(1) as usize) as i64
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One of them, as often as its weight says.
    pub(super) fn weighed<T: Copy>(&mut self, of: &[(T, usize)]) -> T {
        let all = of.iter().map(|(_, weight)| weight).sum();
        let mut at = self.below(all);
        for (one, weight) in of {
            if at < *weight {
                return *one;
            }
            at -= weight;
        }
        of[0].0
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_row_of_numbers_and_another_seed_another() {
        let row = |seed| {
            let mut chance = Chance::of(seed);
            (0..8).map(|_| chance.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
    }

    #[test]
    fn what_weighs_nothing_is_never_taken_and_all_else_is() {
        let mut chance = Chance::of(7);
        let drawn: std::collections::BTreeSet<_> = (0..1000)
            .map(|_| chance.weighed(&[('a', 1), ('b', 0), ('c', 9)]))
            .collect();
        assert_eq!(drawn.into_iter().collect::<String>(), "ac");
        assert!((0..1000).all(|_| (3..=5).contains(&chance.between(3, 5))));
    }

    #[test]
    fn a_shuffled_list_holds_what_it_held() {
        let mut list: Vec<u8> = (0..20).collect();
        Chance::of(3).shuffle(&mut list);
        assert_ne!(list, (0..20).collect::<Vec<u8>>());
        list.sort_unstable();
        assert_eq!(list, (0..20).collect::<Vec<u8>>());
    }
}
