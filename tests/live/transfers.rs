//! What a desk does with its caller: hold with P05, blind transfer by REFER, consultation and three at once by keys,
//! sealed stretches. The caller says 440 Hz, the first desk 700 Hz, the second 1000 Hz: who hears whom is measured.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::calls::{Caller, SOON};
use crate::desks::Desk;
use crate::gateway::{Fault, Gateway, Habits};
use crate::place::{sleep_until, tone_of};
use crate::server::{House, Setup, lines, timeline};
use crate::wav::Stereo;

pub const CALLER: f64 = 440.0;
pub const FIRST: f64 = 700.0;
pub const SECOND: f64 = 1000.0;
/// A stretch in which something is heard or is not.
const LISTEN: Duration = Duration::from_millis(1500);
pub const STEP: Duration = Duration::from_secs(15);

fn two_desks() -> [Desk; 2] {
    ["8001", "8002"].map(|user| Desk::open("desk", user, Habits::default()))
}

fn house_with(desks: &[Desk]) -> House {
    House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        ..Setup::default()
    })
}

/// Which of these tones a side hears for the most part of the next while.
fn hears(gateway: &Gateway, tones: &[f64]) -> Vec<f64> {
    let (before, _) = gateway.heard_sound();
    sleep_until(Instant::now() + LISTEN);
    let (sound, _) = gateway.heard_sound();
    let lately = &sound[before.len().min(sound.len())..];
    let enough = LISTEN.as_millis() as f64 * 0.4;
    let heard = tones.iter().copied().filter(|hertz| {
        let spans = crate::tone::spans(lately, *hertz, 8_000.0);
        spans.iter().map(|span| span.length_ms()).sum::<f64>() > enough
    });
    heard.collect()
}

const ALL: [f64; 3] = [CALLER, FIRST, SECOND];

/// Waits until a side hears these and no other: a prompt may be before it.
pub fn wait_hears(gateway: &Gateway, expected: &[f64], when: &str) {
    let until = Instant::now() + STEP;
    loop {
        let heard = hears(gateway, &ALL);
        if heard == expected {
            return;
        }
        assert!(
            Instant::now() < until,
            "{when}: {heard:?}, not {expected:?}"
        );
    }
}

pub fn details(call: &Value, kind: &str) -> Vec<String> {
    let found = lines(call, kind);
    let details = found
        .iter()
        .map(|line| line["detail"].as_str().unwrap_or_default().to_owned());
    details.collect()
}

pub fn keys(desk: &Desk, text: &str) {
    for key in text.chars() {
        desk.gateway.press(key, Fault::None);
        desk.gateway.wait_sent();
    }
}

/// A call in which caller and first desk talk; both say their tone.
pub fn talking<'a>(house: &'a House, first: &Desk) -> Caller<'a> {
    let caller = Caller::dial(house);
    first.talks();
    caller.line("joined");
    caller.gateway.wait_quiet();
    caller.gateway.say_tone(CALLER);
    first.gateway.say_tone(FIRST);
    wait_hears(&caller.gateway, &[FIRST], "talking");
    caller
}

#[test]
fn a_desk_holds_and_the_caller_is_told_until_it_is_back() {
    let desks = two_desks();
    let house = house_with(&desks[..1]);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    desks[0].sipp.tell_desk("HOLD");
    desks[0].sipp.wait_log("hold answered recvonly", STEP);
    caller.nth_line("prompt P05", 1);
    // What its telephone plays meanwhile is not for him.
    wait_hears(&caller.gateway, &[], "held");
    desks[0].sipp.tell_desk("RESUME");
    desks[0].sipp.wait_log("resume answered sendrecv", STEP);
    caller.nth_line("prompt P05r", 1);
    wait_hears(&caller.gateway, &[FIRST], "back");
    let call = caller.rates_when_left_by(&desks[0], '1');
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert_eq!(details(&call, "hold"), ["desk"], "{what}");
    let waited = details(&call, "caller_back");
    let waited_ms: f64 = waited[0].strip_suffix(" ms").unwrap().parse().unwrap();
    assert!(waited_ms >= LISTEN.as_millis() as f64, "{what}");
    let recorded = Stereo::read(&house.recording(&call));
    assert_eq!(recorded.heard(tone_of("P05")).len(), 1, "{what}");
    caller.settled();
    server.stop();
}

#[test]
fn a_blind_transfer_hands_the_caller_to_the_other_desk_and_one_grade_counts() {
    let desks = two_desks();
    let house = house_with(&desks);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    desks[0].sipp.tell_desk_with("TRANSFER", "8002");
    desks[0].sipp.wait_log("refer 202", STEP);
    desks[0].sipp.wait_log("notify 100 active", STEP);
    desks[1].talks();
    desks[0].sipp.wait_log("notify 200 terminated", STEP);
    desks[0].sipp.wait_log("bye", STEP);
    caller.nth_line("handed_over 8002", 1);
    desks[1].gateway.say_tone(SECOND);
    wait_hears(&caller.gateway, &[SECOND], "back");
    wait_hears(&desks[1].gateway, &[CALLER], "back");
    let call = caller.rates_when_left_by(&desks[1], '2');
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "offer").len(), 1, "{what}");
    assert_eq!(details(&call, "desk_answered"), ["8001", "8002"], "{what}");
    let staff: Vec<_> = call["desks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|desk| desk["staff"].as_str().unwrap())
        .collect();
    assert_eq!(staff, ["8001", "8002"], "{what}");
    let ends_ms = call["desks"][0]["to_ms"].as_i64().unwrap();
    assert!(
        call["desks"][1]["from_ms"].as_i64().unwrap() <= ends_ms,
        "{what}"
    );
    assert!(
        call["desks"][1]["talked_ms"].as_u64().unwrap() > 1000,
        "{what}"
    );
    let recorded = Stereo::read(&house.recording(&call));
    let (first, second) = (recorded.heard(FIRST), recorded.heard(SECOND));
    assert!(!first.is_empty() && !second.is_empty(), "{what}");
    assert!(
        first.last().unwrap().to_ms <= second[0].from_ms + 100.0,
        "{first:?} {second:?}"
    );
    caller.settled();
    server.stop();
}

