//! The conversation: a dialplan as data, its parser and linter, digits, and the one
//! machine that runs it: `Session::handle(event, now) -> Vec<Action>`.
//!
//! Pure. The simulator, the linter's walk over all paths and the live call drive the
//! same machine. **Invariant:** every session ends in exactly one [`Outcome`], and at
//! most one timer is ever pending.

mod ask;
mod finding;
#[cfg(test)]
mod fixture;
mod key_plan;
mod lint;
mod plan;
mod presses;
mod run;
mod script;
mod section;
mod session;
mod simulate;
mod values;
mod verbs;
mod waist;
mod walk;

pub use finding::{Finding, Severity};
pub use key_plan::{KeyPlan, KeyPress, NotAKeyPlan, parse_seconds};
pub use lint::{ClipFact, ClipFacts, unanswered};
pub use plan::{Bounds, Plan};
pub use presses::{Evidence, Phase, Presses, Sequence, Way};
pub use run::{Facts, Hours};
pub use script::{Prompt, Script};
pub use session::Session;
pub use simulate::{DeskConduct, Line, Scene, StoreConduct, Transcript, simulate};
pub use values::{HOLIDAYS, HoursSpan, NoHours, Value, Values};
pub use walk::{Broken, Law, Walked, walk};

pub use waist::{
    Action, ClipId, Digit, Event, Hearers, Mark, MessageEnd, MessageKind, NoGrade, NotConnected,
    Outcome, PlayId, Target, Unavailable,
};
