//! Keys as tones in the sound: what is to be found, what is to be refused, and what a bad line does to
//! them. The limits are those of ITU-T Q.24 as telephone exchanges are built to.

use std::time::Duration;

use gradeline::codecs::Law;
use gradeline::keypad::Digit;

use crate::ear::Ear;
use crate::line::{Network, PTIME, Telephone, Timed, Weather};
use crate::sound::{Noise, Tone, decibels, frames};
use crate::spandsp::Spandsp;

const CODECS: [Law; 2] = [Law::Pcma, Law::Pcmu];

/// What became of keys that were sent, each alone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    sent: usize,
    right: usize,
    missed: usize,
    /// Another digit, or more than one.
    wrong: usize,
}

impl Tally {
    fn note(&mut self, sent: Digit, heard: &[Digit]) {
        self.sent += 1;
        match heard {
            [one] if *one == sent => self.right += 1,
            [] => self.missed += 1,
            _ => self.wrong += 1,
        }
    }

    fn all_right(self) -> bool {
        self.right == self.sent
    }
}

/// Silence before a key, so that it may begin anywhere in a packet and in a block.
fn placed(tones: &[i16], offset: usize) -> Vec<i16> {
    let mut sound = vec![0; 160 + offset];
    sound.extend(tones);
    sound.resize(sound.len() + 160 * 8, 0);
    sound
}

fn with_noise(sound: &mut [i16], rms: f32, noise: &mut Noise) {
    for sample in sound {
        let sum = f32::from(*sample) + noise.next() * rms;
        *sample = sum.clamp(-32768.0, 32767.0) as i16;
    }
}

/// The digits of a sound that arrives whole.
fn heard(sound: &[i16], codec: Law) -> Vec<Digit> {
    through(sound, codec, Weather::default(), 0).keys()
}

fn through(sound: &[i16], codec: Law, weather: Weather, seed: u64) -> Ear {
    let mut telephone = Telephone::new(seed);
    telephone.codec = codec;
    let sent: Vec<Timed> = (0u32..)
        .zip(frames(sound))
        .map(|(index, frame)| (PTIME * index, telephone.sound(&frame)))
        .collect();
    let length = PTIME * u32::try_from(sent.len()).expect("short");
    let arriving = Network::new(weather, seed).carry(sent);
    let mut ear = Ear::new(codec);
    ear.hear(&arriving, &[], length + Duration::from_millis(200));
    ear.close();
    ear
}

/// Every key, beginning at places all over two packets, by both codecs.
fn at_every_place(tone: Tone) -> Tally {
    let mut tally = Tally::default();
    for codec in CODECS {
        for digit in Digit::ALL {
            for offset in (0..320).step_by(crate::size(31, 8)) {
                let sound = placed(&tone.samples(digit.event()), offset);
                tally.note(digit, &heard(&sound, codec));
            }
        }
    }
    tally
}

#[test]
fn keys_of_forty_milliseconds_and_more_are_found_wherever_they_begin() {
    for length_ms in [40, 45, 50, 65, 100] {
        let tally = at_every_place(Tone {
            length_ms,
            ..Tone::default()
        });
        println!("{length_ms} ms: {tally:?}");
        assert!(tally.all_right(), "{length_ms} ms: {tally:?}");
    }
}

/// A row louder by up to 8 dB, as a long line makes it, or a column by up to 4.
#[test]
fn twisted_keys_are_found() {
    for (row_db, column_db) in [
        (0.0, -8.0),
        (0.0, -6.0),
        (0.0, -3.0),
        (-2.0, 0.0),
        (-4.0, 0.0),
    ] {
        for loudest in [8000.0, 4000.0, 1200.0] {
            let tally = at_every_place(Tone {
                amplitude: [loudest * decibels(row_db), loudest * decibels(column_db)],
                ..Tone::default()
            });
            println!("row {row_db} dB, column {column_db} dB, {loudest}: {tally:?}");
            assert!(tally.all_right(), "{row_db} {column_db}: {tally:?}");
        }
    }
}

#[test]
fn keys_within_one_and_a_half_percent_are_found_and_beyond_three_and_a_half_refused() {
    for detune in [
        [0.015, 0.015],
        [-0.015, -0.015],
        [0.015, -0.015],
        [-0.015, 0.015],
        [0.015, 0.0],
        [0.0, -0.015],
    ] {
        let tally = at_every_place(Tone {
            detune,
            ..Tone::default()
        });
        println!("off by {detune:?}: {tally:?}");
        assert!(tally.all_right(), "{detune:?}: {tally:?}");
    }
    for off in crate::size(&[0.035, -0.035][..], &[0.035, -0.035, 0.05, -0.05][..]) {
        let off = *off;
        for detune in [[off, off], [off, 0.0], [0.0, off], [off, -off]] {
            let alike = &[(40, 0.0), (100, -6.0), (400, 3.0)];
            for (length_ms, column_db) in alike[..crate::size(2, 3)].iter().copied() {
                let tally = at_every_place(Tone {
                    detune,
                    length_ms,
                    amplitude: [4000.0, 4000.0 * decibels(column_db)],
                });
                assert_eq!(
                    tally.missed, tally.sent,
                    "{detune:?} {length_ms} ms {column_db} dB: {tally:?}"
                );
            }
        }
    }
}

