//! Digests (RFC 7616, RFC 8760): what is kept of a password, and what a request shows of it.

use md5::Md5;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::REALM;

/// What a digest is made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Sha256,
    Md5,
}

impl Algorithm {
    /// In the order in which they are offered: who knows the first takes it (RFC 8760 §2.3).
    pub const OFFERED: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

    /// What a challenge names, in this order. To the last one alone where a telephone stops at what it does not know, though
    /// it should pass it over (RFC 7616 §3.7).
    pub fn offered(md5_only: bool) -> impl Iterator<Item = Algorithm> {
        let all = Algorithm::OFFERED.into_iter();
        all.filter(move |algorithm| !md5_only || *algorithm == Algorithm::Md5)
    }

    pub fn word(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Md5 => "MD5",
        }
    }

    /// `None` for one that is not offered; without a word it is MD5 (RFC 2617 §3.2.1).
    pub fn read(word: Option<&str>) -> Option<Algorithm> {
        let word = word.unwrap_or("MD5");
        let mut offered = Algorithm::OFFERED.into_iter();
        offered.find(|algorithm| algorithm.word().eq_ignore_ascii_case(word))
    }

    fn hex(self, text: &str) -> String {
        match self {
            Algorithm::Sha256 => hex::encode(Sha256::digest(text.as_bytes())),
            Algorithm::Md5 => hex::encode(Md5::digest(text.as_bytes())),
        }
    }
}

/// All that is kept of a password: its digest with account and realm, by each algorithm. Whoever has it can register as
/// the account, and cannot tell the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1s {
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// 32 hexadecimal digits.
    pub md5: String,
}

impl std::fmt::Debug for Ha1s {
    /// Nothing of it belongs into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ha1s")
    }
}

impl Ha1s {
    pub fn of(account: &str, password: &str) -> Ha1s {
        let text = format!("{account}:{REALM}:{password}");
        Ha1s {
            sha256: Algorithm::Sha256.hex(&text),
            md5: Algorithm::Md5.hex(&text),
        }
    }

    fn by(&self, algorithm: Algorithm) -> &str {
        match algorithm {
            Algorithm::Sha256 => &self.sha256,
            Algorithm::Md5 => &self.md5,
        }
    }
}

/// What the digest of a REGISTER is of, beside the password (RFC 7616 §3.4.1, `qop=auth`).
#[derive(Debug, Clone, Copy)]
pub struct Digested<'a> {
    pub algorithm: Algorithm,
    pub nonce: &'a str,
    /// As it was written: eight hexadecimal digits.
    pub count: &'a str,
    pub cnonce: &'a str,
    pub uri: &'a str,
}

impl Digested<'_> {
    pub(super) fn response(&self, ha1s: &Ha1s) -> String {
        let Digested {
            algorithm,
            nonce,
            count,
            cnonce,
            uri,
        } = self;
        let ha1 = ha1s.by(*algorithm);
        let ha2 = algorithm.hex(&format!("REGISTER:{uri}"));
        algorithm.hex(&format!("{ha1}:{nonce}:{count}:{cnonce}:auth:{ha2}"))
    }

    /// Whether `shown` is the response of the password; it takes the same time wherever it differs.
    pub fn is_shown_by(&self, shown: &str, ha1s: &Ha1s) -> bool {
        let shown = shown.to_ascii_lowercase();
        let right = self.response(ha1s);
        shown.as_bytes().ct_eq(right.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1 has GET; its HA1s are those of any method.
    #[test]
    fn the_digests_are_those_of_rfc_7616() {
        let text = "Mufasa:http-auth@example.org:Circle of Life";
        let ha1s = Ha1s {
            sha256: Algorithm::Sha256.hex(text),
            md5: Algorithm::Md5.hex(text),
        };
        let ha2 = |algorithm: Algorithm| algorithm.hex("GET:/dir/index.html");
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, right) in [
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
        ] {
            let ha1 = ha1s.by(algorithm);
            let ha2 = ha2(algorithm);
            let response = algorithm.hex(&format!("{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}"));
            assert_eq!(response, right);
        }
    }

    #[test]
    fn one_wrong_letter_anywhere_is_another_digest() {
        let ha1s = Ha1s::of("8001", "secret");
        for algorithm in Algorithm::OFFERED {
            let digested = Digested {
                algorithm,
                nonce: "n",
                count: "00000001",
                cnonce: "c",
                uri: "sip:192.0.2.1",
            };
            let right = digested.response(&ha1s);
            assert!(digested.is_shown_by(&right, &ha1s));
            assert!(digested.is_shown_by(&right.to_ascii_uppercase(), &ha1s));
            assert!(!digested.is_shown_by(&right[1..], &ha1s));
            assert!(!digested.is_shown_by(&right, &Ha1s::of("8001", "Secret")));
            assert!(!digested.is_shown_by(&right, &Ha1s::of("8002", "secret")));
            let count = "00000002";
            assert!(!Digested { count, ..digested }.is_shown_by(&right, &ha1s));
        }
    }
}
