//! Figures, bulletins and signs (第十七条 – 第二十条): a shell beside the engine's. It counts what changed,
//! answers what is asked, and lets people draft, review and issue.
//!
//! **Invariant:** a figure is of days that are over; an issued bulletin is on record and never changes; nobody
//! drafts, reviews and issues one bulletin; a sign is told with its evidence and judges nobody.

mod composing;
mod issuing;
mod publishing;
mod reckoning;
mod reconciling;
mod signs;
mod terms;
#[cfg(test)]
mod tests;

pub use crate::tallies::{BulletinRow, BulletinTerm, Scope, Split, ThingRow, Things};
pub use issuing::{Adjusted, NewBulletin};
pub use reckoning::{Figures, Span};
pub use reconciling::Reconciled;

use crate::engine::Error;

/// What says no.
fn refused(why: impl Into<String>) -> Error {
    Error::Refused(why.into())
}
