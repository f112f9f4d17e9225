//! Rows of what is counted: what each thing adds, the sums by day, bulletins, and what signs are looked for
//! in. Over the store's transactions.
//!
//! **Invariant:** sums are what the counted things add, and change with them in one transaction; what an
//! issued bulletin says never changes.

mod bulletins;
mod counting;
mod ledgers;
mod signs;
mod sums;
mod terms;

pub use bulletins::BulletinRow;
pub(crate) use counting::Thing;
pub use counting::Uncounted;
pub use signs::{FastGrade, LookAt, MOST_SIGNS, TurnedAway};
pub use sums::{Scope, Split, ThingRow, Things};
pub use terms::BulletinTerm;

/// Every statement of the room, for the test that prepares them on both databases.
#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [
        bulletins::STATEMENTS,
        counting::STATEMENTS,
        ledgers::STATEMENTS,
        signs::STATEMENTS,
        sums::STATEMENTS,
        terms::STATEMENTS,
    ]
    .concat()
}
