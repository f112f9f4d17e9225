//! A tolerant reading of a message's head, before any parser of the stack sees it.

/// The head of a SIP message: start line and headers as text, nothing interpreted.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub start: &'a str,
    /// Name and value; folded values keep their line breaks.
    pub headers: Vec<(&'a str, &'a str)>,
}

/// Why a head is unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    NoStartLine,
    NoColon,
}

/// Where the body begins, if the head is complete.
pub(super) fn body_start(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

impl<'a> Head<'a> {
    /// `text` is everything before the empty line.
    pub fn read(text: &'a str) -> Result<Head<'a>, Unreadable> {
        let (start, mut rest) = text.split_once("\r\n").unwrap_or((text, ""));
        if start.trim().is_empty() {
            return Err(Unreadable::NoStartLine);
        }
        let mut headers = Vec::new();
        while !rest.is_empty() {
            let end = header_end(rest);
            let line = &rest[..end];
            rest = rest[end..].strip_prefix("\r\n").unwrap_or("");
            if line.trim().is_empty() {
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(Unreadable::NoColon)?;
            headers.push((name.trim(), value.trim()));
        }
        Ok(Head { start, headers })
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

    pub fn first(&self, long: &'static str) -> Option<&'a str> {
        self.all(long).next()
    }

    /// Method, Request-URI and version, where this is a request.
    pub fn request_line(&self) -> Option<(&'a str, &'a str, &'a str)> {
        let mut words = self.start.split(' ');
        let line = (words.next()?, words.next()?, words.next()?);
        words.next().is_none().then_some(line)
    }

    pub fn is_response(&self) -> bool {
        self.start.starts_with("SIP/")
    }

    /// The tag of a From or To header.
    pub fn tag(&self, long: &'static str) -> Option<&'a str> {
        parameter(self.first(long)?, "tag")
    }
}

/// A header parameter's value, looked for after the closing `>`.
pub(super) fn parameter<'a>(value: &'a str, wanted: &str) -> Option<&'a str> {
    let after = value.rfind('>').map_or(value, |at| &value[at..]);
    after.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim())
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
