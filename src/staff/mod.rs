//! Who works here: units, people, their posts, logins, bearer tokens, accounts of desks. A shell like the engine, over the
//! same transactions: each change is saved with its line of the trail.
//!
//! **Invariant:** nobody acts but as what is on record at that moment; nobody gives himself a post.

mod by;
mod calendars;
mod call_notes;
mod desks;
mod logins;
mod looks;
mod notes;
mod people;
mod spelling;
mod tokens;
mod units;

#[cfg(test)]
mod tests;

pub use crate::engine::Error;
pub use crate::register::{
    CallNoteRow, ItemRow, LookAnswerRow, LookRow, PostRow, ProposalRow, UnitRow, Verdict,
};
pub use by::By;
pub use call_notes::{CallNote, NOTE_CHARS};
pub use desks::DeskAccount;
pub use logins::{DeskLogin, Login, LoginAnswer, PasswordAnswer};
pub use looks::{Asker, Hearing, LookOutcome, LookWish};
pub use people::{Account, NewAccount, Person};
pub use tokens::Token;

/// What says no to a change of people, units or tokens.
fn refused(why: impl Into<String>) -> Error {
    Error::Refused(why.into())
}
