//! What the doors hand in, judged before it is a rating (第七条): which channel rates which act, until when,
//! with which options; matters (办件) and what their completion starts. Pure: no async, no clock, no I/O.
//!
//! **Invariant:** a rating has an act of service behind it, a time that can be true, and words of the
//! edition it was ticked in; no reminder comes before its hour, and no default takes a rater's place.

mod admission;
mod dictionary;
mod matter;

pub use admission::{Facts, admissible, fits, window_end};
pub use dictionary::{
    CURRENT, Choice, EDITIONS, LOCAL, Local, OptionSet, options_of, text_of, unfit_option,
};
pub use matter::{
    Applicants, Ineligible, Matter, QuietHours, Reminding, completed, default_intake, reminder,
};
