//! What every handler works with.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::lately::Lately;
use crate::archive::Archive;
use crate::board::Board;
use crate::console::Consoles;
use crate::domain::Moment;
use crate::engine::{Answering, Engine, Error};
use crate::meter::Meter;
use crate::outward::Allowing;
use crate::supervision::Supervisions;

/// What the configuration and the start hand in.
#[derive(Clone)]
pub struct Options {
    /// The centre's name, in the head of each page.
    pub centre: String,
    /// The pages reach browsers by TLS (a gateway in front): cookies are `Secure` and `__Host-`.
    pub behind_tls: bool,
    pub meter: Meter,
    /// What is not well beside the database's reading: words for `/healthz`.
    pub troubles: Troubles,
    /// What the desks are doing.
    pub board: Glance,
    /// The database holds an example centre: every page and every answer says so.
    pub example: bool,
    /// What may be called, where there is a trunk for calls out.
    pub calls_out: Option<Allowing>,
    /// Desks whose persons answer in a page, if any do.
    pub consoles: Option<Consoles>,
    /// How supervisors reach running calls; `None` where no call comes.
    pub supervisions: Option<Supervisions>,
}

/// Looks and answers at once.
pub type Troubles = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// The newest picture of the desks; answers at once.
pub type Glance = Arc<dyn Fn() -> Arc<Board> + Send + Sync>;

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) engine: Engine,
    pub(crate) archive: Archive,
    pub(crate) options: Arc<Options>,
    /// Drawing a waveform reads a whole recording: so many at once.
    pub(crate) waveforms: Arc<Semaphore>,
    lately: Arc<Lately>,
}

const WAVEFORMS: usize = 2;

impl Web {
    pub(crate) fn new(engine: Engine, archive: Archive, options: Options) -> Self {
        Web {
            engine,
            archive,
            options: Arc::new(options),
            waveforms: Arc::new(Semaphore::new(WAVEFORMS)),
            lately: Arc::default(),
        }
    }

    /// How soon callers were answered in the last 24 hours, up to 15 s ago.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub(crate) async fn lately(&self, now: Moment) -> Result<Answering, Error> {
        let count = |since| self.engine.answering(since);
        self.lately.at(now, count).await
    }
}
