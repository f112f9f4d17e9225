//! A supervisor's leg beside those of caller and desks.

use std::time::Instant;

use super::Call;
use crate::codecs::{FRAME_SAMPLES, Frame};
use crate::media::leg::MediaLeg;
use crate::mixing::{Ear, Mixed, Track};

/// A supervisor's leg, and how he is in the call.
pub(super) struct Supervisor {
    pub leg: Box<MediaLeg>,
    pub how: Ear,
}

impl Call {
    /// What everybody hears in this beat. A supervisor is heard, and sent what is his.
    pub(super) fn mixed<S: Track>(
        &mut self,
        from_caller: &Frame<S>,
        from_desks: &[Frame<S>; 2],
        caller_listens: bool,
        now: Instant,
    ) -> Mixed<S> {
        let Some(Supervisor { leg, how }) = &mut self.supervisor else {
            let sums = self.bridge.mix(from_caller, from_desks, caller_listens);
            return self.limiters.limit(&sums);
        };
        let (outbox, due) = (&mut self.outbox, self.next_beat);
        let mut said = [S::default(); FRAME_SAMPLES];
        leg.drain(due, now, &mut |event| outbox.push(event));
        leg.hear(&mut said, now, &mut |event| outbox.push(event));
        let (sums, heard) =
            self.bridge
                .mix_with(from_caller, from_desks, caller_listens, *how, &said);
        let mut heard = self.limiters.ear.limit::<S>(&heard);
        leg.send(None, &mut heard);
        self.limiters.limit(&sums)
    }

    pub(super) fn ear_is(&mut self, how: Ear) {
        if let Some(supervisor) = &mut self.supervisor {
            supervisor.how = how;
        }
    }

    /// Nothing of the others changes by it.
    pub(super) fn remove_ear(&mut self, now: Instant) {
        if let Some(Supervisor { mut leg, .. }) = self.supervisor.take() {
            let outbox = &mut self.outbox;
            leg.close(now, &mut |event| outbox.push(event));
        }
    }

    /// Beats that came too late are neither heard nor sent: they are no evidence of the caller's.
    pub(super) fn ear_skips(&mut self, beats: u32) {
        if let Some(Supervisor { leg, .. }) = &mut self.supervisor {
            leg.skip(beats);
        }
    }
}
