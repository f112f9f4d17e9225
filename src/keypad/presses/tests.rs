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
fn an_info_that_is_sent_again_is_no_second_press() {
    let (mut presses, now) = (Presses::new(), epoch());
    let whole = Phase::Whole { length_ms: 100 };
    let mut sign = |way, press, phase, at| presses.sign(way, Digit::D4, press, phase, now + ms(at));
    let event = Way::TelephoneEvent;
    assert_eq!(sign(event, 1, Phase::Down, 0), Some(Digit::D4));
    assert_eq!(sign(event, 1, Phase::Up { length_ms: 100 }, 100), None);
    // 500 ms and 1500 ms after it was sent first (RFC 3261 §17.1.2.2), by a gateway that sends both.
    assert_eq!(sign(Way::Info, 1, whole, 550), None);
    assert_eq!(sign(Way::Info, 2, whole, 2100), None);
    assert_eq!(sign(event, 2, Phase::Down, 3000), Some(Digit::D4));
}

#[test]
fn after_a_new_offer_every_way_counts_again() {
    let (mut presses, now) = (Presses::new(), epoch());
    presses.sign(Way::TelephoneEvent, Digit::D1, 1, Phase::Down, now);
    presses.expect_any_way();
    for (way, press, at) in [(Way::InBand, 1, 12_000), (Way::Info, 1, 14_000)] {
        let whole = Phase::Whole { length_ms: 80 };
        let digit = presses.sign(way, Digit::D7, press, whole, now + ms(at));
        assert_eq!(digit, Some(Digit::D7), "{way}");
    }
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

/// The signs of one press, as the gateway sends them: `(at, way, digit, press, phase)`.
type Sign = (i64, Way, Digit, u32, Phase);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Every way has a delay of its own: a copy comes 100 ms before its telephone event to 300 ms
    /// after it. Few different keys, so that most presses repeat the one before them.
    #[test]
    fn each_true_press_is_one_digit_though_event_info_and_tone_all_sign_it(
        true_presses in proptest::collection::vec((0..3u8, 40..900i64, 60..700i64), 1..14),
        has_tone in any::<bool>(),
        info_ms in -100..=300i64,
        tone_ms in -100..=300i64,
    ) {
        let mut signs = Vec::<Sign>::new();
        let mut at = 1000;
        for (press, (code, length, gap)) in (0u32..).zip(&true_presses) {
            let digit = Digit::from_event(*code).expect("codes below 16 are keys");
            let length_ms = u32::try_from(*length).expect("short");
            let (up, whole) = (Phase::Up { length_ms }, Phase::Whole { length_ms });
            signs.push((at, Way::TelephoneEvent, digit, press, Phase::Down));
            signs.push((at + length, Way::TelephoneEvent, digit, press, up));
            signs.push((at + info_ms, Way::Info, digit, press, whole));
            if has_tone {
                signs.push((at + tone_ms, Way::InBand, digit, press, Phase::Down));
                signs.push((at + length + tone_ms, Way::InBand, digit, press, up));
            }
            at += length + gap;
        }
        signs.sort_by_key(|(at, ..)| *at);
        let (mut presses, epoch) = (Presses::new(), epoch());
        let (mut digits, mut evidence) = (Vec::new(), Vec::new());
        for (at, way, digit, press, phase) in signs {
            let now = epoch + ms(u64::try_from(at).expect("after the beginning"));
            digits.extend(presses.sign(way, digit, press, phase, now));
            evidence.extend(presses.settled(now));
        }
        evidence.extend(presses.settle_all());
        let pressed = true_presses.iter().filter_map(|(code, ..)| Digit::from_event(*code));
        let pressed: Vec<Digit> = pressed.collect();
        prop_assert_eq!(&digits, &pressed);
        let told: Vec<Digit> = evidence.iter().map(|evidence| evidence.digit).collect();
        prop_assert_eq!(told, pressed, "each press is told once");
    }
}

#[test]
fn a_fast_double_press_is_two_in_each_way_and_in_all_together() {
    for ways in [
        &[Way::TelephoneEvent][..],
        &[Way::Info],
        &[Way::InBand],
        &[Way::InBand, Way::Info],
        &[Way::TelephoneEvent, Way::Info, Way::InBand],
    ] {
        let (mut presses, epoch) = (Presses::new(), epoch());
        let mut digits = Vec::new();
        // 40 ms down, 60 ms up: as fast as a finger or a machine can.
        for (press, at) in [(1, 0), (2, 100)] {
            for (way, later) in ways.iter().zip([0, 15, 30]) {
                let down = epoch + ms(at + later);
                let phase = match way {
                    Way::Info => Phase::Whole { length_ms: 40 },
                    Way::TelephoneEvent | Way::InBand => Phase::Down,
                };
                digits.extend(presses.sign(*way, Digit::D8, press, phase, down));
                if phase == Phase::Down {
                    let up = Phase::Up { length_ms: 40 };
                    presses.sign(*way, Digit::D8, press, up, down + ms(40));
                }
            }
        }
        assert_eq!(digits, [Digit::D8, Digit::D8], "{ways:?}");
    }
}

#[test]
fn a_key_held_for_ten_seconds_is_one_press_however_often_it_is_signed() {
    let (mut presses, epoch) = (Presses::new(), epoch());
    let mut digits = 0;
    for second in 0..=10 {
        let now = epoch + ms(second * 1000);
        let down = presses.sign(Way::TelephoneEvent, Digit::D1, 7, Phase::Down, now);
        digits += usize::from(down.is_some());
    }
    assert_eq!(digits, 1);
}

#[test]
fn a_flood_of_presses_is_not_remembered_without_bound() {
    let (mut flood, epoch) = (Presses::new(), epoch());
    for press in 0..10_000 {
        flood.sign(Way::TelephoneEvent, Digit::D2, press, Phase::Down, epoch);
    }
    assert!(flood.settle_all().len() <= 2 * REMEMBERED);
}
