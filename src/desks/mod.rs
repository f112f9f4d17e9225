//! Who answers next: desks and what they are doing, callers who wait, callbacks that are owed. Pure: events in,
//! actions out, told the time.
//!
//! **Invariant:** a desk has at most one caller, and a caller at most one desk but while several ring for him; a
//! caller who waits and a desk that is ready and fits him are never left beside each other; whoever came in ends
//! in exactly one [`Action::Ended`].

mod lane;
mod pace;
mod ranks;
mod room;
mod state;
mod timers;
mod waist;
mod ways;

pub use room::Desks;
pub use waist::{
    Action, CallerId, Desk, DeskId, DeskState, Event, Handed, How, Need, NoDesk, PromiseEnd, Then,
    Waiting,
};
pub use ways::{
    Announcing, AtClosing, Callbacks, Queueing, RING_AT_ONCE, Settings, Strategy, Terms, WhenEmpty,
    Widening,
};
