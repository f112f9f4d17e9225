//! Codecs: sound to octets and back, 20 ms at a time, at 8,000 Hz (G.711) or 16,000 Hz (G.722, Opus), and the way
//! between the two rates. The only room that names the crates that do it.
//! Pure: no socket, no clock; what is worked out once a thread are the resamplers' filters.
//!
//! **Invariant:** whatever octets arrive, decoding them ends with sound or with a refusal, in bounded time and memory.

pub mod g711;

mod codec;
mod decoder;
mod encoder;
mod resample;
mod sound;

pub use codec::{Codec, Codecs, Rate};
pub use decoder::{Decoder, LONGEST_SAMPLES, Undecodable};
pub use encoder::{Encoder, OCTETS_AT_MOST};
pub use g711::Law;
pub use resample::{Down, Up, prepare};
pub use sound::{FRAME_SAMPLES, Frame, Pair, Sample};

#[cfg(test)]
mod tests;
