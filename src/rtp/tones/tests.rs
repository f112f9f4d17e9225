use super::*;

struct Noise(u64);

impl Noise {
    /// Even noise of mean square 1.
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        ((self.0 >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 12f32.sqrt()
    }
}

struct Sound {
    detune: f32,
    /// Amplitudes of row and column.
    amplitude: [f32; 2],
    length_ms: usize,
    /// Samples of silence before it.
    offset: usize,
    noise_rms: f32,
}

impl Default for Sound {
    fn default() -> Self {
        Sound {
            detune: 0.0,
            amplitude: [4000.0; 2],
            length_ms: 40,
            offset: 0,
            noise_rms: 0.0,
        }
    }
}

impl Sound {
    fn of(&self, code: u8, noise: &mut Noise) -> Vec<i16> {
        let hz = Generator::new(code).hz.map(|hz| hz * (1.0 + self.detune));
        let mut tones = vec![0i16; self.length_ms * 8];
        Generator::of(hz, self.amplitude).write(&mut tones);
        let mut all = vec![0i16; self.offset];
        all.extend(tones);
        all.resize(all.len() + 1600, 0);
        for sample in &mut all {
            *sample = (f32::from(*sample) + noise.next() * self.noise_rms) as i16;
        }
        all
    }
}

fn keys(sound: &[i16]) -> Vec<u8> {
    keys_with_lost(sound, 0..0)
}

/// `lost` frames were made up.
#[allow(clippy::disallowed_methods)] // Some moment; the detector only passes it on.
fn keys_with_lost(sound: &[i16], lost: std::ops::Range<usize>) -> Vec<u8> {
    let mut detector = Detector::default();
    let mut found = Vec::new();
    let now = Instant::now();
    for (index, frame) in sound.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        let made_up = lost.contains(&index);
        let heard = if made_up { &[0; FRAME_SAMPLES] } else { frame };
        detector.hear(heard, made_up, now, |key| {
            if let Key::Down { code, .. } = key {
                found.push(code);
            }
        });
    }
    found
}

/// How many of 16 keys × 10 alignments are found, each once and rightly.
fn found(sound: impl Fn(usize) -> Sound) -> (usize, usize) {
    let mut noise = Noise(1);
    let (mut right, mut wrong) = (0, 0);
    for code in 0..16u8 {
        for step in 0..10 {
            match keys(&sound(step * 16).of(code, &mut noise)).as_slice() {
                [one] if *one == code => right += 1,
                [] => {}
                _ => wrong += 1,
            }
        }
    }
    (right, wrong)
}

#[test]
fn forty_milliseconds_are_heard_at_any_alignment() {
    assert_eq!(
        found(|offset| Sound {
            offset,
            ..Sound::default()
        }),
        (160, 0)
    );
}

#[test]
fn four_packets_lost_within_a_tone_do_not_double_the_key() {
    for offset in (0..160).step_by(16) {
        let sound = Sound {
            offset,
            length_ms: 240,
            ..Sound::default()
        };
        let sound = sound.of(3, &mut Noise(1));
        for first in 2..5 {
            assert_eq!(
                keys_with_lost(&sound, first..first + 4),
                [3],
                "{offset} {first}"
            );
        }
    }
}

#[test]
fn a_key_pressed_twice_with_nothing_sent_between_is_two() {
    let sound = Sound {
        length_ms: 100,
        ..Sound::default()
    };
    let one = sound.of(3, &mut Noise(1));
    let twice = [one.clone(), one].concat();
    assert_eq!(keys_with_lost(&twice, 6..14), [3, 3]);
}

#[test]
fn quiet_and_twisted_tones_are_heard() {
    for amplitude in [[700.0, 700.0], [2000.0, 2800.0], [4000.0, 2000.0]] {
        let sound = |offset| Sound {
            offset,
            amplitude,
            ..Sound::default()
        };
        assert_eq!(found(sound), (160, 0), "{amplitude:?}");
    }
}

#[test]
fn a_tone_within_one_and_a_half_percent_is_heard_and_one_beyond_three_and_a_half_is_not() {
    for detune in [-0.015, 0.015] {
        let sound = |offset| Sound {
            offset,
            detune,
            length_ms: 50,
            ..Sound::default()
        };
        assert_eq!(found(sound), (160, 0), "{detune}");
    }
    for detune in [-0.035, 0.035] {
        let sound = |offset| Sound {
            offset,
            detune,
            length_ms: 80,
            ..Sound::default()
        };
        assert_eq!(found(sound), (0, 0), "{detune}");
    }
}

#[test]
fn tones_fifteen_decibels_above_noise_are_heard() {
    let noise_rms = 4000.0 / 10f32.powf(15.0 / 20.0);
    let (right, wrong) = found(|offset| Sound {
        offset,
        noise_rms,
        ..Sound::default()
    });
    assert_eq!((right, wrong), (160, 0));
}

