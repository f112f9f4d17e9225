//! A voice message: the caller alone, in a clip of its own.

use std::time::Duration;

use super::call::BEAT;
use super::recorder::{Closing, Recording};
use crate::codecs::{FRAME_SAMPLES, Frame, Sample};
use crate::rtp::tones::Generator;

/// Sound below this (mean square) is silence: about −46 dBm0.
const SILENCE_MEAN_SQUARE: i64 = 2_500;
const BEEP_HZ: f32 = 1000.0;
const BEEP_BEATS: u32 = 15;

/// Why a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Stopped,
    LimitReached,
    Silence,
}

pub struct Message {
    recording: Recording,
    /// Beats until the message begins: the beep is no part of it.
    beep: Option<(Generator, u32)>,
    beats: u32,
    quiet_beats: u32,
    max_beats: u32,
    silence_beats: Option<u32>,
}

impl Message {
    pub fn new(recording: Recording, max: Duration, silence: Option<Duration>, beep: bool) -> Self {
        Message {
            recording,
            beep: beep.then(|| (Generator::of([BEEP_HZ, 0.0], [8000.0, 0.0]), BEEP_BEATS)),
            beats: 0,
            quiet_beats: 0,
            max_beats: beats_of(max),
            silence_beats: silence.map(beats_of),
        }
    }

    /// The beep that the caller hears instead of everything else, while it lasts.
    pub fn beep(&mut self) -> Option<Frame> {
        let (generator, _) = self.beep.as_mut()?;
        let mut beep = [0; FRAME_SAMPLES];
        generator.write(&mut beep);
        Some(beep)
    }

    /// Takes 20 ms of the caller; says when the message is over.
    pub fn hear<S: Sample>(&mut self, sound: &Frame<S>) -> Option<End> {
        self.recording.retry();
        if let Some((_, beats)) = &mut self.beep {
            *beats -= 1;
            if *beats == 0 {
                self.beep = None;
            }
            return None;
        }
        self.recording.mono(sound);
        self.beats += 1;
        self.quiet_beats = if is_silent(sound) {
            self.quiet_beats + 1
        } else {
            0
        };
        if self.beats >= self.max_beats {
            return Some(End::LimitReached);
        }
        let silent = self
            .silence_beats
            .is_some_and(|most| self.quiet_beats >= most);
        silent.then_some(End::Silence)
    }

    /// The rest goes to the writer, which tells the message when its file is closed.
    pub fn close(mut self, end: End) -> Recording {
        self.recording.close(Closing::Message {
            length_ms: self.beats * BEAT.as_millis() as u32,
            reached_limit: end == End::LimitReached,
            silence: end == End::Silence,
        });
        self.recording
    }
}

fn is_silent<S: Sample>(sound: &Frame<S>) -> bool {
    let sound = S::flat(sound);
    let energy: i64 = sound.iter().map(|sample| i64::from(*sample).pow(2)).sum();
    energy < SILENCE_MEAN_SQUARE * sound.len() as i64
}

fn beats_of(length: Duration) -> u32 {
    u32::try_from(length.as_millis() / BEAT.as_millis())
        .unwrap_or(u32::MAX)
        .max(1)
}
