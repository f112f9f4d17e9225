//! How many streams may be open at once: in all, of strangers, and of one source.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

/// Streams that trunks may open at once, and that others may.
const MAX_OF_TRUNKS: usize = 256;
const MAX_OF_STRANGERS: usize = 64;
/// Streams of one source.
const MAX_OF_ONE_TRUNK: usize = 64;
const MAX_OF_ONE_STRANGER: usize = 8;

/// The streams that are open.
#[derive(Clone, Default)]
pub(super) struct Places {
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    by_trunks: usize,
    by_strangers: usize,
    by_source: HashMap<IpAddr, usize>,
}

/// One stream's place; dropped, it is free again.
pub(super) struct Place {
    taken: Arc<Mutex<Taken>>,
    source: IpAddr,
    trunk: bool,
}

impl Places {
    /// A place for a stream of this source, if there is one.
    pub fn take(&self, source: IpAddr, trunk: bool) -> Option<Place> {
        let source = source.to_canonical();
        let mut taken = locked(&self.taken);
        let of_source = taken.by_source.get(&source).copied().unwrap_or(0);
        let (of_all, most, most_of_one) = match trunk {
            true => (&mut taken.by_trunks, MAX_OF_TRUNKS, MAX_OF_ONE_TRUNK),
            false => (
                &mut taken.by_strangers,
                MAX_OF_STRANGERS,
                MAX_OF_ONE_STRANGER,
            ),
        };
        if *of_all >= most || of_source >= most_of_one {
            return None;
        }
        *of_all += 1;
        taken.by_source.insert(source, of_source + 1);
        Some(Place {
            taken: Arc::clone(&self.taken),
            source,
            trunk,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = locked(&self.taken);
        match self.trunk {
            true => taken.by_trunks -= 1,
            false => taken.by_strangers -= 1,
        }
        if let Some(count) = taken.by_source.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                taken.by_source.remove(&self.source);
            }
        }
    }
}

fn locked(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(|held| held.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_stranger_gets_few_places_all_strangers_some_more_and_trunks_their_own() {
        let places = Places::default();
        let mut held: Vec<_> = (0..100)
            .map_while(|_| places.take(address(1), false))
            .collect();
        assert_eq!(held.len(), MAX_OF_ONE_STRANGER);
        for last in 2..200 {
            held.extend(places.take(address(last), false));
        }
        assert_eq!(held.len(), MAX_OF_STRANGERS);
        let of_trunk: Vec<_> = (0..1000)
            .map_while(|_| places.take(address(200), true))
            .collect();
        assert_eq!(of_trunk.len(), MAX_OF_ONE_TRUNK);
        held.clear();
        assert!(places.take(address(1), false).is_some(), "given back");
        drop(of_trunk);
        assert!(locked(&places.taken).by_source.is_empty(), "nothing stays");
    }
}
