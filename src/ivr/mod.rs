//! The conversation: a dialplan as data, its parser and linter, digits, and the one
//! machine that runs it: `Session::handle(event, now) -> Vec<Action>`.
//!
//! Pure. The simulator, the linter's walk over all paths and the live call drive the
//! same machine. **Invariant:** every session ends in exactly one [`Outcome`], and at
//! most one timer is ever pending.

mod waist;

pub use waist::{
    Action, ClipId, Digit, Event, Hearers, Mark, MessageEnd, MessageKind, NoGrade, NotConnected,
    Outcome, PlayId, Target, Unavailable,
};
