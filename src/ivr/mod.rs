//! The conversation: a dialplan as data and the one machine that runs it:
//! `Session::handle(event, now) -> Vec<Action>`.
//!
//! Pure. The simulator, the linter's walk over all paths and the live call drive the
//! same machine. **Invariant:** every session ends in exactly one [`Outcome`], at most one
//! timer is ever pending, and no grade is stored but for a key of the caller after the offer.

mod ask;
#[cfg(test)]
pub(crate) mod fixture;
mod plan;
mod run;
mod session;
mod verbs;
mod waist;

pub use plan::{Bounds, Plan, Step};
pub use run::{Facts, Hours};
pub use session::Session;
pub use verbs::{Exit, PromptUse, Verb};

pub use crate::script::{NoGrade, NotConnected, Outcome};
pub use waist::{
    Action, Event, Hearers, Mark, MessageEnd, MessageKind, PlayId, Target, Unavailable, Waits,
};

// Whoever leads a conversation presses its keys and plays its clips.
pub use crate::keypad::{
    Digit, Evidence, KeyPlan, KeyPress, NotAKeyPlan, Phase, Presses, Sequence, Way, parse_seconds,
};
pub use crate::script::{
    ClipFact, ClipFacts, ClipId, Finding, HOLIDAYS, HoursSpan, NoHours, Prompt, Script, Severity,
    Value, Values,
};
