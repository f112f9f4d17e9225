//! The shell of the regulation: load, decide, save. Every write of the regulation's
//! tables goes through here, whatever the door.
//!
//! **Invariant:** what a caller keyed is committed and synced before anybody is told so.

mod acts;
mod calls;
mod completion;
mod cursor;
mod intake;
mod listenings;
mod listings;
mod matters;
mod pending;
mod periods;
mod reads;
mod recovery;
mod suggestions;
mod tick;
mod timeline;
mod waits;

use std::sync::Arc;

pub use acts::{Acted, Allowed, Doing, WholeCase};
pub use listings::{DoingToListing, WholeListing};
pub use matters::Registered;
pub use recovery::LOOKED_AT;
pub use suggestions::{NewSlip, applicant_of};
pub use tick::Ticked;

use crate::channels::Reminding;
pub use crate::channels::{Applicants, Matter};
use crate::domain::{Calendar, Day, Moment, Refusal};
use crate::figures::{Thresholds, Weights};
pub use crate::register::ListingClock;
use crate::secrets::{self, Passwords};
pub use crate::store::SlipRow;
pub use crate::store::counts::{Answering, DeskCount, Figures};
pub use crate::store::rows::*;
pub use crate::store::views::*;
use crate::store::{self, Store};
use timeline::Timeline;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed: a fault.
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("there is no call {0}")]
    NoSuchCall(String),
    /// The cursor was not made by the list it is used on: answer 400.
    #[error("the cursor “{0}” is not one of this list; begin again without it")]
    BadCursor(String),
    #[error("there is no ticket {0}")]
    NoSuchTicket(String),
    #[error("there is no listing {0}")]
    NoSuchListing(u64),
    /// The ticket is not as the asker saw it: answer 412, to be loaded again.
    #[error("the ticket has changed meanwhile; load it again")]
    Stale,
    /// One key for two different acts: answer 422.
    #[error("the idempotency key was used for another act")]
    KeyReused,
    /// The regulation says no: answer 409 with article and state.
    #[error("{0}")]
    Unlawful(#[from] Refusal),
    /// The regulation says no to an act on the blocklist: answer 409 with article and state.
    #[error("{0}")]
    OffList(#[from] crate::blocklist::Refusal),
    /// A rating of staff by staff (第十九条): it is counted, and no rating.
    #[error("a rating from a telephone of the staff is not eligible (第十九条)")]
    Ineligible,
    /// Said no, for a reason outside the regulation.
    #[error("{0}")]
    Refused(String),
    /// A program error or a fault outside the database.
    #[error("{0}")]
    Other(String),
}

/// What an operator really varies.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Of applicants whose matter is completed (第六条第二款).
    pub reminding: Reminding,
    /// Numbers of testers: their ratings are marked and count for nothing.
    pub test_numbers: Vec<String>,
    /// Points of the grades.
    pub weights: Weights,
    /// From where something is a sign (第十九条).
    pub thresholds: Thresholds,
    /// The day from which the regulation is in force (第二十二条); unless told, it always was.
    pub in_force_from: Option<Day>,
}

impl Settings {
    /// Whether what happened then is the regulation's.
    pub fn in_force(&self, at: Moment) -> bool {
        self.in_force_from.is_none_or(|first| at.day() >= first)
    }
}

impl Error {
    /// Trying again may help: the database is gone, full, locked or slow. A refusal stays one, and so does
    /// a row that the schema does not take.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Store(error) => error.may_pass(),
            _ => false,
        }
    }
}

/// The engine. Cheap to clone; one per process.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    calendar: Calendar,
    settings: Settings,
    timeline: Arc<Timeline>,
    /// The right to answer calls for this database, once it is claimed.
    claim: tokio::sync::Mutex<Option<store::Claim>>,
    /// Writes the timeline; ends with the engine.
    pen: tokio::task::JoinHandle<()>,
    passwords: Passwords,
}

impl From<secrets::Error> for Error {
    fn from(error: secrets::Error) -> Error {
        Error::Other(error.to_string())
    }
}

/// Reads a cursor for each list; what is read is written back as the same.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_foreign_cursor(text: &str) {
    for list in [
        cursor::List::Calls,
        cursor::List::Ratings,
        cursor::List::Tickets,
    ] {
        if let Ok(Some(position)) = list.read(Some(text)) {
            let again = list.read(Some(&list.write(&position)));
            let again = again.expect("our own words").expect("a cursor");
            assert_eq!((again.at, again.id), (position.at, position.id));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.pen.abort();
    }
}

impl Engine {
    /// Over an open store; must be called within a tokio runtime.
    pub fn start(store: Store, calendar: Calendar) -> Engine {
        Engine::start_with(store, calendar, Settings::default())
    }

    /// As [`start`](Self::start), with an operator's settings.
    pub fn start_with(store: Store, calendar: Calendar, settings: Settings) -> Engine {
        let timeline = Arc::new(Timeline::new(store.clone()));
        let pen = tokio::spawn(Arc::clone(&timeline).run());
        Engine {
            inner: Arc::new(Inner {
                store,
                calendar,
                settings,
                timeline,
                claim: tokio::sync::Mutex::default(),
                pen,
                passwords: Passwords::default(),
            }),
        }
    }

    /// Opens `url`, as the store does, and starts over it: for rooms that may not name the store.
    pub async fn open(url: &str, calendar: Calendar) -> Result<Engine, Error> {
        Ok(Engine::start(Store::open(url).await?, calendar))
    }

    /// Makes this engine the one that answers calls for its database, until it is closed or dropped;
    /// refused while another one, of whatever process, is. To be asked before
    /// [`unfinished_calls`](Self::unfinished_calls), which would take the other one's calls for those of a
    /// crash.
    pub async fn claim(&self) -> Result<(), Error> {
        let mut claim = self.inner.claim.lock().await;
        if claim.is_none() {
            *claim = Some(self.inner.store.claim().await?);
        }
        Ok(())
    }

    /// Writes what is pending of timelines, closes the database and frees it for the next server.
    pub async fn close(&self) -> Result<(), Error> {
        let flushed = self.inner.timeline.flush().await;
        self.inner.store.close().await;
        if let Some(claim) = self.inner.claim.lock().await.take() {
            claim.release().await;
        }
        Ok(flushed?)
    }

    /// Whether the database is there and answers, for `/healthz`.
    pub async fn check(&self) -> Result<(), Error> {
        self.inner.store.check()?;
        self.read().await?.open_calls().await?;
        Ok(())
    }

    /// What an operator set.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// What due dates are counted by.
    pub fn calendar(&self) -> &Calendar {
        &self.inner.calendar
    }

    /// Whether the database would take a write now. A full one still says yes: only a commit tells.
    pub async fn check_writing(&self) -> Result<(), Error> {
        self.inner.store.check()?;
        self.write().await?.roll_back().await?;
        Ok(())
    }

    /// The one writer of SQLite, held by somebody else until it is dropped.
    #[cfg(test)]
    pub(crate) async fn hold_writer(&self) -> store::Tx {
        self.write().await.unwrap()
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    pub(crate) async fn read(&self) -> Result<store::Tx, Error> {
        Ok(self.inner.store.read().await?)
    }

    pub(crate) async fn write(&self) -> Result<store::Tx, Error> {
        Ok(self.inner.store.write().await?)
    }
}

#[cfg(test)]
mod tests;
