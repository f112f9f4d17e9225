//! What browsers send: an offer and messages by their line, checks to a leg's port.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::Instant;

use super::Tape;
use crate::codecs::Codecs;
use crate::console;
use crate::peer::{Identity, Offer, Peer, read_foreign_dtls, read_stun};

/// Where our answers say that we are; TEST-NET-1 is nobody's.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77));
const PORT: u16 = 30_000;

static IDENTITY: LazyLock<Identity> =
    LazyLock::new(|| Identity::new().expect("a machine with random numbers"));

#[allow(clippy::disallowed_methods)] // A moment to count from: an association is told every other one.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Whatever is accepted is answered with lines that are lines, a stream for each of the offer's, and no address but
/// ours.
pub fn offer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(offer) = Offer::read(text, &Codecs::ALL) else {
        return;
    };
    assert!(offer.name.len() <= 256);
    assert!(offer.payload_type < 128);
    let (_, answer) = Peer::answering(&offer, &IDENTITY, HERE, PORT).expect("keys can be made");
    let own = format!("IN IP4 {HERE}");
    let mut streams = 0;
    let mut taken = 0;
    for line in answer.split_terminator("\r\n") {
        let (kind, value) = line.split_once('=').expect("a type and a value");
        assert_eq!(kind.len(), 1, "{line:?}");
        assert!(!value.chars().any(char::is_control), "{line:?}");
        match kind {
            "v" | "s" | "t" => {}
            "o" => assert!(value.ends_with(&own), "{line:?}"),
            "c" => assert_eq!(value, own),
            "m" => {
                let port = value.split(' ').nth(1);
                streams += 1;
                match port == Some(PORT.to_string().as_str()) {
                    true => taken += 1,
                    false => assert_eq!(port, Some("0"), "{line:?}"),
                }
            }
            "a" => {
                let (name, told) = value.split_once(':').unwrap_or((value, ""));
                match name {
                    "candidate" => assert!(told.contains(&format!(" {HERE} {PORT} ")), "{line:?}"),
                    "rtcp" => assert_eq!(told, format!("{PORT} {own}")),
                    _ => {}
                }
            }
            _ => panic!("a line that we never write: {line:?}"),
        }
    }
    let offered = text.lines().filter(|line| line.starts_with("m=")).count();
    assert_eq!(streams, offered, "{answer}");
    assert_eq!(taken, 1, "{answer}");
}

/// Steps of a length in two octets and that many octets: datagrams from a browser that has shown our password. Nobody
/// gets keys with what a fuzzer can write, and few words are answered to many.
pub fn dtls(bytes: &[u8]) {
    let mut tape = Tape(bytes);
    let datagrams = std::iter::from_fn(|| {
        let length = tape.u16()?;
        tape.take(length.into())
    });
    let answered = read_foreign_dtls(&IDENTITY, datagrams, *BEGAN);
    assert!(answered <= 256 * 16, "{answered} datagrams");
}

/// Nothing is its sender's who does not know the password.
pub fn stun(bytes: &[u8]) {
    if let Some(request) = read_stun(bytes) {
        assert!(!request.is_of("ours", "theirs", "a password that nobody was told"));
    }
}

/// What is read is short, and of a line or of the desk.
pub fn message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if console::read(text).is_some() {
        assert!(text.len() <= console::MAX_LEN);
    }
}
