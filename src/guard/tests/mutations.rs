//! Wrong messages by the ten thousand: see `tests/messages/mutations.rs`.

use super::*;

#[path = "../../../tests/messages/mutations.rs"]
mod seeded;

use seeded::{lawless, scrambled};

fn with_body() -> String {
    INVITE.replace(
        "Content-Length: 0",
        "Max-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: 5",
    ) + "v=0\r\n"
}

#[test]
fn no_invite_with_a_bad_method_version_length_or_double_header_reaches_the_stack() {
    let (state, invite) = (state(), with_body());
    assert_eq!(ask(&state, &invite, TRUNK), Verdict::Pass);
    for transport in [Transport::Udp, Transport::Tcp] {
        for seed in 0..10_000 {
            let (wrong, message) = lawless(&invite, seed);
            let source = TRUNK.parse().unwrap();
            let verdict = judge(&message, source, transport, &state, start());
            let text = String::from_utf8_lossy(&message);
            let opens = matches!(verdict, Verdict::Pass | Verdict::Mended(_));
            // An ACK goes to the stack, which answers none; it opens nothing.
            assert!(
                !opens || text.starts_with("ACK "),
                "{seed} {wrong:?}: {text}"
            );
        }
    }
}

#[test]
fn scrambled_messages_are_judged_and_answers_are_whole_and_not_much_longer() {
    let state = state();
    let _call = state.enrol("one");
    let bye = as_method("BYE").replace("gradeline>", "gradeline>;tag=b");
    let response = INVITE.replace("INVITE sip:consult@gradeline SIP/2.0", "SIP/2.0 200 OK");
    let lawful = [
        with_body(),
        as_method("OPTIONS"),
        bye,
        as_method("REGISTER"),
        response,
    ];
    for seed in 0..20_000 {
        let message = scrambled(lawful[seed as usize % lawful.len()].as_bytes(), seed);
        if let Verdict::Answer { response, .. } = ask(&state, &message, TRUNK) {
            assert!(response.starts_with(b"SIP/2.0 "), "{seed}");
            assert!(response.ends_with(b"\r\n\r\n"), "{seed}");
            let text = String::from_utf8(response).unwrap();
            let lines = text.matches("\r\n").count();
            assert_eq!(
                text.matches(['\r', '\n']).count(),
                2 * lines,
                "{seed}: {text:?}"
            );
            // UTF-8 of what came as GB18030 is longer by half; nobody is amplified.
            assert!(text.len() <= 3 * message.len() + 300, "{seed}");
        }
    }
}
