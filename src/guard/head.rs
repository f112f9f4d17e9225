//! A tolerant reading of a message's head, before any parser of the stack sees it.

use super::syntax::{is_token, party};

/// The head of a SIP message: start line and headers as text, nothing interpreted.
#[derive(Debug)]
pub struct Head<'a> {
    pub start: &'a str,
    /// Name and value; folded values keep their line breaks.
    pub headers: Vec<(&'a str, &'a str)>,
    /// A line stood there that is no header (it is left out), or half a line break.
    pub broken: bool,
}

/// Where the body begins, if the head is complete.
pub fn body_start(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

impl<'a> Head<'a> {
    /// `text` is everything before the empty line. `None` where it has no start line.
    pub fn read(text: &'a str) -> Option<Head<'a>> {
        let (start, mut rest) = text.split_once("\r\n").unwrap_or((text, ""));
        if start.trim().is_empty() {
            return None;
        }
        let mut head = Head {
            start,
            headers: Vec::new(),
            broken: half_breaks(text),
        };
        while !rest.is_empty() {
            let end = header_end(rest);
            let line = &rest[..end];
            rest = rest[end..].strip_prefix("\r\n").unwrap_or("");
            match line.split_once(':') {
                Some((name, value)) if is_token(name.trim()) => {
                    head.headers.push((name.trim(), value.trim()));
                }
                _ => head.broken |= !line.trim().is_empty(),
            }
        }
        Some(head)
    }

    /// All values of a header, given its long name, also in its compact form (RFC 3261 §7.3.3).
    pub fn all(&self, long: &'static str) -> impl Iterator<Item = &'a str> + '_ {
        let compact = compact(long);
        self.headers
            .iter()
            .filter(move |(name, _)| {
                name.eq_ignore_ascii_case(long)
                    || compact.is_some_and(|short| name.eq_ignore_ascii_case(short))
            })
            .map(|(_, value)| *value)
    }

    /// The first value of a header.
    pub fn first(&self, long: &'static str) -> Option<&'a str> {
        self.all(long).next()
    }

    /// Method, Request-URI and version, where this is a request.
    pub fn request_line(&self) -> Option<(&'a str, &'a str, &'a str)> {
        let mut words = self.start.split(' ');
        let line = (words.next()?, words.next()?, words.next()?);
        words.next().is_none().then_some(line)
    }

    /// Whether the start line is a status line.
    pub fn is_response(&self) -> bool {
        self.start.starts_with("SIP/")
    }

    /// The tag of a From or To header.
    pub fn tag(&self, long: &'static str) -> Option<&'a str> {
        party(self.first(long)?)?.parameter("tag")
    }
}

/// Whether CR or LF stands alone: what one reader takes for a line, another does not.
fn half_breaks(text: &str) -> bool {
    let count = |what: &str| text.matches(what).count();
    let whole = count("\r\n");
    count("\r") != whole || count("\n") != whole
}

/// Where a header ends: at the first line break that no white space follows (folding).
fn header_end(text: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text[from..].find("\r\n").map(|at| from + at) {
        match text.as_bytes().get(at + 2) {
            Some(b' ' | b'\t') => from = at + 2,
            _ => return at,
        }
    }
    text.len()
}

fn compact(long: &str) -> Option<&'static str> {
    Some(match long {
        "Via" => "v",
        "From" => "f",
        "To" => "t",
        "Call-ID" => "i",
        "Content-Length" => "l",
        "Content-Type" => "c",
        "Content-Encoding" => "e",
        "Contact" => "m",
        "Supported" => "k",
        "Session-Expires" => "x",
        _ => return None,
    })
}
