//! Keys as tones in the sound (ITU-T Q.23, Q.24): a detector and a generator.

use std::sync::LazyLock;
use std::time::Instant;

use super::playout::FRAME_SAMPLES;
use super::telephone_event::Key;

const ROWS_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// Event codes (RFC 4733 §3.2) by row and column of the pad.
const CODES: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];
const RATE_HZ: f32 = 8000.0;

/// Samples of a block: two whole ones lie in any 40 ms.
const BLOCK: usize = 102;
/// From block to block the phase cannot tell a tone from one beside it by this.
const ALIAS_HZ: f32 = RATE_HZ / BLOCK as f32;
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
/// A long line weakens the column by up to 8 dB, another the row by up to 4 (ITU-T Q.24); each measured
/// with what the stronger tone spills into the weaker one's bin, 2.5 and 1.5 dB at most.
const TWIST_ROW_STRONGER: f32 = 11.2;
const TWIST_COLUMN_STRONGER: f32 = 3.55;
/// The power of a pair in two blocks that it fills differs by less than this (3 dB).
const STEADY: f32 = 2.0;
/// Share of the whole energy that the two tones must hold.
const SHARE: f32 = 0.82;
/// Accepted detuning: between the 1.5 % that must be heard and the 3.5 % that must not.
const DETUNE: f32 = 0.024;

/// A tone's complex amplitude over one block.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    real: f32,
    imaginary: f32,
}

impl Bin {
    fn power(self) -> f32 {
        self.real * self.real + self.imaginary * self.imaginary
    }
}

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
            (Some(before), Some(found)) => continues(before, found, &self.block),
            _ => false,
        };
        self.before = found;
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
        let bins = goertzel(&self.block);
        let powers = bins.map(Bin::power);
        let row = loudest(&powers[..4])?;
        let column = loudest(&powers[4..])?;
        let (row_power, column_power) = (powers[row], powers[4 + column]);
        let twisted = row_power > column_power * TWIST_ROW_STRONGER
            || column_power > row_power * TWIST_COLUMN_STRONGER;
        (!twisted).then_some(Candidate {
            row,
            column,
            bins: [bins[row], bins[4 + column]],
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
/// and together nearly all there is.
fn continues(first: Candidate, second: Candidate, block: &[f32; BLOCK]) -> bool {
    if (first.row, first.column) != (second.row, second.column) {
        return false;
    }
    // A block that a tone only ends or begins in turns the phase less than the tone does.
    let sum = |candidate: Candidate| candidate.bins.map(Bin::power).iter().sum::<f32>();
    let (before, now) = (sum(first), sum(second));
    if now > before * STEADY || before > now * STEADY {
        return false;
    }
    let nominal = [ROWS_HZ[second.row], COLUMNS_HZ[second.column]];
    let mut held = 0.0;
    for (nominal, (first, second)) in nominal.iter().zip(first.bins.iter().zip(second.bins)) {
        let off_hz = detuning(*first, second, *nominal);
        if off_hz.abs() > DETUNE * nominal {
            return false;
        }
        let power_at = |hz: f32| power_at(block, hz);
        let true_hz = nominal + off_hz;
        let power = power_at(true_hz);
        if power_at(true_hz - ALIAS_HZ) > power || power_at(true_hz + ALIAS_HZ) > power {
            return false;
        }
        held += power;
    }
    // A sine of amplitude A has power (A·N/2)² in its bin and mean square A²/2.
    held * 2.0 / (BLOCK * BLOCK) as f32 > SHARE * mean_square(block)
}

/// Hertz by which a tone lies off its nominal frequency, from its phase in two adjacent blocks: exact, but
/// for whole multiples of [`ALIAS_HZ`].
fn detuning(first: Bin, second: Bin, nominal_hz: f32) -> f32 {
    use std::f32::consts::TAU;
    let cross_real = second.real * first.real + second.imaginary * first.imaginary;
    let cross_imaginary = second.imaginary * first.real - second.real * first.imaginary;
    let moved = cross_imaginary.atan2(cross_real);
    let expected = TAU * nominal_hz * BLOCK as f32 / RATE_HZ;
    let mut off = (moved - expected) % TAU;
    if off > TAU / 2.0 {
        off -= TAU;
    } else if off < -TAU / 2.0 {
        off += TAU;
    }
    off / TAU * RATE_HZ / BLOCK as f32
}

/// Power of any one tone in a block.
fn power_at(block: &[f32; BLOCK], hz: f32) -> f32 {
    let coefficient = 2.0 * (std::f32::consts::TAU * hz / RATE_HZ).cos();
    let (mut one, mut two) = (0.0f32, 0.0f32);
    for sample in block {
        (two, one) = (one, sample + coefficient * one - two);
    }
    one * one + two * two - coefficient * one * two
}

/// The complex amplitudes of all eight tones, rows before columns, with the phase at the block's
/// start (Goertzel). The recurrences run side by side: each waits for itself alone, so that
/// together they take the time of one.
fn goertzel(block: &[f32; BLOCK]) -> [Bin; 8] {
    let (mut one, mut two) = ([0.0f32; 8], [0.0f32; 8]);
    let coefficient = &TURNS.coefficient;
    for sample in block {
        for tone in 0..8 {
            let zero = sample + coefficient[tone] * one[tone] - two[tone];
            two[tone] = one[tone];
            one[tone] = zero;
        }
    }
    std::array::from_fn(|tone| {
        // y = s1 − e^{−jω}·s2 carries the phase of the block's last sample; turn it back to the first.
        let (step, back) = (&TURNS.step[tone], &TURNS.back[tone]);
        let (real, imaginary) = (
            one[tone] - two[tone] * step.real,
            two[tone] * step.imaginary,
        );
        Bin {
            real: real * back.real + imaginary * back.imaginary,
            imaginary: imaginary * back.real - real * back.imaginary,
        }
    })
}

/// What of each tone does not depend on the sound.
struct Turns {
    /// 2·cos ω.
    coefficient: [f32; 8],
    /// e^{jω}: one sample's turn.
    step: [Bin; 8],
    /// e^{jω(N−1)}: a block's turn.
    back: [Bin; 8],
}

static TURNS: LazyLock<Turns> = LazyLock::new(|| {
    let hz = |tone: usize| {
        if tone < 4 {
            ROWS_HZ[tone]
        } else {
            COLUMNS_HZ[tone - 4]
        }
    };
    let omega = |tone| std::f32::consts::TAU * hz(tone) / RATE_HZ;
    let turn = |angle: f32| Bin {
        real: angle.cos(),
        imaginary: angle.sin(),
    };
    Turns {
        coefficient: std::array::from_fn(|tone| 2.0 * omega(tone).cos()),
        step: std::array::from_fn(|tone| turn(omega(tone))),
        back: std::array::from_fn(|tone| turn(omega(tone) * (BLOCK - 1) as f32)),
    }
});

/// Which of a group of four exceeds its others.
fn loudest(powers: &[f32]) -> Option<usize> {
    let best = (0..4).max_by(|a, b| powers[*a].total_cmp(&powers[*b]))?;
    (0..4)
        .all(|other| other == best || powers[best] > powers[other] * PEAK)
        .then_some(best)
}

fn mean_square(block: &[f32; BLOCK]) -> f32 {
    block.iter().map(|sample| sample * sample).sum::<f32>() / BLOCK as f32
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
