//! Who is no trunk: refused, within a call let in, and in a flood told less and less.

use super::*;

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
