//! The guard before the stack: every datagram and every framed TCP message passes
//! [`judge`] first. What it refuses is answered without a transaction.

use std::net::SocketAddr;
use std::time::Instant;

use super::Transport;
use super::admission::State;
use super::head::{self, Head};
use super::headers::{ACCEPT, ALLOW, SUPPORTED, USER_AGENT};

/// A whole message (RFC 3261 sets none; a UDP datagram cannot be larger).
pub(super) const MAX_MESSAGE: usize = 64 * 1024;
const MAX_HEADER: usize = 8 * 1024;
const MAX_HEADERS: usize = 256;
/// Retry-After of a 503, in seconds.
const RETRY_AFTER_S: u32 = 30;

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// To the stack, as it came.
    Pass,
    /// To the stack, mended (charset, Content-Length).
    Mended(Vec<u8>),
    /// Answered here, without a transaction; the reason is counted.
    Answer {
        response: Vec<u8>,
        reason: &'static str,
    },
    /// Neither answered nor let through; the reason is counted.
    Drop { reason: &'static str },
}

/// A refusal: status, reason phrase, counted reason, extra headers.
struct Refusal {
    status: u16,
    phrase: &'static str,
    reason: &'static str,
    extra: String,
}

impl Refusal {
    fn new(status: u16, phrase: &'static str, reason: &'static str) -> Refusal {
        Refusal {
            status,
            phrase,
            reason,
            extra: String::new(),
        }
    }

    fn with(mut self, name: &str, value: impl std::fmt::Display) -> Refusal {
        self.extra.push_str(&format!("{name}: {value}\r\n"));
        self
    }
}

/// Decides about one message. The whole datagram, or one framed message of a stream.
pub(super) fn judge(
    bytes: &[u8],
    source: SocketAddr,
    transport: Transport,
    state: &State,
    now: Instant,
) -> Verdict {
    if bytes.len() > MAX_MESSAGE {
        return Verdict::Drop {
            reason: "too_large",
        };
    }
    let Some(body_at) = head::body_start(bytes) else {
        return Verdict::Drop { reason: "no_head" };
    };
    let raw_head = &bytes[..body_at - 4];
    let body = &bytes[body_at..];
    let (text, recoded) = decode(raw_head);
    let head = match Head::read(&text) {
        Ok(head) => head,
        Err(_) => {
            return Verdict::Drop {
                reason: "unreadable",
            };
        }
    };
    match examine(&head, body, source, transport, state, now) {
        Ok(Fix { append_length }) if recoded || append_length => {
            let mut mended = Vec::with_capacity(text.len() + body.len() + 32);
            mended.extend_from_slice(text.as_bytes());
            if append_length {
                mended.extend_from_slice(format!("\r\nContent-Length: {}", body.len()).as_bytes());
            }
            mended.extend_from_slice(b"\r\n\r\n");
            mended.extend_from_slice(body);
            Verdict::Mended(mended)
        }
        Ok(_) => Verdict::Pass,
        Err(Stop::Silently(reason)) => Verdict::Drop { reason },
        Err(Stop::With(refusal)) => {
            if refusal.status != 200 && !state.may_answer(source.ip(), now) {
                return Verdict::Drop { reason: "rate" };
            }
            match respond(&head, source, &refusal) {
                Some(response) => Verdict::Answer {
                    response,
                    reason: refusal.reason,
                },
                None => Verdict::Drop {
                    reason: "unanswerable",
                },
            }
        }
    }
}

/// UTF-8 as it is; anything else is what Chinese gateways send, GB18030.
fn decode(head: &[u8]) -> (std::borrow::Cow<'_, str>, bool) {
    match std::str::from_utf8(head) {
        Ok(text) => (text.into(), false),
        Err(_) => (
            encoding_rs::GB18030.decode_without_bom_handling(head).0,
            true,
        ),
    }
}

struct Fix {
    append_length: bool,
}