/// Loud noise over the whole band; what is lost of it is what another reader loses, too.
#[test]
fn keys_in_noise_are_found() {
    let tone = Tone::default();
    for (snr_db, most_missed) in [(15.0, 0), (12.0, 4)] {
        let rms = tone.power().sqrt() / decibels(snr_db);
        let (mut noise, mut tally, mut other) = (
            Noise::new(snr_db as u64),
            Tally::default(),
            Tally::default(),
        );
        for round in 0..250 {
            for digit in Digit::ALL {
                let mut sound = placed(&tone.samples(digit.event()), round * 7 % 320);
                with_noise(&mut sound, rms, &mut noise);
                tally.note(digit, &heard(&sound, Law::Pcma));
                if let Some(spandsp) = Spandsp::open() {
                    other.note(digit, &spandsp.digits(&sound));
                }
            }
        }
        println!("{snr_db} dB: {tally:?}; spandsp {other:?}");
        assert_eq!(tally.sent, 4000);
        assert!(
            tally.missed <= most_missed && tally.wrong == 0,
            "{snr_db} dB: {tally:?}"
        );
    }
}

/// 400 keys of 150 ms each with a pause of 150 ms, on a line that loses packets: concealed by the jitter
/// buffer where our own line loses them, silent where they were lost before they came to us.
#[test]
fn keys_of_which_packets_are_lost_are_never_doubled() {
    const KEYS: usize = 400;
    let tone = Tone {
        length_ms: 150,
        ..Tone::default()
    };
    let pressed = |index: usize| Digit::ALL[index * 7 % 16];
    for percent in [1, 3, 5, 10] {
        for concealed in [true, false] {
            let mut sound = Vec::new();
            for index in 0..KEYS {
                sound.extend(tone.samples(pressed(index).event()));
                sound.resize(sound.len() + 150 * 8, 0);
            }
            let lost = Weather {
                lost: percent * 10,
                ..Weather::default()
            };
            let (digits, spandsp) = if concealed {
                (
                    through(&sound, Law::Pcma, lost, percent.into()).keys(),
                    None,
                )
            } else {
                hole(&mut sound, lost.lost, percent.into());
                let other = Spandsp::open().map(|spandsp| spandsp.digits(&sound).len());
                (heard(&sound, Law::Pcma), other)
            };
            let (missed, extra) = compare(&digits, KEYS, pressed);
            println!(
                "{percent} % lost, concealed {concealed}: {} digits of {KEYS}, {missed} missed, {extra} doubled or wrong; spandsp {spandsp:?}",
                digits.len()
            );
            assert_eq!(extra, 0, "{percent} % concealed {concealed}");
            assert!(
                missed * 100 <= KEYS * percent as usize,
                "{missed} missed at {percent} %"
            );
        }
    }
}

/// Silences frames by chance.
fn hole(sound: &mut [i16], thousandths: u32, seed: u64) {
    use rand::{RngExt as _, SeedableRng as _};
    let mut chance = rand::rngs::StdRng::seed_from_u64(seed);
    for frame in sound.chunks_mut(160) {
        if chance.random_range(0..1000) < thousandths {
            frame.fill(0);
        }
    }
}

/// Digits missed and digits too many, walking both lists side by side.
fn compare(heard: &[Digit], sent: usize, pressed: impl Fn(usize) -> Digit) -> (usize, usize) {
    let (mut missed, mut at) = (0, 0);
    let mut extra = 0;
    for digit in heard {
        // Never more than a few in a row are missed; what fits none of those is one too many.
        match (at..sent.min(at + 5)).find(|index| pressed(*index) == *digit) {
            Some(found) => {
                missed += found - at;
                at = found + 1;
            }
            None => extra += 1,
        }
    }
    (missed + sent - at, extra)
}

/// Two presses of one key need a pause that a lost packet does not have.
#[test]
fn a_pause_of_a_hundred_milliseconds_parts_two_presses_of_one_key() {
    for digit in Digit::ALL {
        for offset in (0..320).step_by(16) {
            let tones = Tone::default().samples(digit.event());
            let mut sound = placed(&tones, offset);
            sound.truncate(160 + offset + tones.len());
            sound.resize(sound.len() + 100 * 8, 0);
            sound.extend(&tones);
            sound.resize(sound.len() + 160 * 8, 0);
            assert_eq!(heard(&sound, Law::Pcma), [digit, digit], "{digit} {offset}");
        }
    }
}

/// A telephone whose clock runs apart from ours, as every clock does: the samples that are dropped or doubled to
/// stay on our timeline cost no key.
#[test]
fn keys_by_a_clock_that_runs_apart_are_found() {
    let tone = Tone {
        length_ms: 80,
        ..Tone::default()
    };
    for parts_in_a_million in [100i64, -100] {
        let keys = crate::size(150, 1000);
        let pressed = |index: usize| Digit::ALL[index * 5 % 16];
        let mut sound = Vec::new();
        for index in 0..keys {
            sound.extend(tone.samples(pressed(index).event()));
            sound.resize(sound.len() + 517 * 8, 0);
        }
        let mut telephone = Telephone::new(3);
        let sent: Vec<Timed> = (0u32..)
            .zip(frames(&sound))
            .map(|(index, frame)| {
                let micros = i64::from(index) * (20_000_000 + parts_in_a_million * 20) / 1000;
                let at = Duration::from_micros(micros.try_into().expect("forwards"));
                (at, telephone.sound(&frame))
            })
            .collect();
        let mut ear = Ear::new(Law::Pcma);
        let length = sent.last().map_or(Duration::ZERO, |(at, _)| *at);
        ear.hear(&sent, &[], length + Duration::from_millis(500));
        ear.close();
        let (missed, extra) = compare(&ear.keys(), keys, pressed);
        println!("{parts_in_a_million} ppm: {missed} of {keys} missed, {extra} too many");
        assert_eq!((missed, extra), (0, 0), "{parts_in_a_million} ppm");
    }
}
