//! Messages that are wrong on purpose, each by a seed.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// What is wrong with a message that must open no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Method,
    Version,
    Length,
    Twice,
}

const ALL_WRONG: [Wrong; 4] = [Wrong::Method, Wrong::Version, Wrong::Length, Wrong::Twice];

/// One fault in a lawful INVITE with a body; what and how, and the message.
pub fn lawless(invite: &str, seed: u64) -> (Wrong, Vec<u8>) {
    let mut chance = StdRng::seed_from_u64(seed);
    let wrong = *ALL_WRONG.choose(&mut chance).unwrap();
    let message = match wrong {
        Wrong::Method => method(invite, &mut chance),
        Wrong::Version => version(invite, &mut chance),
        Wrong::Length => length(invite, &mut chance),
        Wrong::Twice => twice(invite, &mut chance),
    };
    (wrong, message.into_bytes())
}

fn method(invite: &str, chance: &mut StdRng) -> String {
    let methods = [
        "invite",
        "Invite",
        "INVITE\t",
        " INVITE",
        "INVITE ",
        "INVIT",
        "INVITEE",
        "INVITE\0",
        "INV ITE",
        "INV,ITE",
        "INVITE/",
        "\"INVITE\"",
        "",
        "REGISTER",
        "NOTIFY",
        "\u{ff29}NVITE",
        "INVITE\r",
        "INVITE\n",
        "ACK",
        "BYE",
        "GET",
        "SIP/2.0",
    ];
    let method = methods.choose(chance).unwrap();
    // In the start line only, or in CSeq only, where white space is lawful: the two do not agree.
    let spaced = method.trim_matches([' ', '\t']) == "INVITE";
    match spaced || chance.random_bool(0.5) {
        true => invite.replacen("INVITE", method, 1),
        false => invite.replace("1 INVITE", &format!("1 {method}")),
    }
}

fn version(invite: &str, chance: &mut StdRng) -> String {
    let versions = [
        "SIP/1.0",
        "SIP/2.1",
        "SIP/3.0",
        "SIP/7.0",
        "SIP/2",
        "SIP/2.0.0",
        "SIP/20",
        "SIP/02.0",
        "SIP/2.00",
        "SIP/-2.0",
        "SIP2.0",
        "HTTP/1.1",
        "SIPS/2.0",
        "SIP/2.0 ",
        " SIP/2.0",
        "",
        "SIP/2.0\t",
        "SIP/2.0 SIP/2.0",
        "SIP/99999999999999999999.0",
        "SIP\\2.0",
        "SIP/2.0\0",
    ];
    let version = versions.choose(chance).unwrap();
    invite.replacen("SIP/2.0", version, 1)
}

fn length(invite: &str, chance: &mut StdRng) -> String {
    let (head, body) = invite.split_once("\r\n\r\n").unwrap();
    let (before, _) = head.rsplit_once("Content-Length:").unwrap();
    let right = body.len();
    let lengths = [
        format!("{}", right + 1 + chance.random_range(0..100_000)),
        format!("-{right}"),
        format!("+{right}"),
        format!("{right}.0"),
        format!("0x{right:x}"),
        format!("{right} {right}"),
        format!("{right}, {right}"),
        format!("{right};x=1"),
        "99999999999999999999999999".to_owned(),
        "18446744073709551616".to_owned(),
        String::new(),
        "ten".to_owned(),
        "\u{0661}\u{0662}".to_owned(),
        format!("{right}\r\nContent-Length: {right}"),
        format!("{right}\r\nl: {right}"),
        format!("{right}\r\nL: 0"),
    ];
    let length = lengths.choose(chance).unwrap();
    format!("{before}Content-Length: {length}\r\n\r\n{body}")
}

/// A header of which there is one, twice, in its long or short form, somewhere in the head.
fn twice(invite: &str, chance: &mut StdRng) -> String {
    let doubles = [
        "From: <sip:other@192.0.2.1>;tag=other",
        "f: <sip:other@192.0.2.1>;tag=other",
        "To: <sip:other@192.0.2.1>",
        "T: <sip:other@192.0.2.1>",
        "Call-ID: other",
        "i: other",
        "CSeq: 1 INVITE",
        "cseq: 2 INVITE",
        "Max-Forwards: 70",
        "MAX-FORWARDS: 0",
        "Content-Length: 0",
        "l: 0",
        "Content-Type: application/sdp",
        "c: text/plain",
        "Contact: <sip:other@192.0.2.1>",
        "m: <sip:other@192.0.2.1>",
        "Call-ID : other",
        "To\t: <sip:other@192.0.2.1>",
    ];
    let double = doubles.choose(chance).unwrap();
    let (head, body) = invite.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    lines.insert(chance.random_range(1..=lines.len()), double);
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// A lawful message with some bytes changed, taken out, put in, repeated or cut off.
pub fn scrambled(message: &[u8], seed: u64) -> Vec<u8> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut bytes = message.to_vec();
    for _ in 0..chance.random_range(1..=6) {
        let at = chance.random_range(0..=bytes.len());
        let end = (at + chance.random_range(0..40)).min(bytes.len());
        match chance.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] = chance.random(),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let count = chance.random_range(1..200);
                bytes.splice(at..at, piece.repeat(count));
            }
            3 => bytes.truncate(at),
            4 => {
                let seasoned = b"\r\n\0\t ;,:<>\"\\/@%?=&[]()\xff\xfe\x80";
                let noise =
                    (0..chance.random_range(1..20)).map(|_| *seasoned.choose(&mut chance).unwrap());
                let noise: Vec<u8> = noise.collect();
                bytes.splice(at..at, noise);
            }
            5 => {
                let number = format!("{}", chance.random::<u64>());
                bytes.splice(at..end, number.into_bytes());
            }
            _ => {
                let line = bytes.split(|byte| *byte == b'\n').count();
                let nth = chance.random_range(0..line.max(1));
                let mut lines: Vec<Vec<u8>> = bytes
                    .split(|byte| *byte == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect();
                let moved = lines.remove(nth);
                let to = chance.random_range(0..=lines.len());
                lines.insert(to, moved);
                bytes = lines.join(&b'\n');
            }
        }
        bytes.truncate(60_000);
    }
    bytes
}
