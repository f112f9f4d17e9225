//! What a new calendar or a new version of the program makes of what is on record: due dates counted anew, records
//! written for tickets that are older than these. A shell beside the engine's, for the start.
//!
//! **Invariant:** what is met or past its time stays as it was; run again, it changes nothing.

mod adoption;
mod recount;

pub use recount::{Move, Recount};
