//! Wrong messages against the running server, by datagram and by stream: it lives, what it says
//! is SIP/2.0, and none of them opens a call. `GRADELINE_SIP_SEEDS` names a folder of further
//! messages (fuzzers' seeds, say), which are sent as they are and scrambled.

use std::path::Path;

use crate::raw::{PATIENCE, Raw, new_call_id, offer};
use crate::server::{House, Setup};

#[path = "../messages/mutations.rs"]
mod seeded;

use seeded::{lawless, scrambled};

/// Messages of a kind; the nightly run sends many times more.
fn count(by_day: u64, by_night: u64) -> u64 {
    match std::env::var_os("GRADELINE_NIGHTLY") {
        Some(_) => by_night,
        None => by_day,
    }
}

/// Lawful messages that open no call: they ask for a number that nobody serves, or for no call.
fn lawful(raw: &Raw) -> Vec<Vec<u8>> {
    let nobody = |method: &str, tag: &str, body: &str| {
        let text = raw.request(method, &new_call_id(), 1, tag, body);
        text.replacen("sip:consult@", "sip:99999@", 1).into_bytes()
    };
    let request = |method: &str| nobody(method, "", "");
    let sdp = offer(9);
    let mut messages: Vec<_> = [
        "OPTIONS",
        "REGISTER",
        "MESSAGE",
        "CANCEL",
        "SUBSCRIBE",
        "PUBLISH",
    ]
    .map(request)
    .into();
    for method in ["BYE", "INFO", "UPDATE", "ACK", "REFER", "PRACK", "NOTIFY"] {
        messages.push(nobody(method, "some", &sdp));
    }
    messages.push(nobody("INVITE", "", &sdp));
    messages.push(nobody("INVITE", "some", &sdp));
    let request = String::from_utf8(nobody("INVITE", "some", &sdp)).unwrap();
    let (_, rest) = request.split_once("\r\n").unwrap();
    messages.push(format!("SIP/2.0 200 OK\r\n{rest}").into_bytes());
    messages
}

/// Files of the folder and of those below it.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(std::fs::read(path).unwrap()),
        }
    }
    found
}

fn further() -> Vec<Vec<u8>> {
    let folder = std::env::var_os("GRADELINE_SIP_SEEDS");
    folder.map_or(Vec::new(), |folder| {
        let found = files(Path::new(&folder));
        println!("{} further messages", found.len());
        found
    })
}

/// The messages to send: further ones as they are, lawless ones, scrambled ones.
fn messages(raw: &Raw, each: u64) -> Vec<Vec<u8>> {
    let further = further();
    let lawful: Vec<_> = lawful(raw).into_iter().chain(further.clone()).collect();
    let invite = |seed: u64| {
        let call_id = new_call_id();
        let whole = raw.request("INVITE", &call_id, 1, "", &offer(9));
        lawless(&whole, seed).1
    };
    let scramble = |seed: u64| scrambled(&lawful[seed as usize % lawful.len()], seed);
    let lawless = (0..each).map(invite);
    further
        .into_iter()
        .chain(lawless)
        .chain((0..each).map(scramble))
        .collect()
}

fn no_call_was_opened(house: &House) {
    assert_eq!(house.api("calls")["items"].as_array().unwrap().len(), 0);
}

#[test]
fn wrong_datagrams_open_no_call_and_every_answer_is_sip() {
    let house = House::new(Setup::default());
    let server = house.start();
    let mut raw = Raw::udp(&house.sip_address());
    let messages = messages(&raw, count(2_000, 100_000));
    let mut answered = 0;
    for burst in messages.chunks(40) {
        for message in burst {
            raw.send(message);
        }
        // All of them have been read by then, and nothing was lost on the way. `Raw::next` looks
        // that each answer is SIP.
        answered += raw.fence();
    }
    println!("{} datagrams, {answered} answers", messages.len());
    no_call_was_opened(&house);
    Raw::udp(&house.sip_address()).call();
    server.stop();
}

#[test]
fn wrong_messages_on_streams_open_no_call_and_every_answer_is_sip() {
    let house = House::new(Setup::default());
    let server = house.start();
    let target = house.sip_address();
    let messages = messages(&Raw::tcp(&target), count(400, 10_000));
    let mut answered = 0u32;
    for message in &messages {
        let mut raw = Raw::tcp(&target);
        raw.send(message);
        let lawful = raw.request("OPTIONS", &new_call_id(), 1, "", "");
        raw.send(lawful.as_bytes());
        raw.finish();
        while let Ok(Some(_)) = raw.next(PATIENCE) {
            answered += 1;
        }
    }
    println!("{} streams, {answered} answers", messages.len());
    no_call_was_opened(&house);
    Raw::tcp(&target).call();
    server.stop();
}
