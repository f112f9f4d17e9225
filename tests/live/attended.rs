//! An attended transfer by two calls of one telephone (RFC 5589 §7): it holds its caller, calls a colleague, and hands the
//! one to the other by a REFER with Replaces (RFC 3891). And whoever names a dialog that is not its consultation.

use std::time::Duration;

use crate::calls::{Caller, SOON};
use crate::desks::Desk;
use crate::gateway::{Fault, Habits};
use crate::peers::{Linphone, Plan, Sipp};
use crate::place::wait_for;
use crate::server::{House, Setup, lines, timeline};
use crate::transfers::{CALLER, FIRST, SECOND, STEP, details, talking, wait_hears};
use crate::wav::Stereo;

struct Story<'a> {
    phone: Linphone,
    caller: Caller<'a>,
}

/// linphonec has the caller, holds him, and talks with its colleague by a call of its own.
fn asks<'a>(house: &'a House, mut phone: Linphone, colleague: &Desk) -> Story<'a> {
    let caller = Caller::dial(house);
    phone.wait_call(1, Duration::from_secs(10));
    phone.type_in("answer");
    caller.line("joined");
    caller.gateway.say_tone(CALLER);
    phone.wait_output("Media streams established", Duration::from_secs(15));
    phone.type_in("pause");
    caller.nth_line("hold desk", 1);
    phone.type_in(&format!("call sip:8002@{}", house.sip_address()));
    colleague.talks();
    colleague.gateway.say_tone(SECOND);
    caller.line("consulting");
    wait_hears(&caller.gateway, &[], "consulting");
    Story { phone, caller }
}

fn house(phone: &Linphone, colleague: &Desk) -> House {
    House::new(Setup {
        desks: vec![
            format!("sip:8001@127.0.0.1:{}", phone.port),
            colleague.address.clone(),
        ],
        ..Setup::default()
    })
}

#[test]
fn linphonec_hands_its_caller_to_whom_it_asked_by_a_call_of_its_own() {
    let phone = Linphone::start_for_two("8001");
    let colleague = Desk::open("desk", "8002", Habits::default());
    let house = house(&phone, &colleague);
    let server = house.start();
    let Story { mut phone, caller } = asks(&house, phone, &colleague);
    phone.type_in("transfer 1 --to-call 2");
    caller.nth_line("handed_over 8002", 1);
    wait_hears(&caller.gateway, &[SECOND], "handed over");
    wait_hears(&colleague.gateway, &[CALLER], "handed over");
    let call = caller.rates_when_left_by(&colleague, '2');
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "offer").len(), 1, "{what}");
    assert_eq!(details(&call, "handing_on"), ["8002"], "{what}");
    let desks = call["desks"].as_array().unwrap().len();
    assert_eq!(desks, 2, "{what}");
    let recorded = Stereo::read(&house.recording(&call));
    assert!(!recorded.heard(SECOND).is_empty(), "{what}");
    // One call, whatever it dialled.
    let calls = house.api("calls")["items"].as_array().unwrap().len();
    assert_eq!(calls, 1, "{what}");
    caller.settled();
    server.stop();
}

/// Its second call hung up, and the first taken up again: it talks with its caller as before.
#[test]
fn linphonec_takes_its_caller_back_from_its_second_call() {
    let phone = Linphone::start_for_two("8001");
    let colleague = Desk::open("desk", "8002", Habits::default());
    let house = house(&phone, &colleague);
    let server = house.start();
    let Story { mut phone, caller } = asks(&house, phone, &colleague);
    phone.type_in("terminate 2");
    colleague.sipp.wait_log("bye", STEP);
    caller.nth_line("second_released", 1);
    phone.type_in("resume 1");
    caller.nth_line("prompt P05r", 1);
    // It is silent by itself, and hears again: its own keys say that its sound arrives.
    caller.gateway.say_nothing();
    phone.type_in("5");
    caller.nth_line("desk_key 5 (event)", 1);
    phone.type_in("terminate 1");
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert_eq!(call["staff"], "8001", "{what}");
    caller.settled();
    server.stop();
}

/// A dialog that there is not, one that is another's, and a call from a telephone that does not hold its caller.
#[test]
fn whoever_names_what_is_not_his_consultation_is_refused() {
    let desks = ["8001", "8002"].map(|user| Desk::open("desk", user, Habits::default()));
    let house = House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        ..Setup::default()
    });
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    let refused = |status: &str, nth: usize| {
        wait_for(status, STEP, || {
            let log = desks[0].sipp.log();
            (log.matches(&format!("refer {status}")).count() == nth).then_some(())
        });
    };
    let replaces = |call_id: &str| {
        let named = format!("8002?Replaces={call_id}%3Bto-tag%3Da%3Bfrom-tag%3Db");
        desks[0].sipp.tell_desk_with("TRANSFER", &named);
    };
    replaces("nobody");
    refused("481", 1);
    // Its own call is no consultation, nor is another's.
    let other = Caller::dial(&house);
    desks[1].talks();
    other.line("joined");
    for (nth, desk) in desks.iter().enumerate() {
        let log = desk.sipp.log();
        let (_, rest) = log.split_once("call ").unwrap();
        replaces(rest.lines().next().unwrap().trim());
        refused("403", nth + 1);
    }
    assert_eq!(house.api("calls")["items"].as_array().unwrap().len(), 2);
    wait_hears(&caller.gateway, &[FIRST], "still");
    caller.nth_line("transfer_refused replaces", 3);
    for caller in [caller, other] {
        caller.hang_up();
        caller.end();
        caller.settled();
    }
    // From outside no INVITE replaces anything.
    let stray = Sipp::call(
        &house.sip_address(),
        Plan {
            scenario: "replaces-481",
            ..Plan::default()
        },
    );
    stray.wait_success(STEP);
    server.stop();
}
