//! How much of each stream waits in the stack's queue.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

/// Messages of one stream that the stack has not taken yet; beyond it we read no further.
const MAX_BACKLOG: usize = 64;

/// Which streams have messages in the stack's queue. That queue has no bound of its own: a
/// permit is taken for each message that goes in and comes back when the stack takes it out.
#[derive(Clone, Default)]
pub struct Backlogs {
    open: Arc<Mutex<HashMap<SocketAddr, Arc<Semaphore>>>>,
}

impl Backlogs {
    pub fn open(&self, peer: SocketAddr) -> Arc<Semaphore> {
        let places = Arc::new(Semaphore::new(MAX_BACKLOG));
        self.table().insert(peer, Arc::clone(&places));
        places
    }

    /// The stack took a message out.
    pub fn taken(&self, peer: SocketAddr) {
        if let Some(places) = self.table().get(&peer)
            && places.available_permits() < MAX_BACKLOG
        {
            places.add_permits(1);
        }
    }

    pub fn close(&self, peer: SocketAddr, places: &Arc<Semaphore>) {
        let mut table = self.table();
        if table
            .get(&peer)
            .is_some_and(|open| Arc::ptr_eq(open, places))
        {
            table.remove(&peer);
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Arc<Semaphore>>> {
        self.open.lock().unwrap_or_else(|held| held.into_inner())
    }
}
