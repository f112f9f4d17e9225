//! Prompts as they are played: read from files, encoded once per codec; and what a sound file's header says.
//!
//! **Invariant:** what cannot be played is refused with its file and what would be right, before any call needs it.

mod clip;
mod facts;

use std::collections::HashMap;
use std::sync::Arc;

pub use crate::mixing::Clip;
pub use facts::{WavFacts, wav_facts};

/// All clips of one locale, by file stem.
#[derive(Clone, Default)]
pub struct Clips(pub Arc<HashMap<String, Arc<Clip>>>);
