//! The torture messages of RFC 4475 and RFC 5118, judged without a network.

use super::*;

#[path = "../../../tests/messages/table.rs"]
mod table;

use table::{Row, rows};

/// What the guard did, in the words of the table.
fn judged(message: &[u8]) -> String {
    match outcome(ask(&state(), message, TRUNK)) {
        (word, _) if word == "drop" => "silence".into(),
        (word, _) => word,
    }
}

#[test]
fn every_message_is_judged_as_the_table_says() {
    let wrong: Vec<String> = rows()
        .iter()
        .map(|row| (row, judged(&row.message)))
        .filter(|(row, found)| *found != row.answers[0])
        .map(|(row, found)| format!("{}: {found} instead of {}", row.name, row.answers[0]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn message(name: &str) -> Vec<u8> {
    let row: Option<Row> = rows().into_iter().find(|row| row.name == name);
    row.unwrap().message
}

fn answer_to(name: &str) -> String {
    match ask(&state(), message(name), TRUNK) {
        Verdict::Answer { response, .. } => String::from_utf8(response).unwrap(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn answers_carry_what_the_rfc_asks_for() {
    let extensions = answer_to("bext01");
    assert!(
        extensions.contains("\r\nUnsupported: nothingSupportsThis, nothingSupportsThisEither\r\n"),
        "{extensions}"
    );
    assert!(answer_to("invut").contains("\r\nAccept: application/sdp\r\n"));
    assert!(answer_to("badaspec").contains("To: \"Watson, Thomas\" < sip:t.watson@example.org >"));
    let vias = answer_to("transports");
    assert_eq!(vias.matches("\r\nVia: ").count(), 5, "{vias}");
    let folded = answer_to("wsinv");
    assert!(!folded.contains("\r\n "), "{folded}");
    let received = answer_to("via-received-param-with-delim");
    let ours = "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111;received=192.0.2.1\r\n";
    assert!(received.contains(ours), "{received}");
    for name in ["escnull", "intmeth", "unksm2"] {
        assert!(answer_to(name).contains(&format!("\r\nAllow: {ALLOW}\r\n")));
    }
}

#[test]
fn an_unquoted_comma_in_a_name_is_refused_also_in_a_whole_message() {
    let whole = [message("baddn"), b"\r\n".to_vec()].concat();
    assert_eq!(judged(&whole), "400");
}

#[test]
fn octets_behind_the_body_never_reach_the_stack() {
    let second = INVITE.replace("Call-ID: one", "Call-ID: two");
    let Verdict::Mended(mended) = ask(&state(), format!("\r\n{INVITE}{second}"), TRUNK) else {
        panic!("mended");
    };
    assert_eq!(mended, INVITE.as_bytes());
}
