//! The end of a call: its legs close at once, its files when the writer takes their last blocks.

use std::path::PathBuf;
use std::time::Instant;

use super::{Call, FRAME_SAMPLES, Pair, Rate};
use crate::media::message::End;
use crate::media::outbox::Outbox;
use crate::media::recorder::{Closing, Recording};
use crate::media::{Event, LegCounts, Recorded, Side};
use crate::mixing::{Track, held};

/// Beats of sound that may still wait in the caller's jitter buffer.
const HEARD_OUT: usize = 50;

/// What is left of a call whose legs are closed: events that its shell has not taken, and files that the writer
/// has not.
pub struct Ending {
    outbox: Outbox,
    recording: Option<Recording>,
    closing: Vec<Recording>,
    caller: LegCounts,
    desk: Option<LegCounts>,
}

impl Call {
    /// Everything that has arrived is heard, told and recorded; then the legs are closed, and their ports are
    /// free before anybody is told so.
    pub fn end(mut self, now: Instant) -> Ending {
        self.remove_ear(now);
        self.remove_desk(Side::Second, now);
        self.remove_desk(Side::Desk, now);
        let (outbox, due) = (&mut self.outbox, self.next_beat);
        self.caller
            .drain_all(due, now, &mut |event| outbox.push(event));
        let mut beats = 0;
        while beats < held::FRAMES || self.caller.has_unheard_sound() && beats < HEARD_OUT {
            beats += 1;
            match self.rate {
                Rate::Narrow => self.last_beat::<i16>(now),
                Rate::Wide => self.last_beat::<Pair>(now),
            }
        }
        let outbox = &mut self.outbox;
        self.caller.close(now, &mut |event| outbox.push(event));
        self.close_message(End::Stopped);
        let caller = self.caller.counts;
        drop(self.caller);
        self.outbox.push(Event::LegsClosed);
        if self.recording.is_none() {
            self.outbox.push(Event::Finished(Recorded {
                path: PathBuf::new(),
                length_ms: 0,
                gaps: Vec::new(),
                caller,
                desk: self.desk_counts,
            }));
        }
        let mut ending = Ending {
            outbox: self.outbox,
            recording: self.recording,
            closing: self.closing,
            caller,
            desk: self.desk_counts,
        };
        ending.conclude();
        ending
    }

    fn last_beat<S: Track>(&mut self, now: Instant) {
        let silence = [S::default(); FRAME_SAMPLES];
        let mut from_caller = silence;
        let outbox = &mut self.outbox;
        self.caller
            .hear(&mut from_caller, now, &mut |event| outbox.push(event));
        self.record(&from_caller, &silence, &silence);
    }
}

impl Ending {
    /// Hands out what waits; `false` when nothing does.
    pub fn run(&mut self) -> bool {
        self.outbox.flush();
        self.closing.retain_mut(Recording::retry);
        self.conclude();
        !(self.closing.is_empty() && self.outbox.is_empty() && self.recording.is_none())
    }

    /// Hands the recording's end to the writer, which tells `Finished`: not before the shell took
    /// every key that was there first.
    fn conclude(&mut self) {
        if !self.outbox.is_empty() {
            return;
        }
        if let Some(mut recording) = self.recording.take() {
            let (caller, desk) = (self.caller, self.desk);
            recording.close(Closing::Call { caller, desk });
            self.closing.push(recording);
        }
    }
}
