//! Media trust: on a leg only the negotiated address is heard, whatever else is sent there, and nothing is sent
//! anywhere else. A forged key press would be a forged vote.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::calls::{Caller, SOON};
use crate::gateway::{Fault, Gateway, Habits};
use crate::peers::Plan;
use crate::place;
use crate::server::{House, Setup, lines, timeline};
use crate::wav::Stereo;

/// What strangers say; nobody else here says it.
const FORGED_HZ: f64 = 440.0;
const CALLER_HZ: f64 = 840.0;

/// Strangers: from the caller's own host by another port, from another by the caller's port, from a third.
fn strangers(caller: &Caller) -> Vec<UdpSocket> {
    let places = [
        ("127.0.0.1".to_owned(), 0),
        ("127.0.0.9".to_owned(), caller.gateway.port),
        ("127.0.0.77".to_owned(), 0),
    ];
    places
        .into_iter()
        .map(|(host, port)| {
            let socket = UdpSocket::bind((host.as_str(), port)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        })
        .collect()
}

/// Sends forged presses, forged sound, forged RTCP and rubbish to every media port until told to stop; every
/// second one goes to a port on which a call is.
fn spray(
    house: &House,
    callers: &[Caller],
    sockets: &[UdpSocket],
    stop: &AtomicBool,
    sent: &AtomicU64,
) {
    let mut chance = StdRng::seed_from_u64(1_000_000);
    while !stop.load(Ordering::Acquire) {
        for caller in callers {
            let guessed = chance.random::<bool>().then(|| chance.random());
            let key = ['1', '2', '5', '*'][chance.random_range(0..4usize)];
            let mut packets = caller.gateway.forged(key, FORGED_HZ, guessed);
            // An RTCP BYE, and what is nothing at all.
            packets.push(vec![0x81, 203, 0, 1, 0x5E, 0xED, 0, 1]);
            packets.push(
                (0..chance.random_range(0..60))
                    .map(|_| chance.random())
                    .collect(),
            );
            for packet in packets {
                let anywhere = chance.random_range(house.rtp.0..=house.rtp.1);
                let port = match chance.random_range(0..4u8) {
                    0 | 1 => anywhere,
                    2 => caller.rtp_port,
                    _ => caller.rtp_port + 1,
                };
                let socket = &sockets[chance.random_range(0..sockets.len())];
                // A full buffer of our own: that one was not sent.
                if socket.send_to(&packet, ("127.0.0.1", port)).is_ok() {
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        // The flood is to be large, not to take both cores from the calls.
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whatever strangers were sent.
fn received(sockets: &[UdpSocket]) -> usize {
    let mut sum = 0;
    for socket in sockets {
        let mut buffer = [0; 2048];
        while let Ok(length) = socket.recv(&mut buffer) {
            sum += length;
        }
    }
    sum
}

#[test]
fn packets_sprayed_on_every_media_port_are_neither_heard_nor_answered() {
    let house = House::new(Setup {
        rehearsal_talk_s: 3,
        ..Setup::default()
    });
    let server = house.start();
    let (sent, least) = (AtomicU64::new(0), place::nightly(100_000, 1_000_000));
    let mut calls = 0;
    while sent.load(Ordering::Relaxed) < least {
        calls += sprayed_calls(&house, &sent);
    }
    println!(
        "{} packets of strangers while {calls} calls ran; {} of them seen by the server, the others refused by the kernel",
        sent.load(Ordering::Relaxed),
        house.metric("gradeline_media_foreign_packets_total", "")
    );
    server.stop();
}

/// Four calls under the spray, until the last has ended.
fn sprayed_calls(house: &House, sent: &AtomicU64) -> usize {
    let callers: Vec<Caller> = (0..4).map(|_| Caller::dial(house)).collect();
    let sockets: Vec<UdpSocket> = callers.iter().flat_map(strangers).collect();
    let stop = AtomicBool::new(false);
    let mut calls = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| spray(house, &callers, &sockets, &stop, sent));
        for caller in &callers {
            caller.gateway.say_tone(CALLER_HZ);
        }
        // The first keys nothing; the others grade.
        for (caller, key) in callers.iter().zip([None, Some('3'), Some('4'), Some('2')]) {
            caller.wait_offer(SOON);
            if let Some(key) = key {
                caller.gateway.press(key, Fault::None);
            }
        }
        calls.extend(callers.iter().map(Caller::end));
        stop.store(true, Ordering::Release);
    });
    let graded = [
        None,
        Some("basically_satisfied"),
        Some("dissatisfied"),
        Some("satisfied"),
    ];
    for (call, grade) in calls.iter().zip(graded) {
        let what = timeline(call);
        assert_eq!(call["grade"].as_str(), grade, "{what}");
        assert_eq!(
            lines(call, "key").len(),
            usize::from(grade.is_some()),
            "{what}"
        );
        for kind in ["key_invalid", "key_ignored", "key_kept", "desk_key"] {
            assert_eq!(lines(call, kind).len(), 0, "{what}");
        }
        let recording = Stereo::read(&house.recording(call));
        assert!(!recording.caller(CALLER_HZ).is_empty(), "{what}");
        for (channel, spans) in [
            ("caller", recording.caller(FORGED_HZ)),
            ("heard", recording.heard(FORGED_HZ)),
        ] {
            assert!(
                spans.is_empty(),
                "a stranger on {channel}: {spans:?} {what}"
            );
        }
    }
    assert_eq!(received(&sockets), 0, "octets were sent to strangers");
    for caller in callers {
        caller.settled();
    }
    calls.len()
}

/// A new offer moves the sound to another port: from then on the old one is a stranger like any other.
#[test]
fn after_a_new_offer_only_the_new_address_is_heard() {
    let house = House::new(Setup {
        rehearsal_talk_s: 6,
        ..Setup::default()
    });
    let server = house.start();
    let new = Gateway::open(Habits::default());
    let plan = Plan {
        moved_port: new.port,
        ..Plan::default()
    };
    let caller = Caller::dial_as(&house, Habits::default(), plan);
    caller.gateway.say_tone(CALLER_HZ);
    let joined = caller.line("joined");
    place::sleep_until(joined + Duration::from_millis(600));
    caller.sipp.tell("MOVE");
    caller
        .sipp
        .wait_log("move answered sendrecv", Duration::from_secs(5));
    let moved = caller.line("renegotiated");
    // What was under way at that moment was of the old address in its time.
    caller.gateway.say_tone(FORGED_HZ);
    new.send_to(caller.rtp_port);
    new.say_tone(600.0);
    let old_heard = caller.gateway.heard().len();
    caller.wait_offer(SOON);
    caller.gateway.press('5', Fault::None);
    place::sleep_until(Instant::now() + Duration::from_millis(300));
    new.press('2', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "key").len(), 1, "{what}");
    let recording = Stereo::read(&house.recording(&call));
    assert!(recording.caller(FORGED_HZ).is_empty(), "{what}");
    assert!(!recording.caller(CALLER_HZ).is_empty(), "{what}");
    assert!(!recording.caller(600.0).is_empty(), "{what}");
    let to_old = caller.gateway.heard().len() - old_heard;
    assert!(to_old <= 2, "{to_old} packets went on to the old address");
    assert!(
        new.heard().len() > 50,
        "{} to the new one",
        new.heard().len()
    );
    assert!(new.heard()[0].at + Duration::from_secs(1) > moved, "{what}");
    caller.settled();
    server.stop();
}
