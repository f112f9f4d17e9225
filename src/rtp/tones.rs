//! Keys as tones in the sound (ITU-T Q.23, Q.24): a detector and a generator.

mod pair;

use std::sync::LazyLock;
use std::time::Instant;

use super::playout::FRAME_SAMPLES;
use super::telephone_event::Key;
use pair::Bin;

const ROWS_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// Event codes (RFC 4733 §3.2) by row and column of the pad.
const CODES: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];
const RATE_HZ: f32 = 8000.0;

/// Samples of a block: two whole ones lie in any 40 ms.
const BLOCK: usize = 102;
/// Blocks without the tone that are bridged (64 ms): one lost packet must not double a key.
const BRIDGED_BLOCKS: u32 = 5;
/// The same where packets are known to be lost (128 ms). Not more: a peer that sends nothing while it is
/// silent presses its next key in earnest.
const BRIDGED_LOST_BLOCKS: u32 = 10;
/// Mean square of a sample below which no tone is looked for (about −42 dBm0).
const FLOOR: f32 = 5_000.0;
/// The strongest of a group exceeds its others by this (6 dB): what a tone 8 dB louder spills from the other
/// group into this one is less.
const PEAK: f32 = 4.0;
/// A long line weakens the column by up to 8 dB, another the row by up to 4 (ITU-T Q.24); half a decibel is
/// noise's.
const TWIST_ROW_STRONGER: f32 = 7.08;
const TWIST_COLUMN_STRONGER: f32 = 2.82;
/// The same where a window measures it, with what the stronger tone spills into the weaker one's bin.
const SPILT: f32 = 1.8;
/// A tone's power in two blocks that it fills differs by less than this (3 dB).
const STEADY: f32 = 2.0;
/// Share of a block's energy that is neither of its tones: noise at 9 dB below them.
const REST: f32 = 0.12;
/// Accepted detuning: between the 1.5 % that must be heard and the 3.5 % that must not.
const DETUNE: f32 = 0.025;
/// By how much, in radians, the turn of the last half block may differ from that of the first: 1200 Hz a
/// second, or four and a half standard deviations of noise at 12 dB.
const BEND: f32 = 0.6;

/// What a block might be: a pair of tones.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    row: usize,
    column: usize,
    bins: [Bin; 2],
}

impl Candidate {
    fn code(&self) -> u8 {
        CODES[self.row][self.column]
    }
}

#[derive(Debug, Clone, Copy)]
struct Held {
    code: u8,
    press: u32,
    blocks: u32,
    missed: u32,
    /// Those of `missed` in which nothing was made up.
    silent: u32,
}

/// Finds keys in what one side says.
#[derive(Debug)]
pub struct Detector {
    block: [f32; BLOCK],
    /// The block before.
    last: [f32; BLOCK],
    filled: usize,
    /// Some of this block was made up for what did not arrive.
    made_up: bool,
    before: Option<Candidate>,
    held: Option<Held>,
    next_press: u32,
}

impl Default for Detector {
    fn default() -> Self {
        Detector {
            block: [0.0; BLOCK],
            last: [0.0; BLOCK],
            filled: 0,
            made_up: false,
            before: None,
            held: None,
            next_press: 0,
        }
    }
}

impl Detector {
    /// Hears the next 20 ms, heard at `now`. Where some of it was `made_up` because packets are lost, its
    /// silence is no sign that a key was released.
    pub fn hear(
        &mut self,
        frame: &[i16; FRAME_SAMPLES],
        made_up: bool,
        now: Instant,
        mut out: impl FnMut(Key),
    ) {
        let mut rest = frame.as_slice();
        while !rest.is_empty() {
            let (now_in, later) = rest.split_at(rest.len().min(BLOCK - self.filled));
            let places = &mut self.block[self.filled..self.filled + now_in.len()];
            for (place, sample) in places.iter_mut().zip(now_in) {
                *place = f32::from(*sample);
            }
            self.filled += now_in.len();
            self.made_up |= made_up;
            rest = later;
            if self.filled == BLOCK {
                self.filled = 0;
                self.judge(now, &mut out);
            }
        }
    }

    /// The leg closes: what is down is up.
    pub fn close(&mut self, now: Instant, mut out: impl FnMut(Key)) {
        if let Some(held) = self.held.take() {
            out(held.up(now));
        }
    }

