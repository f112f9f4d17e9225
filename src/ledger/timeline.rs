//! A call's timeline.

use std::time::Instant;

use super::clock::CallClock;
use crate::engine::{CallId, Engine, TimelineEntry};

/// Writes a call's timeline as it happens. A line holds prompt ids, keys and sides; never a name or
/// a number.
pub struct Timeline {
    engine: Engine,
    call: CallId,
    clock: CallClock,
}

impl Timeline {
    /// Of this call, by its own clock.
    pub fn new(engine: Engine, call: CallId, clock: CallClock) -> Self {
        Timeline {
            engine,
            call,
            clock,
        }
    }

    /// The call's own clock.
    pub fn clock(&self) -> CallClock {
        self.clock
    }

    /// `kind` is one of [`TimelineEntry::kind`]'s words.
    pub fn mark(&self, at: Instant, kind: &str, detail: impl Into<String>) {
        let detail = detail.into();
        tracing::info!(call = %self.call.0, offset_ms = self.clock.offset_ms(at), detail, "{kind}");
        let entry = TimelineEntry {
            at: self.clock.moment(at),
            offset_ms: self.clock.offset_ms(at),
            kind: kind.to_owned(),
            detail,
        };
        self.engine.mark(&self.call, [entry]);
    }
}
