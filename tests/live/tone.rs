//! Tones made and tones found (Goertzel), and files of them.

use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};

/// A sine of 8000 samples a second.
pub fn sine(hertz: f64, ms: u64, amplitude: f64) -> Vec<i16> {
    (0..ms * 8).map(|at| sample(hertz, at, amplitude)).collect()
}

/// One sample of a sine that began `at` samples ago.
pub fn sample(hertz: f64, at: u64, amplitude: f64) -> i16 {
    let phase = std::f64::consts::TAU * hertz * at as f64 / 8000.0;
    (phase.sin() * amplitude) as i16
}

/// The two frequencies of a key (ITU-T Q.23).
pub fn dtmf(key: char) -> (f64, f64) {
    const PAD: [&str; 4] = ["123A", "456B", "789C", "*0#D"];
    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
    let row = PAD.iter().position(|row| row.contains(key)).expect("a key");
    let column = PAD[row].find(key).unwrap();
    (ROWS[row], COLUMNS[column])
}

/// Mono, 16 bit, 8 kHz.
pub fn write_wav(path: &Path, samples: &[i16]) {
    let spec = WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(path, spec).unwrap();
    for sample in samples {
        writer.write_sample(*sample).unwrap();
    }
    writer.finalize().unwrap();
}

/// Amplitude of `hertz` in a stretch: that of a pure sine is its own.
pub fn amplitude(samples: &[i16], hertz: f64) -> f64 {
    let turn = std::f64::consts::TAU * hertz / 8000.0;
    let (mut before, mut last) = (0.0, 0.0);
    for sample in samples {
        let next = f64::from(*sample) + 2.0 * turn.cos() * last - before;
        before = last;
        last = next;
    }
    let power = last * last + before * before - 2.0 * turn.cos() * last * before;
    2.0 * power.max(0.0).sqrt() / samples.len().max(1) as f64
}

/// Where a tone sounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub from_ms: f64,
    pub to_ms: f64,
}

impl Span {
    pub fn length_ms(self) -> f64 {
        self.to_ms - self.from_ms
    }
}

/// Window of the search, and its step: 40 ms tell 60 Hz apart well enough, 5 ms is its grain.
const WINDOW: usize = 320;
const STEP: usize = 40;

/// Every stretch in which `hertz` is there at no less than half of `amplitude`; holes below 100 ms
/// (a lost packet) do not part it. Its ends are where the window is half full, which is the half
/// amplitude.
pub fn spans(samples: &[i16], hertz: f64, loudness: f64) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let last = samples.len().saturating_sub(WINDOW);
    for at in (0..=last).step_by(STEP) {
        let Some(window) = samples.get(at..at + WINDOW) else {
            break;
        };
        if amplitude(window, hertz) < loudness / 2.0 {
            continue;
        }
        let middle = (at + WINDOW / 2) as f64 / 8.0;
        match found.last_mut() {
            Some(span) if middle - span.to_ms <= 100.0 => span.to_ms = middle,
            _ => found.push(Span {
                from_ms: middle,
                to_ms: middle,
            }),
        }
    }
    found
}

#[test]
fn a_tone_is_found_where_it_is() {
    let mut samples = vec![0i16; 4000];
    samples.extend(sine(440.0, 1000, 8000.0));
    samples.extend(sine(1000.0, 500, 8000.0));
    let found = spans(&samples, 440.0, 8000.0);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!((found[0].from_ms - 500.0).abs() <= 10.0, "{found:?}");
    assert!((found[0].to_ms - 1500.0).abs() <= 10.0, "{found:?}");
    assert!(spans(&samples, 700.0, 8000.0).is_empty());
}
