//! Desks: who hangs up, 转评价, busy and silent ones, hold from either side.

use std::time::Duration;

use crate::calls::{Caller, SOON};
use crate::gateway::{Fault, Gateway, Habits};
use crate::peers::{Plan, Sipp};
use crate::place::{sleep_until, tone_of};
use crate::server::{House, Setup, lines, timeline};

/// A desk by SIPp with its sound by a gateway.
pub struct Desk {
    pub sipp: Sipp,
    pub gateway: Gateway,
    pub address: String,
}

impl Desk {
    pub fn open(scenario: &str, user: &str, habits: Habits) -> Desk {
        let gateway = Gateway::open(habits);
        let formats = format!("{} 101", habits.payload_type);
        let sipp = Sipp::serve(Plan {
            scenario,
            rtp_port: gateway.port,
            formats: &formats,
            calls: 1000,
            ..Plan::default()
        });
        let address = sipp.address(user);
        Desk {
            sipp,
            gateway,
            address,
        }
    }

    /// Waits until it talks; from then on its sound flows.
    pub fn talks(&self) {
        let line = self.sipp.wait_log("offered ", Duration::from_secs(15));
        let port = line.split("offered ").nth(1).unwrap();
        let port = port.split_whitespace().next().unwrap().parse().unwrap();
        self.gateway.send_to(port);
        self.sipp.wait_log("talking", Duration::from_secs(15));
    }
}

fn house_with(desks: &[&Desk]) -> House {
    House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        desk_ring_timeout_s: 2,
        ..Setup::default()
    })
}

#[test]
fn the_desk_hangs_up_and_the_caller_stays_for_the_rating() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = house_with(&[&desk]);
    let server = house.start();
    let caller = Caller::dial(&house);
    desk.talks();
    caller.line("joined");
    // The desk's keys are the desk's: none of them grades.
    desk.gateway.press('5', Fault::None);
    caller.line("desk_key");
    desk.sipp.tell_desk("HANGUP");
    caller.wait_offer(SOON);
    desk.gateway.press('1', Fault::None);
    caller.gateway.press('4', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "dissatisfied", "{}", timeline(&call));
    assert_eq!(call["hung_up_by"], "desk");
    assert_eq!(call["staff"], "8001");
    assert_eq!(call["rehearsal"], false);
    assert_eq!(call["keyed_grades"].as_array().unwrap().len(), 1);
    assert_eq!(lines(&call, "desk_key").len(), 1, "{}", timeline(&call));
    let ticket = &call["ticket_detail"];
    assert_eq!(ticket["staff"], "8001");
    assert_eq!(ticket["rehearsal"], false);
    caller.settled();
    server.stop();
}

