//! The same press as telephone event, as tones and as SIP INFO, each with a delay of its own.

use std::time::Duration;

use gradeline::codecs::Law;
use gradeline::keypad::{Digit, Way};
use gradeline::rtp::playout::FRAME_SAMPLES;

use crate::ear::Ear;
use crate::line::{Network, PTIME, Telephone, Timed, Weather};
use crate::sound::{Tone, frames};

const OFFSETS_MS: std::ops::RangeInclusive<i64> = -100..=300;

/// Which ways sign a press, with their offsets to it.
#[derive(Debug, Clone, Copy)]
struct Signs {
    event: bool,
    tone_ms: Option<i64>,
    info_ms: Option<i64>,
    info_at_end: bool,
}

/// Two presses of one key, 600 ms apart, and one of another.
const PRESSED: [(u64, Digit); 3] = [(1000, Digit::D4), (2000, Digit::D4), (3000, Digit::D1)];
const CALL: Duration = Duration::from_millis(4500);

fn heard(signs: Signs, held_ms: u32, weather: Weather, seed: u64) -> Ear {
    let mut sound = vec![0i16; CALL.as_millis() as usize * 8];
    let mut infos = Vec::new();
    let shifted = |at: u64, by: i64| at.checked_add_signed(by).expect("after the beginning");
    for (at, digit) in PRESSED {
        let tone = Tone {
            length_ms: held_ms as usize,
            ..Tone::default()
        };
        if let Some(tone_ms) = signs.tone_ms {
            let from = shifted(at, tone_ms) as usize * 8;
            let tones = tone.samples(digit.event());
            sound[from..from + tones.len()].copy_from_slice(&tones);
        }
        if let Some(info_ms) = signs.info_ms {
            let sent = at
                + if signs.info_at_end {
                    u64::from(held_ms)
                } else {
                    0
                };
            infos.push((Duration::from_millis(shifted(sent, info_ms)), digit));
        }
    }
    let mut telephone = Telephone::new(seed);
    let mut events = Telephone::new(seed);
    // Sound and events as two streams of one gateway: the events' numbers run beside the sound's.
    events.ssrc ^= 1;
    let mut sent: Vec<Timed> = Vec::new();
    for (index, frame) in (0u32..).zip(frames(&sound)) {
        sent.push((PTIME * index, telephone.sound(&frame)));
    }
    if signs.event {
        let began = events.timestamp;
        for (at, digit) in PRESSED {
            let at = Duration::from_millis(at);
            events.timestamp = began.wrapping_add(at.as_millis() as u32 * 8);
            sent.extend(events.press(digit.event(), at, held_ms));
        }
    }
    sent.sort_by_key(|(at, _)| *at);
    let arriving = Network::new(weather, seed).carry(sent);
    let mut ear = Ear::new(Law::Pcma);
    ear.hear(&arriving, &infos, CALL + Duration::from_secs(1));
    ear.close();
    ear
}

#[test]
fn one_press_by_event_tone_and_info_at_any_offset_is_one_digit() {
    assert_eq!(FRAME_SAMPLES, 160);
    let step = crate::size(40, 20);
    let offsets = || OFFSETS_MS.step_by(step);
    let (mut calls, mut presses) = (0u64, 0usize);
    for tone_ms in offsets() {
        for info_ms in offsets() {
            for (held_ms, info_at_end) in [(60, false), (60, true), (120, false), (120, true)] {
                for (event, tone, info) in [
                    (true, true, true),
                    (true, true, false),
                    (true, false, true),
                    (false, true, true),
                ] {
                    // A way that is not there has no offset to vary.
                    if !tone && tone_ms != -100 || !info && (info_ms != -100 || info_at_end) {
                        continue;
                    }
                    let signs = Signs {
                        event,
                        tone_ms: tone.then_some(tone_ms),
                        info_ms: info.then_some(info_ms),
                        info_at_end,
                    };
                    calls += 1;
                    let ear = heard(signs, held_ms, Weather::default(), calls);
                    let wanted: Vec<Digit> = PRESSED.map(|(_, digit)| digit).to_vec();
                    assert_eq!(
                        ear.keys(),
                        wanted,
                        "{signs:?} held {held_ms} ms: {:?}",
                        ear.digits
                    );
                    presses += PRESSED.len();
                }
            }
        }
    }
    assert!(presses >= 1000, "{presses}");
    println!("{calls} combinations, {presses} presses: none doubled, none lost");
}

/// The same on a bad line: a copy may be lost, the press may not.
#[test]
fn one_press_by_three_ways_on_a_bad_line_is_one_digit() {
    let weather = Weather {
        lost: 50,
        doubled: 50,
        reordered: 50,
        held_ms: 40,
        jitter_ms: 60,
    };
    let combinations = crate::size(300, 3000u64);
    let mut by_way = [0u64; 3];
    for seed in 0..combinations {
        let spread = |salt: u64| (seed * salt % 401) as i64 - 100;
        let signs = Signs {
            event: true,
            tone_ms: Some(spread(37)),
            info_ms: Some(spread(149)),
            info_at_end: seed % 2 == 0,
        };
        let ear = heard(signs, 100, weather, seed);
        let wanted: Vec<Digit> = PRESSED.map(|(_, digit)| digit).to_vec();
        assert_eq!(
            ear.keys(),
            wanted,
            "{signs:?} seed {seed}: {:?}",
            ear.digits
        );
        for heard in &ear.digits {
            by_way[heard.way as usize] += 1;
        }
    }
    let [event, info, tone] = by_way;
    assert_eq!(Way::InBand as usize, 2);
    println!("{combinations} combinations; first sign: event {event}, info {info}, tone {tone}");
}
