use std::collections::HashMap;

/// A recorded clip by its file stem in `prompts/<locale>/`: `P10`, `P04.2`, `num-7`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClipId(pub String);

/// What is known about one WAV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipFact {
    pub rate_hz: u32,
    pub channels: u16,
    pub length_ms: u32,
}

/// The WAV files of a locale by stem.
pub type ClipFacts = HashMap<String, ClipFact>;
