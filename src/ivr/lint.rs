//! What a reader of a dialplan would miss.

use std::collections::HashMap;

use super::finding::Findings;
use super::plan::Plan;
use super::script::Script;

/// What is known about one WAV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClipFact {
    pub rate_hz: u32,
    pub channels: u16,
    pub length_ms: u32,
}

/// The WAV files of a locale by stem.
pub type ClipFacts = HashMap<String, ClipFact>;

pub(super) fn plan(plan: &Plan, script: &Script, clips: &ClipFacts, findings: &mut Findings) {
    let _ = (plan, script, clips, findings);
}
