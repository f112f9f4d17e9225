//! What is looked through page by page: calls, ratings and tickets, the newest first, and counts over spans of days. Over the
//! store's transactions.
//!
//! **Invariant:** a list costs what it shows, however much is on record beside it and however far back the page is.

mod desks;
mod pages;
mod plans;
mod shown;
#[cfg(test)]
mod tests;

pub use pages::{CallCount, CallSource, Position};

/// Name and text of every statement, for the test that has them all prepared.
#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [desks::STATEMENTS, pages::STATEMENTS, plans::STATEMENTS].concat()
}
