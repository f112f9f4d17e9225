//! A full house: how many calls may be, may close and may wait, and which one gives way.

use super::*;

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
    let mut ours: Vec<_> = (0..3).map_while(|_| state.seat_of_ours(from)).collect();
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
    assert!(state.seat_of_ours(from).is_none(), "an INVITE is under way");
    let late = from + Duration::from_secs(3);
    assert!(
        state.seat_of_ours(late).is_some(),
        "the stack lost it: nobody has that line"
    );
    state.turn_away("one", from);
    ours.extend(state.seat_of_ours(from));
    assert_eq!(ours.len(), 4);
    assert!(state.seat_of_ours(from).is_none(), "ten talk");
    assert_eq!(
        outcome(ask(&state, INVITE, TRUNK)),
        ("503".into(), "overload")
    );
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
    let _ours: Vec<_> = (0..4).map_while(|_| state.seat_of_ours(from)).collect();
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
