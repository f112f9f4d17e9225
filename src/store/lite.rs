//! A transaction on SQLite, reading or writing.

use std::ops::{Deref, DerefMut};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Sqlite, Transaction};

use crate::turns::Turn;

/// Readers have connections of their own; writers wait for their turn at the only one.
pub enum Lite {
    Reading(Transaction<'static, Sqlite>),
    Writing(Turn),
}

impl Deref for Lite {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Lite::Reading(reading) => reading,
            Lite::Writing(turn) => turn,
        }
    }
}

impl DerefMut for Lite {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Lite::Reading(reading) => reading,
            Lite::Writing(turn) => turn,
        }
    }
}
