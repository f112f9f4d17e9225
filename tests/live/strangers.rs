//! Media trust: on a leg only the negotiated address is heard, whatever else is sent there, and nothing is sent
//! anywhere else. A forged key press would be a forged vote.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::calls::{ANSWER, Caller, END, SOON};
use crate::gateway::{Fault, Gateway, Habits};
use crate::peers::{Guarded, KeysBy, Linphone, Plan, Sipp, linphone_address};
use crate::place;
use crate::server::{House, Server, Setup, lines, timeline};
use crate::wav::Stereo;
use crate::{certificates, tone};

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

/// A telephone that nobody here wrote speaks SRTP with us: its keys count, its sound is recorded, it hears the
/// offer, and its key stands in no log.
fn linphonec_calls_with_srtp(house: &House, server: &Server<'_>, target: &str, guarded: Guarded) {
    let number = place::number();
    let mut phone = Linphone::start_guarded(&number, KeysBy::Events, "PCMA", guarded);
    let (speech, heard) = (phone.path("speech.wav"), phone.path("heard.wav"));
    tone::write_wav(&speech, &tone::sine(CALLER_HZ, 20_000, 10_000.0));
    phone.type_in(&format!("call {target}"));
    house.wait_line(&number, "answered", Duration::from_secs(15));
    phone.play(&speech);
    phone.record(&heard);
    let offer = house.wait_line(&number, "offer", END);
    place::sleep_until(offer + Duration::from_millis(900));
    phone.type_in("4");
    let call = house.wait_end(&number, END);
    let what = timeline(&call);
    assert_eq!(call["grade"], "dissatisfied", "{what}");
    let pressed = lines(&call, "key");
    assert_eq!(pressed.len(), 1, "{what}");
    assert_eq!(pressed[0]["detail"], "4 (event)", "{what}");
    let recording = Stereo::read(&house.recording(&call));
    assert!(!recording.caller(CALLER_HZ).is_empty(), "{what}");
    // Beside its sound it sends two STUN requests to the port of ours, to open a NAT, and the last packet of
    // a key three times octet for octet: neither is a forgery, and both change nothing.
    let forged = house.metric("gradeline_media_unauthentic_packets_total", "");
    assert_eq!(forged, 0.0, "packets of its own were taken for forged");
    let repeated = house.metric("gradeline_media_repeated_packets_total", "");
    assert_eq!(repeated, 2.0, "{what}");
    assert!(!server.log().contains("inline:"), "a key stands in the log");
    phone.quit_keeping(|path| {
        let log = std::fs::read_to_string(path.join("log")).unwrap();
        let answered = log.contains("RTP/SAVP") && log.matches("a=crypto:").count() >= 2;
        assert!(answered, "it was not by SRTP");
        let heard = Stereo::read_mono(&path.join("heard.wav"));
        let offers = tone::spans(&heard, place::tone_of("P10"), 8000.0);
        assert!(!offers.is_empty(), "linphonec heard no offer: {what}");
    });
}

#[test]
fn linphonec_calls_with_srtp_and_all_its_packets_are_authentic() {
    let house = House::new(Setup {
        media_address: linphone_address(),
        media: "srtp_in_clear = true".into(),
        ..Setup::default()
    });
    let server = house.start();
    let target = format!("sip:consult@{}", house.sip_address());
    let guarded = Guarded {
        srtp: true,
        tls: None,
    };
    linphonec_calls_with_srtp(&house, &server, &target, guarded);
    server.stop();
}

#[test]
fn linphonec_calls_with_srtp_whose_keys_travel_under_tls() {
    let house = House::new(Setup {
        media_address: linphone_address(),
        trunk: "srtp = \"require\"".into(),
        tls: true,
        ..Setup::default()
    });
    let server = house.start();
    let target = format!("sip:consult@localhost:{};transport=tls", house.tls);
    let issuer = certificates::issuer(&house);
    let guarded = Guarded {
        srtp: true,
        tls: Some(&issuer),
    };
    linphonec_calls_with_srtp(&house, &server, &target, guarded);
    server.stop();
}

/// A trunk whose sound comes from another port than its SDP names.
fn call_from_elsewhere(house: &House) -> (String, Sipp, Gateway, UdpSocket) {
    let said = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (number, gateway) = (place::number(), Gateway::open(Habits::default()));
    let sipp = Sipp::call(
        &house.sip_address(),
        Plan {
            rtp_port: said.local_addr().unwrap().port(),
            from: &number,
            ..Plan::default()
        },
    );
    gateway.send_to(sipp.answered_port(ANSWER));
    gateway.say_tone(CALLER_HZ);
    (number, sipp, gateway, said)
}

#[test]
fn with_learning_a_trunk_that_names_a_wrong_port_is_heard_rated_and_warned_of() {
    let house = House::new(Setup {
        media: "learn_address = true".into(),
        ..Setup::default()
    });
    let server = house.start();
    server.wait_log("learn_address is on", SOON);
    let (number, sipp, gateway, said) = call_from_elsewhere(&house);
    house.wait_line(&number, "address_learnt", ANSWER);
    place::sleep_until(house.wait_line(&number, "offer", END) + SOON);
    gateway.press('2', Fault::None);
    let call = house.wait_end(&number, END);
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "key").len(), 1, "{what}");
    let learnt = lines(&call, "address_learnt");
    assert_eq!(learnt.len(), 1, "{what}");
    let detail = learnt[0]["detail"].as_str().unwrap();
    assert_eq!(
        detail,
        format!("caller 127.0.0.1:{}", gateway.port),
        "{what}"
    );
    let recording = Stereo::read(&house.recording(&call));
    assert!(!recording.caller(CALLER_HZ).is_empty(), "{what}");
    // He hears us where he speaks from.
    let (sound, _) = gateway.heard_sound();
    assert!(
        !tone::spans(&sound, place::tone_of("P10"), 8000.0).is_empty(),
        "{what}"
    );
    assert_eq!(
        house.metric("gradeline_media_learnt_addresses_total", ""),
        1.0
    );
    sipp.wait_success(END);
    drop(said);
    server.stop();
}

#[test]
fn without_learning_a_trunk_that_names_a_wrong_port_is_neither_heard_nor_rated() {
    let house = House::new(Setup {
        rtp_timeout_s: 4,
        ..Setup::default()
    });
    let server = house.start();
    assert!(!server.log().contains("learn_address"), "{}", server.log());
    let (number, sipp, gateway, said) = call_from_elsewhere(&house);
    place::sleep_until(house.wait_line(&number, "answered", ANSWER) + SOON);
    for key in ['2', '5'] {
        gateway.press(key, Fault::None);
    }
    let call = house.wait_end(&number, END);
    let what = timeline(&call);
    assert!(call["grade"].is_null(), "{what}");
    assert_eq!(lines(&call, "rtp_timeout").len(), 1, "{what}");
    for kind in ["key", "key_ignored", "key_invalid", "address_learnt"] {
        assert!(lines(&call, kind).is_empty(), "{what}");
    }
    let recording = Stereo::read(&house.recording(&call));
    assert!(recording.caller(CALLER_HZ).is_empty(), "{what}");
    assert!(
        gateway.heard().is_empty(),
        "sound went where nobody was named"
    );
    // It went where SDP said.
    said.set_nonblocking(true).unwrap();
    assert!(said.recv(&mut [0; 2048]).is_ok(), "{what}");
    sipp.wait_success(END);
    server.stop();
}