    fn judge(&mut self, now: Instant, out: &mut impl FnMut(Key)) {
        let made_up = std::mem::take(&mut self.made_up);
        let found = self.candidate();
        let twice = match (self.before, found) {
            (Some(before), Some(found)) => continues(before, found, [&self.last, &self.block]),
            _ => false,
        };
        self.before = found;
        self.last = self.block;
        let code = found.filter(|_| twice).map(|found| found.code());
        match (&mut self.held, code) {
            (Some(held), Some(code)) if held.code == code => {
                held.blocks += held.missed + 1;
                held.missed = 0;
                held.silent = 0;
            }
            (held, Some(code)) => {
                if let Some(held) = held.take() {
                    out(held.up(now));
                }
                let press = self.next_press;
                self.next_press = self.next_press.wrapping_add(1);
                self.held = Some(Held {
                    code,
                    press,
                    blocks: 2,
                    missed: 0,
                    silent: 0,
                });
                out(Key::Down {
                    code,
                    press,
                    at: now,
                });
            }
            // A block that the key fills in part, between two losses, tells that it is still down.
            (Some(held), None) if found.is_some_and(|found| found.code() == held.code) => {
                held.missed += 1;
                held.silent = 0;
                held.blocks += std::mem::take(&mut held.missed);
            }
            (Some(held), None) => {
                held.missed += 1;
                held.silent += u32::from(!made_up);
                if held.silent > BRIDGED_BLOCKS || held.missed > BRIDGED_LOST_BLOCKS {
                    out(held.up(now));
                    self.held = None;
                }
            }
            (None, None) => {}
        }
    }

    /// The loudest pair of this block, if it looks like a key at all.
    fn candidate(&self) -> Option<Candidate> {
        if mean_square(&self.block) < FLOOR {
            return None;
        }
        // Most blocks are of a voice and end here: their columns need not be looked at.
        let rows = amplitudes(&self.block, &ROW_TURNS);
        let row_powers = rows.map(Bin::power);
        let row = loudest(&row_powers)?;
        let columns = amplitudes(&self.block, &COLUMN_TURNS);
        let column_powers = columns.map(Bin::power);
        let column = loudest(&column_powers)?;
        let (row_power, column_power) = (row_powers[row], column_powers[column]);
        let twisted = is_twisted(row_power, column_power, SPILT);
        (!twisted).then_some(Candidate {
            row,
            column,
            bins: [rows[row], columns[column]],
        })
    }
}

impl Held {
    fn up(&self, now: Instant) -> Key {
        let samples = self.blocks * BLOCK as u32;
        Key::Up {
            press: self.press,
            length_ms: samples / 8,
            at: now,
        }
    }
}

/// Whether the second block goes on with the first one's tones: the same pair, as loud, of true frequency,
/// and hardly anything else in either.
fn continues(first: Candidate, second: Candidate, blocks: [&[f32; BLOCK]; 2]) -> bool {
    if (first.row, first.column) != (second.row, second.column) {
        return false;
    }
    let nominal = [ROWS_HZ[second.row], COLUMNS_HZ[second.column]];
    // Near enough for the fit; where the phase is out by a whole turn, the fit leaves most of the tone over.
    let hz = [0, 1]
        .map(|tone| nominal[tone] + detuning(first.bins[tone], second.bins[tone], nominal[tone]));
    let [Some(before), Some(now)] = blocks.map(|block| pair::fit(block.iter(), hz)) else {
        return false;
    };
    let [row, column] = now.tones.map(Bin::power);
    if before.rest > REST || now.rest > REST || is_twisted(row, column, 1.0) {
        return false;
    }
    let off_hz = [0, 1].map(|tone| detuning(before.tones[tone], now.tones[tone], nominal[tone]));
    let true_and_steady = (0..2).all(|tone| {
        let (was, is) = (before.tones[tone].power(), now.tones[tone].power());
        let steady = is < was * STEADY && was < is * STEADY;
        steady && off_hz[tone].abs() < DETUNE * nominal[tone]
    });
    true_and_steady && is_straight(blocks, hz)
}

/// Whether both tones turn as fast at the end as at the beginning: a voice that glides by does not.
fn is_straight(blocks: [&[f32; BLOCK]; 2], hz: [f32; 2]) -> bool {
    let turned = blocks.map(|block| {
        let (first, second) = block.split_at(BLOCK / 2);
        let (first, second) = (pair::fit(first.iter(), hz)?, pair::fit(second.iter(), hz)?);
        Some([0, 1].map(|tone| second.tones[tone].since(first.tones[tone])))
    });
    let [Some(early), Some(late)] = turned else {
        return false;
    };
    (0..2).all(|tone| late[tone].since(early[tone]).angle().abs() < BEND)
}

fn is_twisted(row_power: f32, column_power: f32, spilt: f32) -> bool {
    row_power > column_power * TWIST_ROW_STRONGER * spilt
        || column_power > row_power * TWIST_COLUMN_STRONGER * spilt
}

