//! SDES (RFC 4568): keys for SRTP in the session description. Whoever reads the signalling has the keys, so they
//! are worth as much as its own secrecy is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Crypto lines of one stream that are looked at.
const LINES: usize = 16;

/// A suite of RFC 4568 §6.2 that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`
    HmacSha1With80,
    /// `AES_CM_128_HMAC_SHA1_32`: a forger needs 2^31 tries on average instead of 2^79.
    HmacSha1With32,
}

impl Suite {
    pub const ALL: [Suite; 2] = [Suite::HmacSha1With80, Suite::HmacSha1With32];

    pub fn name(self) -> &'static str {
        match self {
            Suite::HmacSha1With80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::HmacSha1With32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// Octets of an SRTP packet's tag.
    pub fn tag_len(self) -> usize {
        match self {
            Suite::HmacSha1With80 => 10,
            Suite::HmacSha1With32 => 4,
        }
    }
}

/// A master key and its salt. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub key: [u8; 16],
    pub salt: [u8; 14],
}

impl Keys {
    /// Keys that nobody had before.
    pub fn random() -> Self {
        Keys {
            key: rand::random(),
            salt: rand::random(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let octets = STANDARD.decode(text).ok()?;
        let (key, salt) = octets.split_first_chunk::<16>()?;
        Some(Keys {
            key: *key,
            salt: salt.try_into().ok()?,
        })
    }

    fn text(&self) -> String {
        let mut octets = [0; 30];
        octets[..16].copy_from_slice(&self.key);
        octets[16..].copy_from_slice(&self.salt);
        STANDARD.encode(octets)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// One `a=crypto` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Names the line in offer and answer.
    pub tag: u32,
    pub suite: Suite,
    pub keys: Keys,
}

impl Crypto {
    /// Reads the value of an `a=crypto`; `None` for what is malformed, of another suite, or asks for what we do
    /// not speak: several keys, key identifiers (MKI), session parameters that change the protection.
    pub fn read(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?;
        if tag.len() > 9 || !tag.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let tag = tag.parse().ok()?;
        let name = words.next()?;
        let suite = Suite::ALL
            .into_iter()
            .find(|suite| suite.name().eq_ignore_ascii_case(name))?;
        let (method, info) = words.next()?.split_once(':')?;
        if !method.eq_ignore_ascii_case("inline") {
            return None;
        }
        // A window size hint changes nothing that is sent (RFC 4568 §6.3.7), and what begins with a hyphen need not be
        // understood (§6.3.8). Whatever else is not understood makes the line none for us.
        if words.any(|parameter| !parameter.starts_with("WSH=") && !parameter.starts_with('-')) {
            return None;
        }
        let mut parts = info.split('|');
        let keys = Keys::read(parts.next()?)?;
        // A lifetime in packets may follow, which is theirs to keep; a key identifier, `1:4`, may not.
        parts
            .all(is_lifetime)
            .then_some(Crypto { tag, suite, keys })
    }

    /// The value of our `a=crypto`.
    pub fn text(&self) -> String {
        format!(
            "{} {} inline:{}",
            self.tag,
            self.suite.name(),
            self.keys.text()
        )
    }
}

/// A number of packets, or `2^20`; never more than the index of SRTP counts to (RFC 3711 §9.2, RFC 4568 §6.1).
fn is_lifetime(part: &str) -> bool {
    let packets = match part.strip_prefix("2^") {
        Some(power) => power.parse().ok().and_then(|power| 1u64.checked_shl(power)),
        None => part.parse().ok(),
    };
    packets.is_some_and(|packets| (1..=1 << 48).contains(&packets))
}

/// The first line that we speak.
pub fn first<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Crypto> {
    lines.take(LINES).find_map(Crypto::read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";

    #[test]
    fn a_line_is_read_as_rfc_4568_writes_it() {
        for more in ["", "|2^20", "|1048576", "|2^31 WSH=64", "|2^48 -X=1"] {
            let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{more}");
            let crypto = Crypto::read(&line).expect("a line we speak");
            assert_eq!((crypto.tag, crypto.suite), (1, Suite::HmacSha1With80));
            assert_eq!(crypto.keys.text(), KEY);
            assert_eq!(Crypto::read(&crypto.text()), Some(crypto));
        }
    }

    #[test]
    fn what_we_do_not_speak_is_passed_over() {
        let wrong = [
            format!("1 AES_CM_256_HMAC_SHA1_80 inline:{KEY}"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} X=1"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^49"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^4294967296"),
            format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|0"),
            format!("1 AES_CM_128_HMAC_SHA1_80 uri:{KEY}"),
            format!("x AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
            "1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=".to_owned(),
            String::new(),
        ];
        let right = format!("7 AES_CM_128_HMAC_SHA1_32 inline:{KEY}");
        for line in &wrong {
            assert_eq!(Crypto::read(line), None, "{line}");
        }
        let lines = wrong.iter().chain([&right]).map(String::as_str);
        assert_eq!(first(lines).map(|crypto| crypto.tag), Some(7));
    }

    #[test]
    fn keys_are_not_shown() {
        let crypto = Crypto::read(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
        let shown = format!("{crypto:?}");
        assert!(
            !shown.contains("61") && shown.contains("Keys(…)"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn no_line_breaks_the_reader(line in ".{0,200}") {
            let _ = Crypto::read(&line);
        }
    }
}
