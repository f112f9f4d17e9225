//! SRTP with keys by SDES where the signalling is TLS: desks that demand it, and a trunk that we register to.

use std::time::Duration;

use crate::calls::Caller;
use crate::certificates;
use crate::gateway::Habits;
use crate::peers::{Guarded, Linphone, Plan, Registering};
use crate::place::wait_for;
use crate::registrations::{REGISTERED, add, dial, house, wait_registered};
use crate::server::{House, Setup, timeline};
use crate::talks::{give_voice, talk_with};
use crate::wav::Stereo;

const CALLER: f64 = 440.0;

fn unauthentic(house: &House) -> f64 {
    house.metric("gradeline_media_unauthentic_packets_total", "")
}

/// linphonec takes nothing but protected media, and neither does the house of its desks: both hear each other.
#[test]
fn linphonec_is_rung_by_tls_with_srtp_demanded_on_both_sides_and_both_hear_each_other() {
    let house = house(Setup {
        tls: true,
        desk_lines: "srtp = \"require\"".into(),
        ..Setup::default()
    });
    let password = add(&house, "8001");
    let server = house.start();
    let issuer = certificates::issuer(&house);
    let phone = Linphone::register(
        Registering {
            account: "8001",
            password: &password,
            server: &format!("localhost:{}", house.tls),
            transport: "tls",
        },
        Guarded {
            srtp: true,
            tls: Some(&issuer),
        },
    );
    wait_registered(&house, 1.0);
    give_voice(&phone);
    let caller = dial(&house);
    talk_with(&house, &caller, phone, |path| {
        let log = std::fs::read_to_string(path.join("log")).unwrap();
        assert!(log.contains("RTP/SAVP"), "it was not by SRTP");
        assert!(log.matches("a=crypto:").count() >= 2, "no keys");
    });
    assert_eq!(unauthentic(&house), 0.0);
    assert!(!server.log().contains("inline:"), "a key stands in the log");
    caller.settled();
    server.stop();
}

/// The carrier is another house, whose desk we are: we register there by TLS, and calls come by that stream, protected.
#[test]
fn a_trunk_by_tls_is_registered_to_and_its_calls_come_with_srtp() {
    let carrier = House::new(Setup {
        trunks: "127.0.0.2/32".into(),
        desks: vec!["account:consult".into()],
        desk_lines: "networks = [\"127.0.0.1/32\"]\nsrtp = \"require\"\n".into(),
        tls: true,
        ..Setup::default()
    });
    let password = add(&carrier, "consult");
    let carrier_server = carrier.start();
    let centre = House::new(Setup {
        trunks: "127.0.0.3/32".into(),
        tls: true,
        rehearsal_talk_s: 6,
        trunk: format!(
            "register = true\nuser = \"consult\"\npassword = \"{password}\"\naddresses = [\"tls:localhost:{}\"]\n\
             domain = \"localhost\"\nretry_s = 1\nsrtp = \"require\"",
            carrier.tls
        ),
        ..Setup::default()
    });
    for file in ["ca.crt", "tls.crt", "tls.key"] {
        std::fs::copy(carrier.path(file), centre.path(file)).unwrap();
    }
    let server = centre.start();
    wait_for("the registration at the carrier", REGISTERED, || {
        (centre.metric("gradeline_trunk_registered", "") == 1.0).then_some(())
    });
    wait_registered(&carrier, 1.0);
    let plan = Plan {
        address: "127.0.0.2",
        ..Plan::default()
    };
    let caller = Caller::dial_as(&carrier, Habits::default(), plan);
    caller.line("joined");
    caller.gateway.say_tone(CALLER);
    let number = &caller.number;
    centre.wait_line(number, "joined", Duration::from_secs(30));
    let call = centre.wait_end(number, Duration::from_secs(60));
    let what = timeline(&call);
    let recording = Stereo::read(&centre.recording(&call));
    let heard = recording.caller(CALLER);
    let heard_ms: f64 = heard.into_iter().map(|span| span.length_ms()).sum();
    assert!(heard_ms > 3000.0, "{heard_ms} ms of the caller\n{what}");
    assert_eq!((unauthentic(&centre), unauthentic(&carrier)), (0.0, 0.0));
    for log in [server.log(), carrier_server.log()] {
        assert!(!log.contains("inline:"), "a key stands in the log");
    }
    caller.hang_up();
    server.stop();
    carrier_server.stop();
}
