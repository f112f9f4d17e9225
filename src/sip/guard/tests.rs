use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::sip::Network;
use crate::sip::admission::Limits;

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
        Verdict::Drop { reason } => ("drop".into(), reason),
    }
}

fn as_method(method: &str) -> String {
    INVITE.replace("INVITE", method)
}

fn with(extra: &str) -> String {
    INVITE.replace("Contact:", &format!("{extra}\r\nContact:"))
}

#[test]
fn what_a_trunk_sends_is_let_in_or_refused_with_its_status() {
    let in_dialog = |method: &str| as_method(method).replace("gradeline>", "gradeline>;tag=b");
    let cases = [
        (INVITE.to_owned(), "pass", ""),
        (as_method("OPTIONS"), "200", "options"),
        (as_method("REGISTER"), "405", "method"),
        (as_method("REFER"), "405", "method"),
        (as_method("FROBNICATE"), "501", "unknown_method"),
        (as_method("BYE"), "481", "no_call"),
        (in_dialog("BYE"), "481", "no_call"),
        (in_dialog("INVITE"), "481", "no_call"),
        (as_method("CANCEL"), "481", "no_call"),
        (as_method("ACK"), "pass", ""),
        (
            INVITE.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"),
            "505",
            "version",
        ),
        (
            INVITE.replace("sip:consult@gradeline SIP", "tel:12345 SIP"),
            "416",
            "scheme",
        ),
        (
            INVITE.replace("sip:consult@gradeline SIP", "nonsense SIP"),
            "400",
            "malformed",
        ),
        (INVITE.replace("1 INVITE", "1 BYE"), "400", "malformed"),
        (
            INVITE.replace("1 INVITE", "4294967295 INVITE"),
            "400",
            "malformed",
        ),
        (INVITE.replace("1 INVITE", "one INVITE"), "400", "malformed"),
        (INVITE.replace(";tag=a", ""), "400", "malformed"),
        (
            INVITE.replace("Contact: <sip:1@192.0.2.1>\r\n", ""),
            "400",
            "malformed",
        ),
        (with("Call-ID: two"), "400", "malformed"),
        (with("Content-Length: 0"), "400", "malformed"),
        (
            INVITE.replace("Length: 0", "Length: 99"),
            "400",
            "malformed",
        ),
        (
            INVITE.replace("Length: 0", "Length: -1"),
            "400",
            "malformed",
        ),
        (INVITE.replace("Content-Length: 0\r\n", ""), "mended", ""),
        (INVITE.replace("Content-Length", "l"), "pass", ""),
        (
            INVITE.replace("Call-ID", "i").replace("From", "f"),
            "pass",
            "",
        ),
        (
            INVITE.replace("Call-ID: one\r\n", ""),
            "drop",
            "unanswerable",
        ),
        (with("Require: 100rel"), "420", "extension"),
        (with("Require: timer"), "pass", ""),
        (
            with("Content-Type: multipart/mixed;boundary=x"),
            "415",
            "media_type",
        ),
        (
            with("Content-Type: application/sdp;charset=utf-8"),
            "pass",
            "",
        ),
        (with("no colon here"), "drop", "unreadable"),
        (
            with(&format!("Subject: {}", "x".repeat(9000))),
            "drop",
            "head_too_large",
        ),
        (with(&"X: y\r\n".repeat(300)), "drop", "head_too_large"),
        ("".to_owned(), "drop", "no_head"),
        ("\0\u{1}garbage".to_owned(), "drop", "no_head"),
        ("\r\n\r\n\r\n\r\n".to_owned(), "drop", "unreadable"),
        ("SIP/2.0 200 OK\r\nl: 0\r\n\r\n".to_owned(), "pass", ""),
    ];
    for (message, what, why) in cases {
        let found = outcome(ask(&state(), &message, TRUNK));
        assert_eq!(found, (what.to_owned(), why), "{message}");
    }
}

#[test]
fn a_stranger_gets_nothing_but_refusals() {
    for (message, what, why) in [
        (INVITE.to_owned(), "403", "foreign"),
        (as_method("OPTIONS"), "403", "foreign"),
        (as_method("BYE"), "403", "foreign"),
        (as_method("CANCEL"), "481", "no_call"),
        (as_method("REGISTER"), "405", "method"),
        (as_method("ACK"), "drop", "foreign_ack"),
    ] {
        let found = outcome(ask(&state(), &message, STRANGER));
        assert_eq!(found, (what.to_owned(), why), "{message}");
    }
}

#[test]
fn within_a_call_its_call_id_admits_whoever_sends_but_no_new_call() {
    let state = state();
    let call = state.enrol("one").expect("the first call");
    let bye = as_method("BYE").replace("gradeline>", "gradeline>;tag=b");
    assert_eq!(ask(&state, &bye, STRANGER), Verdict::Pass);
    assert_eq!(ask(&state, as_method("CANCEL"), STRANGER), Verdict::Pass);
    assert_eq!(outcome(ask(&state, INVITE, STRANGER)).0, "403");
    drop(call);
    assert_eq!(ask(&state, &bye, STRANGER), Verdict::Pass, "sent again");
    assert_eq!(outcome(ask(&state, INVITE, STRANGER)).0, "403");
}

#[test]
fn a_call_that_ended_half_a_minute_ago_is_forgotten() {
    let state = state();
    drop(state.enrol("one"));
    let later = start() + Duration::from_secs(33);
    assert!(state.is_ours("one", start()));
    assert!(!state.is_ours("one", later));
}

#[test]
fn draining_refuses_new_calls_and_lets_the_same_invite_come_again() {
    let state = state();
    let _call = state.enrol("one");
    state.drain();
    assert_eq!(ask(&state, INVITE, TRUNK), Verdict::Pass);
    let other = INVITE.replace("Call-ID: one", "Call-ID: two");
    assert_eq!(
        outcome(ask(&state, other, TRUNK)),
        ("503".into(), "draining")
    );
}

#[test]
fn too_many_calls_or_transactions_are_overload() {
    let full = state();
    let _calls: Vec<_> = (0..10).map(|n| full.enrol(&format!("call {n}"))).collect();
    assert_eq!(
        outcome(ask(&full, INVITE, TRUNK)),
        ("503".into(), "overload")
    );
    let busy = state();
    busy.watch(Box::new(|| 10));
    assert_eq!(
        outcome(ask(&busy, INVITE, TRUNK)),
        ("503".into(), "overload")
    );
}

#[test]
fn a_flood_of_one_stranger_is_answered_twenty_times_and_then_ten_times_a_second() {
    let state = state();
    let from = start();
    let source = STRANGER.parse().unwrap();
    let answered = |at| {
        (0..1000)
            .filter(|_| {
                let verdict = judge(INVITE.as_bytes(), source, Transport::Udp, &state, at);
                matches!(verdict, Verdict::Answer { .. })
            })
            .count()
    };
    assert_eq!(answered(from), 20);
    assert_eq!(answered(from + Duration::from_secs(1)), 10);
    assert_eq!(outcome(ask(&state, INVITE, TRUNK)).0, "pass");
}

#[test]
fn a_flood_with_false_sources_does_not_grow_the_table() {
    let state = state();
    let from = start();
    let mut answered = 0;
    for n in 0..20_000_u32 {
        let source = SocketAddr::new(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).into(), 5060);
        let verdict = judge(INVITE.as_bytes(), source, Transport::Udp, &state, from);
        answered += usize::from(matches!(verdict, Verdict::Answer { .. }));
    }
    assert_eq!(answered, 4096);
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
