//! The blocklist (黑名单, 第十一条): who may put whom on it, what the person may do about it, and when it ends. A
//! listing changes the standing of what the person rates and nothing else (A27).
//!
//! **Invariant:** nobody is listed but by a proven identity; a listing is the sum of its records; nobody acts
//! twice in one chain of decisions.

mod judge;
mod listing;
mod refusal;
mod table;
mod verdict;

#[cfg(test)]
mod tests;

pub use judge::{Decision, Facts, Judged, Setting, act, counting, may};
pub use listing::{Act, Listing, Record};
pub use refusal::{Refusal, Why};
pub use table::{ARTICLE, Field, KINDS, Kind, State, Step, drawn};
pub use verdict::{Verdict, verify};
