//! What is our own, held back as long as the jitter buffers are deep.

use crate::codecs::{FRAME_SAMPLES, Frame, Pair, Sample, Up};
use crate::playout::TARGET_SAMPLES;

/// Frames that are held.
pub const FRAMES: usize = TARGET_SAMPLES as usize / FRAME_SAMPLES;
const _: () = assert!(TARGET_SAMPLES as usize == FRAMES * FRAME_SAMPLES);

/// Holds sound back as long as the jitter buffers are deep.
pub struct Held<S = i16> {
    frames: [Frame<S>; FRAMES],
    oldest: usize,
    /// Beats until what was passed first comes back.
    empty: usize,
}

impl<S: Sample> Default for Held<S> {
    fn default() -> Self {
        Held {
            frames: [[S::default(); FRAME_SAMPLES]; FRAMES],
            oldest: 0,
            empty: FRAMES,
        }
    }
}

impl<S: Sample> Held<S> {
    /// Takes this beat's frame and gives the one of `TARGET_SAMPLES` before, where there was one.
    pub fn pass(&mut self, frame: &Frame<S>) -> Option<Frame<S>> {
        let held = std::mem::replace(&mut self.frames[self.oldest], *frame);
        self.oldest = (self.oldest + 1) % FRAMES;
        let was_empty = self.empty > 0;
        self.empty = self.empty.saturating_sub(1);
        (!was_empty).then_some(held)
    }
}

impl Held {
    /// The same sound at 16,000 Hz.
    pub fn widened(&self) -> Held<Pair> {
        let mut wide = Held {
            oldest: self.oldest,
            empty: self.empty,
            ..Held::default()
        };
        let mut up = Up::default();
        for nth in 0..FRAMES {
            let at = (self.oldest + nth) % FRAMES;
            wide.frames[at] = up.pass(&self.frames[at]);
        }
        wide
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_when_the_jitter_buffer_would_play_it() {
        let mut held = Held::default();
        let beats = i16::try_from(FRAMES).unwrap();
        let first: Vec<Option<i16>> = (1..=2 * beats)
            .map(|beat| held.pass(&[beat; FRAME_SAMPLES]).map(|frame| frame[0]))
            .collect();
        let expected: Vec<Option<i16>> = (1..=2 * beats)
            .map(|beat| (beat > beats).then_some(beat - beats))
            .collect();
        assert_eq!(first, expected);
    }
}
