//! Rows and migrations, SQLite and PostgreSQL behind one set of functions. The only
//! room that names `sqlx`.
//!
//! **Invariant:** what a citizen says is committed with full sync before a function returns.
