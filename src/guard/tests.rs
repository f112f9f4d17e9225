use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::*;

mod mutations;
mod registrations;
mod seats;
mod strangers;
mod torture;
mod trunks;

const TRUNK: &str = "192.0.2.1:5060";
const STRANGER: &str = "203.0.113.9:5060";

const INVITE: &str = "INVITE sip:consult@gradeline SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n\
    From: <sip:1@trunk>;tag=a\r\n\
    To: <sip:consult@gradeline>\r\n\
    Call-ID: one\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:1@192.0.2.1>\r\n\
    Content-Length: 0\r\n\r\n";

fn state() -> Arc<State> {
    let limits = Limits {
        max_transactions: 10,
        max_calls: 10,
        max_closing: 20,
        max_unproven: 6,
        max_unproven_per_source: 4,
        grace: Duration::from_secs(4),
    };
    let trunks = vec![Network {
        address: "192.0.2.0".parse().unwrap(),
        prefix: 24,
    }];
    Arc::new(State::new(trunks, limits))
}

#[allow(clippy::disallowed_methods)] // a test needs some instant to start from
fn start() -> Instant {
    Instant::now()
}

fn ask(state: &State, message: impl AsRef<[u8]>, source: &str) -> Verdict {
    let source = source.parse().unwrap();
    judge(message.as_ref(), source, Transport::Udp, state, start())
}

/// `pass`, `mended`, the status answered, or `drop`; and the reason counted.
fn outcome(verdict: Verdict) -> (String, &'static str) {
    match verdict {
        Verdict::Pass => ("pass".into(), ""),
        Verdict::Mended(_) => ("mended".into(), ""),
        Verdict::Answer { response, reason } => {
            let text = String::from_utf8(response).unwrap();
            (text["SIP/2.0 ".len()..][..3].to_owned(), reason)
        }
        Verdict::Registrar {
            response, outcome, ..
        } => {
            let text = String::from_utf8(response).unwrap();
            (text["SIP/2.0 ".len()..][..3].to_owned(), outcome.word())
        }
        Verdict::Drop { reason } => ("drop".into(), reason),
    }
}

fn as_method(method: &str) -> String {
    INVITE.replace("INVITE", method)
}

fn with(extra: &str) -> String {
    INVITE.replace("Contact:", &format!("{extra}\r\nContact:"))
}

/// Enters a call that came in; its flag is set once it is given up.
fn enter(
    state: &Arc<State>,
    call_id: &str,
    source: &str,
    now: Instant,
) -> Result<(Enrolled, Arc<AtomicBool>), NotEnrolled> {
    let gone = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&gone);
    let give_up = Box::new(move || flag.store(true, Ordering::Relaxed));
    let enrolled = state.enrol_incoming(call_id, source.parse().unwrap(), now, give_up)?;
    Ok((enrolled, gone))
}

#[test]
fn a_response_passes_where_it_belongs_to_a_call_and_is_never_answered() {
    let response = INVITE.replace("INVITE sip:consult@gradeline SIP/2.0", "SIP/2.0 200 OK");
    let state = state();
    assert_eq!(
        outcome(ask(&state, &response, STRANGER)),
        ("drop".into(), "foreign_response")
    );
    let _call = state.enrol("one");
    for (status, what) in [
        ("SIP/2.0 200 OK", "pass"),
        ("SIP/2.0 200", "pass"),
        ("SIP/2.0 100 ", "pass"),
        ("SIP/2.0 099 OK", "drop"),
        ("SIP/2.0 700 OK", "drop"),
        ("SIP/2.0 4294967301 better not break the receiver", "drop"),
        ("SIP/2.0 OK", "drop"),
        ("SIP/2.0 ２００", "drop"),
        ("SIP/7.0 200 OK", "drop"),
    ] {
        let message = response.replace("SIP/2.0 200 OK", status);
        assert_eq!(outcome(ask(&state, &message, STRANGER)).0, what, "{status}");
    }
    for twice in ["Call-ID: one", "Via: x\r\nnot a header", "CSeq: 2 INVITE"] {
        let message = response.replace("Contact:", &format!("{twice}\r\nContact:"));
        assert_eq!(
            outcome(ask(&state, &message, STRANGER)).0,
            "drop",
            "{twice}"
        );
    }
}

#[test]
fn a_refusal_repeats_the_vias_and_says_where_the_request_came_from() {
    let message = INVITE.replace("From:", "v: SIP/2.0/UDP far:5060;branch=z9hG4bK0\r\nFrom:");
    let Verdict::Answer { response, .. } = ask(&state(), &message, STRANGER) else {
        panic!("refused");
    };
    let response = String::from_utf8(response).unwrap();
    let same = ask(&state(), &message, STRANGER);
    assert!(
        matches!(same, Verdict::Answer { response: again, .. } if again == response.as_bytes())
    );
    assert!(response.contains(
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=5060;received=203.0.113.9\r\n\
         Via: SIP/2.0/UDP far:5060;branch=z9hG4bK0\r\n"
    ));
    assert!(response.contains("\r\nServer: gradeline\r\n"));
    assert!(response.contains("\r\nTo: <sip:consult@gradeline>;tag="));
}

