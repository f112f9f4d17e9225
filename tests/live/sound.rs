//! Who hears what, and when: measured by frequency at both ends and in the recording.

use std::time::{Duration, Instant};

use crate::calls::{Caller, SOON};
use crate::desks::Desk;
use crate::gateway::{Fault, Gateway, Habits, Line};
use crate::peers::{KeysBy, Linphone, Plan, linphone_address};
use crate::place::{self, sleep_until, tone_of};
use crate::server::{House, Setup, offset_ms, timeline};
use crate::talks::{give_voice, talk_with};
use crate::tone::{self, Span};
use crate::wav::{Stereo, soxi_s};

/// Caller and desk say their tones at the same moments.
const MOMENTS_MS: [u64; 3] = [0, 1300, 2500];
const TONE_MS: u64 = 600;
const CALLER: f64 = 440.0;
const DESK: f64 = 840.0;

struct Case {
    caller: Habits,
    desk: Habits,
    /// Bound of a tone's length, of its distance to the first, and of the skew between both channels
    /// at its beginning.
    within_ms: f64,
}

/// Both channels on one timeline, whatever the codecs, the ptimes and the line.
/// What our jitter buffers hold.
const HELD_MS: f64 = 60.0;

#[test]
fn both_sides_hear_each_other_and_the_recording_has_both_in_time() {
    let habits = |payload_type, ptime_ms, seed, loss, jitter_ms| Habits {
        payload_type,
        ptime_ms,
        line: Line {
            seed,
            loss,
            doubled: loss / 2,
            jitter_ms,
        },
    };
    let cases = [
        Case {
            caller: habits(8, 20, 1, 0, 0),
            desk: habits(8, 20, 2, 0, 0),
            within_ms: 30.0,
        },
        Case {
            caller: habits(0, 10, 1, 0, 0),
            desk: habits(8, 40, 2, 0, 0),
            within_ms: 30.0,
        },
        Case {
            caller: habits(8, 30, 3, 5, 20),
            desk: habits(0, 20, 4, 5, 20),
            within_ms: 60.0,
        },
    ];
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || talk_in_tones(case));
        }
    });
}

fn talk_in_tones(mut case: Case) {
    let desk = Desk::open("desk", "8001", case.desk);
    let house = House::new(Setup {
        desks: vec![desk.address.clone()],
        ..Setup::default()
    });
    let server = house.start();
    let formats = format!("{} 101", case.caller.payload_type);
    let plan = Plan {
        formats: &formats,
        ..Plan::default()
    };
    let caller = Caller::dial_as(&house, case.caller, plan);
    desk.talks();
    caller.line("joined");
    caller.gateway.wait_quiet();
    let begun = Instant::now() + Duration::from_millis(200);
    for moment in MOMENTS_MS {
        let from = begun + Duration::from_millis(moment);
        let length = Duration::from_millis(TONE_MS);
        caller.gateway.say_tone_in(CALLER, from, length);
        desk.gateway.say_tone_in(DESK, from, length);
        sleep_until(from + length + Duration::from_millis(100));
    }
    sleep_until(begun + Duration::from_millis(4000));
    desk.sipp.tell_desk("HANGUP");
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    let recording = Stereo::read(&house.recording(&call));
    // What our own gateways sent late by this much is jitter that the playout must follow.
    case.within_ms += caller
        .gateway
        .worst_late_ms()
        .max(desk.gateway.worst_late_ms());
    let case = &case;
    let what = format!("{:?} | {:?}\n{}", case.caller, case.desk, timeline(&call));

    let left = checked(recording.caller(CALLER), case, &what);
    let right = checked(recording.heard(DESK), case, &what);
    let caller_heard = checked(ear(&caller.gateway, DESK), case, &what);
    checked(ear(&desk.gateway, CALLER), case, &what);
    assert!(
        recording.caller(DESK).is_empty(),
        "the desk is on the left: {what}"
    );
    assert!(
        recording.heard(CALLER).is_empty(),
        "the caller hears himself: {what}"
    );
    // Said at the same moment, they stand at the same moment.
    for (one, other) in left.iter().zip(&right) {
        let skew = (other.from_ms - one.from_ms).abs();
        assert!(
            skew <= case.within_ms,
            "skew {skew} ms: {left:?} {right:?} {what}"
        );
    }
    // And it stays so: neither side runs away from the other. A lost packet moves one end of a tone,
    // a drift moves both.
    let drift = |end: fn(&Span) -> f64| {
        let skew = |n: usize| end(&left[n]) - end(&right[n]);
        (skew(2) - skew(0)).abs()
    };
    let drift = drift(|span| span.from_ms).min(drift(|span| span.to_ms));
    assert!(drift <= 20.0, "{drift} ms: {left:?} {right:?} {what}");
    // The right channel is what the caller heard, from its first packet on; recorded as of the moment
    // at which it came, before it was held in a jitter buffer.
    let lead = right[0].from_ms - caller_heard[0].from_ms;
    assert!(
        (lead + HELD_MS).abs() < 60.0,
        "{lead}: {right:?} {caller_heard:?} {what}"
    );
    for (one, other) in right.iter().zip(&caller_heard) {
        let skew = (one.from_ms - other.from_ms - lead).abs();
        assert!(skew <= 25.0, "{skew}: {right:?} {caller_heard:?} {what}");
    }
    // The timeline tells the same times: the offer's prompt is where it says.
    let offer = recording.heard(tone_of("P10"));
    let late = offer[0].from_ms - offset_ms(&call, "offer");
    assert!((-20.0..120.0).contains(&late), "{late} ms: {what}");
    let notice = recording.heard(tone_of("P01"));
    assert!(notice[0].from_ms < 120.0, "{notice:?} {what}");
    caller.settled();
    server.stop();
}

