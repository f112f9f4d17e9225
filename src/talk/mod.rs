//! What is done with a caller while he has a desk: hold, transfer, consultation, three at once, a sealed stretch. One
//! small set of commands, whoever gives them: the desk's telephone (a re-INVITE, a REFER, its keys) or a page. Pure:
//! commands and events in, actions out, told the time.
//!
//! **Invariant:** a caller has a first desk or is being rung for until [`Action::Over`] says that he has neither, once;
//! at most one transfer or consultation is under way; every desk that was taken in is let go of, lost, or first.

mod handling;
mod keys;
mod machine;
mod table;
mod waist;

pub use handling::{Handling, Keys};
pub use keys::{Codes, Meaning};
pub use machine::Talk;
pub use waist::{Action, Bridge, Command, Event, Music, Refusal, Why};
