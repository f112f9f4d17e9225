//! What an ICE-lite agent says in STUN (RFC 8489): it reads Binding requests and answers them. Nothing is asked, so
//! nothing can be made to be asked of others.

use std::net::{IpAddr, SocketAddr};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

const COOKIE: u32 = 0x2112_A442;
const HEAD_LEN: usize = 20;
const REQUEST: u16 = 0x0001;
const SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const FINGERPRINT_XOR: u32 = 0x5354_554E;
/// Attributes of one request that are looked at; browsers send eight.
const ATTRIBUTES: usize = 32;

/// A Binding request, as it stands in the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    octets: &'a [u8],
    transaction: [u8; 12],
    username: &'a [u8],
    /// Where MESSAGE-INTEGRITY begins, and its value.
    integrity: (usize, &'a [u8]),
    /// The browser has chosen this path (RFC 8445 §8.1.1).
    pub chosen: bool,
}

/// Reads a request with username and integrity; `None` for anything else. The fingerprint must be there and fit, as ICE has it.
pub fn read(octets: &[u8]) -> Option<Request<'_>> {
    let head = octets.get(..HEAD_LEN)?;
    let length = usize::from(be16(head, 0x02)?);
    let right_kind = be16(head, 0)? == REQUEST && be32(head, 4)? == COOKIE;
    if !right_kind || length % 4 != 0 || octets.len() != HEAD_LEN + length {
        return None;
    }
    let (mut username, mut integrity, mut chosen, mut sealed) = (None, None, false, false);
    let mut at = HEAD_LEN;
    for _ in 0..ATTRIBUTES {
        if at == octets.len() {
            break;
        }
        let kind = be16(octets, at)?;
        let value_len = usize::from(be16(octets, at + 2)?);
        let value = octets.get(at + 4..at + 4 + value_len)?;
        match kind {
            // Nothing stands behind the fingerprint (RFC 8489 §14.7).
            _ if sealed => return None,
            FINGERPRINT if value_len == 4 => {
                let wanted = crc32fast::hash(&octets[..at]) ^ FINGERPRINT_XOR;
                if be32(value, 0)? != wanted {
                    return None;
                }
                sealed = true;
            }
            // What stands behind the integrity is not covered by it; no browser writes anything there (§14.5).
            _ if integrity.is_some() => return None,
            USERNAME if username.is_none() => username = Some(value),
            USE_CANDIDATE => chosen = true,
            INTEGRITY if value_len == 20 => integrity = Some((at, value)),
            // A second name, or a seal or print of a length that none has.
            USERNAME | INTEGRITY | FINGERPRINT => return None,
            _ => {}
        }
        at += 4 + value_len.next_multiple_of(4);
    }
    // More attributes than anybody sends are not looked at, and nothing that is not looked at is believed.
    if at != octets.len() {
        return None;
    }
    if !sealed {
        return None;
    }
    Some(Request {
        octets,
        transaction: head[8..].try_into().ok()?,
        username: username?,
        integrity: integrity?,
        chosen,
    })
}

impl Request<'_> {
    /// Whether its sender knows these: our name and the other side's, and our password.
    pub fn is_of(&self, ours: &str, theirs: &str, password: &str) -> bool {
        let named = self.username.split(|octet| *octet == b':');
        if !named.eq([ours.as_bytes(), theirs.as_bytes()]) {
            return false;
        }
        let (at, value) = self.integrity;
        // As if the message ended with this attribute (RFC 8489 §14.5).
        let Ok(length) = u16::try_from(at + 24 - HEAD_LEN) else {
            return false;
        };
        let mut mac = keyed(password);
        mac.update(&self.octets[..2]);
        mac.update(&length.to_be_bytes());
        mac.update(&self.octets[4..at]);
        mac.verify_slice(value).is_ok()
    }

    /// The answer, to be sent where the request came from.
    pub fn answer(&self, from: SocketAddr, password: &str) -> Vec<u8> {
        let mut octets = Vec::with_capacity(80);
        octets.extend(SUCCESS.to_be_bytes());
        octets.extend([0, 0]);
        octets.extend(COOKIE.to_be_bytes());
        octets.extend(self.transaction);
        octets.extend(XOR_MAPPED_ADDRESS.to_be_bytes());
        let mut mask = [0u8; 16];
        mask[..4].copy_from_slice(&COOKIE.to_be_bytes());
        mask[4..].copy_from_slice(&self.transaction);
        let port = from.port() ^ (COOKIE >> 16) as u16;
        let (family, mut address): (u8, Vec<u8>) = match from.ip() {
            IpAddr::V4(address) => (1, address.octets().into()),
            IpAddr::V6(address) => (2, address.octets().into()),
        };
        for (octet, hidden) in address.iter_mut().zip(mask) {
            *octet ^= hidden;
        }
        octets.extend(((address.len() + 4) as u16).to_be_bytes());
        octets.extend([0, family]);
        octets.extend(port.to_be_bytes());
        octets.extend(address);
        seal(&mut octets, password);
        octets
    }
}

/// The length that the message has with `more` octets behind what is there.
fn set_length(octets: &mut [u8], more: usize) {
    let length = (octets.len() - HEAD_LEN + more) as u16;
    octets[2..4].copy_from_slice(&length.to_be_bytes());
}