/// A desk has at most one caller: who comes second has the second desk, who comes third has none.
#[test]
fn a_desk_that_talks_is_not_rung() {
    let desks = ["8001", "8002"].map(|user| Desk::open("desk", user, Habits::default()));
    let house = house_with(&[&desks[0], &desks[1]]);
    let server = house.start();
    let callers = [Caller::dial(&house), Caller::dial(&house)];
    for caller in &callers {
        caller.line("joined");
    }
    let third = Caller::dial(&house);
    third.nth_line("prompt P25", 1);
    third.hang_up();
    let third = third.end();
    assert_eq!(third["outcome"], "no_desk", "{}", timeline(&third));
    for desk in &desks {
        desk.sipp.tell_desk("HANGUP");
    }
    let staff: std::collections::BTreeSet<_> = callers
        .iter()
        .map(|caller| {
            caller.line("offer");
            caller.hang_up();
            caller.end()["staff"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(staff.len(), 2, "{staff:?}");
    // Free again, it is rung again.
    let fourth = Caller::dial(&house);
    fourth.line("joined");
    fourth.hang_up();
    assert_eq!(fourth.end()["staff"], "8001");
    server.stop();
}

#[test]
fn the_desk_sends_the_caller_on_with_its_key() {
    let by_event = Desk::open("desk", "8001", Habits::default());
    let by_info = Desk::open("desk", "8002", Habits::default());
    std::thread::scope(|scope| {
        for (desk, info) in [(&by_event, false), (&by_info, true)] {
            scope.spawn(move || {
                let house = house_with(&[desk]);
                let server = house.start();
                let caller = Caller::dial(&house);
                desk.talks();
                caller.line("joined");
                for (nth, key) in ['*', '8'].into_iter().enumerate() {
                    match info {
                        true => desk.sipp.tell_desk_key("RELAY", key),
                        false => desk.gateway.press(key, Fault::None),
                    }
                    caller.nth_line("desk_key", nth + 1);
                }
                caller.wait_offer(SOON);
                desk.sipp.wait_log("bye", Duration::from_secs(5));
                caller.gateway.press('1', Fault::None);
                let call = caller.end();
                assert_eq!(call["grade"], "very_satisfied", "{}", timeline(&call));
                assert_eq!(lines(&call, "sent_to_rating").len(), 1);
                caller.settled();
                server.stop();
            });
        }
    });
}

#[test]
fn a_busy_and_a_silent_desk_are_passed_over() {
    let busy = Desk::open("desk-busy", "8001", Habits::default());
    let silent = Desk::open("desk-silent", "8002", Habits::default());
    let ready = Desk::open("desk-brief", "8003", Habits::default());
    let house = house_with(&[&busy, &silent, &ready]);
    let server = house.start();
    let caller = Caller::dial(&house);
    caller.wait_offer(SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "satisfied", "{}", timeline(&call));
    assert_eq!(call["staff"], "8003");
    let rung: Vec<_> = lines(&call, "desk_ringing")
        .iter()
        .map(|line| line["detail"].as_str().unwrap())
        .collect();
    assert_eq!(rung, ["8001", "8002", "8003"], "{}", timeline(&call));
    silent.sipp.wait_log("cancelled", Duration::from_secs(2));
    caller.settled();
    server.stop();
}

#[test]
fn with_no_desk_the_caller_leaves_a_voice_message() {
    let busy = Desk::open("desk-busy", "8001", Habits::default());
    let silent = Desk::open("desk-silent", "8002", Habits::default());
    let house = house_with(&[&busy, &silent]);
    let server = house.start();
    let caller = Caller::dial(&house);
    let asked = caller.nth_line("prompt P25", 1);
    sleep_until(asked + SOON);
    caller.gateway.press('2', Fault::None);
    let speaks_from = caller.nth_line("message", 1) + Duration::from_millis(500);
    sleep_until(speaks_from);
    caller.gateway.say_tone(440.0);
    sleep_until(speaks_from + Duration::from_secs(2));
    caller.hang_up();
    let call = caller.end();
    assert_eq!(call["outcome"], "message", "{}", timeline(&call));
    assert!(call["grade"].is_null() && call["ticket"].is_null());
    assert_eq!(call["clips"][0]["kind"], "voice");
    assert!(call["clips"][0]["length_ms"].as_f64().unwrap() >= 1900.0);
    caller.settled();
    server.stop();
}

#[test]
fn either_side_holds_and_takes_the_call_back() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = house_with(&[&desk]);
    let server = house.start();
    let caller = Caller::dial(&house);
    desk.talks();
    caller.line("joined");
    let second = Duration::from_secs(5);
    caller.sipp.tell("HOLD");
    caller.sipp.wait_log("hold answered recvonly", second);
    caller.sipp.tell("RESUME");
    caller.sipp.wait_log("resume answered sendrecv", second);
    desk.sipp.tell_desk("HOLD");
    desk.sipp.wait_log("hold answered recvonly", second);
    desk.sipp.tell_desk("RESUME");
    desk.sipp.wait_log("resume answered sendrecv", second);
    // Both hear each other again, once the staff number has been told.
    caller.gateway.wait_quiet();
    caller.gateway.say_tone(440.0);
    desk.gateway.say_tone(880.0);
    let talks_until = std::time::Instant::now() + Duration::from_millis(1200);
    sleep_until(talks_until);
    caller.gateway.say_nothing();
    desk.sipp.tell_desk("HANGUP");
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "very_satisfied", "{}", timeline(&call));
    let holds: Vec<_> = lines(&call, "hold")
        .iter()
        .map(|line| line["detail"].as_str().unwrap())
        .collect();
    assert_eq!(holds, ["caller", "desk"], "{}", timeline(&call));
    for (gateway, hertz) in [(&caller.gateway, 880.0), (&desk.gateway, 440.0)] {
        let (sound, _) = gateway.heard_sound();
        let spans = crate::tone::spans(&sound, hertz, 16_000.0);
        assert_eq!(spans.len(), 1, "{hertz}: {spans:?}");
        assert!(spans[0].length_ms() > 900.0, "{hertz}: {spans:?}");
    }
    let (sound, _) = caller.gateway.heard_sound();
    assert_eq!(crate::tone::spans(&sound, tone_of("P10"), 8000.0).len(), 1);
    caller.settled();
    server.stop();
}
