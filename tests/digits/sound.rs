//! Sound by formula: tones, noise, and keys with the flaws that a line gives them.

use gradeline::rtp::playout::FRAME_SAMPLES;
use gradeline::rtp::tones::Generator;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

pub const ROWS_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
pub const COLUMNS_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const PAD: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];

/// The two frequencies of a key by its event code (ITU-T Q.23).
pub fn pair(code: u8) -> [f32; 2] {
    for (row, codes) in PAD.iter().enumerate() {
        if let Some(column) = codes.iter().position(|other| *other == code) {
            return [ROWS_HZ[row], COLUMNS_HZ[column]];
        }
    }
    unreachable!("{code} is no key")
}

/// Noise of a normal distribution, mean square 1.
pub struct Noise(StdRng);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Noise(StdRng::seed_from_u64(seed))
    }

    pub fn next(&mut self) -> f32 {
        let (one, two): (f32, f32) = (self.0.random(), self.0.random());
        (-2.0 * (1.0 - one).ln()).sqrt() * (std::f32::consts::TAU * two).cos()
    }
}

/// How a key sounds.
#[derive(Debug, Clone, Copy)]
pub struct Tone {
    pub length_ms: usize,
    /// Of row and column.
    pub amplitude: [f32; 2],
    /// Both frequencies are off by these shares.
    pub detune: [f32; 2],
}

impl Default for Tone {
    fn default() -> Self {
        Tone {
            length_ms: 40,
            amplitude: [4000.0; 2],
            detune: [0.0; 2],
        }
    }
}

impl Tone {
    pub fn samples(&self, code: u8) -> Vec<i16> {
        let [row, column] = pair(code);
        let hz = [
            row * (1.0 + self.detune[0]),
            column * (1.0 + self.detune[1]),
        ];
        let mut samples = vec![0; self.length_ms * 8];
        Generator::of(hz, self.amplitude).write(&mut samples);
        samples
    }

    /// Mean square while it sounds.
    pub fn power(&self) -> f32 {
        let [row, column] = self.amplitude;
        (row * row + column * column) / 2.0
    }
}

/// A factor on amplitudes.
pub fn decibels(decibels: f32) -> f32 {
    10f32.powf(decibels / 20.0)
}

/// The sound in packets, the last filled with silence.
pub fn frames(samples: &[i16]) -> impl Iterator<Item = [i16; FRAME_SAMPLES]> {
    samples.chunks(FRAME_SAMPLES).map(|chunk| {
        let mut frame = [0; FRAME_SAMPLES];
        frame[..chunk.len()].copy_from_slice(chunk);
        frame
    })
}
