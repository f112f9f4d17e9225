//! Who answers next: desks, waiting callers, strategies. Pure: events in, actions out.
//!
//! **Invariant:** a desk has at most one caller, a caller at most one desk; a caller who is
//! neither waiting, ringing nor talking is not here.

mod room;

pub use room::{Action, CallerId, Desk, DeskId, DeskState, Desks, Event, NoDesk, Strategy};
