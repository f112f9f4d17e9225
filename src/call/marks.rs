//! What a call says of itself: lines of its timeline with what is stored beside them.

use super::Call;
use crate::domain::Moment;
use crate::engine::{CallState, HungUpBy, KeyedReason};
use crate::ivr::{ClipId, Digit, Hearers, Mark, PlayId};
use crate::ledger::Job;
use crate::ledger::clock;

impl Call {
    /// The call's own civil time, which no step of the clock touches.
    pub(super) fn civil_now(&self) -> Moment {
        self.timeline.clock().moment(clock::instant())
    }

    pub(super) fn mark(&self, kind: &str, detail: impl Into<String>) {
        self.timeline.mark(clock::instant(), kind, detail);
    }

    pub(super) fn play(
        &mut self,
        id: PlayId,
        prompt: String,
        clips: Vec<ClipId>,
        hearers: Hearers,
    ) {
        let found: Vec<_> = clips
            .iter()
            .filter_map(|clip| self.book.clips.0.get(&clip.0).cloned())
            .collect();
        if found.len() < clips.len() {
            tracing::error!(call = %self.id.0, prompt, "a clip is missing; the check at load should have refused this");
        }
        self.mark("prompt", prompt);
        self.sound.play(id.0, found, hearers == Hearers::Both);
    }

    pub(super) fn store_reason(&mut self, code: String, key: Digit) {
        self.mark("reason", format!("{code} by key {key}"));
        let at = self.last_press_at;
        self.ledger.put(Job::Reason(KeyedReason {
            code,
            key: key.char(),
            at: self.timeline.clock().moment(at),
            offset_ms: self.timeline.clock().offset_ms(at),
        }));
    }

    pub(super) fn note(&mut self, mark: Mark) {
        match mark {
            Mark::Step { name } => self.mark("step", name),
            Mark::OfferStarted => {
                self.mark("offer", "");
                self.ledger.put(Job::State(CallState::Rating));
                self.ledger.put(Job::Offered {
                    at: self.civil_now(),
                });
            }
            Mark::InvalidKey(key) => self.mark("key_invalid", key.to_string()),
            Mark::Silent => self.mark("silent", ""),
            Mark::KeyIgnored(key) => self.mark("key_ignored", self.shown(key)),
            Mark::KeyKept(key) => self.mark("key_kept", self.shown(key)),
            Mark::GradeWithdrawn => {
                self.mark("grade_withdrawn", "");
                self.ledger.put(Job::GradeWithdrawn {
                    at: self.civil_now(),
                });
            }
            Mark::SentToRating => {
                self.mark("sent_to_rating", "");
                self.talk.ended_by.get_or_insert(HungUpBy::Desk);
            }
        }
    }
}
