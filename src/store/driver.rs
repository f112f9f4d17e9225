//! One SQL text, two drivers: the only place where a statement meets SQLite or PostgreSQL.
//!
//! Values are BIGINT, TEXT and BOOLEAN only, so that one text means the same on both.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{Decode, Postgres, Row as _, Sqlite, Transaction, Type};

use super::Error;
use super::lite::{self, Lite};
use crate::failpoint::{self, Step};
use crate::turns::{Writers, begin_lite};

/// A writer that waits longer than this for another one is told so (reliability under load: 5 s
/// starved in practice).
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Clone)]
pub(super) enum Pool {
    Lite {
        /// One connection: SQLite has one writer.
        writer: SqlitePool,
        /// Who waits for it.
        writers: Arc<Writers>,
        readers: SqlitePool,
        path: PathBuf,
    },
    Pg(PgPool),
}

impl Pool {
    pub(super) async fn lite(path: &Path) -> Result<Pool, Error> {
        Pool::lite_waiting(path, BUSY_TIMEOUT).await
    }

    pub(super) async fn lite_waiting(path: &Path, busy: Duration) -> Result<Pool, Error> {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(sqlx::Error::Io)?;
        }
        lite::migrate(path, busy).await?;
        let pool = || SqlitePoolOptions::new().acquire_timeout(BUSY_TIMEOUT);
        let writer = lite::writer(pool(), path, busy).await?;
        let readers = lite::readers(pool(), path, busy).await?;
        Ok(Pool::Lite {
            writers: Writers::new(writer.clone(), BUSY_TIMEOUT),
            writer,
            readers,
            path: path.to_owned(),
        })
    }

    pub(super) async fn pg(url: &str) -> Result<Pool, Error> {
        let busy = BUSY_TIMEOUT.as_millis().to_string();
        // A stalled server is a fault, not a wait without end; and a server that was told to lose
        // commits in a crash is told otherwise.
        let options = url.parse::<PgConnectOptions>()?.options([
            ("statement_timeout", busy.as_str()),
            ("lock_timeout", busy.as_str()),
            ("synchronous_commit", "on"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(options)
            .await?;
        sqlx::migrate!("src/store/migrations/postgres")
            .run(&pool)
            .await?;
        Ok(Pool::Pg(pool))
    }

    /// Begins a transaction that may write. Dropped uncommitted, it leaves nothing.
    pub(super) async fn write(&self) -> Result<Tx, Error> {
        Ok(match self {
            Pool::Lite { writers, .. } => Tx::Lite(Lite::Writing(writers.begin().await?)),
            Pool::Pg(pool) => Tx::Pg(pool.begin().await?),
        })
    }

    /// Begins a transaction that reads one state of the database.
    pub(super) async fn read(&self) -> Result<Tx, Error> {
        Ok(match self {
            Pool::Lite { readers, .. } => {
                Tx::Lite(Lite::Reading(begin_lite(readers, "BEGIN").await?))
            }
            Pool::Pg(pool) => Tx::Pg(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        })
    }

    /// Where the rows are kept, if in a file.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Pool::Lite { path, .. } => Some(path),
            Pool::Pg(_) => None,
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Pool::Lite {
                writer, readers, ..
            } => {
                readers.close().await;
                if let Err(error) = lite::checkpoint(writer).await {
                    tracing::warn!(%error, "the database's log stays beside it; nothing is lost");
                }
                writer.close().await;
            }
            Pool::Pg(pool) => pool.close().await,
        }
    }
}

/// A transaction on either database.
pub enum Tx {
    Lite(Lite),
    Pg(Transaction<'static, Postgres>),
}

/// A value of a statement. The `Option` carries the type of a NULL.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Flag(Option<bool>),
}

macro_rules! value_from {
    ($($from:ty => $variant:ident, $value:ident => $make:expr;)*) => { $(
        impl From<$from> for Value {
            fn from($value: $from) -> Self { Value::$variant(Some($make)) }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self { Value::$variant(value.map(|$value| $make)) }
        }
    )* };
}
value_from! {
    i64 => Int, v => v;
    u64 => Int, v => i64::try_from(v).unwrap_or(i64::MAX);
    crate::domain::Moment => Int, v => v.millis();
    String => Text, v => without_nul(v);
    &str => Text, v => without_nul(v.to_owned());
    &String => Text, v => without_nul(v.clone());
    char => Text, v => without_nul(v.to_string());
    crate::domain::Grade => Text, v => v.word().to_owned();
    crate::domain::Day => Text, v => v.to_string();
    &super::rows::CallId => Text, v => without_nul(v.0.clone());
    bool => Flag, v => v;
}

/// PostgreSQL takes no NUL in a text, and what comes from outside may hold one.
fn without_nul(text: String) -> String {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}"),
        false => text,
    }
}

/// The values of a statement in the order of `$1`, `$2`, …
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}
pub(crate) use args;

