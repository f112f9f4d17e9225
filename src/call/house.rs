//! What every call needs of the house.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::archive::Archive;
use crate::book::{Book, Files};
use crate::calling::Outward;
use crate::consulting::Consulting;
use crate::domain::Calendar;
use crate::engine::Engine;
use crate::floor::Floor;
use crate::ledger::Ledgers;
use crate::media::Media;
use crate::onward::Onward;
use crate::openings::Openings;
use crate::supervision::Supervisions;
use crate::transfers;
use crate::trunkline::Trunklines;

/// What an operator may vary of the telephone.
#[derive(Debug, Clone)]
pub struct Settings {
    pub files: Files,
    pub openings: Openings,
    /// How long running calls may go on once the house closes.
    pub grace: Duration,
    /// Calls that the house makes; `None`: none.
    pub outward: Option<Outward>,
    /// To whom outside callers may be handed.
    pub transfers: transfers::Rules,
}

/// Everything that a call needs of the house.
pub struct House {
    pub settings: Settings,
    pub engine: Engine,
    pub ledgers: Arc<Ledgers>,
    pub archive: Archive,
    pub media: Media,
    pub calendar: Calendar,
    pub book: watch::Receiver<Arc<Book>>,
    pub floor: Floor,
    pub supervisions: Supervisions,
    /// By which calls go out, if one is kept.
    pub trunkline: Option<Trunklines>,
    /// By which telephones of desks ask others beside their callers.
    pub consulting: Consulting,
    /// By which callers reach who is outside.
    pub onward: Onward,
    /// The rehearsal desk answers: calls are marked and stay out of figures.
    pub rehearsal: bool,
    pub closing: Closing,
    /// Cancelled when the calls' grace is over.
    pub grace_over: CancellationToken,
}

/// Recordings that are synced and read at once for their digest: many in one turn of the disk cost it little more
/// than one.
const DIGESTS: usize = 16;

/// More would not find a place in the queue of files to be synced (`media::platter`) either.
const LATE: usize = 4096;

/// How many calls may close their recordings at once.
pub struct Closing {
    /// Whoever digests a recording: a disk that comes back to a thousand of them shall not have a thread for each.
    pub(super) digests: Semaphore,
    /// Recordings that are waited for although their volume has hung for long.
    pub(super) late: Semaphore,
}

impl Default for Closing {
    fn default() -> Closing {
        Closing {
            digests: Semaphore::new(DIGESTS),
            late: Semaphore::new(LATE),
        }
    }
}