fn ear(gateway: &Gateway, hertz: f64) -> Vec<Span> {
    tone::spans(&gateway.heard_sound().0, hertz, 14_000.0)
}

/// Three tones, each of its length, at their distances.
fn checked(spans: Vec<Span>, case: &Case, what: &str) -> Vec<Span> {
    assert_eq!(spans.len(), MOMENTS_MS.len(), "{spans:?} {what}");
    for (span, moment) in spans.iter().zip(MOMENTS_MS) {
        let off = span.length_ms() - TONE_MS as f64;
        assert!(off.abs() <= case.within_ms, "{off}: {spans:?} {what}");
        let after = span.from_ms - spans[0].from_ms - moment as f64;
        assert!(after.abs() <= case.within_ms, "{after}: {spans:?} {what}");
    }
    spans
}

/// linphonec calls with each of its ways to send a key.
#[test]
fn linphonec_grades_by_events_by_info_and_by_tones() {
    let house = House::new(Setup {
        media_address: linphone_address(),
        ..Setup::default()
    });
    let server = house.start();
    std::thread::scope(|scope| {
        for (keys, in_band) in [
            (KeysBy::Events, false),
            (KeysBy::Info, false),
            (KeysBy::Events, true),
        ] {
            let house = &house;
            scope.spawn(move || linphonec_calls(house, keys, in_band));
        }
    });
    server.stop();
}

fn linphonec_calls(house: &House, keys: KeysBy, in_band: bool) {
    // The number is its own name: it shows it as From.
    let number = place::number();
    let mut phone = Linphone::start(&number, keys, "PCMA");
    let (speech, heard) = (phone.path("speech.wav"), phone.path("heard.wav"));
    tone::write_wav(&speech, &tone::sine(CALLER, 20_000, 10_000.0));
    phone.type_in(&format!("call sip:consult@{}", house.sip_address()));
    house.wait_line(&number, "answered", Duration::from_secs(15));
    phone.play(&speech);
    phone.record(&heard);
    let offer = house.wait_line(&number, "offer", Duration::from_secs(20));
    sleep_until(offer + Duration::from_millis(900));
    match in_band {
        false => phone.type_in("4"),
        true => {
            let (row, column) = tone::dtmf('4');
            let samples: Vec<i16> = (0..1600)
                .map(|at| tone::sample(row, at, 8000.0) + tone::sample(column, at, 8000.0))
                .collect();
            let key = phone.path("key.wav");
            tone::write_wav(&key, &samples);
            phone.play(&key);
        }
    }
    let call = house.wait_end(&number, Duration::from_secs(30));
    let way = match (keys, in_band) {
        (_, true) => "4 (inband)",
        (KeysBy::Events, _) => "4 (event)",
        (KeysBy::Info, _) => "4 (info)",
    };
    let what = timeline(&call);
    assert_eq!(call["grade"], "dissatisfied", "{what}");
    let pressed = crate::server::lines(&call, "key");
    assert_eq!(pressed.len(), 1, "{what}");
    assert_eq!(pressed[0]["detail"], way, "{what}");
    let recording = Stereo::read(&house.recording(&call));
    assert!(
        !recording.caller(CALLER).is_empty(),
        "linphonec is not heard: {what}"
    );
    phone.quit_keeping(|path| {
        let heard = Stereo::read_mono(&path.join("heard.wav"));
        // Once, though a busy machine may tear a hole into it: from end to end no longer than the prompt.
        let offers = tone::spans(&heard, tone_of("P10"), 8000.0);
        let (Some(first), Some(last)) = (offers.first(), offers.last()) else {
            panic!("linphonec heard no offer: {what}");
        };
        let total: f64 = offers.iter().map(|span| span.length_ms()).sum();
        let (from_ms, to_ms) = (first.from_ms, last.to_ms);
        assert!(
            total > 500.0 && to_ms - from_ms < 3200.0,
            "linphonec heard {offers:?}: {what}"
        );
    });
}

/// linphonec is the desk: it answers, talks and hangs up; the caller is SIPp.
#[test]
fn linphonec_answers_talks_and_hangs_up_as_a_desk() {
    let phone = Linphone::start("8001", KeysBy::Events, "PCMU");
    give_voice(&phone);
    let house = House::new(Setup {
        desks: vec![format!("sip:8001@127.0.0.1:{}", phone.port)],
        ..Setup::default()
    });
    let server = house.start();
    let caller = Caller::dial(&house);
    let call = talk_with(&house, &caller, phone, |_| {});
    let what = timeline(&call);
    assert!(call["talked_ms"].as_f64().unwrap() > 3500.0, "{what}");
    let file = house.recording(&call);
    let recording = Stereo::read(&file);
    assert!((soxi_s(&file) * 1000.0 - recording.length_ms()).abs() < 2.0);
    caller.settled();
    server.stop();
}
