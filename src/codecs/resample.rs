//! Between 8,000 and 16,000 Hz, by `audio_codec`'s polyphase filter.
//!
//! The filter's coefficients take 24 kB and a millisecond to work out, and are the same for every stream of a
//! direction. So each thread has one filter a direction, and a stream keeps what is its own: the last samples, which are
//! given to the filter once more before each frame.

use std::cell::RefCell;

use audio_codec::BoxedResampler;
use audio_codec::resampler::TAPS_PER_PHASE;

use super::Pair;
use super::sound::{FRAME_SAMPLES, Frame};

/// Samples of the input that a sample of the output is made of; even, so that pairs stay pairs.
const PAST: usize = TAPS_PER_PHASE;
const _: () = assert!(PAST.is_multiple_of(2));

thread_local! {
    static FILTER_UP: RefCell<BoxedResampler> = RefCell::new(filter(8000, 16_000));
    static FILTER_DOWN: RefCell<BoxedResampler> = RefCell::new(filter(16_000, 8000));
}

fn filter(from_hz: usize, to_hz: usize) -> BoxedResampler {
    BoxedResampler::new(from_hz, to_hz).expect("the rates are not 0")
}

/// Works this thread's filters out, so that no frame waits for it.
pub fn prepare() {
    FILTER_UP.with(|_| {});
    FILTER_DOWN.with(|_| {});
}

/// One stream's way from 8,000 to 16,000 Hz; 1.5 ms late.
#[derive(Debug, Clone, Default)]
pub struct Up {
    past: [i16; PAST],
}

impl Up {
    /// The next 20 ms.
    pub fn pass(&mut self, frame: &Frame) -> Frame<Pair> {
        let mut input = [0; PAST + FRAME_SAMPLES];
        input[..PAST].copy_from_slice(&self.past);
        input[PAST..].copy_from_slice(frame);
        self.past.copy_from_slice(&input[FRAME_SAMPLES..]);
        let mut output = [[0; 2]; PAST + FRAME_SAMPLES];
        run(&FILTER_UP, &input, output.as_flattened_mut());
        let mut wide = [[0; 2]; FRAME_SAMPLES];
        wide.copy_from_slice(&output[PAST..]);
        wide
    }
}

/// One stream's way from 16,000 to 8,000 Hz; 0.7 ms late.
#[derive(Debug, Clone, Default)]
pub struct Down {
    past: [Pair; PAST / 2],
}

impl Down {
    /// The next 20 ms.
    pub fn pass(&mut self, frame: &Frame<Pair>) -> Frame {
        let mut input = [[0; 2]; PAST / 2 + FRAME_SAMPLES];
        input[..PAST / 2].copy_from_slice(&self.past);
        input[PAST / 2..].copy_from_slice(frame);
        self.past.copy_from_slice(&input[FRAME_SAMPLES..]);
        let mut output = [0; PAST / 2 + FRAME_SAMPLES];
        run(&FILTER_DOWN, input.as_flattened(), &mut output);
        let mut narrow = [0; FRAME_SAMPLES];
        narrow.copy_from_slice(&output[PAST / 2..]);
        narrow
    }
}

fn run(
    filter: &'static std::thread::LocalKey<RefCell<BoxedResampler>>,
    input: &[i16],
    output: &mut [i16],
) {
    filter.with_borrow_mut(|filter| {
        filter.reset();
        let made = filter.resample_into(input, output);
        assert_eq!(made.ok(), Some(output.len()), "one rate is twice the other");
    });
}
