//! What may be done about a 差评: the acts with what their records hold, who does them, which unit is
//! responsible, and how a line of the trail is bound to the one before. Pure: no async, no clock, no I/O.
//!
//! **Invariant:** what a record holds is enough to rebuild its ticket; a record that was written reads back.

mod act;
mod attribution;
mod chain;
mod choice;
mod kind;
mod record;
mod slip;

pub use act::{Act, Assessment, Attribution, Opening};
pub use attribution::{Aspect, Business, Question, RULES, Responsible, Rule, Suggestion, suggest};
pub use chain::{BEGINNING, Line, link};
pub use choice::{Checked, Extent, Ground, Intent, ObjectiveGround, Reached, SlipProof, Span, Way};
pub use kind::{Field, KINDS, Kind, Takes};
pub use record::{Change, ClockKey, Record, SlipChange};
pub use slip::{FreshSlips, SlipNumber};
