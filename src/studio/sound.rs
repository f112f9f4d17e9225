//! From a synthesiser's sound to a telephone prompt: band, silence, level.
//!
//! Samples are −1.0…1.0; levels are dB relative to full scale (dBFS).

use std::f32::consts::PI;
use std::ops::Range;

/// The rate of every prompt.
pub const RATE_HZ: u32 = 8000;
/// The active speech level every prompt is brought to.
pub const LEVEL_DB: f32 = -20.0;
/// How far a prompt may be from it.
pub const LEVEL_TOLERANCE_DB: f32 = 1.0;
/// No sample may be above this.
pub const PEAK_DB: f32 = -1.0;
/// Silence kept before and after the speech.
pub const MARGIN_MS: usize = 30;

/// The half-gain points of the telephone band: flat over 300–3400 Hz, nothing to fold at 4000.
const BAND_HZ: (f32, f32) = (200.0, 3600.0);
/// Half the filter's length; longer is steeper.
const KERNEL_HALF_S: f32 = 0.012;
/// A pause inside a prompt longer than this is cut to it: a caller takes silence for a fault.
const PAUSE_MS: usize = 400;
/// A frame this far below the loudest one is silence.
const SILENCE_BELOW_LOUDEST_DB: f32 = 42.0;
/// A frame this far below the loudest one does not count as active speech.
const ACTIVE_BELOW_LOUDEST_DB: f32 = 25.0;
/// Aimed below [`PEAK_DB`], because rounding to 16 bit may add a little.
const LIMIT_DB: f32 = PEAK_DB - 0.2;
const FRAME_MS: usize = 5;
const FADE_MS: usize = 5;

/// The whole way: `samples` at `rate_hz` become a prompt at [`RATE_HZ`].
pub fn prepare(samples: &[f32], rate_hz: u32) -> Vec<f32> {
    let mut sound = shorten_pauses(&trim(&to_telephone_band(samples, rate_hz)));
    set_level(&mut sound);
    sound
}

/// Resamples to [`RATE_HZ`] and keeps the telephone band, in one windowed-sinc filter.
pub fn to_telephone_band(samples: &[f32], rate_hz: u32) -> Vec<f32> {
    let common = gcd(rate_hz, RATE_HZ);
    let (up, down) = ((RATE_HZ / common) as usize, (rate_hz / common) as usize);
    let half = (KERNEL_HALF_S * rate_hz as f32).ceil() as usize;
    let kernels: Vec<Vec<f32>> = (0..up)
        .map(|phase| kernel(phase as f32 / up as f32, half, rate_hz as f32))
        .collect();
    (0..samples.len() * up / down)
        .map(|index| {
            let (centre, phase) = (index * down / up, index * down % up);
            let first = centre.saturating_sub(half);
            let last = (centre + half + 1).min(samples.len());
            let taps = &kernels[phase][first + half - centre..];
            let inside = &samples[first.min(last)..last];
            inside.iter().zip(taps).map(|(a, b)| a * b).sum()
        })
        .collect()
}

/// Band-pass taps at `-half…=half` around a point `fraction` of a sample after the middle one.
fn kernel(fraction: f32, half: usize, rate_hz: f32) -> Vec<f32> {
    let (low, high) = (BAND_HZ.0 / rate_hz, BAND_HZ.1 / rate_hz);
    (0..=2 * half)
        .map(|tap| {
            let at = tap as f32 - half as f32 - fraction;
            let turn = (at / (half as f32 + 1.0)).clamp(-1.0, 1.0) * PI;
            let blackman = 0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
            (low_pass(high, at) - low_pass(low, at)) * blackman
        })
        .collect()
}

