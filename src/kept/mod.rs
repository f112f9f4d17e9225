//! The shapes of what is kept: what doors hand to the store, and what it hands back ready to be read.
//! No SQL, no I/O.
//!
//! **Invariant:** a number of a caller is whole only in a field that says so.

pub mod counts;
pub mod rows;
pub mod views;