enum Stop {
    Silently(&'static str),
    With(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::With(refusal)
    }
}

fn examine(
    head: &Head<'_>,
    body: &[u8],
    source: SocketAddr,
    transport: Transport,
    state: &State,
    now: Instant,
) -> Result<Fix, Stop> {
    if head.headers.len() > MAX_HEADERS
        || head
            .headers
            .iter()
            .any(|(name, value)| name.len() + value.len() > MAX_HEADER)
    {
        return Err(Stop::Silently("head_too_large"));
    }
    let length = content_length(head, body, transport)?;
    if head.is_response() {
        return Ok(length);
    }
    let Some((method, uri, version)) = head.request_line() else {
        return Err(Refusal::new(400, "Bad Request", "malformed").into());
    };
    if method == "ACK" {
        // An ACK is never answered (RFC 3261 §8.2.6); the stack drops what matches nothing.
        let call_id = head.first("Call-ID").unwrap_or_default();
        return match state.is_trunk(source.ip()) || state.is_ours(call_id, now) {
            true => Ok(length),
            false => Err(Stop::Silently("foreign_ack")),
        };
    }
    well_formed(head, method, uri, version)?;
    admit(head, method, source, state, now)?;
    readable_body(head, method)?;
    Ok(length)
}

/// A wrong Content-Length is refused, a missing one on UDP is supplied (RFC 3261 §18.3).
fn content_length(head: &Head<'_>, body: &[u8], transport: Transport) -> Result<Fix, Stop> {
    let malformed = || Stop::from(Refusal::new(400, "Bad Content-Length", "malformed"));
    let mut lengths = head.all("Content-Length");
    let result = match (lengths.next(), transport) {
        (None, Transport::Udp) => Fix {
            append_length: true,
        },
        (None, Transport::Tcp) => return Err(malformed()),
        (Some(text), _) => {
            let length: usize = text.parse().map_err(|_| malformed())?;
            if length > body.len() {
                return Err(malformed());
            }
            Fix {
                append_length: false,
            }
        }
    };
    match lengths.next() {
        None => Ok(result),
        Some(_) => Err(malformed()),
    }
}

/// What every request needs (RFC 3261 §8.1.1).
fn well_formed(head: &Head<'_>, method: &str, uri: &str, version: &str) -> Result<(), Stop> {
    let bad = |phrase| Stop::from(Refusal::new(400, phrase, "malformed"));
    if version != "SIP/2.0" {
        return Err(Refusal::new(505, "Version Not Supported", "version").into());
    }
    for (name, phrase) in [
        ("From", "One From Header Expected"),
        ("To", "One To Header Expected"),
        ("Call-ID", "One Call-ID Expected"),
        ("CSeq", "One CSeq Expected"),
    ] {
        if head.all(name).count() != 1 {
            return Err(bad(phrase));
        }
    }
    if head.first("Via").is_none() {
        return Err(bad("Via Expected"));
    }
    if head.tag("From").is_none() {
        return Err(bad("From Tag Expected"));
    }
    let cseq = head.first("CSeq").unwrap_or_default();
    let mut words = cseq.split_whitespace();
    let number = words.next().and_then(|word| word.parse::<u32>().ok());
    if number.is_none_or(|number| number > i32::MAX as u32) || words.next() != Some(method) {
        return Err(bad("CSeq Does Not Match"));
    }
    let scheme = uri
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("sip" | "sips") => Ok(()),
        Some(_) => Err(Refusal::new(416, "Unsupported URI Scheme", "scheme").into()),
        None => Err(bad("Bad Request-URI")),
    }
}

/// Who may send what.
fn admit(
    head: &Head<'_>,
    method: &str,
    source: SocketAddr,
    state: &State,
    now: Instant,
) -> Result<(), Stop> {
    let trunk = state.is_trunk(source.ip());
    let call_id = head.first("Call-ID").unwrap_or_default();
    match method {
        "INVITE" | "BYE" | "CANCEL" | "INFO" | "UPDATE" | "OPTIONS" => {}
        "REGISTER" | "SUBSCRIBE" | "NOTIFY" | "PUBLISH" | "MESSAGE" | "REFER" | "PRACK" => {
            return Err(Refusal::new(405, "Method Not Allowed", "method")
                .with("Allow", ALLOW)
                .into());
        }
        _ => {
            return Err(Refusal::new(501, "Not Implemented", "unknown_method")
                .with("Allow", ALLOW)
                .into());
        }
    }
    let in_dialog = head.tag("To").is_some();
    let no_call = || Refusal::new(481, "Call/Transaction Does Not Exist", "no_call");
    match (method, in_dialog) {
        ("INVITE" | "OPTIONS" | "BYE" | "INFO" | "UPDATE", false) if !trunk => {
            Err(Refusal::new(403, "Forbidden", "foreign").into())
        }
        // Sent again, or by another way: its transaction knows.
        ("INVITE", false) if state.lives(call_id) => Ok(()),
        ("INVITE", false) => new_call(head, state),
        ("OPTIONS", false) => Err(Refusal::new(200, "OK", "options")
            .with("Allow", ALLOW)
            .with("Accept", ACCEPT)
            .with("Supported", SUPPORTED)
            .into()),
        // A desk that we called is no trunk: within a call the Call-ID admits, the
        // stack compares the tags.
        ("CANCEL", _) | (_, true) if state.is_ours(call_id, now) => Ok(()),
        _ => Err(no_call().into()),
    }
}

