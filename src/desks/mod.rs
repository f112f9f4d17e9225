//! Who answers next: desks, waiting callers, strategies. Pure: events in, actions out.
//!
//! **Invariant:** a desk has at most one caller, a caller at most one desk; a caller who is
//! neither waiting, ringing nor talking is not here.

mod room;
mod waist;

pub use room::Desks;
pub use waist::{Action, CallerId, Desk, DeskId, DeskState, Event, NoDesk, Strategy};
