//! The calls' writes: into the database, and while it is gone, full or locked, into a journal on the
//! disk, from which they are drained in their order when it is back.
//!
//! **Invariants:** a grade is told as stored only when it is synced, in the one or in the other. The
//! writes of one call reach the database in their order, each at least once, and none minds being
//! written twice. A call waits for nothing here but its grade, and memory does not grow with the time
//! that the database is gone.

mod call;
pub mod clock;
mod drain;
mod house;
mod job;
mod pulse;
mod spans;
pub mod timeline;
mod wait;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use call::{Ledger, Stored};
pub use job::Job;
pub use spans::{Nth, Spans};
pub use wait::Wait;

use crate::engine::{CallId, Engine, NewCall};
use crate::journal::{self, Journal};
use house::House;
#[cfg(any(test, fuzzing))]
pub(crate) use job::read_foreign;

/// Where the calls' writes go. One per process.
pub struct Ledgers {
    house: Arc<House>,
    tasks: [JoinHandle<()>; 2],
}

/// A ledger of a call and what it tells of the call's grades.
pub type Opened = (Ledger, mpsc::Receiver<Stored>);

impl Ledgers {
    /// With the journal in `dir`, which is made. What an earlier run left in it is drained from now on,
    /// beside the calls.
    pub async fn open(engine: Engine, dir: &Path) -> Result<Ledgers, journal::Error> {
        let dir = dir.to_owned();
        let opened = tokio::task::spawn_blocking(move || Journal::open(&dir)).await;
        let (journal, left) = opened.map_err(|_| journal::Error::Gone)??;
        if left.damaged > 0 {
            metrics::counter!("gradeline_journal_damaged_octets_total").increment(left.damaged);
            tracing::error!(
                octets = left.damaged,
                "part of the journal cannot be read; what stood there is lost"
            );
        }
        if left.entries > 0 {
            tracing::warn!(
                entries = left.entries,
                "an earlier run left writes in the journal; draining them"
            );
        }
        let house = Arc::new(House::new(engine, journal, left));
        let tasks = [
            tokio::spawn(drain::run(house.clone())),
            tokio::spawn(pulse::run(house.clone())),
        ];
        Ok(Ledgers { house, tasks })
    }

    /// The ledger of a call that comes in. Its row is written first; that is waited for, but not longer
    /// than `within`, and not at all while it is known that nothing is written: a citizen is answered even where it
    /// cannot be.
    pub async fn open_call(&self, call: NewCall, within: Duration) -> Opened {
        call::open(self.house.clone(), call, within).await
    }

    /// Waits until all that an earlier run left in the journal is in the database. The calls whose rows
    /// stood only there.
    pub async fn earlier_drained(&self) -> HashSet<CallId> {
        self.house.earlier_drained().await
    }

    /// What an operator must know now: `database` (it takes no writes), `journal` (neither does it, so
    /// that grades are refused to callers).
    pub fn troubles(&self) -> Vec<&'static str> {
        self.house.troubles()
    }
}

impl Drop for Ledgers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[cfg(test)]
mod tests;
