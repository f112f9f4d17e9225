//! Rows of what people and programs enter, beside what comes in by telephone: units, people and their
//! posts, logins, tokens, desks' accounts, calls out. Over the store's transactions, so that each entry is saved with its line of the
//! trail or not at all.
//!
//! **Invariant:** secrets are here as digests only (that of a desk's account registers it); a post that was held stays on record.

mod calendars;
mod call_notes;
mod desks;
mod errands;
mod examples;
mod listings;
mod logins;
mod looks;
mod matters;
mod people;
mod tokens;
mod units;

pub use calendars::ProposalRow;
pub use call_notes::{CallNoteRow, ItemRow};
pub use desks::{DeskAccountRow, DeskBindingRow};
pub use errands::{AttemptRow, ErrandOfCall, ErrandRow};
pub use examples::{ExampleRow, Held};
pub use listings::{ListingClock, RaterOfTicket, facts_of};
pub use logins::LoginRow;
pub use looks::{LookAnswerRow, LookRow, NewLook, Verdict};
pub use matters::SuggestionRow;
pub use people::{NewPerson, PersonRow, PostRow};
pub use tokens::TokenRow;
pub use units::UnitRow;

/// Every statement of the room, for the test that prepares them on both databases.
#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [
        calendars::STATEMENTS,
        call_notes::STATEMENTS,
        desks::STATEMENTS,
        errands::STATEMENTS,
        listings::STATEMENTS,
        examples::STATEMENTS,
        logins::STATEMENTS,
        looks::STATEMENTS,
        matters::STATEMENTS,
        people::STATEMENTS,
        tokens::STATEMENTS,
        units::STATEMENTS,
    ]
    .concat()
}