/// The ideal low-pass of `cutoff` (cycles per sample), `at` samples from its middle.
fn low_pass(cutoff: f32, at: f32) -> f32 {
    if at.abs() < 1e-6 {
        2.0 * cutoff
    } else {
        (2.0 * PI * cutoff * at).sin() / (PI * at)
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Cuts silence at both ends down to [`MARGIN_MS`] and fades the cuts.
pub fn trim(samples: &[f32]) -> Vec<f32> {
    let silent = silent_frames(samples);
    let (Some(first), Some(last)) = (
        silent.iter().position(|silent| !silent),
        silent.iter().rposition(|silent| !silent),
    ) else {
        return Vec::new();
    };
    let start = (first * samples_in(FRAME_MS)).saturating_sub(samples_in(MARGIN_MS));
    let end = (last + 1) * samples_in(FRAME_MS) + samples_in(MARGIN_MS);
    let mut kept = samples[start..end.min(samples.len())].to_vec();
    let fade = samples_in(FADE_MS).min(kept.len());
    let length = kept.len();
    for index in 0..fade {
        let gain = index as f32 / fade as f32;
        kept[index] *= gain;
        kept[length - 1 - index] *= gain;
    }
    kept
}

/// Cuts the middle out of pauses longer than [`PAUSE_MS`].
pub fn shorten_pauses(samples: &[f32]) -> Vec<f32> {
    let mut kept = Vec::with_capacity(samples.len());
    let mut copied = 0;
    for pause in pauses(samples) {
        if pause.len() > samples_in(PAUSE_MS) {
            let middle = pause.start + samples_in(PAUSE_MS) / 2;
            kept.extend(&samples[copied..middle]);
            copied = middle + pause.len() - samples_in(PAUSE_MS);
        }
    }
    kept.extend(&samples[copied..]);
    kept
}

/// The stretches of silence, in samples.
fn pauses(samples: &[f32]) -> Vec<Range<usize>> {
    let frame = samples_in(FRAME_MS);
    let silent = silent_frames(samples);
    let runs = silent.chunk_by(|a, b| a == b).scan(0, |at, run| {
        let start = *at;
        *at += run.len();
        Some((run[0], start * frame..(*at * frame).min(samples.len())))
    });
    runs.filter(|(silent, _)| *silent)
        .map(|(_, range)| range)
        .collect()
}

/// Brings the active speech to [`LEVEL_DB`]; what would stand above [`PEAK_DB`] is bent below it.
pub fn set_level(samples: &mut [f32]) {
    // Bending peaks takes a little of the level, so the gain is found in a few rounds.
    for _ in 0..4 {
        let gain = from_db(LEVEL_DB - active_level_db(samples));
        for sample in samples.iter_mut() {
            *sample = bend(*sample * gain);
        }
    }
}

/// Leaves a sample alone up to 6 dB below the limit and approaches the limit smoothly from there.
fn bend(sample: f32) -> f32 {
    let limit = from_db(LIMIT_DB);
    let knee = limit / 2.0;
    let over = sample.abs() - knee;
    if over <= 0.0 {
        return sample;
    }
    (knee + (limit - knee) * (over / (limit - knee)).tanh()).copysign(sample)
}

/// The level of the frames in which somebody speaks (after ITU-T P.56, with a gate relative
/// to the loudest frame instead of a hangover).
pub fn active_level_db(samples: &[f32]) -> f32 {
    let powers = frame_powers(samples, 4 * FRAME_MS);
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    let gate = loudest * from_db(-ACTIVE_BELOW_LOUDEST_DB).powi(2);
    let active: Vec<f32> = powers.into_iter().filter(|power| *power >= gate).collect();
    power_db(active.iter().sum::<f32>() / active.len().max(1) as f32)
}

pub fn peak_db(samples: &[f32]) -> f32 {
    let peak = samples.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
    power_db(peak * peak)
}

/// Whether each frame of [`FRAME_MS`] is silence beside the loudest one.
fn silent_frames(samples: &[f32]) -> Vec<bool> {
    let powers = frame_powers(samples, FRAME_MS);
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    let gate = loudest * from_db(-SILENCE_BELOW_LOUDEST_DB).powi(2);
    powers.iter().map(|power| *power <= gate).collect()
}

fn frame_powers(samples: &[f32], frame_ms: usize) -> Vec<f32> {
    samples
        .chunks(samples_in(frame_ms))
        .map(|frame| frame.iter().map(|s| s * s).sum::<f32>() / frame.len() as f32)
        .collect()
}

const fn samples_in(length_ms: usize) -> usize {
    length_ms * RATE_HZ as usize / 1000
}

fn from_db(db: f32) -> f32 {
    10f32.powf(db / 20.0)
}

/// −120 dB stands for silence, so that nothing downstream meets an infinity.
fn power_db(power: f32) -> f32 {
    10.0 * power.max(1e-12).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(freq_hz: f32, amplitude: f32, rate_hz: u32, length_s: f32) -> Vec<f32> {
        (0..(length_s * rate_hz as f32) as usize)
            .map(|n| amplitude * (2.0 * PI * freq_hz * n as f32 / rate_hz as f32).sin())
            .collect()
    }

    fn silence(length_ms: usize) -> Vec<f32> {
        vec![0.0; samples_in(length_ms)]
    }

    fn gain_db(freq_hz: f32, rate_hz: u32) -> f32 {
        let out = to_telephone_band(&tone(freq_hz, 0.5, rate_hz, 1.0), rate_hz);
        let middle = &out[out.len() / 4..out.len() * 3 / 4];
        let power = middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32;
        power_db(power) - power_db(0.125)
    }

    #[test]
    fn the_telephone_band_passes_and_nothing_folds_into_it() {
        for rate_hz in [16000, 22050, 48000] {
            for freq_hz in [310.0, 1000.0, 2000.0, 3390.0] {
                let gain = gain_db(freq_hz, rate_hz);
                assert!(gain.abs() < 0.5, "{freq_hz} Hz at {rate_hz}: {gain} dB");
            }
            for freq_hz in [50.0, 3900.0, 4100.0, 5000.0, 7000.0] {
                let gain = gain_db(freq_hz, rate_hz);
                assert!(gain < -40.0, "{freq_hz} Hz at {rate_hz}: {gain} dB");
            }
        }
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_its_length() {
        let out = to_telephone_band(&tone(1000.0, 0.5, 22050, 1.0), 22050);
        assert_eq!(out.len(), 8000);
        let rises = out.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count();
        assert!((998..=1001).contains(&rises), "{rises}");
    }

    #[test]
    fn a_sound_shorter_than_the_filter_is_kept() {
        assert_eq!(to_telephone_band(&[0.5; 11], 22050).len(), 3);
        assert!(to_telephone_band(&[], 22050).is_empty());
    }

    #[test]
    fn silence_is_cut_at_both_ends_but_for_the_margin() {
        let sound = [silence(500), tone(800.0, 0.5, 8000, 0.2), silence(700)].concat();
        let kept = trim(&sound).len() * 1000 / RATE_HZ as usize;
        assert!((255..=270).contains(&kept), "{kept} ms");
    }

    #[test]
    fn silence_alone_is_nothing() {
        assert!(trim(&silence(300)).is_empty());
        assert!(trim(&[]).is_empty());
    }

    #[test]
    fn only_long_pauses_are_shortened() {
        let word = tone(800.0, 0.5, 8000, 0.2);
        let short = [word.clone(), silence(300), word.clone()].concat();
        assert_eq!(shorten_pauses(&short), short);
        let long = [word.clone(), silence(900), word].concat();
        assert_eq!(
            shorten_pauses(&long).len(),
            samples_in(200 + PAUSE_MS + 200)
        );
    }

    #[test]
    fn loud_and_quiet_speech_end_at_one_level() {
        for amplitude in [0.002, 0.1, 0.99] {
            let mut sound = [tone(500.0, amplitude, 8000, 0.5), silence(500)].concat();
            set_level(&mut sound);
            let level = active_level_db(&sound);
            assert!((level - LEVEL_DB).abs() < 0.1, "{level}");
        }
    }

    #[test]
    fn pauses_do_not_count_into_the_level() {
        let speech = tone(500.0, 0.2, 8000, 0.5);
        let paused = [speech.clone(), silence(2000), speech.clone()].concat();
        assert!((active_level_db(&speech) - active_level_db(&paused)).abs() < 0.1);
    }

    #[test]
    fn a_sharp_peak_is_bent_below_the_bound() {
        let mut sound = tone(500.0, 0.1, 8000, 0.5);
        sound[1000] = 1.0;
        set_level(&mut sound);
        assert!(peak_db(&sound) < PEAK_DB);
    }
}