#[test]
fn a_head_in_gb18030_becomes_utf8_and_its_body_stays() {
    let body = b"v=0\r\n\xff\xfe";
    let head = INVITE
        .replace("Length: 0", "Length: 7")
        .replace("From: <", "From: \"王小明\" <");
    let mut message = encoding_rs::GB18030.encode(&head).0.into_owned();
    message.extend_from_slice(body);
    let Verdict::Mended(mended) = ask(&state(), message, TRUNK) else {
        panic!("mended");
    };
    assert_eq!(mended, [head.as_bytes(), body].concat());
}

#[test]
fn a_stream_needs_a_content_length() {
    let message = INVITE.replace("Content-Length: 0\r\n", "");
    let verdict = judge(
        message.as_bytes(),
        TRUNK.parse().unwrap(),
        Transport::Tcp,
        &state(),
        start(),
    );
    assert_eq!(outcome(verdict), ("400".into(), "malformed"));
}

proptest::proptest! {
    #[test]
    fn whatever_arrives_is_judged_without_a_panic(
        noise in proptest::collection::vec(proptest::num::u8::ANY, 0..64),
        at in 0_usize..INVITE.len(),
        cut in 0_usize..40,
    ) {
        let mut message = INVITE.as_bytes().to_vec();
        let end = (at + cut).min(message.len());
        message.splice(at..end, noise);
        let verdict = ask(&state(), &message, TRUNK);
        if let Verdict::Answer { response, .. } = verdict {
            assert!(response.starts_with(b"SIP/2.0 "));
            assert!(response.ends_with(b"\r\n\r\n"));
        }
    }
}

proptest::proptest! {
    #[test]
    fn calls_without_ack_never_exceed_their_limits(
        steps in proptest::collection::vec((0_u8..4, 0_u8..3, 0_u64..3), 0..200),
    ) {
        let state = state();
        let mut now = start();
        let mut calls: Vec<(Enrolled, IpAddr, Arc<AtomicBool>)> = Vec::new();
        for (n, (step, host, pause_s)) in steps.into_iter().enumerate() {
            now += Duration::from_secs(pause_s);
            match (step, calls.first()) {
                (0 | 1, _) => {
                    let source = format!("192.0.2.{host}");
                    if let Ok((call, gone)) = enter(&state, &format!("{n}"), &source, now) {
                        call.answered(now);
                        calls.push((call, source.parse().unwrap(), gone));
                    }
                }
                (2, Some((call, ..))) => {
                    call.acknowledged();
                    state.heard(&call.known.call_id);
                    calls.remove(0);
                }
                (_, Some(_)) => drop(calls.pop()),
                _ => {}
            }
            calls.retain(|(.., gone)| !gone.load(Ordering::Relaxed));
            assert!(calls.len() <= 6);
            for host in 0..3 {
                let source: IpAddr = format!("192.0.2.{host}").parse().unwrap();
                assert!(calls.iter().filter(|(_, of, _)| *of == source).count() <= 4);
            }
        }
    }
}

proptest::proptest! {
    /// What the telephone does with what the guard lets through: calls come, leave the line and are stored.
    #[test]
    fn calls_in_talk_and_closing_ones_never_exceed_their_bounds(
        steps in proptest::collection::vec((0_u8..4, 0_usize..30), 0..300),
    ) {
        let state = state();
        let (mut talking, mut closing) = (Vec::new(), Vec::new());
        for (n, (step, which)) in steps.into_iter().enumerate() {
            match step {
                0 | 1 => {
                    let call_id = format!("{n}");
                    let invite = INVITE.replace("Call-ID: one", &format!("Call-ID: {call_id}"));
                    let passed = ask(&state, invite, TRUNK) == Verdict::Pass;
                    let room = talking.len() < 10 && closing.len() < 20;
                    assert_eq!(passed, room, "{} in talk, {} closing", talking.len(), closing.len());
                    if passed {
                        let (call, _) = enter(&state, &call_id, "192.0.2.1", start()).unwrap();
                        call.answered(start());
                        call.acknowledged();
                        state.heard(&call_id);
                        let seat = state.seat();
                        assert!(!seat.is_beyond());
                        talking.push((call, seat));
                    }
                }
                2 if !talking.is_empty() => {
                    let (call, seat) = talking.swap_remove(which % talking.len());
                    drop(call);
                    seat.closes();
                    closing.push(seat);
                }
                3 if !closing.is_empty() => drop(closing.swap_remove(which % closing.len())),
                _ => {}
            }
            assert_eq!(state.seats.talking(), talking.len());
            assert_eq!(state.seats.closing(), closing.len());
            assert!(talking.len() <= 10 && closing.len() <= 20 + 10);
        }
    }
}
