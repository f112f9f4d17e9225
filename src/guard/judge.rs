//! The verdict on one message: every datagram and every framed message of a stream passes
//! [`judge`] before the stack sees it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::admission::{NoRoom, State};
use super::flow;
use super::formed::{self, RequestLine};
use super::head::{self, Head};
use super::refusal::{Refusal, respond};
use super::syntax::items;
use super::{ACCEPT, ALLOW, MAX_HEAD, SUPPORTED, Sender, Transport};
use crate::registrar::{Answer, Outcome};

/// Methods of the RFCs; what else may come is unknown (RFC 3261 §21.5.2).
const KNOWN: [&str; 14] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "INFO",
    "UPDATE",
    "REGISTER",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "MESSAGE",
    "REFER",
    "PRACK",
];
/// Those of them that are served.
const SERVED: [&str; 7] = [
    "INVITE", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "REFER",
];
/// Retry-After of a 503, in seconds.
const RETRY_AFTER_S: u32 = 30;
/// Retry-After where only ACKs or sound are missing, in seconds: places are free again soon.
const PROOF_RETRY_AFTER_S: u32 = 5;

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
    /// Answered by the registrar, without a transaction; counted by its outcome.
    Registrar {
        response: Vec<u8>,
        outcome: Outcome,
        /// How long a stream must stand for what was bound.
        bound_for: Option<Duration>,
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
    let came = bytes;
    let bytes = without_leading_breaks(came);
    let body_at = head::body_start(bytes);
    let (raw_head, body) = match body_at {
        Some(at) => (&bytes[..at - 4], &bytes[at..]),
        None => (bytes, &[][..]),
    };
    if raw_head.len() > MAX_HEAD {
        return Verdict::Drop {
            reason: "too_large",
        };
    }
    let (text, recoded) = decode(raw_head);
    let Some(mut head) = Head::read(&text) else {
        return Verdict::Drop {
            reason: "unreadable",
        };
    };
    let call_id = head.first("Call-ID").unwrap_or_default();
    if state.is_noise(source.ip(), call_id, now) {
        return Verdict::Drop { reason: "rate" };
    }
    // A datagram that ends before the empty line does: what it says may be half of it.
    head.broken |= body_at.is_none();
    let arrival = Arrival {
        body,
        source,
        transport,
        now,
    };
    match examine(&head, &arrival, state) {
        Ok(told) if transport.comes_whole() && state.is_flow(call_id, source) => {
            let mended = flow::with_contact_at(&text, source, transport);
            Verdict::Mended(mend(&mended, body, told))
        }
        // As it came, where the stack reads it as we did.
        Ok(Some(length)) if !recoded && length == body.len() && bytes.len() == came.len() => {
            Verdict::Pass
        }
        Ok(told) => Verdict::Mended(mend(&text, body, told)),
        Err(Stop::Silently(reason)) => Verdict::Drop { reason },
        Err(Stop::Registrar(answer)) => registered(&head, source, &answer),
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

fn registered(head: &Head<'_>, source: SocketAddr, answer: &Answer) -> Verdict {
    match respond(head, source, &Refusal::of(answer)) {
        Some(response) => Verdict::Registrar {
            response,
            outcome: answer.outcome,
            bound_for: answer.bound_for,
        },
        None => Verdict::Drop {
            reason: "unanswerable",
        },
    }
}

/// The head in UTF-8, with a Content-Length, and nothing behind the body (RFC 3261 §18.3).
fn mend(head: &str, body: &[u8], told: Told) -> Vec<u8> {
    let body = &body[..told.unwrap_or(body.len())];
    let mut mended = Vec::with_capacity(head.len() + body.len() + 32);
    mended.extend_from_slice(head.as_bytes());
    if told.is_none() {
        mended.extend_from_slice(format!("\r\nContent-Length: {}", body.len()).as_bytes());
    }
    mended.extend_from_slice(b"\r\n\r\n");
    mended.extend_from_slice(body);
    mended
}

/// RFC 3261 §7.5: empty lines before a start line are passed over.
fn without_leading_breaks(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_prefix(b"\r\n") {
        bytes = rest;
    }
    bytes
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

pub(super) enum Stop {
    Silently(&'static str),
    With(Refusal),
    Registrar(Answer),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::With(refusal)
    }
}

/// What is known of a message beside its head.
struct Arrival<'a> {
    body: &'a [u8],
    source: SocketAddr,
    transport: Transport,
    now: Instant,
}

/// The body's length as the head tells it.
type Told = Option<usize>;

fn examine(head: &Head<'_>, arrival: &Arrival<'_>, state: &State) -> Result<Told, Stop> {
    if head.is_response() {
        return response(head, arrival, state);
    }
    let line = formed::request_line(head);
    // An ACK is never answered (RFC 3261 §8.2.6); the stack drops what matches nothing.
    if head.start.starts_with("ACK ") {
        let told = line.and_then(|line| request(head, &line, arrival));
        let told = told.map_err(|_| Stop::Silently("malformed"))?;
        let call_id = head.first("Call-ID").unwrap_or_default();
        return match state.is_ours(call_id, arrival.now) {
            true => Ok(told),
            false => Err(Stop::Silently("foreign_ack")),
        };
    }
    let line = line?;
    let told = request(head, &line, arrival)?;
    readable_body(head, line.method)?;
    if line.method == "REGISTER" {
        register(head, line.uri, arrival, state)?;
    }
    admit(head, line.method, arrival, state)?;
    Ok(told)
}

/// A request that can be read in one way only, and whose method is known.
fn request(head: &Head<'_>, line: &RequestLine<'_>, arrival: &Arrival<'_>) -> Result<Told, Stop> {
    formed::size(head)?;
    let told = formed::content_length(head, arrival.body, arrival.transport)?;
    formed::well_formed(head, line)?;
    // RFC 4475 §3.1.2.18: what a method unknown to us should have in its CSeq we do not know.
    if !KNOWN.contains(&line.method) {
        return Err(Refusal::new(501, "Not Implemented", "unknown_method")
            .with("Allow", ALLOW)
            .into());
    }
    formed::sequence(head, line.method)?;
    formed::target(line.uri)?;
    Ok(told)
}

/// A response is never answered; one that belongs to no call of ours costs the stack nothing.
fn response(head: &Head<'_>, arrival: &Arrival<'_>, state: &State) -> Result<Told, Stop> {
    let malformed = |_| Stop::Silently("malformed");
    formed::size(head).map_err(malformed)?;
    let told = formed::content_length(head, arrival.body, arrival.transport).map_err(malformed)?;
    if !formed::response(head) {
        return Err(Stop::Silently("malformed"));
    }
    match state.is_ours(head.first("Call-ID").unwrap_or_default(), arrival.now) {
        true => Ok(told),
        false => Err(Stop::Silently("foreign_response")),
    }
}

/// Who may send what.
fn admit(head: &Head<'_>, method: &str, arrival: &Arrival<'_>, state: &State) -> Result<(), Stop> {
    let trunk = state.is_trunk(arrival.source.ip());
    let call_id = head.first("Call-ID").unwrap_or_default();
    // Who has no call with us has nobody to hand on.
    let is_stray = method == "REFER" && head.tag("To").is_none();
    if !SERVED.contains(&method) || is_stray {
        return Err(Refusal::new(405, "Method Not Allowed", "method")
            .with("Allow", ALLOW)
            .into());
    }
    let in_dialog = head.tag("To").is_some();
    // Who is in a call of ours may ask somebody beside it: whom, his call says.
    let calls = trunk || method == "INVITE" && state.calls_beside(arrival.source);
    if calls {
        known_extensions(head, method, &["timer"])?;
    }
    let no_call = || Refusal::new(481, "Call/Transaction Does Not Exist", "no_call");
    match (method, in_dialog) {
        ("INVITE" | "OPTIONS" | "BYE" | "INFO" | "UPDATE", false) if !calls => {
            Err(Refusal::new(403, "Forbidden", "foreign").into())
        }
        // Sent again, or by another way: its transaction knows.
        ("INVITE", false) if state.lives(call_id) || state.is_invited(call_id) => Ok(()),
        // RFC 3891 §3: no dialog here is replaced by whoever names it.
        ("INVITE", false) if head.first("Replaces").is_some() => Err(no_call().into()),
        ("INVITE", false) => new_call(head, arrival, state),
        ("OPTIONS", false) => Err(Refusal::new(200, "OK", "options")
            .with("Allow", ALLOW)
            .with("Accept", ACCEPT)
            .with("Supported", SUPPORTED)
            .into()),
        ("INVITE" | "UPDATE" | "INFO" | "OPTIONS" | "REFER", true) if state.busy() => {
            Err(unavailable("overload", RETRY_AFTER_S).into())
        }
        // A desk that we called is no trunk: within a call the Call-ID admits, the
        // stack compares the tags.
        ("CANCEL", _) | (_, true) if state.is_ours(call_id, arrival.now) => Ok(()),
        _ => Err(no_call().into()),
    }
}

/// Telephones of desks register, where there are any (RFC 3261 §10.3). The rate is paid before the registrar has any work.
fn register(head: &Head<'_>, uri: &str, arrival: &Arrival<'_>, state: &State) -> Result<(), Stop> {
    let Some(desks) = state.desks() else {
        return Ok(());
    };
    let source = arrival.source;
    if state.sender(source.ip()) != Sender::Desk {
        return Err(Refusal::new(403, "Forbidden", "foreign_register").into());
    }
    // RFC 3327 §5.2: a proxy that must be gone through says so.
    let known: &[&str] = match desks.has_proxy(source.ip()) {
        true => &["timer", "path"],
        false => &["timer"],
    };
    known_extensions(head, "REGISTER", known)?;
    if !state.may_answer(source.ip(), arrival.now) {
        return Err(Stop::Silently("rate"));
    }
    let came = (source, arrival.transport);
    match desks.ask(head, uri, came, arrival.now) {
        Some(answer) => Err(Stop::Registrar(answer)),
        None => Err(Refusal::new(400, "Bad Address Of Record", "malformed").into()),
    }
}

/// Extensions that we would have to know (RFC 3261 §8.2.2.3).
fn known_extensions(head: &Head<'_>, method: &str, known: &[&str]) -> Result<(), Stop> {
    if method == "CANCEL" {
        return Ok(());
    }
    let unknown: Vec<&str> = head
        .all("Require")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|option| !option.is_empty())
        .filter(|option| !known.iter().any(|known| known.eq_ignore_ascii_case(option)))
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
    let packed = head.first("Content-Encoding");
    if packed.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(Refusal::new(415, "Unsupported Media Type", "media_type")
            .with("Accept-Encoding", "identity")
            .into());
    }
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

fn new_call(head: &Head<'_>, arrival: &Arrival<'_>, state: &State) -> Result<(), Stop> {
    if head.first("Contact").is_none() {
        return Err(Refusal::new(400, "Contact Expected", "malformed").into());
    }
    if state.draining() {
        return Err(unavailable("draining", RETRY_AFTER_S).into());
    }
    match state.no_room(arrival.source.ip(), arrival.now) {
        Some(NoRoom::Full) => return Err(unavailable("overload", RETRY_AFTER_S).into()),
        Some(NoRoom::Closing) => return Err(unavailable("closing", RETRY_AFTER_S).into()),
        Some(NoRoom::Unproven) => {
            return Err(unavailable("unproven", PROOF_RETRY_AFTER_S).into());
        }
        None => {}
    }
    state.invite(head.first("Call-ID").unwrap_or_default(), arrival.now);
    Ok(())
}

fn unavailable(reason: &'static str, retry_after_s: u32) -> Refusal {
    Refusal::new(503, "Service Unavailable", reason).with("Retry-After", retry_after_s)
}
