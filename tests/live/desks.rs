//! Desks: who hangs up, 转评价, busy and silent ones, hold from either side.

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

/// linphonec is the only telephone of two desks: it lets the first caller ring, talks with the second,
/// and is busy for the third.
#[test]
fn a_linphonec_that_is_not_to_be_had_leads_to_a_voice_message() {
    let mut phone = Linphone::start("8001", KeysBy::Events, "PCMA");
    let house = House::new(Setup {
        desks: ["8001", "8002"]
            .map(|desk| format!("sip:{desk}@127.0.0.1:{}", phone.port))
            .into(),
        desk_ring_timeout_s: 2,
        ..Setup::default()
    });
    let server = house.start();
    let unanswered = Caller::dial(&house);
    let unanswered = speaks_to_nobody(&unanswered);
    let what = timeline(&unanswered);
    assert_eq!(lines(&unanswered, "desk_ringing").len(), 2, "{what}");
    let why = |call: &serde_json::Value| lines(call, "desk_unavailable")[0]["detail"].clone();
    assert_eq!(why(&unanswered), "no_answer", "{what}");

    // The second desk may have found it busy with the first one's CANCEL: then it rang once.
    let rung = phone.calls();
    let talks = Caller::dial(&house);
    talks.nth_line("desk_ringing 8001", 1);
    phone.wait_call(rung + 1, Duration::from_secs(10));
    phone.type_in("answer");
    talks.line("joined");
    let busy = Caller::dial(&house);
    let busy = speaks_to_nobody(&busy);
    let what = timeline(&busy);
    assert_eq!(lines(&busy, "desk_ringing").len(), 1, "{what}");
    assert_eq!(why(&busy), "busy", "{what}");
    talks.hang_up();
    assert_eq!(talks.end()["outcome"], "left_before_offer");
    talks.settled();
    server.stop();
}

/// P25 is heard, key 2 pressed, and something said.
fn speaks_to_nobody(caller: &Caller) -> serde_json::Value {
    let asked = caller.nth_line("prompt P25", 1);
    sleep_until(asked + SOON);
    caller.gateway.press('2', Fault::None);
    let speaks_from = caller.nth_line("message", 1) + Duration::from_millis(500);
    sleep_until(speaks_from);
    caller.gateway.say_tone(440.0);
    sleep_until(speaks_from + Duration::from_secs(2));
    caller.gateway.say_nothing();
    caller.gateway.press('#', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["outcome"], "message", "{what}");
    assert_eq!(call["clips"][0]["kind"], "voice", "{what}");
    let heard = crate::wav::Stereo::read(&caller.house.recording(&call));
    assert_eq!(heard.heard(tone_of("P25")).len(), 1, "{what}");
    assert!(!heard.caller(440.0).is_empty(), "{what}");
    call
}

/// A desk from which nothing comes any more is given up; its caller is asked for his grade.
#[test]
fn a_desk_that_vanishes_leaves_its_caller_to_the_rating() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = House::new(Setup {
        desks: vec![desk.address.clone()],
        rtp_timeout_s: 3,
        ..Setup::default()
    });
    let server = house.start();
    let caller = Caller::dial(&house);
    desk.talks();
    caller.line("joined");
    desk.gateway.vanish();
    caller.nth_line("rtp_timeout desk", 1);
    desk.sipp.wait_log("bye", Duration::from_secs(5));
    caller.wait_offer(SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "satisfied", "{}", timeline(&call));
    assert_eq!(call["hung_up_by"], "desk", "{}", timeline(&call));
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

/// The first waits until the desk is free, hearing how many are before him; another one would rather be called back.
#[test]
fn who_finds_every_desk_taken_waits_is_told_his_position_and_is_served_or_called_back() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = house_with(&[&desk]);
    let plan = house.path("dialplans/consultation.toml");
    let text = std::fs::read_to_string(&plan).unwrap();
    let queue = "wait_at_most_s = 300\nposition_prompt = \"P02\"\nposition_again = \"P03\"\n\
                 position_first_s = 1\nposition_each_s = 3\nkeys = { 1 = \"callback\", 2 = \"voice\" }\ntalk_at_most_s";
    let queueing = text.replacen("talk_at_most_s", queue, 1);
    assert_ne!(text, queueing);
    std::fs::write(&plan, queueing).unwrap();
    let server = house.start();
    let talks = Caller::dial(&house);
    talks.line("joined");
    let waits = Caller::dial(&house);
    waits.nth_line("position 0 ahead", 1);
    waits.nth_line("prompt P03", 1);
    let leaves = Caller::dial(&house);
    leaves.nth_line("position 1 ahead", 1);
    sleep_until(leaves.nth_line("prompt P03", 1) + SOON);
    leaves.gateway.press('1', Fault::None);
    sleep_until(leaves.nth_line("prompt P26", 1) + SOON);
    leaves.gateway.press('1', Fault::None);
    let left = leaves.end();
    assert_eq!(left["outcome"], "callback", "{}", timeline(&left));
    assert!(
        lines(&left, "desk_ringing").is_empty(),
        "{}",
        timeline(&left)
    );
    desk.sipp.tell_desk("HANGUP");
    waits.line("joined");
    talks.hang_up();
    waits.hang_up();
    let waited = waits.end();
    assert_eq!(waited["staff"], "8001", "{}", timeline(&waited));
    assert_eq!(lines(&waited, "waited").len(), 1, "{}", timeline(&waited));
    assert_eq!(
        lines(&waited, "desk_ringing").len(),
        1,
        "{}",
        timeline(&waited)
    );
    server.stop();
}

fn two_desks() -> [Desk; 2] {
    ["8001", "8002"].map(|user| Desk::open("desk", user, Habits::default()))
}

#[test]
fn by_itself_the_program_rings_the_desk_that_has_been_idle_for_longest() {
    let desks = two_desks();
    let house = House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        desk_strategy: None,
        ..Setup::default()
    });
    let server = house.start();
    for expected in ["8001", "8002", "8001", "8002"] {
        let caller = Caller::dial(&house);
        caller.line("joined");
        caller.hang_up();
        let call = caller.end();
        assert_eq!(call["staff"], expected, "{}", timeline(&call));
    }
    server.stop();
}

#[test]
fn where_all_desks_ring_who_answers_first_has_the_caller() {
    let desks = two_desks();
    let house = House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        desk_strategy: Some("ring_all"),
        ..Setup::default()
    });
    let server = house.start();
    for _ in 0..2 {
        let caller = Caller::dial(&house);
        caller.line("joined");
        caller.hang_up();
        let call = caller.end();
        let what = timeline(&call);
        assert_eq!(lines(&call, "desk_ringing").len(), 2, "{what}");
        assert_eq!(lines(&call, "desk_answered").len(), 1, "{what}");
        caller.settled();
    }
    server.stop();
}
