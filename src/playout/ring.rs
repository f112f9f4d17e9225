//! The jitter buffer: a ring of decoded samples indexed by RTP timestamp, read by our own clock. Of wide sound a sample
//! here is a step of 1/8000 s, two in a row, so that lengths and timestamps are the same.
//!
//! Any packet length fits, a duplicate overwrites itself, reordering costs nothing, and of a late
//! packet is played what still lies ahead. The fastest packets wait `TARGET_SAMPLES`; where the other
//! side's clock runs differently, single samples are dropped or doubled, so that what is read
//! stays on our timeline.

use crate::codecs::Sample;
pub use crate::codecs::{FRAME_SAMPLES, Frame};

/// How long the fastest packet waits (60 ms).
pub const TARGET_SAMPLES: u32 = 480;

/// Ring of a second; a power of two so that timestamps wrap onto it.
const RING: usize = 8192;

/// Further away than this from what is being played a packet is of another timeline.
const JUMP_SAMPLES: i32 = 4000;

/// Packets in a row that must agree before a jumped or wholly late stream is followed.
const AGREEING: u8 = 4;

/// Beats after which the depth is judged (1 s).
const JUDGED_AFTER_BEATS: u32 = 50;

/// A small deviation (5 ms), as of two clocks that run apart, is put right by a sample each fourth beat, so that
/// between two of them a key's tones are whole; a larger one by a sample a beat.
const SMALL_SAMPLES: i32 = 40;
const SMALL_EVERY_BEATS: u32 = 4;

/// Deviation that is left alone (2 ms).
const TOLERATED_SAMPLES: i32 = 16;

/// The last sound, from which gaps are filled: two frames at least, a power of two.
const HISTORY: usize = 512;

/// Gaps fade to silence over this (60 ms).
const FADE_SAMPLES: usize = 480;

/// The shortest period that is looked for (2.5 ms).
const SHORTEST_PERIOD: usize = 20;

/// Sound below this (−58 dBm0) is repeated as it is: nobody hears its period.
const INAUDIBLE: i32 = 32;

/// What became of a packet's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    InTime,
    /// Some or all of it came too late to be played.
    Late,
    /// Of another timeline; waits for others to agree.
    Jumped,
}

/// The jitter buffer of one leg.
pub struct Playout<S = i16> {
    samples: Box<[S; RING]>,
    /// One bit a sample: there is sound.
    present: Box<[u64; RING / 64]>,
    /// Timestamp of the next sample to be played; `None` before the first packet.
    next: Option<u32>,
    ssrc: u32,
    strays: u8,
    /// Largest head start of a packet since the depth was judged last.
    head_start: Option<i32>,
    beats: u32,
    /// Samples still to be dropped (positive) or doubled (negative), one a beat.
    correction: i32,
    history: [S; HISTORY],
    /// Samples read so far: where the history goes on.
    heard: usize,
    concealed: usize,
    period: usize,
}

impl<S: Sample> Default for Playout<S> {
    fn default() -> Self {
        Playout {
            samples: Box::new([S::default(); RING]),
            present: Box::new([0; RING / 64]),
            next: None,
            ssrc: 0,
            strays: 0,
            head_start: None,
            beats: 0,
            correction: 0,
            history: [S::default(); HISTORY],
            heard: 0,
            concealed: FADE_SAMPLES,
            period: FRAME_SAMPLES,
        }
    }
}

impl<S: Sample> Playout<S> {
    /// Places decoded samples that arrived `age` samples before the coming `pull` was due
    /// (negative where we are late ourselves).
    pub fn put(&mut self, ssrc: u32, timestamp: u32, sound: &[S], age: i32) -> Placed {
        let begin = timestamp
            .wrapping_sub(TARGET_SAMPLES)
            .wrapping_add_signed(age);
        let next = match self.next {
            Some(next) if ssrc == self.ssrc => next,
            _ => self.restart(ssrc, begin),
        };
        let ahead = timestamp.wrapping_sub(next) as i32;
        let length = sound.len().min(RING / 4) as i32;
        if ahead > JUMP_SAMPLES || ahead + length <= 0 {
            self.strays += 1;
            if self.strays < AGREEING {
                return if !(-JUMP_SAMPLES..=0).contains(&ahead) {
                    Placed::Jumped
                } else {
                    Placed::Late
                };
            }
            self.restart(ssrc, begin);
            return self.put(ssrc, timestamp, sound, age);
        }
        self.strays = 0;
        let head_start = ahead + age;
        self.head_start = Some(
            self.head_start
                .map_or(head_start, |most| most.max(head_start)),
        );
        let skip = (-ahead).max(0) as usize;
        let sound = &sound[skip.min(length as usize)..length as usize];
        self.place(timestamp.wrapping_add(skip as u32), sound);
        if skip > 0 {
            Placed::Late
        } else {
            Placed::InTime
        }
    }

