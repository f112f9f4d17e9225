//! Desks: who hangs up, 转评价, busy and silent ones, hold from either side.

mod absent;
mod ringing;

use std::time::Duration;

use serde_json::Value;

use crate::calls::{Caller, SOON};
use crate::gateway::{Fault, Gateway, Habits};
use crate::peers::{KeysBy, Linphone, Plan, Sipp};
use crate::place::{sleep_until, tone_of, wait_for};
use crate::server::{House, Setup, lines, offset_ms, timeline};

/// By when the board shows what happened: it has a picture each second.
const SHOWN: Duration = Duration::from_secs(20);

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

/// Whoever watches sees each desk's state change, and which call it is in.
#[test]
fn the_board_follows_the_desks() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = House::new(Setup {
        desks: vec![desk.address.clone()],
        // Long enough that a busy machine sees it.
        desk_lines: "wrap_up_s = 12\n".to_owned(),
        ..Setup::default()
    });
    let server = house.start();
    let shown = |doing: &str| {
        wait_for(&format!("the board shows {doing}"), SHOWN, || {
            let board = house.api("board");
            (board["desks"][0]["doing"] == doing).then_some(board)
        })
    };
    assert_eq!(shown("ready")["desks"][0]["since"], Value::Null);
    let caller = Caller::dial(&house);
    let board = shown("talking");
    let call = house.find(&caller.number).unwrap();
    assert_eq!(board["desks"][0]["call"], call["id"], "{board}");
    assert_eq!(board["desks"][0]["staff"], "8001");
    assert!(board["desks"][0]["since"].is_string(), "{board}");
    desk.sipp.tell_desk("HANGUP");
    assert_eq!(shown("wrap_up")["desks"][0]["call"], Value::Null);
    caller.hang_up();
    caller.end();
    shown("ready");
    // They are counted at most every fifteen seconds.
    let lately = wait_for("the call in the figures", SHOWN, || {
        let lately = house.api("board")["lately"].clone();
        (lately["wanted"] != 0).then_some(lately)
    });
    let counted = [&lately["wanted"], &lately["answered"]];
    assert_eq!(counted, [1, 1], "{lately}");
    server.stop();
}

#[test]
fn the_desk_sends_the_caller_on_with_its_key() {
    let by_event = Desk::open("desk", "8001", Habits::default());
    let by_info = Desk::open("desk", "8002", Habits::default());
    let by_tones = Desk::open("desk", "8003", Habits::default());
    std::thread::scope(|scope| {
        for (desk, way) in [
            (&by_event, "event"),
            (&by_info, "info"),
            (&by_tones, "inband"),
        ] {
            scope.spawn(move || {
                let house = house_with(&[desk]);
                let server = house.start();
                let caller = Caller::dial(&house);
                desk.talks();
                caller.line("joined");
                for key in ['*', '8'] {
                    match way {
                        "info" => desk.sipp.tell_desk_key("RELAY", key),
                        "inband" => desk.gateway.press_in_band(key, Duration::from_millis(120)),
                        _ => desk.gateway.press(key, Fault::None),
                    }
                    caller.nth_line(&format!("desk_key {key} ({way})"), 1);
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
fn either_side_holds_and_takes_the_call_back() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = house_with(&[&desk]);
    let server = house.start();
    let caller = Caller::dial(&house);
    desk.talks();
    caller.line("joined");
    let second = Duration::from_secs(5);
    // Once the staff number has been told.
    caller.gateway.wait_quiet();
    caller.sipp.tell("HOLD");
    caller.sipp.wait_log("hold answered recvonly", second);
    // He who holds says what the other hears meanwhile, such as music, and hears nothing.
    let held = std::time::Instant::now();
    caller.gateway.say_tone(700.0);
    sleep_until(held + HELD);
    caller.gateway.say_nothing();
    caller.sipp.tell("RESUME");
    caller.sipp.wait_log("resume answered sendrecv", second);
    desk.sipp.tell_desk("HOLD");
    desk.sipp.wait_log("hold answered recvonly", second);
    let held = std::time::Instant::now();
    sleep_until(held + HELD);
    desk.sipp.tell_desk("RESUME");
    desk.sipp.wait_log("resume answered sendrecv", second);
    // Both are thanked, then they hear each other again.
    for gateway in [&caller.gateway, &desk.gateway] {
        crate::place::wait_for("thanks", Duration::from_secs(10), || {
            let (sound, _) = gateway.heard_sound();
            let thanks = crate::tone::spans(&sound, tone_of("P05r"), 8000.0);
            (!thanks.is_empty()).then_some(())
        });
        gateway.wait_quiet();
    }
    caller.gateway.say_tone(440.0);
    desk.gateway.say_tone(880.0);
    let talks_until = std::time::Instant::now() + Duration::from_millis(1200);
    sleep_until(talks_until);
    let call = caller.rates_when_left_by(&desk, '1');
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
    let (sound, _) = desk.gateway.heard_sound();
    let music = crate::tone::spans(&sound, 700.0, 16_000.0);
    assert!(
        music.iter().any(|span| span.length_ms() > 500.0),
        "{music:?}"
    );
    for gateway in [&caller.gateway, &desk.gateway] {
        let pause = longest_pause_ms(gateway);
        assert!(pause >= 0.9 * HELD.as_millis() as f64, "{pause} ms");
    }
    // The recording's time went on: its length is the call's.
    let length = call["recording"]["length_ms"].as_f64().unwrap();
    let ended = offset_ms(&call, "outcome");
    assert!((length - ended).abs() < 400.0, "{length} of {ended} ms");
    caller.settled();
    server.stop();
}

/// How long each side holds.
const HELD: Duration = Duration::from_millis(1000);

/// The longest time, by the stream's own clock, in which nothing was sent although no packet is
/// missing.
fn longest_pause_ms(gateway: &Gateway) -> f64 {
    let heard = gateway.heard();
    let pauses = heard
        .windows(2)
        .filter(|pair| pair[1].sequence == pair[0].sequence.wrapping_add(1))
        .map(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp));
    f64::from(pauses.max().unwrap_or(0)) / 8.0
}
