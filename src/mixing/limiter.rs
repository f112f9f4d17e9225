//! What is too loud together is made quieter, not cut off: a limiter without delay. It turns down at once, so that nothing
//! is ever above [`CEILING`], and up again slowly, so that only the first peak is bent.

use crate::codecs::{FRAME_SAMPLES, Frame, Sample};

/// 20 ms of several sides' sound, added.
pub type Sum<S = i16> = [<S as Sample>::Sum; FRAME_SAMPLES];

/// The largest sample that leaves: −0.14 dBFS, the largest of G.711, so that one side alone is never touched.
pub const CEILING: i16 = 32_256;

/// How long it stays down after a peak: 200 ms in steps of 1/8000 s, more than a turn of any voice.
const HOLD_STEPS: u16 = 1600;
/// How fast it turns up again then: by this part of what is missing, a step (a time constant of 200 ms).
const RELEASE: f32 = 1.0 / 1600.0;
/// From here on it is as loud as it was.
const WHOLE: f32 = 0.999;

/// Of one side that hears.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limiter {
    gain: f32,
    /// Steps until it may turn up again.
    hold: u16,
}

impl Default for Limiter {
    fn default() -> Self {
        Limiter { gain: 1.0, hold: 0 }
    }
}

impl Limiter {
    /// The same without what is above the ceiling.
    pub fn limit<S: Sample>(&mut self, sum: &Sum<S>) -> Frame<S> {
        self.scale(sum, 1.0)
    }

    /// A frame with its level changed by this factor.
    pub fn level<S: Sample>(&mut self, frame: &mut Frame<S>, factor: f32) {
        if factor != 1.0 {
            *frame = self.scale(&frame.map(S::summed), factor);
        }
    }

    fn scale<S: Sample>(&mut self, sum: &Sum<S>, factor: f32) -> Frame<S> {
        let ceiling = i32::from(CEILING);
        let fits = sum.iter().all(|step| S::peak(*step) <= ceiling);
        if fits && self.gain == 1.0 && factor == 1.0 {
            return sum.map(|step| S::of_sum(step, &mut |sample| sample as i16));
        }
        sum.map(|step| {
            let heard = S::of_sum(step, &mut |sample| self.sample(sample, factor));
            self.releases();
            heard
        })
    }

    fn sample(&mut self, sample: i32, factor: f32) -> i16 {
        let wanted = sample as f32 * factor;
        let ceiling = f32::from(CEILING);
        if wanted.abs() * self.gain > ceiling {
            self.gain = ceiling / wanted.abs();
            self.hold = HOLD_STEPS;
        }
        (wanted * self.gain).clamp(-ceiling, ceiling).round() as i16
    }

    fn releases(&mut self) {
        match self.hold.checked_sub(1) {
            Some(left) => self.hold = left,
            None => self.gain += (1.0 - self.gain) * RELEASE,
        }
        if self.gain > WHOLE {
            self.gain = 1.0;
        }
    }
}

/// How much louder what comes from trunk and desks is made, in dB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Levels {
    pub trunk: i8,
    pub desks: i8,
}

/// The factor of a level in dB.
pub fn factor(level_db: i8) -> f32 {
    10f32.powf(f32::from(level_db) / 20.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: usize = 8000;

    fn tone(hz: f64, peak: f64) -> Vec<i32> {
        let turn = std::f64::consts::TAU * hz / SECOND as f64;
        let sample = |at: usize| (peak * (turn * at as f64).sin()) as i32;
        (0..2 * SECOND).map(sample).collect()
    }

    /// By frames; `cut` as it was before, by saturation.
    fn heard(sound: &[i32], cut: bool) -> Vec<i16> {
        let mut limiter = Limiter::default();
        let frames = sound.chunks_exact(FRAME_SAMPLES);
        frames
            .flat_map(|frame| {
                let sum: Sum = frame.try_into().expect("a whole frame");
                match cut {
                    true => sum.map(|s| s.clamp(-32_768, 32_767) as i16),
                    false => limiter.limit(&sum),
                }
            })
            .collect()
    }

    /// What of it is none of these tones, in dB below all of it; over the second second.
    fn distortion_db(sound: &[i16], tones: &[f64]) -> f64 {
        let sound: Vec<f64> = sound[SECOND..].iter().map(|s| f64::from(*s)).collect();
        let energy = |part: &[f64]| part.iter().map(|s| s * s).sum::<f64>();
        let mut rest = sound.clone();
        for hz in tones {
            let turn = std::f64::consts::TAU * hz / SECOND as f64;
            for phase in [0.0, std::f64::consts::FRAC_PI_2] {
                let of_tone = |at: usize| (turn * at as f64 + phase).sin();
                let part = rest.iter().enumerate().map(|(at, s)| s * of_tone(at));
                let part = 2.0 * part.sum::<f64>() / rest.len() as f64;
                for (at, sample) in rest.iter_mut().enumerate() {
                    *sample -= part * of_tone(at);
                }
            }
        }
        10.0 * (energy(&rest) / energy(&sound)).log10()
    }

    #[test]
    fn three_who_shout_at_once_are_limited_and_not_cut() {
        let shouts = [440.0, 700.0, 1100.0].map(|hz| tone(hz, 30_000.0));
        let together: Vec<i32> = (0..2 * SECOND)
            .map(|at| shouts.iter().map(|one| one[at]).sum())
            .collect();
        let (limited, cut) = (heard(&together, false), heard(&together, true));
        let loudest = limited.iter().map(|s| s.unsigned_abs()).max();
        assert!(loudest <= Some(CEILING as u16) && loudest > Some(32_000));
        let hz = [440.0, 700.0, 1100.0];
        let (limited, cut) = (distortion_db(&limited, &hz), distortion_db(&cut, &hz));
        println!(
            "distortion of three tones at −0.8 dBFS: {limited:.1} dB limited, {cut:.1} dB cut"
        );
        assert!(limited < -30.0 && cut > -15.0, "{limited:.1} {cut:.1}");
    }

    #[test]
    fn one_alone_is_not_touched_and_quiet_talk_behind_a_shout_comes_back() {
        let loud = tone(440.0, f64::from(CEILING));
        assert!(
            heard(&loud, false)
                .iter()
                .zip(&loud)
                .all(|(a, b)| i32::from(*a) == *b)
        );
        let mut sound = tone(440.0, 60_000.0);
        sound.extend(tone(440.0, 1000.0));
        let heard = heard(&sound, false);
        let late = &heard[heard.len() - SECOND / 2..];
        let loudest = late.iter().map(|s| s.unsigned_abs()).max();
        assert!(loudest >= Some(998), "{loudest:?}");
    }

    #[test]
    fn a_level_is_changed_by_its_decibels_and_never_above_the_ceiling() {
        for level_db in [-12, -6, 0, 6, 12] {
            let mut limiter = Limiter::default();
            let mut frame = [1000; FRAME_SAMPLES];
            limiter.level(&mut frame, factor(level_db));
            let changed_db = 20.0 * (f64::from(frame[100]) / 1000.0).log10();
            assert!(
                (changed_db - f64::from(level_db)).abs() < 0.05,
                "{changed_db}"
            );
        }
        let mut loud = [20_000; FRAME_SAMPLES];
        Limiter::default().level(&mut loud, factor(12));
        assert_eq!(loud, [CEILING; FRAME_SAMPLES]);
    }
}