/// Hertz by which a tone lies off its nominal frequency, from its phase in two adjacent blocks: exact, but
/// for whole turns in a block (78 Hz).
fn detuning(first: Bin, second: Bin, nominal_hz: f32) -> f32 {
    use std::f32::consts::TAU;
    let expected = TAU * nominal_hz * BLOCK as f32 / RATE_HZ;
    let mut off = (second.since(first).angle() - expected) % TAU;
    if off > TAU / 2.0 {
        off -= TAU;
    } else if off < -TAU / 2.0 {
        off += TAU;
    }
    off / TAU * RATE_HZ / BLOCK as f32
}

/// The complex amplitudes of four tones, with the phase at the block's start: a correlation with each.
/// Even and odd samples are summed apart, so that no sum waits for the one before; Goertzel's
/// recurrence does half the work and takes several times as long, for each of its steps waits.
fn amplitudes(block: &[f32; BLOCK], turns: &[Turn; BLOCK]) -> [Bin; 4] {
    let mut sums = [[0.0f32; 4]; 4];
    let [even_real, even_imaginary, odd_real, odd_imaginary] = &mut sums;
    let pairs = block.as_chunks::<2>().0.iter();
    for ([even, odd], [even_turn, odd_turn]) in pairs.zip(turns.as_chunks::<2>().0) {
        for tone in 0..4 {
            even_real[tone] += even * even_turn.real[tone];
            even_imaginary[tone] += even * even_turn.imaginary[tone];
            odd_real[tone] += odd * odd_turn.real[tone];
            odd_imaginary[tone] += odd * odd_turn.imaginary[tone];
        }
    }
    std::array::from_fn(|tone| Bin {
        real: sums[0][tone] + sums[2][tone],
        imaginary: sums[1][tone] + sums[3][tone],
    })
}

/// e^{−jωn} of four tones at one sample of a block.
struct Turn {
    real: [f32; 4],
    imaginary: [f32; 4],
}

static ROW_TURNS: LazyLock<[Turn; BLOCK]> = LazyLock::new(|| turns(&ROWS_HZ));
static COLUMN_TURNS: LazyLock<[Turn; BLOCK]> = LazyLock::new(|| turns(&COLUMNS_HZ));

fn turns(hz: &[f32; 4]) -> [Turn; BLOCK] {
    let angle = |tone: usize, sample: usize| {
        let turns = f64::from(hz[tone]) * sample as f64 / f64::from(RATE_HZ);
        std::f64::consts::TAU * turns.fract()
    };
    std::array::from_fn(|sample| Turn {
        real: std::array::from_fn(|tone| angle(tone, sample).cos() as f32),
        imaginary: std::array::from_fn(|tone| -angle(tone, sample).sin() as f32),
    })
}

/// Which of a group of four exceeds its others.
fn loudest(powers: &[f32]) -> Option<usize> {
    let best = (0..4).max_by(|a, b| powers[*a].total_cmp(&powers[*b]))?;
    (0..4)
        .all(|other| other == best || powers[best] > powers[other] * PEAK)
        .then_some(best)
}

fn mean_square(block: &[f32; BLOCK]) -> f32 {
    let (eights, rest) = block.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for eight in eights {
        for (sum, sample) in sums.iter_mut().zip(eight) {
            *sum += sample * sample;
        }
    }
    let rest: f32 = rest.iter().map(|sample| sample * sample).sum();
    (sums.iter().sum::<f32>() + rest) / BLOCK as f32
}

/// Writes a key's tones.
#[derive(Debug, Clone)]
pub struct Generator {
    hz: [f32; 2],
    amplitude: [f32; 2],
    at: u32,
}

impl Generator {
    /// At −9 dBm0 a tone, as a telephone sends them.
    pub fn new(code: u8) -> Self {
        let (row, column) = (0..16)
            .map(|index| (index / 4, index % 4))
            .find(|(row, column)| CODES[*row][*column] == code)
            .unwrap_or((3, 1));
        Generator::of([ROWS_HZ[row], COLUMNS_HZ[column]], [8000.0, 8000.0])
    }

    /// Any two tones; a second amplitude of 0 makes it one.
    pub fn of(hz: [f32; 2], amplitude: [f32; 2]) -> Self {
        Generator {
            hz,
            amplitude,
            at: 0,
        }
    }

    /// Writes the next samples over `out`.
    pub fn write(&mut self, out: &mut [i16]) {
        for sample in out {
            let wave = |index: usize| {
                let turns = f64::from(self.hz[index]) * f64::from(self.at) / f64::from(RATE_HZ);
                self.amplitude[index] * (std::f64::consts::TAU * turns.fract()).sin() as f32
            };
            *sample = (wave(0) + wave(1)).clamp(-32768.0, 32767.0) as i16;
            self.at = self.at.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
