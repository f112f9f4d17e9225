use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::*;

mod mutations;
mod registrations;
mod torture;

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

#[test]
fn what_a_trunk_sends_is_let_in_or_refused_with_its_status() {
    let in_dialog = |method: &str| as_method(method).replace("gradeline>", "gradeline>;tag=b");
    let cases = [
        (INVITE.to_owned(), "pass", ""),
        (as_method("OPTIONS"), "200", "options"),
        (as_method("REGISTER"), "405", "method"),
        (as_method("REFER"), "405", "method"),
        (in_dialog("REFER"), "481", "no_call"),
        (as_method("FROBNICATE"), "501", "unknown_method"),
        (as_method("BYE"), "481", "no_call"),
        (in_dialog("BYE"), "481", "no_call"),
        (in_dialog("INVITE"), "481", "no_call"),
        (as_method("CANCEL"), "481", "no_call"),
        (as_method("ACK"), "drop", "foreign_ack"),
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
        (INVITE.replace("Call-ID: one\r\n", ""), "400", "malformed"),
        (
            INVITE.replace(
                "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n",
                "",
            ),
            "drop",
            "unanswerable",
        ),
        (INVITE.trim_end().to_owned(), "400", "malformed"),
        (
            INVITE.replace("sip:consult@gradeline SIP", "<sip:consult@gradeline> SIP"),
            "400",
            "malformed",
        ),
        (
            INVITE.replace("gradeline SIP", "gradeline?Route=x SIP"),
            "400",
            "malformed",
        ),
        (with("v: SIP/2.0/UDP far;;,;,,"), "400", "malformed"),
        (
            INVITE.replace("To: <", "To: \"Mr. J. User <"),
            "400",
            "malformed",
        ),
        (with("Accept: text/plain"), "406", "media_type"),
        (
            with("Accept: text/plain, application/sdp;level=1"),
            "pass",
            "",
        ),
        (
            with("Require: 100rel").replace("INVITE", "OPTIONS"),
            "420",
            "extension",
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
        (with("no colon here"), "400", "malformed"),
        (
            with("no colon here").replace("INVITE", "ACK"),
            "drop",
            "malformed",
        ),
        (with("From: <sip:2@trunk>;tag=c"), "400", "malformed"),
        (with("t: <sip:2@trunk>"), "400", "malformed"),
        (with("CSeq: 2 INVITE"), "400", "malformed"),
        (with("m: <sip:2@192.0.2.1>"), "400", "malformed"),
        (
            INVITE.replace("<sip:1@192.0.2.1>", "<sip:1@192.0.2.1>, <sip:2@192.0.2.1>"),
            "400",
            "malformed",
        ),
        (
            INVITE.replace("<sip:1@192.0.2.1>", "\"a \\\", b\" <sip:1,2@192.0.2.1>;q=1"),
            "pass",
            "",
        ),
        (with("Max-Forwards: 0"), "pass", ""),
        (
            with("Max-Forwards: 70\r\nMax-Forwards: 70"),
            "400",
            "malformed",
        ),
        (with("Max-Forwards: 256"), "400", "malformed"),
        (with("Max-Forwards: many"), "400", "malformed"),
        (
            with(&format!("Subject: {}", "x".repeat(9000))),
            "513",
            "head_too_large",
        ),
        (with(&"X: y\r\n".repeat(300)), "513", "head_too_large"),
        (
            with(&format!("Via: SIP/2.0/UDP {}", "x".repeat(9000))),
            "drop",
            "unanswerable",
        ),
        (
            INVITE.replace("Length: 0\r\n", "Length: 20000\r\n") + &"v".repeat(20_000),
            "413",
            "body_too_large",
        ),
        (format!("\r\n{INVITE}"), "mended", ""),
        (INVITE.to_owned() + "rest", "mended", ""),
        (with("Content-Encoding: gzip"), "415", "media_type"),
        (
            with("Content-Type: application/sdp\r\nc: application/sdp"),
            "400",
            "malformed",
        ),
        (with("bad name: x"), "400", "malformed"),
        (with("X: y\nTo: <sip:b@c>"), "400", "malformed"),
        (
            INVITE.replace("Call-ID: one", "Call-ID: one two"),
            "400",
            "malformed",
        ),
        (INVITE.replace("1 INVITE", "+1 INVITE"), "400", "malformed"),
        (
            INVITE.replace("Length: 0", "Length: +0"),
            "400",
            "malformed",
        ),
        (
            INVITE.replace("SIP/2.0\r\nVia", "HTTP/1.1\r\nVia"),
            "400",
            "malformed",
        ),
        (
            INVITE.replace("SIP/2.0/UDP", "SIP/7.0/UDP"),
            "400",
            "malformed",
        ),
        (
            INVITE.replace("From: <", "From: 李, 王 <"),
            "400",
            "malformed",
        ),
        (INVITE.replace("From: <", "From: 张三 <"), "pass", ""),
        (
            INVITE.replace("@gradeline SIP", "@gradeline:99999 SIP"),
            "400",
            "malformed",
        ),
        (
            INVITE.replace("@gradeline SIP", "@[::1]:5060;user=phone SIP"),
            "pass",
            "",
        ),
        (
            INVITE.replace("branch=z9hG4bK1", "branch=z9hG4bK"),
            "400",
            "malformed",
        ),
        (INVITE.replace(";branch=z9hG4bK1", ""), "pass", ""),
        ("".to_owned(), "drop", "unreadable"),
        ("\0\u{1}garbage".to_owned(), "drop", "unanswerable"),
        ("\r\n\r\n\r\n\r\n".to_owned(), "drop", "unreadable"),
        (
            "SIP/2.0 200 OK\r\nl: 0\r\n\r\n".to_owned(),
            "drop",
            "malformed",
        ),
    ];
    for (message, what, why) in cases {
        let found = outcome(ask(&state(), &message, TRUNK));
        assert_eq!(found, (what.to_owned(), why), "{message}");
    }
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
fn calls_without_ack_fill_their_own_limit_and_not_that_of_all_calls() {
    // (calls of .1, calls of .2, answered how long ago, a new one of .1, one of .2)
    for (of_one, of_other, age_s, one_more, other_more) in [
        (3, 0, 0, true, true),
        (4, 0, 0, false, true),
        (4, 0, 3, false, true),
        (4, 0, 4, true, true),
        (4, 2, 0, false, false),
        (4, 2, 2, false, true),
        (3, 3, 0, false, false),
        (3, 3, 4, true, true),
    ] {
        let state = state();
        let from = start();
        let mut calls = Vec::new();
        for (count, source) in [(of_one, "192.0.2.1"), (of_other, "192.0.2.2")] {
            for n in 0..count {
                let (call, _) = enter(&state, &format!("{source} {n}"), source, from).unwrap();
                call.answered(from);
                calls.push(call);
            }
        }
        let now = from + Duration::from_secs(age_s);
        for (source, expected) in [("192.0.2.1", one_more), ("192.0.2.2", other_more)] {
            let address = SocketAddr::new(source.parse().unwrap(), 5060);
            let verdict = judge(INVITE.as_bytes(), address, Transport::Udp, &state, now);
            let what = if expected { "pass" } else { "503" };
            let case = format!("{of_one} and {of_other} calls {age_s} s old: {source}");
            assert_eq!(outcome(verdict).0, what, "{case}");
            assert_eq!(
                state.no_room(address.ip(), now).is_none(),
                expected,
                "{case}"
            );
        }
    }
}

#[test]
fn the_oldest_overdue_call_gives_its_place_to_a_new_one() {
    let state = state();
    let from = start();
    let after = |s| from + Duration::from_secs(s);
    let source = "192.0.2.1";
    let (ringing, ringing_gone) = enter(&state, "ringing", source, from).unwrap();
    let (acknowledged, acknowledged_gone) = enter(&state, "acknowledged", source, from).unwrap();
    acknowledged.answered(from);
    acknowledged.acknowledged();
    state.heard("acknowledged");
    let mut calls = Vec::new();
    for n in 1..=4 {
        let (call, gone) = enter(&state, &format!("call {n}"), source, from).unwrap();
        call.answered(after(n));
        calls.push((call, gone));
    }
    let full = enter(&state, "early", source, after(4)).map(drop);
    assert_eq!(full, Err(NotEnrolled::Unproven));
    let again = enter(&state, "ringing", source, after(4)).map(drop);
    assert_eq!(again, Err(NotEnrolled::Merged));
    let _late = enter(&state, "late", source, after(5)).unwrap();
    let given_up: Vec<bool> = calls
        .iter()
        .map(|(_, gone)| gone.load(Ordering::Relaxed))
        .collect();
    assert_eq!(given_up, [true, false, false, false]);
    assert!(!ringing_gone.load(Ordering::Relaxed), "no ACK is due yet");
    assert!(!acknowledged_gone.load(Ordering::Relaxed));
    drop(ringing);
    let _next = enter(&state, "next", source, after(5)).expect("one that rings takes no place");
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
    let _calls: Vec<_> = (0..10)
        .map(|n| {
            let call_id = format!("call {n}");
            let (call, _) = enter(&full, &call_id, "192.0.2.1", start()).unwrap();
            call.answered(start());
            call.acknowledged();
            full.heard(&call_id);
            call
        })
        .collect();
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
fn in_a_full_house_a_new_call_takes_the_place_of_one_that_proved_nothing() {
    let (state, from) = (state(), start());
    let after = |s| from + Duration::from_secs(s);
    let mut calls = Vec::new();
    for n in 0..10 {
        let source = format!("192.0.2.{}", n % 3);
        // One behind the other: of two at one instant neither is the first.
        let came = from - Duration::from_millis(10 - n);
        let (call, gone) = enter(&state, &format!("call {n}"), &source, came).unwrap();
        call.answered(came);
        if n < 8 {
            call.acknowledged();
            state.heard(&format!("call {n}"));
        }
        calls.push((call, gone));
    }
    let room = |source: &str, s| state.no_room(source.parse().unwrap(), after(s));
    assert_eq!(room("192.0.2.9", 1), Some(NoRoom::Full));
    assert_eq!(room("192.0.2.9", 2), None, "who has none such comes first");
    assert_eq!(room("192.0.2.2", 2), Some(NoRoom::Full), "who has one");
    assert_eq!(room("192.0.2.2", 4), None);
    let _new = enter(&state, "new", "192.0.2.9", after(2)).unwrap();
    let given_up = calls
        .iter()
        .position(|(_, gone)| gone.load(Ordering::Relaxed));
    assert_eq!(
        given_up,
        Some(8),
        "the first of the two that were not proven"
    );
}

#[test]
fn in_a_house_full_of_calls_whose_legs_close_a_new_one_is_refused_before_the_stack() {
    let (state, from) = (state(), start());
    let later = from + Duration::from_secs(4);
    let mut seats: Vec<_> = (0..10).map(|_| state.seat()).collect();
    let mut calls = Vec::new();
    for n in 0..10 {
        let call_id = format!("call {n}");
        let (call, gone) = enter(&state, &call_id, "192.0.2.1", from).unwrap();
        call.answered(from);
        if n < 8 {
            call.acknowledged();
            state.heard(&call_id);
        }
        calls.push((call, gone));
    }
    let new = || {
        let source = TRUNK.parse().unwrap();
        let verdict = judge(INVITE.as_bytes(), source, Transport::Udp, &state, later);
        outcome(verdict)
    };
    // One of the two that were not proven is sent away, and only one as long as its place is not free.
    assert_eq!(new(), ("503".into(), "unproven"));
    let gone = |calls: &Vec<(Enrolled, Arc<AtomicBool>)>| -> Vec<usize> {
        let gone = |n: &usize| calls[*n].1.load(Ordering::Relaxed);
        (0..calls.len()).filter(gone).collect()
    };
    assert_eq!(gone(&calls), [8]);
    drop(calls.remove(8));
    for _ in 0..100 {
        assert_eq!(new().0, "503");
    }
    assert!(
        gone(&calls).is_empty(),
        "its legs are closing; nobody else has to go"
    );
    assert_eq!(state.transaction_count(), 0);
    seats[8].closes();
    assert_eq!(new().0, "pass", "that it is not stored yet is no matter");
    // One that ends otherwise gives its place back too, and only once.
    state.turn_away("one", later);
    seats.truncate(9);
    assert_eq!((state.seats.talking(), state.seats.closing()), (8, 1));
    drop(seats);
    assert_eq!((state.seats.talking(), state.seats.closing()), (0, 0));
}

#[test]
fn calls_that_wait_to_be_stored_take_nobodys_place_until_they_are_too_many() {
    let state = state();
    let mut closing: Vec<_> = (0..20)
        .map(|n| {
            assert_eq!(outcome(ask(&state, INVITE, TRUNK)).0, "pass", "{n} close");
            state.turn_away("one", start());
            let seat = state.seat();
            assert!(!seat.is_beyond());
            seat.closes();
            seat.closes();
            seat
        })
        .collect();
    assert_eq!((state.seats.talking(), state.seats.closing()), (0, 20));
    let Verdict::Answer { response, reason } = ask(&state, INVITE, TRUNK) else {
        panic!("refused");
    };
    let response = String::from_utf8(response).unwrap();
    assert!(response.starts_with("SIP/2.0 503 "), "{response}");
    assert!(response.contains("\r\nRetry-After: 30\r\n"), "{response}");
    assert_eq!(reason, "closing");
    // A refusal costs no place, and the first that is stored makes room for the next.
    assert_eq!(state.transaction_count(), 0);
    drop(closing.pop());
    assert_eq!(outcome(ask(&state, INVITE, TRUNK)).0, "pass");
}

#[test]
fn a_seat_beyond_the_calls_that_may_be_says_so() {
    let state = state();
    let seats: Vec<_> = (0..11).map(|_| state.seat()).collect();
    let beyond: Vec<_> = seats.iter().map(|seat| seat.is_beyond()).collect();
    assert_eq!(beyond, [[false; 10].as_slice(), &[true]].concat());
    seats[0].closes();
    seats[1].closes();
    assert!(!state.seat().is_beyond());
}

#[test]
fn calls_of_ours_and_theirs_are_together_no_more_than_may_be() {
    let (state, from) = (state(), start());
    let mut ours: Vec<_> = (0..3).map_while(|_| state.seat_of_ours()).collect();
    let mut theirs = Vec::new();
    for n in 0..6 {
        let source = format!("192.0.2.{n}");
        let (call, _) = enter(&state, &format!("call {n}"), &source, from).unwrap();
        call.answered(from);
        call.acknowledged();
        state.heard(&format!("call {n}"));
        theirs.push((call, state.seat()));
    }
    // The last place is for whoever was let through first.
    state.invite("one", from);
    assert!(state.seat_of_ours().is_none(), "an INVITE is under way");
    state.turn_away("one", from);
    ours.extend(state.seat_of_ours());
    assert_eq!(ours.len(), 4);
    assert!(state.seat_of_ours().is_none(), "ten talk");
    assert_eq!(outcome(ask(&state, INVITE, TRUNK)), ("503".into(), "overload"));
    // One of ours that is only to be stored takes nobody's line.
    ours[0].closes();
    assert_eq!(outcome(ask(&state, INVITE, TRUNK)).0, "pass");
    state.turn_away("one", from);
    ours.clear();
    assert_eq!((state.seats.talking(), state.seats.ours()), (6, 0));
    assert_eq!(state.seats.closing(), 0);
}

#[test]
fn calls_of_ours_keep_no_overdue_caller_in_his_place() {
    let (state, from) = (state(), start());
    let later = from + Duration::from_secs(4);
    let _ours: Vec<_> = (0..4).map_while(|_| state.seat_of_ours()).collect();
    let mut theirs = Vec::new();
    for n in 0..6 {
        let source = format!("192.0.2.{n}");
        let (call, gone) = enter(&state, &format!("call {n}"), &source, from).unwrap();
        call.answered(from);
        if n > 0 {
            call.acknowledged();
            state.heard(&format!("call {n}"));
        }
        theirs.push((call, gone, state.seat()));
    }
    let source = TRUNK.parse().unwrap();
    let verdict = judge(INVITE.as_bytes(), source, Transport::Udp, &state, later);
    assert_eq!(outcome(verdict), ("503".into(), "unproven"));
    assert!(theirs[0].1.load(Ordering::Relaxed), "it is sent away");
}

#[test]
fn as_many_calls_may_close_as_the_files_in_the_queue_for_their_sync() {
    let most = [1, 50, 200, 500, 4000].map(most_closing);
    assert_eq!(most, [1024, 1024, 1600, 4000, 4096]);
}

#[test]
fn as_many_invites_are_let_through_as_calls_would_give_way() {
    let (state, from) = (state(), start());
    let mut calls = Vec::new();
    for n in 0..6 {
        let source = format!("192.0.2.{}", 1 + n % 2);
        let (call, _) = enter(&state, &format!("call {n}"), &source, from).unwrap();
        call.answered(from + Duration::from_secs(3 * u64::from(n >= 4)));
        calls.push(call);
    }
    let later = from + Duration::from_secs(4);
    let passed = (0..20).filter(|n| {
        let invite = INVITE.replace("Call-ID: one", &format!("Call-ID: {n}"));
        let source = "192.0.2.9:5060".parse().unwrap();
        let verdict = judge(invite.as_bytes(), source, Transport::Udp, &state, later);
        verdict == Verdict::Pass
    });
    assert_eq!(
        passed.count(),
        4,
        "against who has none, one second is not too long"
    );
    let source = "192.0.2.1".parse().unwrap();
    assert_eq!(state.no_room(source, later), Some(NoRoom::Full));
}

#[test]
fn invites_on_their_way_through_the_stack_count_as_calls() {
    let (state, from) = (state(), start());
    let invite = |n: u32| INVITE.replace("Call-ID: one", &format!("Call-ID: {n}"));
    let at = |n: u32, now| {
        let source = TRUNK.parse().unwrap();
        outcome(judge(
            invite(n).as_bytes(),
            source,
            Transport::Udp,
            &state,
            now,
        ))
        .0
    };
    for n in 0..6 {
        assert_eq!(at(n, from), "pass", "{n}");
    }
    assert_eq!(at(6, from), "503");
    assert_eq!(at(0, from), "pass", "sent again");
    let ack = as_method("ACK").replace("Call-ID: one", "Call-ID: 0");
    assert_eq!(
        ask(&state, ack, TRUNK),
        Verdict::Pass,
        "of an INVITE under way"
    );
    state.turn_away("0", from);
    assert_eq!(at(6, from), "pass", "a refused one is none");
    assert_eq!(
        at(7, from + Duration::from_secs(3)),
        "pass",
        "the stack lost the others"
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
