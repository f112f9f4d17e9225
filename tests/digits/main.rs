//! Keys, proved: what a caller pressed comes out of a bad line as it was pressed, once, and nothing that
//! was not pressed does. A telephone and a network on virtual time send packets by a seed; the machines
//! that hear them are those of a live call: `rtp`'s receiver, `keypad`'s presses, `ivr`'s session.
//!
//! A binary of its own, because it needs nothing but the pure rooms and runs far faster than real time.
//! With `GRADELINE_NIGHTLY=1` the sets are as large as `docs/measured.md` states them, without it as large as a
//! minute allows.
#![allow(clippy::disallowed_methods)] // some moment to count from

mod ear;
mod line;
mod sound;
mod spandsp;

mod calls;
mod events;
mod talkoff;
mod tones;
mod ways;

/// `full` in the nightly run, else `quick`.
fn size<T>(quick: T, full: T) -> T {
    match std::env::var_os("GRADELINE_NIGHTLY") {
        Some(_) => full,
        None => quick,
    }
}
