//! What is done about a 差评: acts, the ticket as the sum of its records, decisions. Pure: no async, no
//! clock, no I/O. The words and tables are `domain`'s.
//!
//! **Invariant:** a ticket is what its records make of it; an act is judged before it is recorded, and a
//! record is applied without being judged again.

mod apply;
mod case;
mod clocks;
mod content;
mod decide;
mod decision;
mod intake;
mod notices;
mod orders;
mod passing;
mod recount;
mod rules;
#[cfg(test)]
mod tests;
mod words;

// Whoever works on a ticket names its acts.
pub use crate::acts::*;
pub use case::{
    Attempt, Case, CaseRating, Clock, Draft, Filing, Finding, Opinion, Order, Request, Revisit,
};
pub use decide::{Setting, act, may};
pub use decision::{CaseChange, DeadlineChange, Decision, SlipVersion, subject};
pub use intake::{adopt, take_in};
pub use notices::due_soon;
pub use passing::{is_reminded, next_look, ripe};
pub use recount::{Recounted, recount};
