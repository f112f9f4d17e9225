//! The torture messages of RFC 4475 and RFC 5118 against the running server.

use std::io::ErrorKind;
use std::time::Duration;

use crate::certificates;
use crate::raw::{PATIENCE, Raw, new_call_id};
use crate::server::{House, Setup};

#[path = "../messages/table.rs"]
mod table;

use table::{Row, rows};

/// A half message is waited for 10 s; the rest is the machine's.
const CLOSED: Duration = Duration::from_secs(25);

/// Sends the message and, if asked for, a lawful request behind it; what the message was answered.
fn answers(raw: &mut Raw, row: &Row, expected: &str, lawful_behind: bool) -> String {
    assert!(raw.send(&row.message));
    let call_id = new_call_id();
    if lawful_behind {
        let lawful = raw.request("OPTIONS", &call_id, 1, "", "");
        assert!(raw.send(lawful.as_bytes()), "{}: closed", row.name);
    }
    let wanted = match expected {
        "silence" => 0,
        _ => expected.split(", ").count(),
    };
    let mut found = Vec::new();
    let mut lawful_answered = !lawful_behind;
    while !lawful_answered || found.len() < wanted {
        let reply = raw
            .next(PATIENCE)
            .unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let reply = reply.unwrap_or_else(|| panic!("{}: {found:?} and no more", row.name));
        match reply.status {
            Some(200) if reply.is_of(&call_id) => lawful_answered = true,
            Some(status) if status >= 200 && !found.contains(&status) => found.push(status),
            _ => {}
        }
    }
    written(&found)
}

fn written(answers: &[u16]) -> String {
    match answers {
        [] => "silence".to_owned(),
        _ => answers
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[test]
fn each_datagram_is_answered_as_the_rfc_asks_and_the_next_call_works() {
    let house = House::new(Setup::default());
    let server = house.start();
    let target = house.sip_address();
    let mut open = Vec::new();
    for row in rows() {
        let expected = &row.answers[1];
        let mut raw = Raw::udp(&target);
        let found = answers(&mut raw, &row, expected, true);
        assert_eq!(&found, expected, "{}", row.name);
        Raw::udp(&target).call();
        open.push((row, raw));
    }
    // Nobody was answered late who was to hear nothing.
    for (row, mut raw) in open {
        while let Ok(Some(late)) = raw.next(Duration::from_millis(1)) {
            let known = late.status.map(|status| status.to_string());
            assert_eq!(
                known.as_ref(),
                Some(&row.answers[1]),
                "{}: {}",
                row.name,
                late.text
            );
        }
    }
    let calls = house.api("calls?limit=200")["items"]
        .as_array()
        .unwrap()
        .len();
    assert!(calls >= 61, "{calls} calls were made");
    server.stop();
}

/// Every message by a stream of its own, a whole call after each.
fn each_by_streams(open: impl Fn() -> Raw) {
    std::thread::scope(|scope| {
        for row in rows() {
            let mut raw = open();
            let (expected, end) = row.answers[2]
                .split_once(" +")
                .unwrap_or((&row.answers[2], ""));
            let found = answers(&mut raw, &row, expected, end.is_empty());
            assert_eq!(found, expected, "{}", row.name);
            if !end.is_empty() {
                let bound = if end == "waits" { CLOSED } else { PATIENCE };
                scope.spawn(move || {
                    let end = raw.next(bound);
                    assert!(
                        matches!(end, Err(ErrorKind::UnexpectedEof)),
                        "{}: {end:?}",
                        row.name
                    );
                });
            }
            open().call();
        }
    });
}

#[test]
fn each_message_on_a_stream_is_answered_as_the_rfc_asks_and_the_next_call_works() {
    let house = House::new(Setup::default());
    let server = house.start();
    each_by_streams(|| Raw::tcp(&house.sip_address()));
    server.stop();
}

#[test]
fn each_message_under_tls_is_answered_as_on_any_stream() {
    let house = House::new(Setup {
        tls: true,
        ..Setup::default()
    });
    let server = house.start();
    let client = certificates::client(&house, rustls::ALL_VERSIONS);
    each_by_streams(|| Raw::tls(&house.tls_address(), client.clone()));
    server.stop();
}
