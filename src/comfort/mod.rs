//! Comfort noise (RFC 3389): what a sender that pauses says of the noise around him, and noise like it. Pure. We make it for
//! whoever hears him, so that the line does not sound dead; we never send any: what we record is what was sound.
//!
//! **Invariant:** whatever a frame says, the noise is bounded by its level and the filter is stable.

/// Payload type of comfort noise at 8000 Hz (RFC 3551 §6).
pub const PAYLOAD_TYPE: u8 = 13;
/// Coefficients of the spectrum that are used; more are passed over (RFC 3389 §3.3 lets the receiver choose).
const ORDER: usize = 12;
/// No filter rings longer than this lets it.
const STEEPEST: f32 = 0.98;
/// Quieter than this is not heard: −78 dBov.
const QUIETEST: u8 = 78;
/// The root of the mean square of 0 dBov.
const OVERLOAD: f32 = 32_768.0;

/// Noise as the last frame described it.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// Root of the mean square of what drives the filter.
    drive: f32,
    reflections: [f32; ORDER],
    state: [f32; ORDER],
    random: u32,
}

impl Noise {
    /// Reads a frame: a level in −dBov and, where they follow, reflection coefficients in steps of 1/127. An empty one is no
    /// frame.
    pub fn read(payload: &[u8]) -> Option<Noise> {
        let (level, spectrum) = payload.split_first()?;
        let level = level & 0x7F;
        let mut reflections = [0.0; ORDER];
        for (reflection, step) in reflections.iter_mut().zip(spectrum) {
            // RFC 3389 §3.2.
            let exact = 258.0 * (f32::from(*step) - 127.0) / 32_768.0;
            *reflection = exact.clamp(-STEEPEST, STEEPEST);
        }
        let loud = match level > QUIETEST {
            true => 0.0,
            false => OVERLOAD * 10f32.powf(-f32::from(level) / 20.0),
        };
        // The filter makes its drive louder by as much.
        let gain: f32 = reflections.iter().map(|k| 1.0 - k * k).product();
        Some(Noise {
            drive: loud * gain.sqrt(),
            reflections,
            state: [0.0; ORDER],
            random: 0x2545_F491,
        })
    }

    /// What the next frame says, without a break in the noise.
    pub fn renewed(self, next: Noise) -> Noise {
        Noise {
            drive: next.drive,
            reflections: next.reflections,
            ..self
        }
    }

    /// The next samples of it.
    pub fn fill(&mut self, sound: &mut [i16]) {
        for sample in sound {
            let value = self.next();
            *sample = value.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16;
        }
    }

    /// One sample through the all-pole lattice of the coefficients.
    fn next(&mut self) -> f32 {
        let mut forward = self.drive * self.white();
        for stage in (0..ORDER).rev() {
            let k = self.reflections[stage];
            forward -= k * self.state[stage];
            let backward = self.state[stage] + k * forward;
            if stage + 1 < ORDER {
                self.state[stage + 1] = backward;
            }
        }
        self.state[0] = forward;
        forward
    }

    /// White noise of a mean square of one: evenly spread over ±√3.
    fn white(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        let spread = (self.random >> 8) as f32 / 8_388_608.0 - 1.0;
        spread * 3f32.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// In −dBov, over two seconds.
    fn measured(frame: &[u8]) -> f64 {
        let mut noise = Noise::read(frame).expect("a frame");
        let mut sound = [0; 16_000];
        noise.fill(&mut sound);
        let squares = sound.iter().map(|sample| f64::from(*sample).powi(2));
        let mean = squares.sum::<f64>() / sound.len() as f64;
        -20.0 * (mean.sqrt() / f64::from(OVERLOAD)).log10()
    }

    #[test]
    fn the_noise_is_as_loud_as_it_was_said_whatever_its_spectrum() {
        for level in [20, 30, 40, 50, 60, 70] {
            for spectrum in [&[][..], &[127; 10], &[40, 180, 100], &[200, 60, 150, 90]] {
                let frame = [&[level], spectrum].concat();
                let off = measured(&frame) - f64::from(level);
                assert!(off.abs() < 1.5, "{frame:?}: {off:.1} dB off");
            }
        }
    }

    #[test]
    fn a_spectrum_colours_it() {
        let turns = |spectrum: &[u8]| {
            let mut noise = Noise::read(&[&[30], spectrum].concat()).expect("a frame");
            let mut sound = [0i16; 8000];
            noise.fill(&mut sound);
            let turns = sound
                .windows(2)
                .filter(|pair| (pair[0] < 0) != (pair[1] < 0));
            turns.count()
        };
        let (low, flat, high) = (turns(&[15]), turns(&[]), turns(&[240]));
        assert!(low * 2 < flat && flat * 3 / 2 < high, "{low} {flat} {high}");
    }

    #[test]
    fn what_is_all_but_silent_is_silent_and_nothing_is_no_frame() {
        let mut sound = [1; 160];
        Noise::read(&[127]).expect("a frame").fill(&mut sound);
        assert_eq!(sound, [0; 160]);
        assert_eq!(Noise::read(&[]), None);
        // The topmost bit says nothing (RFC 3389 §3.1).
        assert_eq!(Noise::read(&[0x80 | 40]), Noise::read(&[40]));
    }

    proptest! {
        #[test]
        fn no_frame_breaks_the_noise(frame in proptest::collection::vec(any::<u8>(), 1..40)) {
            let mut noise = Noise::read(&frame).expect("a frame");
            let mut sound = [0; 8000];
            noise.fill(&mut sound);
            prop_assert!(noise.state.iter().all(|value| value.is_finite()));
        }
    }
}
