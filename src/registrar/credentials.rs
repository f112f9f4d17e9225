//! The Authorization header (RFC 3261 §20.7, RFC 7616 §3.4): read strictly, as each of its values is digested.

use super::REALM;
use super::digest::Algorithm;

/// What one Authorization header shows, its quoted values without their quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub algorithm: Algorithm,
    pub account: String,
    pub nonce: String,
    pub uri: String,
    pub response: String,
    pub cnonce: String,
    /// As it was written, and its value.
    pub count: String,
    pub counted: u32,
}

/// Parameters of one header; a digest has a dozen.
const MOST_PARAMETERS: usize = 32;

/// The first credentials that can be used, by the strongest algorithm that was shown.
pub(super) fn usable(headers: &[&str]) -> Option<Credentials> {
    let read: Vec<Credentials> = headers.iter().filter_map(|header| read(header)).collect();
    let by = |algorithm| read.iter().find(|shown| shown.algorithm == algorithm);
    Algorithm::OFFERED.into_iter().find_map(by).cloned()
}

/// `None` for another scheme, realm, algorithm or quality of protection than those offered, and for what is not whole.
fn read(header: &str) -> Option<Credentials> {
    let (scheme, rest) = header.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let parameters = parameters(rest)?;
    let value = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let count = value("nc")?;
    let is_count = count.len() == 8 && count.bytes().all(|byte| byte.is_ascii_hexdigit());
    let ours = value("realm")? == REALM && value("qop")? == "auth" && is_count;
    if !ours {
        return None;
    }
    Some(Credentials {
        algorithm: Algorithm::read(value("algorithm"))?,
        account: value("username")?.to_owned(),
        nonce: value("nonce")?.to_owned(),
        uri: value("uri")?.to_owned(),
        response: value("response")?.to_owned(),
        cnonce: value("cnonce")?.to_owned(),
        counted: u32::from_str_radix(count, 16).ok()?,
        count: count.to_owned(),
    })
}

/// `name=value, name="value"`, names in small letters. `None` where it is not written so, or a name stands twice: of two
/// values two readers take two.
fn parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        let (value, after) = value(after.trim_start())?;
        let twice = found.iter().any(|(known, _)| *known == name);
        if name.is_empty() || twice || found.len() >= MOST_PARAMETERS {
            return None;
        }
        found.push((name, value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(found)
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "Digest realm=\"gradeline\", nonce=\"n\", algorithm=SHA-256, opaque=\"o\", \
        username=\"8001\", uri=\"sip:192.0.2.1\", response=\"ab\", cnonce=\"c,\\\"d\", nc=0000000A, qop=auth";

    #[test]
    fn what_telephones_write_is_read() {
        let read = read(WHOLE).unwrap();
        assert_eq!((read.account.as_str(), read.counted), ("8001", 10));
        assert_eq!(
            (read.count.as_str(), read.cnonce.as_str()),
            ("0000000A", "c,\"d")
        );
        let tight = WHOLE.replace(", ", ",").replace("auth", "\"auth\"");
        assert_eq!(super::read(&tight).unwrap(), read);
        let old = WHOLE.replace("algorithm=SHA-256, ", "");
        assert_eq!(super::read(&old).unwrap().algorithm, Algorithm::Md5);
    }

    #[test]
    fn the_strongest_is_taken_whatever_stands_first() {
        let weak = WHOLE.replace("SHA-256", "MD5");
        let both = usable(&[&weak, WHOLE]).unwrap();
        assert_eq!(both.algorithm, Algorithm::Sha256);
        assert_eq!(usable(&[&weak]).unwrap().algorithm, Algorithm::Md5);
    }

    #[test]
    fn what_is_not_whole_or_not_ours_is_no_credentials() {
        for (old, new) in [
            ("Digest", "Basic"),
            ("realm=\"gradeline\"", "realm=\"other\""),
            ("qop=auth", "qop=auth-int"),
            ("SHA-256", "SHA-256-sess"),
            ("nc=0000000A", "nc=A"),
            ("nc=0000000A, ", ""),
            ("cnonce=\"c,\\\"d\", ", ""),
            ("nonce=\"n\"", "nonce=\"n\", nonce=\"m\""),
            ("\"ab\"", "\"ab"),
            ("\"ab\"", "\"ab\" x"),
        ] {
            let header = WHOLE.replacen(old, new, 1);
            assert_ne!(header, WHOLE);
            assert_eq!(read(&header), None, "{header}");
        }
    }
}
