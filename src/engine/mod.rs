//! The shell of the regulation: load, decide, save. Every write of the regulation's
//! tables goes through here, whatever the door.
//!
//! **Invariant:** what a caller keyed is committed and synced before anybody is told so.

mod waist;

pub use waist::*;
