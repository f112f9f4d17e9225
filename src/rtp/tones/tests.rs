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

#[allow(clippy::disallowed_methods)] // Some moment; the detector only passes it on.
fn keys(sound: &[i16]) -> Vec<u8> {
    let mut detector = Detector::default();
    let mut found = Vec::new();
    let now = Instant::now();
    for frame in sound.as_chunks::<FRAME_SAMPLES>().0 {
        detector.hear(frame, now, |key| {
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
