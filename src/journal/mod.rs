//! A file to which entries are only added, each synced before it is told, and which is emptied when
//! somebody has taken all of them away: what must not be lost while its proper place is gone.
//!
//! The first megabytes are there from the start, written with zeros: on a volume that is full by then
//! there is still room for the grades of some hours.
//!
//! **Invariants:** an entry that was told as kept is read again after any crash, in its order, until the
//! journal is emptied. Octets that a crash tore or that rotted are stepped over and never read as an
//! entry. Memory does not grow with the journal.

mod file;
mod format;
mod thread;

use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, oneshot};

use thread::Ask;

/// Why an entry is not kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("{path}: {fault}")]
    File { path: String, fault: String },
    #[error("another server writes {0}")]
    Taken(String),
    #[error("an entry of {0} octets; 1 to 65536 are taken")]
    Length(usize),
    #[error("a bug: the journal's thread is gone")]
    Gone,
}

#[cfg(any(test, fuzzing))]
pub(crate) use format::read_spoilt;

/// A journal, written by a thread of its own. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    asks: mpsc::Sender<Ask>,
}

/// What an earlier run left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Whole entries.
    pub entries: u64,
    /// Octets between them that are none: rotted, or torn by a crash of an earlier run.
    pub damaged: u64,
    /// Where they end: entries from here on are of this run.
    pub end: Place,
}

/// A place in the journal; a later one is greater, also across an emptying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// How often it was emptied before, in this run.
    turn: u64,
    at: u64,
}

impl Place {
    /// Before the first entry.
    pub const START: Place = Place {
        turn: 0,
        at: format::HEAD,
    };

    /// Whether an entry stands before it.
    pub fn is_behind_entries(self) -> bool {
        self.at > format::HEAD
    }
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The first whole entry; `None` where there is none up to the end.
    pub entry: Option<Vec<u8>>,
    /// Octets before it, or before the end, that cannot be read.
    pub damaged: u64,
    /// Where to go on.
    pub next: Place,
}

/// Asks in the thread's queue. Whoever asks waits for his answer, so that there are no more of them
/// than calls.
const ASKS: usize = 256;

impl Journal {
    /// Opens `<dir>/ledger.journal`, or makes it. A file of that name that is no journal is set aside.
    /// Blocks.
    pub fn open(dir: &Path) -> Result<(Journal, Left), Error> {
        let (file, left) = file::JournalFile::open(&path_in(dir))?;
        let (asks, queue) = mpsc::channel(ASKS);
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || thread::run(file, queue))
            .map_err(|fault| Error::File {
                path: dir.display().to_string(),
                fault: fault.to_string(),
            })?;
        Ok((Journal { asks }, left))
    }

    /// Returns when all these entries, one behind the other, would survive a loss of power: the place
    /// behind the last. On an error they may be there all the same: an entry must not mind being read
    /// twice.
    pub async fn append(&self, entries: Vec<Vec<u8>>) -> Result<Place, Error> {
        self.ask(|answer| Ask::Append { entries, answer }).await?
    }

    /// The first entry at or after a place.
    pub async fn next(&self, from: Place) -> Result<Next, Error> {
        self.ask(|answer| Ask::Next { from, answer }).await?
    }

    /// Empties the journal where nothing stands behind `end`; its new start, if it did.
    pub async fn empty(&self, end: Place) -> Result<Option<Place>, Error> {
        self.ask(|answer| Ask::Empty { end, answer }).await?
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let sent = self.asks.send(ask(answer)).await;
        sent.map_err(|_| Error::Gone)?;
        answered.await.map_err(|_| Error::Gone)
    }
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join("ledger.journal")
}

#[cfg(test)]
mod tests;
