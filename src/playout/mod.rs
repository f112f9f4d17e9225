//! From the payloads of one stream to the sound of our beats: decoded, held until its time, at the rate of its codec.
//! Pure: no socket, no thread, no clock.
//!
//! **Invariant:** what is read stays on our timeline, whatever arrives and whatever does not; nothing grows with it.

mod hearing;
mod ring;
mod ticks;

pub use hearing::{Hearing, Payload};
pub use ring::{FRAME_SAMPLES, Frame, Placed, Playout, TARGET_SAMPLES};
pub use ticks::Ticks;
