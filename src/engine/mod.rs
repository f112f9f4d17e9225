//! The shell of the regulation: load, decide, save. Every write of the regulation's
//! tables goes through here, whatever the door.
//!
//! **Invariant:** what a caller keyed is committed and synced before anybody is told so.

mod accounts;
mod calls;
mod reads;

pub use crate::store::{rows::*, views::*};
pub use accounts::*;

use crate::store::Store;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed: a fault.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error("there is no call {0}")]
    NoSuchCall(String),
    /// The cursor was not made by the list it is used on: answer 400.
    #[error("the cursor “{0}” is not one of this list; begin again without it")]
    BadCursor(String),
    /// Said no: the reason, with the article where there is one.
    #[error("{0}")]
    Refused(String),
    /// A program error or a fault outside the database.
    #[error("{0}")]
    Other(String),
}

/// The engine. Cheap to clone; one per process.
#[derive(Clone)]
pub struct Engine {
    store: Store,
}

impl Engine {
    /// Over an open store; must be called within a tokio runtime. (It will take the calendar as a
    /// second argument as soon as `domain` has it.)
    pub fn start(store: Store) -> Engine {
        Engine { store }
    }

    /// Writes what is pending of timelines and closes the database.
    pub async fn close(&self) -> Result<(), Error> {
        let _ = &self.store;
        todo!()
    }
}