/// A body we could not read (RFC 3261 §8.2.3).
fn readable_body(head: &Head<'_>, method: &str) -> Result<(), Stop> {
    let kind = head.first("Content-Type").unwrap_or(ACCEPT);
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if matches!(method, "INVITE" | "UPDATE") && !kind.eq_ignore_ascii_case(ACCEPT) {
        return Err(Refusal::new(415, "Unsupported Media Type", "media_type")
            .with("Accept", ACCEPT)
            .into());
    }
    Ok(())
}

fn new_call(head: &Head<'_>, state: &State) -> Result<(), Stop> {
    if state.draining() {
        return Err(Refusal::new(503, "Service Unavailable", "draining")
            .with("Retry-After", RETRY_AFTER_S)
            .into());
    }
    if state.overloaded() {
        return Err(Refusal::new(503, "Service Unavailable", "overload")
            .with("Retry-After", RETRY_AFTER_S)
            .into());
    }
    let unknown: Vec<&str> = head
        .all("Require")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|option| !option.is_empty() && !option.eq_ignore_ascii_case("timer"))
        .collect();
    if !unknown.is_empty() {
        return Err(Refusal::new(420, "Bad Extension", "extension")
            .with("Unsupported", unknown.join(", "))
            .into());
    }
    if head.first("Contact").is_none() {
        return Err(Refusal::new(400, "Contact Expected", "malformed").into());
    }
    Ok(())
}

/// A stateless response (RFC 3261 §8.2.7): `None` where the request lacks what it takes.
fn respond(head: &Head<'_>, source: SocketAddr, refusal: &Refusal) -> Option<Vec<u8>> {
    let mut response = format!("SIP/2.0 {} {}\r\n", refusal.status, refusal.phrase);
    let mut vias = head.all("Via");
    response.push_str(&format!("Via: {}\r\n", with_received(vias.next()?, source)));
    for via in vias {
        response.push_str(&format!("Via: {via}\r\n"));
    }
    let from = head.first("From")?;
    let to = head.first("To")?;
    let call_id = head.first("Call-ID")?;
    let cseq = head.first("CSeq")?;
    let tag = match head.tag("To") {
        Some(_) => String::new(),
        None => format!(";tag={:016x}", stateless_tag(call_id, from)),
    };
    response.push_str(&format!(
        "From: {from}\r\nTo: {to}{tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n{}Server: {USER_AGENT}\r\nContent-Length: 0\r\n\r\n",
        refusal.extra
    ));
    Some(response.into_bytes())
}

/// The top Via with `received` and a filled `rport` (RFC 3581 §4).
fn with_received(via: &str, source: SocketAddr) -> String {
    let (first, others) = via
        .split_once(',')
        .map_or((via, None), |(first, rest)| (first, Some(rest)));
    let mut out: String = first
        .split(';')
        .map(str::trim)
        .filter(|part| !part.starts_with("received="))
        .map(|part| match part.eq_ignore_ascii_case("rport") {
            true => format!("rport={}", source.port()),
            false => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(";");
    out.push_str(&format!(";received={}", source.ip().to_canonical()));
    if let Some(others) = others {
        out.push(',');
        out.push_str(others);
    }
    out
}

/// The same request always gets the same tag (RFC 3261 §8.2.7).
fn stateless_tag(call_id: &str, from: &str) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    (call_id, from).hash(&mut hasher);
    hasher.finish()
}

/// Counts a refusal.
pub(super) fn count(reason: &'static str) {
    metrics::counter!("gradeline_sip_refused_total", "reason" => reason).increment(1);
}

#[cfg(test)]
mod tests;
