//! How many streams may be open at once: in all, of strangers, and of one source.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::guard::Sender;

/// Streams that trunks may open at once, that telephones of desks may, and that others may.
const MAX_OF_TRUNKS: usize = 256;
const MAX_OF_DESKS: usize = 2048;
const MAX_OF_STRANGERS: usize = 64;
/// Streams of one source.
const MAX_OF_ONE_TRUNK: usize = 64;
/// Many telephones may stand behind one address.
const MAX_OF_ONE_DESK: usize = 256;
const MAX_OF_ONE_STRANGER: usize = 8;

/// The streams that are open.
#[derive(Clone, Default)]
pub(super) struct Places {
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    by_sender: HashMap<Sender, usize>,
    by_source: HashMap<IpAddr, usize>,
}

/// One stream's place; dropped, it is free again.
pub(super) struct Place {
    taken: Arc<Mutex<Taken>>,
    source: IpAddr,
    sender: Sender,
}

impl Places {
    /// A place for a stream of this source, if there is one.
    pub fn take(&self, source: IpAddr, sender: Sender) -> Option<Place> {
        let source = source.to_canonical();
        let mut taken = locked(&self.taken);
        let of_source = taken.by_source.get(&source).copied().unwrap_or(0);
        let (most, most_of_one) = match sender {
            Sender::Trunk => (MAX_OF_TRUNKS, MAX_OF_ONE_TRUNK),
            Sender::Desk => (MAX_OF_DESKS, MAX_OF_ONE_DESK),
            Sender::Stranger => (MAX_OF_STRANGERS, MAX_OF_ONE_STRANGER),
        };
        let of_all = taken.by_sender.entry(sender).or_default();
        if *of_all >= most || of_source >= most_of_one {
            return None;
        }
        *of_all += 1;
        taken.by_source.insert(source, of_source + 1);
        Some(Place {
            taken: Arc::clone(&self.taken),
            source,
            sender,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = locked(&self.taken);
        if let Some(count) = taken.by_sender.get_mut(&self.sender) {
            *count -= 1;
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
            .map_while(|_| places.take(address(1), Sender::Stranger))
            .collect();
        assert_eq!(held.len(), MAX_OF_ONE_STRANGER);
        for last in 2..200 {
            held.extend(places.take(address(last), Sender::Stranger));
        }
        assert_eq!(held.len(), MAX_OF_STRANGERS);
        let of_trunk: Vec<_> = (0..1000)
            .map_while(|_| places.take(address(200), Sender::Trunk))
            .collect();
        assert_eq!(of_trunk.len(), MAX_OF_ONE_TRUNK);
        let of_desk: Vec<_> = (0..1000)
            .map_while(|_| places.take(address(201), Sender::Desk))
            .collect();
        assert_eq!(of_desk.len(), MAX_OF_ONE_DESK);
        held.clear();
        assert!(
            places.take(address(1), Sender::Stranger).is_some(),
            "given back"
        );
        drop((of_trunk, of_desk));
        assert!(locked(&places.taken).by_source.is_empty(), "nothing stays");
    }
}
