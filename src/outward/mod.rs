//! Calls out on record: asked for, tried, closed, and told of in the ticket's trail. A shell beside the engine's, in the same
//! transactions.
//!
//! **Invariant:** an attempt is on record before anybody is called; what was being called when the house fell is closed
//! at its next start.

mod asking;
mod plans;
mod telling;
mod trying;

#[cfg(test)]
mod tests;

pub use crate::errands::Purpose;
pub use crate::register::{AttemptRow, ErrandRow};
pub use asking::{Allowing, NotAsked, Wish, WishFor, fresh_order_id};
pub use plans::Plans;
pub use trying::Attempt;
