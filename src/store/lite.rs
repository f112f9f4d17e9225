//! SQLite's connections, and a transaction on one of them, reading or writing.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
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

/// What a connection keeps of the file's pages, in KiB (so the negative number). The system has them all; caches of the
/// usual size, 2 MiB each, fill for an hour.
const WRITER_CACHE: &str = "-1024";
const READER_CACHE: &str = "-128";

/// Brings the schema up to date, by a connection of its own: ALTER TABLE opens a temporary database, and the pages that
/// one may keep are lent to the caches of all connections for as long as it stands.
pub(super) async fn migrate(path: &Path, busy: Duration) -> Result<(), sqlx::Error> {
    let once = SqlitePoolOptions::new().max_connections(1);
    let once = once.connect_with(options(path, busy)).await?;
    sqlx::migrate!("src/store/migrations/sqlite")
        .run(&once)
        .await?;
    once.close().await;
    Ok(())
}

pub(super) async fn writer(
    pool: SqlitePoolOptions,
    path: &Path,
    busy: Duration,
) -> Result<SqlitePool, sqlx::Error> {
    let options = options(path, busy).pragma("cache_size", WRITER_CACHE);
    lasting(pool.max_connections(1)).connect_with(options).await
}

pub(super) async fn readers(
    pool: SqlitePoolOptions,
    path: &Path,
    busy: Duration,
) -> Result<SqlitePool, sqlx::Error> {
    let options = options(path, busy).read_only(true);
    let options = options.pragma("cache_size", READER_CACHE);
    lasting(pool.max_connections(4)).connect_with(options).await
}

/// It is a file: there is no connection to lose, and asking costs each grade a turn.
fn lasting(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    pool.test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

fn options(path: &Path, busy: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(busy)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
}

/// Moves what the write-ahead log holds into the file, so that a copy of the file alone is whole. SQLite
/// does so by itself only where nobody else has it open; such a reader is waited for shortly.
pub(super) async fn checkpoint(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA busy_timeout = 1000")
        .execute(writer)
        .await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(writer)
        .await?;
    Ok(())
}
