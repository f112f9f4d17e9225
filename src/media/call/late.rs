//! A beat that came too late: what is left of it to do.

use std::time::Instant;

use super::{BEAT, Call, FRAME_SAMPLES, Pair, Rate};

/// Beats for which the sockets' buffers can have kept what arrived: 2 s of 20 ms packets.
const KEPT_BEATS: u32 = 100;
use crate::mixing::Track;

impl Call {
    /// Beats that we were too late for are not sent, but what had arrived for them is evidence: it
    /// is heard and recorded, as far as the sockets can have kept it.
    pub(super) fn catch_up(&mut self, beats: u32, now: Instant) {
        metrics::counter!("gradeline_media_skipped_beats_total").increment(u64::from(beats));
        let lost = beats.saturating_sub(KEPT_BEATS);
        if lost > 0 {
            self.next_beat += BEAT * lost;
            self.caller.skip(lost);
            for desk in self.desks.iter_mut().flatten() {
                desk.skip(lost);
            }
            self.ear_skips(lost);
            if let Some(recording) = &mut self.recording {
                recording.skip(u64::from(lost) * FRAME_SAMPLES as u64);
            }
        }
        for _ in 0..beats - lost {
            match self.rate {
                Rate::Narrow => self.unsent_beat::<i16>(now),
                Rate::Wide => self.unsent_beat::<Pair>(now),
            }
            self.next_beat += BEAT;
        }
    }

    fn unsent_beat<S: Track>(&mut self, now: Instant) {
        let (from_caller, _) = self.listen::<S>(now);
        self.caller.skip_sending(1);
        for desk in self.desks.iter_mut().flatten() {
            desk.skip_sending(1);
        }
        self.ear_skips(1);
        let silence = [S::default(); FRAME_SAMPLES];
        self.record(&from_caller, &silence, &silence);
    }
}
