//! Which packets of a stream have come (RFC 3711 §3.3.1, §3.3.2).

/// Packets behind the newest that are told from repeats; what is older is refused.
const REMEMBERED: u64 = 128;

/// The newest packet of a stream, and which of those before it came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    newest: Option<u64>,
    /// Bit n: the packet n before the newest came.
    came: u128,
}

impl Window {
    /// The sequence number with how often it has rolled over: the one of three that lies nearest to the newest.
    pub fn extend(&self, sequence: u16) -> u64 {
        let Some(newest) = self.newest else {
            return u64::from(sequence);
        };
        let ahead = sequence.wrapping_sub(newest as u16) as i16;
        // Before the first roll-over there is nothing before 0.
        newest
            .checked_add_signed(i64::from(ahead))
            .unwrap_or(u64::from(sequence))
    }

    /// The same place in the stream, where nothing has come yet.
    pub fn forgetful(&self) -> Window {
        Window {
            newest: self.newest,
            came: 0,
        }
    }

    pub fn is_new(&self, index: u64) -> bool {
        let Some(newest) = self.newest else {
            return true;
        };
        match newest.checked_sub(index) {
            None => true,
            Some(behind) => behind < REMEMBERED && self.came & 1 << behind == 0,
        }
    }

    pub fn take(&mut self, index: u64) {
        let newest = self.newest.unwrap_or(index);
        match index.checked_sub(newest) {
            Some(ahead) => {
                let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
                self.came = self.came.checked_shl(ahead).unwrap_or(0) | 1;
                self.newest = Some(index);
            }
            None if newest - index < REMEMBERED => self.came |= 1 << (newest - index),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_roll_over_and_stragglers_stay_behind() {
        let mut window = Window::default();
        for (sequence, index) in [
            (65_534, 65_534),
            (65_535, 65_535),
            (1, 65_537),
            (0, 65_536),
            (65_533, 65_533),
            (2, 65_538),
        ] {
            assert_eq!(window.extend(sequence), index);
            assert!(window.is_new(index), "{sequence}");
            window.take(index);
            assert!(!window.is_new(index), "{sequence} again");
        }
        assert!(!window.is_new(65_538 - REMEMBERED), "too old to be known");
    }

    proptest! {
        #[test]
        fn nothing_is_new_twice(indices in proptest::collection::vec(0u64..400, 0..300)) {
            let mut window = Window::default();
            let mut taken = std::collections::HashSet::new();
            for index in indices {
                if window.is_new(index) {
                    prop_assert!(taken.insert(index), "{index} twice");
                    window.take(index);
                }
            }
        }
    }
}
