//! A tolerant reading of a message's head, before any parser of the stack sees it, and
//! the framing of messages on a stream.

use super::MAX_MESSAGE;

/// The head of a SIP message: start line and headers as text, nothing interpreted.
#[derive(Debug)]
pub struct Head<'a> {
    pub start: &'a str,
    /// Name and value; folded values keep their line breaks.
    pub headers: Vec<(&'a str, &'a str)>,
    /// A line stood there that is no header; it is left out.
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
            broken: false,
        };
        while !rest.is_empty() {
            let end = header_end(rest);
            let line = &rest[..end];
            rest = rest[end..].strip_prefix("\r\n").unwrap_or("");
            match line.split_once(':') {
                Some((name, value)) => head.headers.push((name.trim(), value.trim())),
                None => head.broken |= !line.trim().is_empty(),
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
        parameter(self.first(long)?, "tag")
    }
}

/// A header parameter's value, looked for after the closing `>`.
fn parameter<'a>(value: &'a str, wanted: &str) -> Option<&'a str> {
    let after = value.rfind('>').map_or(value, |at| &value[at..]);
    after.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim())
    })
}

/// The items of a comma-separated value; a comma within quotes or `<…>` separates nothing.
pub(super) fn items(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut in_uri) = (false, false, false);
    value.split(move |c| {
        let separates = c == ',' && !quoted && !in_uri;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !in_uri => quoted = !quoted,
            '<' if !quoted => in_uri = true,
            '>' if !quoted => in_uri = false,
            _ => {}
        }
        separates
    })
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
        "Contact" => "m",
        "Supported" => "k",
        "Session-Expires" => "x",
        _ => return None,
    })
}

/// What stands at the start of a stream's buffer (RFC 3261 §18.3).
#[derive(Debug, PartialEq, Eq)]
pub enum Framed {
    /// A message of this many bytes.
    Whole(usize),
    /// An empty line between messages (RFC 5626 §3.5.1), of this many bytes.
    Keepalive(usize),
    /// The rest is still to come.
    More,
    /// Nothing after this can be found: the stream must be closed.
    Broken,
}

/// Finds the first message of a stream's buffer.
pub fn frame(buffer: &[u8]) -> Framed {
    if buffer.starts_with(b"\r\n") {
        return Framed::Keepalive(2);
    }
    let Some(body_at) = body_start(buffer) else {
        return if buffer.len() > MAX_MESSAGE {
            Framed::Broken
        } else {
            Framed::More
        };
    };
    let text = String::from_utf8_lossy(&buffer[..body_at - 4]);
    // Without a length, or with two, nothing after this message can be found.
    let Some(length) = Head::read(&text).and_then(|head| only_length(&head)) else {
        return Framed::Broken;
    };
    match body_at.checked_add(length) {
        Some(end) if end > MAX_MESSAGE => Framed::Broken,
        Some(end) if buffer.len() >= end => Framed::Whole(end),
        Some(_) => Framed::More,
        None => Framed::Broken,
    }
}

fn only_length(head: &Head<'_>) -> Option<usize> {
    let mut lengths = head.all("Content-Length");
    let length = lengths.next()?.parse().ok()?;
    lengths.next().is_none().then_some(length)
}