#[test]
fn a_transfer_to_a_busy_desk_or_to_nobody_leaves_the_caller_with_the_first() {
    let first = Desk::open("desk", "8001", Habits::default());
    let busy = Desk::open("desk-busy", "8002", Habits::default());
    let desks = [first, busy];
    let house = house_with(&desks);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    desks[0].sipp.tell_desk_with("TRANSFER", "13900000000");
    desks[0].sipp.wait_log("refer 403", STEP);
    caller.nth_line("transfer_refused outside", 1);
    desks[0].sipp.tell_desk_with("TRANSFER", "8002");
    desks[0].sipp.wait_log("notify 486 terminated", STEP);
    caller.nth_line("prompt P05r", 1);
    wait_hears(&caller.gateway, &[FIRST], "back");
    wait_hears(&desks[0].gateway, &[CALLER], "back");
    caller.hang_up();
    let call = caller.end();
    assert_eq!(call["outcome"], "left_before_offer", "{}", timeline(&call));
    desks[0].sipp.wait_log("bye", STEP);
    caller.settled();
    server.stop();
}

#[test]
fn who_transfers_and_hangs_up_leaves_the_caller_to_the_rating_where_nobody_answers() {
    let first = Desk::open("desk", "8001", Habits::default());
    let silent = Desk::open("desk-silent", "8002", Habits::default());
    let desks = [first, silent];
    let house = House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        desk_ring_timeout_s: 4,
        ..Setup::default()
    });
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    caller.gateway.say_nothing();
    desks[0].sipp.tell_desk_with("TRANSFER", "8002");
    desks[0].sipp.wait_log("notify 100 active", STEP);
    desks[0].sipp.tell_desk("HANGUP");
    caller.nth_line("hung_up desk", 1);
    caller.nth_line("desk_unavailable no_answer", 1);
    caller.wait_offer(SOON);
    caller.gateway.press('3', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "basically_satisfied", "{}", timeline(&call));
    assert_eq!(call["hung_up_by"], "desk", "{}", timeline(&call));
    caller.settled();
    server.stop();
}

#[test]
fn a_colleague_is_consulted_joined_and_left_with_the_caller_by_keys() {
    let desks = two_desks();
    let house = house_with(&desks);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    keys(&desks[0], "*28002#");
    desks[1].talks();
    desks[1].gateway.say_tone(SECOND);
    caller.line("consulting");
    wait_hears(&desks[0].gateway, &[SECOND], "consulting");
    wait_hears(&desks[1].gateway, &[FIRST], "consulting");
    wait_hears(&caller.gateway, &[], "consulting");
    keys(&desks[0], "*2");
    caller.line("three");
    wait_hears(&caller.gateway, &[FIRST, SECOND], "three");
    wait_hears(&desks[0].gateway, &[CALLER, SECOND], "three");
    wait_hears(&desks[1].gateway, &[CALLER, FIRST], "three");
    keys(&desks[0], "*1");
    caller.nth_line("handed_over 8002", 1);
    desks[0].sipp.wait_log("bye", STEP);
    wait_hears(&desks[1].gateway, &[CALLER], "handed over");
    let call = caller.rates_when_left_by(&desks[1], '1');
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    // The number that was keyed may be anybody's.
    assert!(
        !details(&call, "desk_key")
            .iter()
            .any(|key| key.starts_with('8')),
        "{what}"
    );
    let recorded = Stereo::read(&house.recording(&call));
    assert!(
        !recorded.heard(FIRST).is_empty() && !recorded.heard(SECOND).is_empty(),
        "{what}"
    );
    assert!(!recorded.caller(CALLER).is_empty(), "{what}");
    caller.settled();
    server.stop();
}

#[test]
fn in_a_sealed_stretch_no_key_is_told() {
    let desks = two_desks();
    let house = house_with(&desks[..1]);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    caller.gateway.say_nothing();
    keys(&desks[0], "*7");
    caller.line("sealed_begins");
    for key in "1101051990".chars() {
        caller.gateway.press(key, Fault::None);
        caller.gateway.wait_sent();
    }
    caller.nth_line("key", 10);
    keys(&desks[0], "*7");
    caller.line("sealed");
    caller.gateway.press('6', Fault::None);
    caller.nth_line("key 6 (event)", 1);
    desks[0].sipp.tell_desk("HANGUP");
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    let told = details(&call, "key");
    assert!(told[..10].iter().all(|key| key == "• (event)"), "{what}");
    let span = details(&call, "sealed");
    assert_eq!(span.len(), 1, "{what}");
    let (from, to) = span[0]
        .strip_suffix(" ms")
        .unwrap()
        .split_once('–')
        .unwrap();
    assert!(
        from.parse::<u64>().unwrap() < to.parse::<u64>().unwrap(),
        "{what}"
    );
    caller.settled();
    server.stop();
}
