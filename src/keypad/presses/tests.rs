use proptest::prelude::*;

use super::*;

// A test's own zero: only differences count.
#[allow(clippy::disallowed_methods)]
fn epoch() -> Instant {
    Instant::now()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn an_info_at_the_end_of_a_long_press_is_the_same_press() {
    let now = epoch();
    let mut presses = Presses::new();
    let key = Digit::D3;
    let down = presses.sign(Way::TelephoneEvent, key, 1, Phase::Down, now);
    assert_eq!(down, Some(key));
    let up = Phase::Up { length_ms: 4000 };
    presses.sign(Way::TelephoneEvent, key, 1, up, now + ms(4000));
    let whole = Phase::Whole { length_ms: 4000 };
    assert_eq!(presses.sign(Way::Info, key, 1, whole, now + ms(4100)), None);
    assert_eq!(presses.settle_all()[0].to_string(), "key 3 by event+info");
}

#[test]
fn two_fast_presses_each_sent_twice_stay_two() {
    let now = epoch();
    let mut presses = Presses::new();
    let mut count = 0;
    let whole = Phase::Whole { length_ms: 60 };
    for (way, press, phase, at) in [
        (Way::TelephoneEvent, 1, Phase::Down, 0),
        (Way::Info, 1, whole, 50),
        (Way::TelephoneEvent, 1, Phase::Up { length_ms: 60 }, 60),
        (Way::TelephoneEvent, 2, Phase::Down, 130),
        (Way::Info, 2, whole, 180),
    ] {
        let digit = presses.sign(way, Digit::D1, press, phase, now + ms(at));
        count += usize::from(digit.is_some());
    }
    assert_eq!(count, 2);
}

#[test]
fn tones_no_longer_count_once_events_were_seen() {
    let now = epoch();
    let mut presses = Presses::new();
    presses.sign(Way::TelephoneEvent, Digit::D1, 1, Phase::Down, now);
    let tone = presses.sign(Way::InBand, Digit::D7, 1, Phase::Down, now + ms(5000));
    assert_eq!(tone, None);
}

proptest! {
    #[test]
    fn each_true_press_is_one_digit_whatever_ways_sign_it(
        true_presses in proptest::collection::vec((0..12u8, 40..900u64, 60..700u64), 1..12),
        ways in prop_oneof![Just((true, false)), Just((false, true)), Just((true, true))],
        info_at_end in any::<bool>(),
        delay_ms in 0..200u64,
    ) {
        let epoch = epoch() + ms(1000);
        let mut signs = Vec::new();
        let mut at = 0;
        for (press, (code, length, gap)) in (0u32..).zip(&true_presses) {
            let digit = Digit::from_event(*code).expect("codes below 16 are keys");
            let length_ms = u32::try_from(*length).expect("short");
            if ways.0 {
                signs.push((at, Way::TelephoneEvent, digit, press, Phase::Down));
                let up = Phase::Up { length_ms };
                signs.push((at + length, Way::TelephoneEvent, digit, press, up));
            }
            if ways.1 {
                let sent = if info_at_end { at + length } else { at };
                let whole = Phase::Whole { length_ms };
                signs.push((sent + delay_ms, Way::Info, digit, press, whole));
            }
            at += length + gap;
        }
        signs.sort_by_key(|(at, ..)| *at);
        let mut presses = Presses::new();
        let mut digits = Vec::new();
        for (at, way, digit, press, phase) in signs {
            digits.extend(presses.sign(way, digit, press, phase, epoch + ms(at)));
        }
        let pressed = true_presses.iter().filter_map(|(code, ..)| Digit::from_event(*code));
        prop_assert_eq!(digits, pressed.collect::<Vec<_>>());
    }
}