#[test]
fn noise_and_single_tones_are_no_keys() {
    let mut noise = Noise(7);
    let hiss: Vec<i16> = (0..8000 * 60)
        .map(|_| (noise.next() * 3000.0) as i16)
        .collect();
    assert_eq!(keys(&hiss), Vec::<u8>::new());
    for hz in [697.0, 1336.0, 440.0] {
        let mut tone = vec![0; 16000];
        Generator::of([hz, 0.0], [8000.0, 0.0]).write(&mut tone);
        assert_eq!(keys(&tone), Vec::<u8>::new(), "{hz}");
    }
}

#[test]
fn a_hole_of_sixty_milliseconds_does_not_double_a_key() {
    let mut noise = Noise(3);
    let long = Sound {
        length_ms: 300,
        ..Sound::default()
    };
    for hole_ms in [20, 40] {
        let mut sound = long.of(5, &mut noise);
        sound[800..800 + hole_ms * 8].fill(0);
        assert_eq!(keys(&sound), [5], "{hole_ms} ms");
    }
}

#[test]
fn one_key_after_another_is_two() {
    let mut noise = Noise(3);
    let mut sound = Sound::default().of(1, &mut noise);
    sound.extend(Sound::default().of(1, &mut noise));
    sound.extend(Sound::default().of(0, &mut noise));
    assert_eq!(keys(&sound), [1, 1, 0]);
}

/// Tones that go on together, each with its amplitude.
fn chord(tones: &[(f32, f32)], length_ms: usize) -> Vec<i16> {
    let mut sum = vec![0f32; length_ms * 8];
    for (hz, amplitude) in tones {
        let mut one = vec![0i16; sum.len()];
        Generator::of([*hz, 0.0], [*amplitude, 0.0]).write(&mut one);
        for (sum, one) in sum.iter_mut().zip(one) {
            *sum += f32::from(one);
        }
    }
    let clipped = sum.into_iter().map(|sample| sample as i16);
    clipped.chain(std::iter::repeat_n(0, 800)).collect()
}

#[test]
fn the_signals_of_the_network_are_no_keys() {
    const LOUD: f32 = 6000.0;
    // Dial, busy and ringing tones, special information tones, fax calling and answering.
    let signals: [&[f32]; 12] = [
        &[350.0, 440.0],
        &[480.0, 620.0],
        &[440.0, 480.0],
        &[425.0],
        &[450.0],
        &[950.0],
        &[1400.0],
        &[1800.0],
        &[1100.0],
        &[2100.0],
        &[980.0, 1180.0],
        &[1300.0, 2130.0],
    ];
    for signal in signals {
        let tones: Vec<(f32, f32)> = signal.iter().map(|hz| (*hz, LOUD)).collect();
        assert_eq!(keys(&chord(&tones, 1000)), Vec::<u8>::new(), "{signal:?}");
    }
}

#[test]
fn what_nearly_is_a_key_is_none() {
    const LOUD: f32 = 5000.0;
    for row in ROWS_HZ {
        for column in COLUMNS_HZ {
            let pair = [(row, LOUD), (column, LOUD)];
            let none = |what: &str, tones: &[(f32, f32)], length_ms| {
                let found = keys(&chord(tones, length_ms));
                assert_eq!(found, Vec::<u8>::new(), "{row} + {column}: {what}");
            };
            none("too short", &pair, 20);
            for third in [300.0, 1050.0, 1900.0, 2700.0] {
                let with = [pair[0], pair[1], (third, LOUD)];
                none("a third tone as loud", &with, 200);
            }
            none(
                "the row alone is loud",
                &[pair[0], (column, LOUD / 5.0)],
                200,
            );
            none(
                "the column alone is loud",
                &[(row, LOUD / 4.0), pair[1]],
                200,
            );
            for off in [0.94, 0.955, 1.045, 1.06] {
                none("the row is off", &[(row * off, LOUD), pair[1]], 200);
                none("the column is off", &[pair[0], (column * off, LOUD)], 200);
            }
            // A voice: the row's pitch and what rings with it.
            let voice: Vec<(f32, f32)> = (1..=8)
                .map(|n| (row / 4.0 * n as f32, LOUD / (1.0 + (n as f32 - 4.0).abs())))
                .collect();
            none("a voice", &voice, 400);
        }
        for other in ROWS_HZ.into_iter().filter(|other| *other != row) {
            let two = [(row, LOUD), (other, LOUD)];
            assert_eq!(keys(&chord(&two, 200)), Vec::<u8>::new(), "{row} + {other}");
        }
    }
}

#[test]
fn sirens_and_whistles_are_no_keys() {
    for (from, until, length) in [
        (300.0, 3400.0, 16000),
        (600.0, 1700.0, 8000),
        (1700.0, 600.0, 24000),
    ] {
        let mut turns = 0f64;
        let sweep: Vec<i16> = (0..length)
            .map(|n| {
                let hz = from + (until - from) * f64::from(n) / f64::from(length);
                turns += hz / 8000.0;
                (8000.0 * (std::f64::consts::TAU * turns.fract()).sin()) as i16
            })
            .collect();
        assert_eq!(keys(&sweep), Vec::<u8>::new(), "{from} to {until} Hz");
    }
}
