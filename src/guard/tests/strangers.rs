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

#[test]
fn a_telephone_in_a_call_of_ours_may_call_beside_it_and_nobody_replaces_a_dialog() {
    let state = state();
    let forbidden = || ("403".to_owned(), "foreign");
    assert_eq!(outcome(ask(&state, INVITE, STRANGER)), forbidden());
    let one = state.let_call_beside(STRANGER.parse().unwrap());
    let other = state.let_call_beside(STRANGER.parse().unwrap());
    assert_eq!(ask(&state, INVITE, STRANGER), Verdict::Pass);
    // By its own address alone, and for nothing else.
    let port = STRANGER.replace(":5060", ":5061");
    assert_ne!(port, STRANGER);
    assert_eq!(outcome(ask(&state, INVITE, &port)), forbidden());
    let options = as_method("OPTIONS");
    assert_eq!(outcome(ask(&state, options, STRANGER)), forbidden());
    drop(one);
    assert_eq!(ask(&state, INVITE, STRANGER), Verdict::Pass);
    let replaces =
        with("Replaces: one;to-tag=a;from-tag=b").replace("Call-ID: one", "Call-ID: two");
    for source in [STRANGER, TRUNK] {
        let refused = outcome(ask(&state, &replaces, source));
        assert_eq!(refused, ("481".into(), "no_call"), "{source}");
    }
    drop(other);
    assert_eq!(outcome(ask(&state, INVITE, STRANGER)), forbidden());
}