    /// Copies into the ring, in two pieces where it wraps.
    fn place(&mut self, timestamp: u32, sound: &[S]) {
        let at = timestamp as usize % RING;
        let (first, second) = sound.split_at(sound.len().min(RING - at));
        self.samples[at..at + first.len()].copy_from_slice(first);
        self.samples[..second.len()].copy_from_slice(second);
        for (word, bits) in bits_of(at, sound.len()) {
            self.present[word] |= bits;
        }
    }

    /// Reads 20 ms that are all there; `false`, and nothing read, where some of it is missing.
    fn pull_whole(&mut self, next: u32, out: &mut Frame<S>) -> bool {
        let at = next as usize % RING;
        if bits_of(at, FRAME_SAMPLES).any(|(word, bits)| self.present[word] & bits != bits) {
            return false;
        }
        for (word, bits) in bits_of(at, FRAME_SAMPLES) {
            self.present[word] &= !bits;
        }
        let first = FRAME_SAMPLES.min(RING - at);
        out[..first].copy_from_slice(&self.samples[at..at + first]);
        out[first..].copy_from_slice(&self.samples[..FRAME_SAMPLES - first]);
        let at = self.heard & (HISTORY - 1);
        let first = FRAME_SAMPLES.min(HISTORY - at);
        self.history[at..at + first].copy_from_slice(&out[..first]);
        self.history[..FRAME_SAMPLES - first].copy_from_slice(&out[first..]);
        self.heard = self.heard.wrapping_add(FRAME_SAMPLES);
        self.concealed = 0;
        true
    }

    /// The next 20 ms; says how many of its samples had to be made up.
    pub fn pull(&mut self, out: &mut Frame<S>) -> usize {
        let Some(mut next) = self.next else {
            out.fill(S::default());
            return FRAME_SAMPLES;
        };
        self.judge_depth();
        if self.pull_whole(next, out) {
            self.next = Some(next.wrapping_add(FRAME_SAMPLES as u32));
            self.correct_by_one();
            return 0;
        }
        let mut made_up = 0;
        for sample in out.iter_mut() {
            let at = next as usize % RING;
            let bit = 1u64 << (at % 64);
            let heard = if self.present[at / 64] & bit != 0 {
                self.present[at / 64] &= !bit;
                self.concealed = 0;
                *sample = self.samples[at];
                *sample
            } else {
                made_up += 1;
                let (unfaded, faded) = self.conceal();
                *sample = faded;
                unfaded
            };
            self.history[self.heard & (HISTORY - 1)] = heard;
            self.heard = self.heard.wrapping_add(1);
            next = next.wrapping_add(1);
        }
        self.next = Some(next);
        self.correct_by_one();
        made_up
    }

    /// Lets `beats` pass unheard (we were late ourselves).
    pub fn skip(&mut self, beats: u32) {
        let mut unheard = [S::default(); FRAME_SAMPLES];
        for _ in 0..beats.min((RING / FRAME_SAMPLES) as u32) {
            self.pull(&mut unheard);
        }
        let rest = beats.saturating_sub((RING / FRAME_SAMPLES) as u32);
        let samples = rest.wrapping_mul(FRAME_SAMPLES as u32);
        self.next = self.next.map(|next| next.wrapping_add(samples));
    }

    /// Whether the coming `pull` finds all of its sound.
    pub fn is_fed(&self) -> bool {
        self.next.is_some_and(|next| {
            bits_of(next as usize % RING, FRAME_SAMPLES)
                .all(|(word, bits)| self.present[word] & bits == bits)
        })
    }

    /// Whether sound lies ahead that was not played yet.
    pub fn has_sound(&self) -> bool {
        self.present.iter().any(|bits| *bits != 0)
    }

