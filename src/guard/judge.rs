//! The verdict on one message: every datagram and every framed message of a stream passes
//! [`judge`] before the stack sees it.

use std::net::SocketAddr;
use std::time::Instant;

use super::admission::State;
use super::head::{self, Head, items};
use super::refusal::{Refusal, respond};
use super::syntax::{balanced, cseq_method, is_via, max_forwards, request_uri};
use super::{ACCEPT, ALLOW, MAX_MESSAGE, SUPPORTED, Transport};

const MAX_HEADER: usize = 8 * 1024;
const MAX_HEADERS: usize = 256;
/// Retry-After of a 503, in seconds.
const RETRY_AFTER_S: u32 = 30;
/// Retry-After where only ACKs are missing, in seconds: a place is free again within their grace.
const ACK_RETRY_AFTER_S: u32 = 5;

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
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

/// Decides about one message. The whole datagram, or one framed message of a stream.
pub fn judge(
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
    let body_at = head::body_start(bytes);
    let (raw_head, body) = match body_at {
        Some(at) => (&bytes[..at - 4], &bytes[at..]),
        None => (bytes, &[][..]),
    };
    let (text, recoded) = decode(raw_head);
    let Some(mut head) = Head::read(&text) else {
        return Verdict::Drop {
            reason: "unreadable",
        };
    };
    // A datagram that ends before the empty line does: what it says may be half of it.
    head.broken |= body_at.is_none();
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

pub(super) enum Stop {
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
    if head.is_response() {
        return response(head, body, transport, state, now);
    }
    let Some((method, uri, version)) = head.request_line() else {
        return Err(Refusal::new(400, "Bad Request", "malformed").into());
    };
    if method == "ACK" {
        // An ACK is never answered (RFC 3261 §8.2.6); the stack drops what matches nothing.
        let readable = |_| Stop::Silently("malformed");
        well_formed(head, method, uri, version).map_err(readable)?;
        let call_id = head.first("Call-ID").unwrap_or_default();
        return match state.is_trunk(source.ip()) || state.is_ours(call_id, now) {
            true => content_length(head, body, transport).map_err(readable),
            false => Err(Stop::Silently("foreign_ack")),
        };
    }
    let length = content_length(head, body, transport)?;
    well_formed(head, method, uri, version)?;
    admit(head, method, source, state, now)?;
    readable_body(head, method)?;
    Ok(length)
}

/// A response is never answered; one that belongs to no call of ours costs the stack nothing.
fn response(
    head: &Head<'_>,
    body: &[u8],
    transport: Transport,
    state: &State,
    now: Instant,
) -> Result<Fix, Stop> {
    let malformed = Stop::Silently("malformed");
    let Some(length) = content_length(head, body, transport).ok() else {
        return Err(malformed);
    };
    let once = |name| head.all(name).count() == 1;
    let status = head.start.strip_prefix("SIP/2.0 ").and_then(status_code);
    if status.is_none()
        || head.broken
        || head.first("Via").is_none()
        || !["From", "To", "Call-ID", "CSeq"].into_iter().all(once)
        || head.first("CSeq").and_then(cseq_method).is_none()
    {
        return Err(malformed);
    }
    match state.is_ours(head.first("Call-ID").unwrap_or_default(), now) {
        true => Ok(length),
        false => Err(Stop::Silently("foreign_response")),
    }
}

/// The status of `200 OK`, as the status line goes on after its version.
fn status_code(rest: &str) -> Option<u16> {
    let digits = rest.get(..3)?;
    let ends = matches!(rest.as_bytes().get(3), None | Some(b' '));
    let status = digits.parse().ok()?;
    (ends && (100..700).contains(&status)).then_some(status)
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
    if head.broken {
        return Err(bad("Incomplete Head"));
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
    max_forwards(head)?;
    if !head.all("Via").flat_map(items).all(is_via) {
        return Err(bad("Bad Via"));
    }
    let names = ["From", "To", "Contact"];
    if !names
        .into_iter()
        .flat_map(|name| head.all(name))
        .all(balanced)
    {
        return Err(bad("Unbalanced Quotes"));
    }
    if matches!(method, "INVITE" | "UPDATE") && head.all("Contact").flat_map(items).count() > 1 {
        return Err(bad("One Contact Expected"));
    }
    let cseq = head.first("CSeq").unwrap_or_default();
    if cseq_method(cseq) != Some(method) {
        return Err(bad("CSeq Does Not Match"));
    }
    request_uri(uri)
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
    if trunk {
        known_extensions(head, method)?;
    }
    let no_call = || Refusal::new(481, "Call/Transaction Does Not Exist", "no_call");
    match (method, in_dialog) {
        ("INVITE" | "OPTIONS" | "BYE" | "INFO" | "UPDATE", false) if !trunk => {
            Err(Refusal::new(403, "Forbidden", "foreign").into())
        }
        // Sent again, or by another way: its transaction knows.
        ("INVITE", false) if state.lives(call_id) => Ok(()),
        ("INVITE", false) => new_call(head, source, state, now),
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

/// Extensions that we would have to know (RFC 3261 §8.2.2.3).
fn known_extensions(head: &Head<'_>, method: &str) -> Result<(), Stop> {
    if method == "CANCEL" {
        return Ok(());
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
    Ok(())
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
    let mut accepted = head.all("Accept").flat_map(items).peekable();
    let sdp = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", ACCEPT]
            .iter()
            .any(|known| range.eq_ignore_ascii_case(known))
    };
    if method == "INVITE" && accepted.peek().is_some() && !accepted.any(sdp) {
        return Err(Refusal::new(406, "Not Acceptable", "media_type").into());
    }
    Ok(())
}

fn new_call(head: &Head<'_>, source: SocketAddr, state: &State, now: Instant) -> Result<(), Stop> {
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
    if !state.has_place(source.ip(), now) {
        return Err(Refusal::new(503, "Service Unavailable", "unacknowledged")
            .with("Retry-After", ACK_RETRY_AFTER_S)
            .into());
    }
    if head.first("Contact").is_none() {
        return Err(Refusal::new(400, "Contact Expected", "malformed").into());
    }
    Ok(())
}
