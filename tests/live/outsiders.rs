//! Callers who are handed to somebody outside: by a telephone, by keys, by a page; refused, busy, silent, redirected; and
//! what is left of it where the house is killed. The outside is a SIPp behind `[outward] trunk`.

use std::time::Duration;

use serde_json::Value;

use crate::calls::Caller;
use crate::desks::Desk;
use crate::gateway::{Fault, Gateway, Habits};
use crate::place::wait_for;
use crate::server::{House, Setup, lines, timeline};
use crate::transfers::{CALLER, FIRST, SECOND, STEP, details, keys, talking, wait_hears};
use crate::wav::Stereo;

/// Whom callers may be handed to here, and how the timeline shows him.
pub const NUMBER: &str = "13800138000";
pub const SHOWN: &str = "138****8000";

/// A house with these desks whose calls go out to `outside`.
fn house_with(desks: &[Desk], outside: &Desk, transfers: &str) -> House {
    let house = House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        ..Setup::default()
    });
    goes_out(&house, outside, transfers);
    house
}

pub fn goes_out(house: &House, outside: &Desk, transfers: &str) {
    let (_, target) = outside.address.split_once('@').unwrap();
    let mut text = std::fs::read_to_string(house.config()).unwrap();
    text.push_str(&format!(
        "[outward]\ntrunk = \"sip:{target}\"\ncaller_id = \"01066554433\"\narea = \"010\"\nring_s = 6\n\
         [transfers]\n{transfers}\n"
    ));
    std::fs::write(house.config(), text).unwrap();
}

pub const ALLOWED: &str = "outside = [\"13800138000\", \"12345\", \"010…\"]";

fn desk(scenario: &str, user: &str) -> Desk {
    Desk::open(scenario, user, Habits::default())
}

/// Who is outside answers and says his tone.
fn answers(outside: &Desk) {
    outside.talks();
    outside.gateway.say_tone(SECOND);
}