/// Ends a message with its MESSAGE-INTEGRITY and its FINGERPRINT (RFC 5389 §15.4 and §15.5), each over a head
/// whose length includes it.
fn seal(octets: &mut Vec<u8>, password: &str) {
    set_length(octets, 24);
    let mut mac = keyed(password);
    mac.update(octets);
    octets.extend(INTEGRITY.to_be_bytes());
    octets.extend(20u16.to_be_bytes());
    octets.extend(mac.finalize().into_bytes());
    set_length(octets, 8);
    let print = crc32fast::hash(octets) ^ FINGERPRINT_XOR;
    octets.extend(FINGERPRINT.to_be_bytes());
    octets.extend(4u16.to_be_bytes());
    octets.extend(print.to_be_bytes());
}

fn keyed(password: &str) -> Hmac<Sha1> {
    Hmac::new_from_slice(password.as_bytes()).expect("HMAC takes a key of any length")
}

fn be16(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(octets.get(at..at + 2)?.try_into().ok()?))
}

fn be32(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The sample request of RFC 5769 §2.1.
    const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74\
        002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020\
        000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
    const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

    /// A request as a browser sends it.
    pub fn request(username: &str, password: &str, chosen: bool) -> Vec<u8> {
        let mut octets = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
        octets.extend([7; 12]);
        octets.extend(USERNAME.to_be_bytes());
        octets.extend((username.len() as u16).to_be_bytes());
        octets.extend(username.as_bytes());
        octets.resize(octets.len().next_multiple_of(4), 0);
        if chosen {
            octets.extend(USE_CANDIDATE.to_be_bytes());
            octets.extend([0, 0]);
        }
        seal(&mut octets, password);
        octets
    }

    #[test]
    fn the_sample_of_rfc_5769_is_read_and_its_integrity_holds() {
        let octets = hex::decode(SAMPLE.replace(char::is_whitespace, "")).unwrap();
        let request = read(&octets).expect("a request");
        assert!(request.is_of("evtj", "h6vY", PASSWORD));
        assert!(!request.is_of("evtj", "h6vX", PASSWORD));
        assert!(!request.is_of("evtj", "h6vY", "another password"));
        assert!(!request.chosen);
        for at in 0..octets.len() {
            let mut wrong = octets.clone();
            wrong[at] ^= 1;
            let read = read(&wrong).filter(|request| request.is_of("evtj", "h6vY", PASSWORD));
            assert!(read.is_none(), "octet {at} is covered by nothing");
        }
    }

    #[test]
    fn the_answer_names_whom_it_goes_to_under_our_password() {
        let from: SocketAddr = "192.0.2.1:32853".parse().unwrap();
        let octets = request("ours:theirs", "secret", true);
        let request = read(&octets).unwrap();
        assert!(request.chosen && request.is_of("ours", "theirs", "secret"));
        let answer = request.answer(from, "secret");
        assert_eq!(answer[..2], SUCCESS.to_be_bytes());
        assert_eq!(
            answer.len(),
            HEAD_LEN + usize::from(be16(&answer, 2).unwrap())
        );
        assert_eq!(answer[8..20], [7; 12]);
        // RFC 5769 §2.2 has this address under the same cookie.
        assert_eq!(
            answer[20..32],
            hex::decode("002000080001a147e112a643").unwrap()
        );
        let print = crc32fast::hash(&answer[..answer.len() - 8]) ^ FINGERPRINT_XOR;
        assert_eq!(be32(&answer, answer.len() - 4), Some(print));
    }

    /// An attribute put in at `at`, and the length and fingerprint made right for it, as anybody on the way can.
    fn with(octets: &[u8], at: usize, kind: u16, value: &[u8]) -> Vec<u8> {
        let mut attribute = kind.to_be_bytes().to_vec();
        attribute.extend((value.len() as u16).to_be_bytes());
        attribute.extend(value);
        let mut changed = octets.to_vec();
        changed.splice(at..at, attribute);
        set_length(&mut changed, 0);
        let print_at = changed.len() - 8;
        if at <= print_at {
            let print = crc32fast::hash(&changed[..print_at]) ^ FINGERPRINT_XOR;
            changed[print_at + 4..].copy_from_slice(&print.to_be_bytes());
        }
        changed
    }

    #[test]
    fn nothing_but_the_fingerprint_stands_behind_the_integrity() {
        let octets = request("ours:theirs", "secret", false);
        let (sealed_at, print_at) = (octets.len() - 32, octets.len() - 8);
        let is_its = |octets: &[u8]| {
            read(octets).is_some_and(|request| request.is_of("ours", "theirs", "secret"))
        };
        assert!(is_its(&octets));
        for (kind, value) in [
            (USE_CANDIDATE, &b""[..]),
            (USERNAME, b"a:b:"),
            (INTEGRITY, &[7; 20]),
            (0x8022, b"name"),
            (FINGERPRINT, b"abcd"),
        ] {
            for at in [sealed_at, print_at, octets.len()] {
                assert!(
                    !is_its(&with(&octets, at, kind, value)),
                    "{kind:#x} at {at}"
                );
            }
        }
        // Without a fingerprint, or with one of another length, it is no check of ICE (RFC 8445 §7.2.2).
        let mut bare = octets[..print_at].to_vec();
        set_length(&mut bare, 0);
        assert!(!is_its(&bare));
        assert!(!is_its(&with(&bare, print_at, FINGERPRINT, b"")));
        let many = (0..ATTRIBUTES).fold(octets, |octets, _| with(&octets, HEAD_LEN, 0x8022, b""));
        assert!(!is_its(&many));
    }

    proptest! {
        #[test]
        fn no_octets_break_the_reader(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(request) = read(&octets) {
                let _ = request.is_of("a", "b", "c");
            }
        }

        #[test]
        fn no_length_breaks_the_reader(at in 0usize..60, value: u8) {
            let mut octets = request("ours:theirs", "secret", true);
            let at = at % octets.len();
            octets[at] = value;
            let _ = read(&octets);
        }
    }
}
