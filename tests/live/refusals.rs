//! Who is turned away, and that those inside do not notice.

use std::time::Duration;

use crate::calls::{Caller, SOON};
use crate::gateway::{Fault, Gateway, Habits};
use crate::peers::{Plan, Sipp};
use crate::server::{House, Setup, timeline};

const SOON_ENOUGH: Duration = Duration::from_secs(8);

/// UDP ports of the server's RTP range that are bound, by `ss`.
fn bound_rtp_ports(house: &House) -> usize {
    let output = std::process::Command::new("ss")
        .args(["-Huna"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let locals = text
        .lines()
        .filter_map(|line| line.split_whitespace().nth(3));
    let ports = locals.filter_map(|local| local.rsplit_once(':')?.1.parse::<u16>().ok());
    ports
        .filter(|port| (house.rtp.0..=house.rtp.1).contains(port))
        .count()
}

#[test]
fn who_may_not_call_gets_no_media_and_is_counted() {
    let house = House::new(Setup {
        trunks: "127.0.0.1/32".into(),
        ..Setup::default()
    });
    let server = house.start();
    let target = house.sip_address();
    let plan = |scenario, address| Plan {
        scenario,
        address,
        ..Plan::default()
    };
    Sipp::call(&target, plan("refused-403", "127.0.0.5")).wait_success(SOON_ENOUGH);
    assert_eq!(bound_rtp_ports(&house), 0);
    let refused = house.metric("gradeline_sip_refused_total", "");
    assert!(refused >= 1.0, "no counter of refused strangers");
    assert_eq!(house.api("calls")["items"].as_array().unwrap().len(), 0);
    server.stop();
}

#[test]
fn what_cannot_be_served_is_answered_with_its_reason() {
    let house = House::new(Setup::default());
    let server = house.start();
    let target = house.sip_address();
    let call = |plan: Plan| Sipp::call(&target, plan).wait_success(SOON_ENOUGH);
    call(Plan {
        scenario: "refused-404",
        number: "99999",
        ..Plan::default()
    });
    call(Plan {
        scenario: "refused-488",
        formats: "18 101",
        ..Plan::default()
    });
    let answer = call(Plan {
        scenario: "unknown-method",
        ..Plan::default()
    });
    assert!(answer.contains("SIP/2.0 405") || answer.contains("SIP/2.0 501"));
    assert_eq!(bound_rtp_ports(&house), 0);
    assert_eq!(house.metric("gradeline_calls_refused_total", "codec"), 1.0);
    assert_eq!(house.metric("gradeline_calls_refused_total", "number"), 1.0);
    assert_eq!(house.api("calls")["items"].as_array().unwrap().len(), 0);
    server.stop();
}

#[test]
fn one_call_too_many_is_told_to_come_later_and_the_others_stay_clean() {
    let house = House::new(Setup {
        max_calls: 2,
        rehearsal_talk_s: 2,
        ..Setup::default()
    });
    let server = house.start();
    let callers = [Caller::dial(&house), Caller::dial(&house)];
    let target = house.sip_address();
    for _ in 0..5 {
        let log = Sipp::call(
            &target,
            Plan {
                scenario: "refused-503",
                ..Plan::default()
            },
        );
        log.wait_log("retry after ", SOON_ENOUGH);
        log.wait_success(SOON_ENOUGH);
    }
    for caller in &callers {
        caller.wait_offer(SOON);
        caller.gateway.press('2', Fault::None);
    }
    for caller in callers {
        let call = caller.end();
        assert_eq!(call["grade"], "satisfied", "{}", timeline(&call));
        let heard = caller.gateway.heard();
        let holes = heard
            .windows(2)
            .filter(|pair| pair[1].sequence != pair[0].sequence.wrapping_add(1))
            .count();
        assert_eq!(holes, 0, "of {} packets", heard.len());
        let mut waits: Vec<_> = heard
            .windows(2)
            .map(|pair| pair[1].at - pair[0].at)
            .collect();
        waits.sort();
        let late = waits[waits.len() * 98 / 100];
        assert!(late < Duration::from_millis(45), "98 % within {late:?}");
        caller.settled();
    }
    server.stop();
}

#[test]
fn a_late_offer_gets_ours_and_a_whole_call() {
    let house = House::new(Setup::default());
    let server = house.start();
    let plan = Plan {
        scenario: "late-offer",
        ..Plan::default()
    };
    let caller = Caller::dial_as(&house, Habits::default(), plan);
    caller.wait_offer(SOON);
    caller.gateway.press('3', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "basically_satisfied", "{}", timeline(&call));
    caller.settled();
    server.stop();
}

#[test]
fn a_caller_by_tcp_is_served_alike() {
    let house = House::new(Setup::default());
    let server = house.start();
    let plan = Plan {
        tcp: true,
        ..Plan::default()
    };
    let caller = Caller::dial_as(&house, Habits::default(), plan);
    caller.wait_offer(SOON);
    caller.gateway.press('3', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "basically_satisfied", "{}", timeline(&call));
    caller.settled();
    server.stop();
}

#[test]
fn a_peer_that_vanishes_is_given_up() {
    let house = House::new(Setup {
        rtp_timeout_s: 3,
        rehearsal_talk_s: 60,
        ..Setup::default()
    });
    let server = house.start();
    let caller = Caller::dial(&house);
    let joined = caller.line("joined");
    caller.gateway.vanish();
    caller.sipp.wait_log("bye", Duration::from_secs(10));
    let after = joined.elapsed();
    let call = caller.end();
    assert_eq!(call["outcome"], "left_before_offer", "{}", timeline(&call));
    assert!((2.5..6.0).contains(&after.as_secs_f64()), "{after:?}");
    caller.settled();
    server.stop();
}

/// 90 s is the shortest interval that RFC 4028 allows; a refresh comes at its half, and without one
/// the call ends 30 s before its end. Both are waited for at once.
#[test]
fn session_timers_are_refreshed_and_end_a_dead_call() {
    let house = House::new(Setup {
        rehearsal_talk_s: 100,
        session_expires_s: 90,
        ..Setup::default()
    });
    let server = house.start();
    let dial = |header| {
        let plan = Plan {
            header,
            ..Plan::default()
        };
        Caller::dial_as(&house, Habits::default(), plan)
    };
    let ours = dial("Session-Expires: 90;refresher=uas");
    let theirs = dial("Session-Expires: 90;refresher=uac");
    let begun = std::time::Instant::now();
    let bound = Duration::from_secs(55);
    crate::place::wait_for("a refresh", bound, || {
        let log = ours.sipp.log();
        (log.contains("update") || log.contains("reinvite")).then_some(())
    });
    let after = begun.elapsed().as_secs_f64();
    assert!((35.0..50.0).contains(&after), "{after}");
    ours.hang_up();
    assert_eq!(ours.end()["outcome"], "left_before_offer");
    ours.settled();
    // The one who was to refresh does not.
    theirs.sipp.wait_log("bye", Duration::from_secs(50));
    let after = begun.elapsed().as_secs_f64();
    assert!((50.0..92.0).contains(&after), "{after}");
    let call = theirs.end();
    assert_eq!(call["outcome"], "left_before_offer", "{}", timeline(&call));
    theirs.settled();
    server.stop();
}

#[test]
fn broken_messages_are_counted_and_nobody_notices() {
    let house = House::new(Setup {
        rehearsal_talk_s: 2,
        ..Setup::default()
    });
    let server = house.start();
    let caller = Caller::dial(&house);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let broken: [&[u8]; 7] = [
        b"",
        b"\r\n\r\n",
        b"\x00\x01\x02\xff\xfe",
        b"INVITE\r\n\r\n",
        b"INVITE sip:consult@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nContent-Length: 99999999999\r\n\r\n",
        b"INVITE sip:consult@127.0.0.1 SIP/9.9\r\nCSeq: a b\r\nCall-ID:\r\nFrom: <\r\nTo: >\r\n\r\nv=0",
        b"SIP/2.0 999999 \xe4\xbd\xa0\r\n\r\n",
    ];
    for message in broken {
        socket.send_to(message, target(&house)).unwrap();
    }
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "very_satisfied", "{}", timeline(&call));
    assert!(house.metric("gradeline_sip", "reason") >= 1.0);
    caller.settled();
    server.stop();
}

fn target(house: &House) -> String {
    house.sip_address()
}

/// Two callers whose RTP sockets are mixed up by nobody: each is heard by his own ear only.
#[test]
fn a_call_never_hears_another() {
    let house = House::new(Setup::default());
    let server = house.start();
    let (left, right) = (Caller::dial(&house), Caller::dial(&house));
    left.gateway.say_tone(440.0);
    right.gateway.say_tone(880.0);
    for caller in [&left, &right] {
        caller.wait_offer(SOON);
        caller.gateway.say_nothing();
        caller.gateway.press('1', Fault::None);
    }
    for (caller, own, other) in [(&left, 440.0, 880.0), (&right, 880.0, 440.0)] {
        let call = caller.end();
        let recording = crate::wav::Stereo::read(&house.recording(&call));
        assert!(!recording.caller(own).is_empty());
        assert!(recording.caller(other).is_empty() && recording.heard(other).is_empty());
        let gateway: &Gateway = &caller.gateway;
        let (sound, _) = gateway.heard_sound();
        assert!(crate::tone::spans(&sound, other, 8000.0).is_empty());
    }
    server.stop();
}