    fn restart(&mut self, ssrc: u32, begin: u32) -> u32 {
        self.present.fill(0);
        self.next = Some(begin);
        self.ssrc = ssrc;
        self.strays = 0;
        self.head_start = None;
        self.beats = 0;
        self.correction = 0;
        begin
    }

    fn judge_depth(&mut self) {
        self.beats += 1;
        if self.beats < JUDGED_AFTER_BEATS {
            return;
        }
        self.beats = 0;
        if let Some(most) = self.head_start.take() {
            let error = most - TARGET_SAMPLES as i32;
            self.correction = if error.abs() > TOLERATED_SAMPLES {
                error
            } else {
                0
            };
        }
    }

    /// Drops or doubles one sample, which nobody hears, until the depth is right again.
    fn correct_by_one(&mut self) {
        let unhurried = self.correction.abs() <= SMALL_SAMPLES;
        if unhurried && !self.beats.is_multiple_of(SMALL_EVERY_BEATS) {
            return;
        }
        let step = self.correction.signum();
        self.correction -= step;
        if let Some(next) = self.next {
            if step > 0 {
                let at = next as usize % RING;
                self.present[at / 64] &= !(1u64 << (at % 64));
            } else if step < 0 && self.concealed == 0 {
                let at = next.wrapping_sub(1) as usize % RING;
                self.samples[at] = self.before(1);
                self.present[at / 64] |= 1u64 << (at % 64);
            }
            self.next = Some(next.wrapping_add_signed(step));
        }
    }

    /// One made-up sample, before and after fading: what was heard one period ago.
    fn conceal(&mut self) -> (S, S) {
        if self.concealed >= FADE_SAMPLES {
            return (S::default(), S::default());
        }
        if self.concealed == 0 {
            self.period = self.find_period();
        }
        let unfaded = self.before(self.period);
        let left = (FADE_SAMPLES - self.concealed) as i32;
        self.concealed += 1;
        (unfaded, unfaded.scaled(left, FADE_SAMPLES as i32))
    }

    /// What was heard this many samples ago (1 is the latest).
    fn before(&self, samples: usize) -> S {
        self.history[self.heard.wrapping_sub(samples) & (HISTORY - 1)]
    }

    /// The period of the last sound, 2.5–20 ms (50–400 Hz), where it resembles itself most.
    fn find_period(&self) -> usize {
        // The last 40 ms in a row, the oldest first.
        let mut past = [0i32; 2 * FRAME_SAMPLES];
        for (back, sample) in past.iter_mut().rev().enumerate() {
            *sample = i32::from(self.before(back + 1).level());
        }
        let now = &past[FRAME_SAMPLES..];
        if now.iter().all(|sample| sample.abs() < INAUDIBLE) {
            return FRAME_SAMPLES;
        }
        let product = |then: &[i32]| -> i64 {
            let products = now.iter().zip(then);
            products.map(|(now, then)| i64::from(now * then)).sum()
        };
        let square = |sample: i32| i64::from(sample * sample);
        let at = |lag: usize| &past[FRAME_SAMPLES - lag..][..FRAME_SAMPLES];
        let mut energy: i64 = 1 + at(SHORTEST_PERIOD).iter().map(|s| square(*s)).sum::<i64>();
        let (mut period, mut most) = (FRAME_SAMPLES, f64::MIN);
        for lag in SHORTEST_PERIOD..=FRAME_SAMPLES {
            let then = at(lag);
            let likeness = product(then) as f64 / (energy as f64).sqrt();
            if likeness > most {
                (period, most) = (lag, likeness);
            }
            if lag < FRAME_SAMPLES {
                energy += square(at(lag + 1)[0]) - square(then[FRAME_SAMPLES - 1]);
            }
        }
        period
    }
}

/// The words of the ring's bitmap, and in each the bits, of `length` samples from place `at` on.
fn bits_of(at: usize, length: usize) -> impl Iterator<Item = (usize, u64)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let place = (at + done) % RING;
        let (from, left) = (place % 64, length - done);
        let here = left.min(64 - from);
        done += here;
        (here > 0).then(|| (place / 64, (u64::MAX >> (64 - here)) << from))
    })
}

#[cfg(test)]
mod tests;
