//! Rows and migrations, SQLite and PostgreSQL behind one set of functions. The only
//! room that names `sqlx`.
//!
//! **Invariant:** what a citizen says is committed with full sync before a function returns.

mod calls;
mod cases;
mod claim;
mod deadlines;
mod driver;
mod listenings;
mod lite;
mod ratings;
mod retries;
mod spans;
#[cfg(test)]
pub(crate) mod testing;
mod tickets;
mod trail;
mod uncounted;
mod unrecorded;
mod waits;

pub use crate::kept::{counts, rows, views};
pub use calls::CallStanding;
pub use cases::{KnownAct, SlipRow, TicketFacts};
pub use claim::Claim;
pub use deadlines::{DeadlineAt, ProvisionalCount};
pub use driver::Tx;
pub use ratings::KnownRating;

pub(crate) use driver::{Row, Value, args};
pub use trail::{ChainedLine, DayHead, Head};
pub use unrecorded::Unrecorded;

use driver::Pool;

/// The world failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("“{0}” is no database; write sqlite:PATH or postgres://…")]
    Url(String),
    #[error("the database's file is gone")]
    Gone,
    #[error(
        "another gradeline serves this database; stop it first, or give this one a [store] url of its own"
    )]
    Claimed,
    #[error("{path} cannot be locked, so that a second server could not be kept off: {fault}")]
    Lock { path: String, fault: std::io::Error },
    #[error("the row's {column} is “{text}”, which this program does not know")]
    Unknown { column: String, text: String },
}

impl Error {
    /// Trying again may help. A statement that the schema or the values make impossible stays so.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Database(sqlx::Error::Database(error)) => !is_final(error.as_ref()),
            Error::Unknown { .. } => false,
            _ => true,
        }
    }

    pub(crate) fn bad_word(column: &str, text: &str) -> Error {
        Error::Unknown {
            column: column.to_owned(),
            text: text.to_owned(),
        }
    }
}

/// What SQLite calls too big or a mismatch and PostgreSQL a data exception, beside the constraints. A table
/// that is not there is none of them: somebody may just be restoring it.
fn is_final(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    let is_postgres = error
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some();
    let by_code = match is_postgres {
        true => code.starts_with("22"),
        false => matches!(code.as_ref(), "18" | "20"),
    };
    by_code || !matches!(error.kind(), sqlx::error::ErrorKind::Other)
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
}

impl Store {
    /// `sqlite:PATH` (file and folder are made) or `postgres://…`; brings the schema up to date.
    pub async fn open(url: &str) -> Result<Store, Error> {
        let pool = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err(Error::Url(url.to_owned()));
            }
            Pool::lite(std::path::Path::new(path)).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Pool::pg(url).await?
        } else {
            // A URL may carry a password: only its scheme is said.
            let scheme = url.split(':').next().unwrap_or_default();
            return Err(Error::Url(format!("{scheme}:…")));
        };
        Ok(Store { pool })
    }

    /// Refuses where the database's file was taken away: SQLite goes on with the open file, whose
    /// rows nobody will find again.
    pub fn check(&self) -> Result<(), Error> {
        match self.pool.file() {
            Some(path) if !path.exists() => Err(Error::Gone),
            _ => Ok(()),
        }
    }

    /// Begins a transaction that may write. Dropped uncommitted, it leaves nothing.
    pub async fn write(&self) -> Result<Tx, Error> {
        self.pool.write().await
    }

    /// Begins a transaction that reads one state of the database.
    pub async fn read(&self) -> Result<Tx, Error> {
        self.pool.read().await
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Statements of a file, each a constant, and all of them for the test that prepares every one on
/// both databases.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(const $name: &str = $sql;)*
        #[cfg(test)]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use statements;