/// Expands `$body` once per driver; `$query` is the bound statement, `$conn` its connection.
macro_rules! on_either {
    ($tx:expr, $sql:expr, $args:expr, |$query:ident, $conn:ident| $body:expr, $lite:path, $pg:path) => {
        match $tx {
            Tx::Lite(tx) => {
                let mut $query = sqlx::query($sql);
                for value in $args {
                    $query = match value {
                        Value::Int(v) => $query.bind(v),
                        Value::Text(v) => $query.bind(v),
                        Value::Flag(v) => $query.bind(v),
                    };
                }
                let $conn = &mut **tx;
                $lite($body)
            }
            Tx::Pg(tx) => {
                let mut $query = sqlx::query($sql);
                for value in $args {
                    $query = match value {
                        Value::Int(v) => $query.bind(v),
                        Value::Text(v) => $query.bind(v),
                        Value::Flag(v) => $query.bind(v),
                    };
                }
                let $conn = &mut **tx;
                $pg($body)
            }
        }
    };
}

// Where a test cuts the task off: how many statements it may still run, commits too.
#[cfg(test)]
tokio::task_local! {
    pub(crate) static STATEMENTS_LEFT: std::cell::Cell<u32>;
}

/// As if the process were killed before the statement, where a test wants that.
fn cut() -> Result<(), Error> {
    #[cfg(test)]
    if let Ok(0) = STATEMENTS_LEFT.try_with(|left| left.replace(left.get().saturating_sub(1))) {
        return Err(Error::Gone);
    }
    Ok(())
}

impl Tx {
    /// Returns when everything since `write` is committed and synced.
    pub async fn commit(self) -> Result<(), Error> {
        cut()?;
        failpoint::reach(Step::Committing);
        match self {
            Tx::Lite(Lite::Reading(reading)) => reading.commit().await?,
            Tx::Lite(Lite::Writing(turn)) => turn.commit().await?,
            Tx::Pg(tx) => tx.commit().await?,
        }
        failpoint::reach(Step::Committed);
        Ok(())
    }

    /// Leaves nothing, and says when that is done.
    pub async fn roll_back(self) -> Result<(), Error> {
        match self {
            Tx::Lite(Lite::Reading(reading)) => reading.rollback().await?,
            Tx::Lite(Lite::Writing(turn)) => turn.roll_back().await?,
            Tx::Pg(tx) => tx.rollback().await?,
        }
        Ok(())
    }

    /// Lets only one writer at a time decide about `key`. SQLite's one writer needs no more.
    pub(crate) async fn lock(&mut self, key: &str) -> Result<(), Error> {
        if let Tx::Pg(_) = self {
            self.run(LOCK, args![key]).await?;
        }
        Ok(())
    }

    /// Runs a statement; how many rows it touched.
    pub(crate) async fn run(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64, Error> {
        cut()?;
        Ok(on_either!(
            self,
            sql,
            args,
            |query, conn| query.execute(conn).await?.rows_affected(),
            std::convert::identity,
            std::convert::identity
        ))
    }

    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        cut()?;
        Ok(on_either!(
            self,
            sql,
            args,
            |query, conn| query.fetch_all(conn).await?,
            lite_rows,
            pg_rows
        ))
    }

    pub(crate) async fn row(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }
}

/// `pg_advisory_xact_lock` is PostgreSQL's own; the statement is never run elsewhere.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

fn lite_rows(rows: Vec<SqliteRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Lite).collect()
}

fn pg_rows(rows: Vec<PgRow>) -> Vec<Row> {
    rows.into_iter().map(Row::Pg).collect()
}

/// A row of either database.
pub(crate) enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

impl Row {
    pub(crate) fn get<T>(&self, column: &str) -> Result<T, Error>
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        Ok(match self {
            Row::Lite(row) => row.try_get(column)?,
            Row::Pg(row) => row.try_get(column)?,
        })
    }

    /// A column that holds one of our words.
    pub(crate) fn word<T: std::str::FromStr>(&self, column: &str) -> Result<T, Error> {
        let text: String = self.get(column)?;
        text.parse().map_err(|_| Error::bad_word(column, &text))
    }

    pub(crate) fn maybe_word<T: std::str::FromStr>(
        &self,
        column: &str,
    ) -> Result<Option<T>, Error> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse().map_err(|_| Error::bad_word(column, &text)))
            .transpose()
    }

    pub(crate) fn moment(&self, column: &str) -> Result<crate::domain::Moment, Error> {
        Ok(crate::domain::Moment::from_millis(self.get(column)?))
    }

    pub(crate) fn maybe_moment(
        &self,
        column: &str,
    ) -> Result<Option<crate::domain::Moment>, Error> {
        let ms: Option<i64> = self.get(column)?;
        Ok(ms.map(crate::domain::Moment::from_millis))
    }

    /// A count or a length, never negative.
    pub(crate) fn count(&self, column: &str) -> Result<u64, Error> {
        let value: i64 = self.get(column)?;
        Ok(value.max(0) as u64)
    }

    pub(crate) fn maybe_count(&self, column: &str) -> Result<Option<u64>, Error> {
        let value: Option<i64> = self.get(column)?;
        Ok(value.map(|value| value.max(0) as u64))
    }
}
