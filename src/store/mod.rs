//! Rows and migrations, SQLite and PostgreSQL behind one set of functions. The only
//! room that names `sqlx`.
//!
//! **Invariant:** what a citizen says is committed with full sync before a function returns.

pub mod rows;
pub mod views;

/// The world failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("“{0}” is no database; write sqlite:PATH or postgres://…")]
    Url(String),
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    _private: (),
}

impl Store {
    /// `sqlite:PATH` (file and folder are made) or `postgres://…`; brings the schema up to date.
    pub async fn open(_url: &str) -> Result<Store, Error> {
        todo!()
    }
}
