//! What a server asks of us before it does what we want, and what we show it: digests seen from the client
//! (RFC 7616, RFC 8760, RFC 3261 §22). Pure: the cnonce is handed in.
//!
//! **Invariants:** of several challenges the strongest that we know is answered; a nonce is shown with a count that only
//! grows; a password is in no log and on no wire.

mod challenge;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

pub use challenge::{Challenge, strongest};

/// A name and its password, as the carrier gave them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    /// Nothing of the password belongs into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What a digest is made by; the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    Md5,
    Sha256,
    Sha512_256,
}

impl Algorithm {
    const ALL: [Algorithm; 3] = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256];

    /// As it stands in a header (RFC 8760 §2.1).
    pub fn word(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512_256 => "SHA-512-256",
        }
    }

    /// `None` for one that we do not know, the `-sess` ones among them; without a word it is MD5 (RFC 2617 §3.2.1).
    fn read(word: Option<&str>) -> Option<Algorithm> {
        let word = word.unwrap_or("MD5");
        let mut all = Algorithm::ALL.into_iter();
        all.find(|algorithm| algorithm.word().eq_ignore_ascii_case(word))
    }

    fn hex(self, text: &str) -> String {
        match self {
            Algorithm::Md5 => hex::encode(Md5::digest(text.as_bytes())),
            Algorithm::Sha256 => hex::encode(Sha256::digest(text.as_bytes())),
            Algorithm::Sha512_256 => hex::encode(Sha512_256::digest(text.as_bytes())),
        }
    }
}

/// A challenge that is being answered: how often its nonce was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    challenge: Challenge,
    shown: u32,
}

impl Answering {
    pub fn new(challenge: Challenge) -> Answering {
        Answering {
            challenge,
            shown: 0,
        }
    }

    pub fn header_name(&self) -> &'static str {
        self.challenge.header_name()
    }

    /// Name and value of the header for the next request of this method to this Request-URI. `cnonce` is any fresh
    /// text of letters and digits.
    pub fn header(
        &mut self,
        credentials: &Credentials,
        (method, uri): (&str, &str),
        cnonce: &str,
    ) -> (&'static str, String) {
        self.shown += 1;
        let Challenge {
            realm,
            nonce,
            opaque,
            algorithm,
            qop,
            ..
        } = &self.challenge;
        let username = quotable(&credentials.username);
        let ha1 = algorithm.hex(&format!(
            "{}:{}:{}",
            credentials.username,
            unquoted(realm),
            credentials.password
        ));
        let ha2 = algorithm.hex(&format!("{method}:{uri}"));
        let nonce_text = unquoted(nonce);
        let (response, counted) = match qop {
            true => {
                let count = format!("{:08x}", self.shown);
                let of = format!("{ha1}:{nonce_text}:{count}:{cnonce}:auth:{ha2}");
                let counted = format!(", cnonce=\"{cnonce}\", qop=auth, nc={count}");
                (algorithm.hex(&of), counted)
            }
            // RFC 2069, for servers that never heard of qop.
            false => (
                algorithm.hex(&format!("{ha1}:{nonce_text}:{ha2}")),
                String::new(),
            ),
        };
        let opaque = opaque.as_ref();
        let opaque = opaque.map_or_else(String::new, |text| format!(", opaque=\"{text}\""));
        let name = self.challenge.header_name();
        let value = format!(
            "Digest username=\"{username}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm={}{counted}{opaque}",
            algorithm.word()
        );
        (name, value)
    }
}

/// Within quotes (RFC 3261 §25.1).
fn quotable(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// What stands within quotes, without its escapes.
fn unquoted(text: &str) -> String {
    let mut escaped = false;
    let kept = text.chars().filter(|c| {
        escaped = *c == '\\' && !escaped;
        !escaped
    });
    kept.collect()
}

#[cfg(test)]
mod tests;
