//! Prompts as they are played: read from files, encoded once per codec; and what a sound file's header says.
//!
//! **Invariant:** what cannot be played is refused with its file and what would be right, before any call needs it.

mod clip;
mod facts;

use std::collections::HashMap;
use std::sync::Arc;

pub use facts::{WavFacts, wav_facts};

/// A recorded clip, encoded once per codec.
pub struct Clip {
    /// 8 kHz mono.
    pub pcm: Vec<i16>,
    pub pcma: Vec<u8>,
    pub pcmu: Vec<u8>,
}

/// All clips of one locale, by file stem.
#[derive(Clone, Default)]
pub struct Clips(pub Arc<HashMap<String, Arc<Clip>>>);