fn staff(call: &Value) -> Vec<String> {
    let desks = call["desks"].as_array().unwrap().iter();
    desks
        .map(|desk| desk["desk"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Nothing on record names him whole.
fn names_nobody(call: &Value) {
    assert!(!call.to_string().contains(NUMBER), "{}", timeline(call));
}

fn hears_only(gateway: &Gateway, hertz: f64, when: &str) {
    wait_hears(gateway, &[hertz], when);
}

#[test]
fn a_blind_transfer_hands_the_caller_outside_and_his_grade_counts_when_that_hangs_up() {
    let (desks, outside) = ([desk("desk", "8001")], desk("desk", "outside"));
    let house = house_with(&desks, &outside, ALLOWED);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    desks[0].sipp.tell_desk_with("TRANSFER", NUMBER);
    desks[0].sipp.wait_log("refer 202", STEP);
    caller.nth_line("prompt P05", 1);
    answers(&outside);
    desks[0].sipp.wait_log("notify 200 terminated", STEP);
    desks[0].sipp.wait_log("bye", STEP);
    caller.nth_line(&format!("handed_over {SHOWN}"), 1);
    hears_only(&caller.gateway, SECOND, "handed on");
    hears_only(&outside.gateway, CALLER, "handed on");
    let invited = outside.sipp.messages();
    assert!(
        invited.contains(&format!("INVITE sip:{NUMBER}@")),
        "{invited}"
    );
    assert!(invited.contains("sip:01066554433@"), "{invited}");
    // His keys are nobody's orders: not those of a colleague, nor that of the rating.
    outside.gateway.say_nothing();
    for key in "*8*2".chars() {
        outside.gateway.press(key, Fault::None);
        outside.gateway.wait_sent();
    }
    caller.nth_line("outside_key", 4);
    outside.gateway.say_tone(SECOND);
    hears_only(&caller.gateway, SECOND, "still");
    let call = caller.rates_when_left_by(&outside, '2');
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "offer").len(), 1, "{what}");
    assert_eq!(details(&call, "handing_outside"), [SHOWN], "{what}");
    assert!(
        details(&call, "hung_up").contains(&"outside".to_owned()),
        "{what}"
    );
    // He is none of the staff: the rating is the desk's.
    assert_eq!(staff(&call), ["8001"], "{what}");
    assert_eq!(call["staff"], "8001", "{what}");
    names_nobody(&call);
    let recorded = Stereo::read(&house.recording(&call));
    let (first, second) = (recorded.heard(FIRST), recorded.heard(SECOND));
    assert!(!first.is_empty() && !second.is_empty(), "{what}");
    caller.settled();
    server.stop();
}

#[test]
fn who_is_outside_is_asked_joined_and_left_with_the_caller_by_keys_and_the_callers_hangup_ends_all()
{
    let (desks, outside) = ([desk("desk", "8001")], desk("outside-early", "outside"));
    let house = house_with(&desks, &outside, ALLOWED);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    keys(&desks[0], &format!("*2{NUMBER}#"));
    answers(&outside);
    caller.line("consulting");
    hears_only(&desks[0].gateway, SECOND, "consulting");
    hears_only(&outside.gateway, FIRST, "consulting");
    wait_hears(&caller.gateway, &[], "consulting");
    keys(&desks[0], "*2");
    caller.line("three");
    wait_hears(&caller.gateway, &[FIRST, SECOND], "three");
    wait_hears(&outside.gateway, &[CALLER, FIRST], "three");
    keys(&desks[0], "*1");
    caller.nth_line(&format!("handed_over {SHOWN}"), 1);
    desks[0].sipp.wait_log("bye", STEP);
    hears_only(&caller.gateway, SECOND, "handed over");
    caller.hang_up();
    let call = caller.end();
    outside.sipp.wait_log("bye", STEP);
    let what = timeline(&call);
    assert_eq!(call["outcome"], "left_before_offer", "{what}");
    assert_eq!(call["hung_up_by"], "caller", "{what}");
    assert_eq!(staff(&call), ["8001"], "{what}");
    names_nobody(&call);
    caller.settled();
    server.stop();
}

#[test]
fn whom_nobody_may_call_is_refused_with_its_reason_and_not_called() {
    let (desks, outside) = ([desk("desk", "8001")], desk("desk", "outside"));
    let house = house_with(&desks, &outside, ALLOWED);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    for (nth, (number, word)) in [
        ("13800138001", "outside_not_allowed"),
        ("95588", "outside_not_allowed"),
        ("110", "outside_emergency"),
        ("0085223456789", "outside_foreign"),
        ("16812345", "outside_premium"),
        ("66554433", "outside_own_number"),
        ("nobody", "unknown"),
    ]
    .into_iter()
    .enumerate()
    {
        desks[0].sipp.tell_desk_with("TRANSFER", number);
        wait_for("the refusal", STEP, || {
            let refused = desks[0].sipp.log().matches("refer 403").count();
            (refused > nth).then_some(())
        });
        caller.nth_line(&format!("transfer_refused {word}"), 1);
    }
    hears_only(&caller.gateway, FIRST, "still");
    caller.hang_up();
    let call = caller.end();
    assert_eq!(outside.sipp.log(), "", "{}", timeline(&call));
    caller.settled();
    server.stop();
}

/// Busy, unknown, redirected, silent: the caller is with his desk again, which is told; nobody else is called for it.
#[test]
fn who_outside_does_not_take_the_call_leaves_the_caller_with_his_desk() {
    for (scenario, told, refused) in [
        ("desk-busy", "notify 486 terminated", &["486"][..]),
        ("outside-404", "notify 503 terminated", &["404"]),
        ("outside-302", "notify 503 terminated", &["302"]),
        ("desk-silent", "notify 480 terminated", &[]),
    ] {
        let (desks, outside) = ([desk("desk", "8001")], desk(scenario, "outside"));
        let house = house_with(&desks, &outside, ALLOWED);
        let server = house.start();
        let caller = talking(&house, &desks[0]);
        desks[0].sipp.tell_desk_with("TRANSFER", NUMBER);
        desks[0].sipp.wait_log(told, STEP);
        caller.nth_line("prompt P05r", 1);
        hears_only(&caller.gateway, FIRST, scenario);
        caller.hang_up();
        let call = caller.end();
        let what = timeline(&call);
        assert_eq!(
            details(&call, "outside_refused"),
            refused,
            "{scenario}: {what}"
        );
        assert_eq!(outside.sipp.log().matches("call ").count(), 1, "{what}");
        names_nobody(&call);
        caller.settled();
        server.stop();
    }
}

/// Who is outside takes a line as every call does: where there is none the desk is told, and later there is one.
#[test]
fn a_call_to_the_outside_is_one_of_the_lines() {
    let (desks, outside) = ([desk("desk", "8001")], desk("desk", "outside"));
    let house = House::new(Setup {
        desks: vec![desks[0].address.clone()],
        max_calls: 2,
        ..Setup::default()
    });
    goes_out(&house, &outside, ALLOWED);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    let other = Caller::dial(&house);
    other.nth_line("prompt P25", 1);
    desks[0].sipp.tell_desk_with("TRANSFER", NUMBER);
    desks[0].sipp.wait_log("notify 503 terminated", STEP);
    caller.nth_line("transfer_refused outside_no_line", 1);
    other.hang_up();
    other.end();
    other.settled();
    hears_only(&caller.gateway, FIRST, "still");
    desks[0].sipp.tell_desk_with("TRANSFER", NUMBER);
    answers(&outside);
    caller.nth_line(&format!("handed_over {SHOWN}"), 1);
    caller.hang_up();
    caller.end();
    outside.sipp.wait_log("bye", STEP);
    caller.settled();
    server.stop();
}

/// The desk is gone and nobody outside answers: his grade is all that is left, and he is asked for it.
#[test]
fn who_is_handed_outside_by_a_desk_that_hung_up_is_asked_for_his_grade_where_nobody_answers() {
    let (desks, outside) = ([desk("desk", "8001")], desk("desk-silent", "outside"));
    let transfers = format!("{ALLOWED}\nper_call = 1");
    let house = house_with(&desks, &outside, &transfers);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    // The first try is taken back, and was all that the call had.
    keys(&desks[0], &format!("*2{NUMBER}#"));
    outside.sipp.wait_log("offered ", STEP);
    keys(&desks[0], "*0");
    caller.line("ringing_stopped");
    desks[0].sipp.tell_desk_with("TRANSFER", NUMBER);
    caller.nth_line("transfer_refused outside_too_often", 1);
    let call = caller.rates_when_left_by(&desks[0], '3');
    assert_eq!(call["grade"], "basically_satisfied", "{}", timeline(&call));
    caller.settled();
    server.stop();
}

#[test]
fn a_house_that_falls_while_the_caller_is_outside_has_on_record_where_he_was() {
    let (desks, outside) = ([desk("desk", "8001")], desk("desk", "outside"));
    let house = house_with(&desks, &outside, ALLOWED);
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    desks[0].sipp.tell_desk_with("TRANSFER", NUMBER);
    answers(&outside);
    caller.nth_line(&format!("handed_over {SHOWN}"), 1);
    hears_only(&caller.gateway, SECOND, "handed on");
    server.kill();
    let server = house.start();
    let call = house.wait_end(&caller.number, Duration::from_secs(30));
    let what = timeline(&call);
    assert_eq!(call["state"], "interrupted", "{what}");
    assert_eq!(details(&call, "handing_outside"), [SHOWN], "{what}");
    assert_eq!(staff(&call), ["8001"], "{what}");
    let recorded = Stereo::read(&house.recording(&call));
    assert!(!recorded.heard(SECOND).is_empty(), "{what}");
    server.stop();
}
