//! What is our own, held back as long as the jitter buffers are deep.

use crate::rtp::playout::{FRAME_SAMPLES, TARGET_SAMPLES};

/// Frames that are held.
pub const FRAMES: usize = TARGET_SAMPLES as usize / FRAME_SAMPLES;
const _: () = assert!(TARGET_SAMPLES as usize == FRAMES * FRAME_SAMPLES);

/// Holds sound back as long as the jitter buffers are deep.
pub struct Held {
    frames: [[i16; FRAME_SAMPLES]; FRAMES],
    oldest: usize,
    /// Beats until what was passed first comes back.
    empty: usize,
}

impl Default for Held {
    fn default() -> Self {
        Held {
            frames: [[0; FRAME_SAMPLES]; FRAMES],
            oldest: 0,
            empty: FRAMES,
        }
    }
}

impl Held {
    /// Takes this beat's frame and gives the one of `TARGET_SAMPLES` before, where there was one.
    pub fn pass(&mut self, frame: &[i16; FRAME_SAMPLES]) -> Option<[i16; FRAME_SAMPLES]> {
        let held = std::mem::replace(&mut self.frames[self.oldest], *frame);
        self.oldest = (self.oldest + 1) % FRAMES;
        let was_empty = self.empty > 0;
        self.empty = self.empty.saturating_sub(1);
        (!was_empty).then_some(held)
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
