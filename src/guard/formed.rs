//! Whether a message is formed so that only one reading of it is possible (RFC 3261 §7, §8.1.1).

use super::head::Head;
use super::judge::Stop;
use super::refusal::Refusal;
use super::syntax::{
    cseq_method, is_sip_target, is_token, is_version, items, number, party, scheme, via,
};
use super::{MAX_BODY, Transport};

const MAX_HEADER: usize = 8 * 1024;
const MAX_HEADERS: usize = 256;

/// Headers of which there is one, or none (RFC 3261 §7.3.1): of two, two readers take two.
const AT_MOST_ONCE: [&str; 4] = [
    "Content-Type",
    "Content-Encoding",
    "Session-Expires",
    "Min-SE",
];

/// A request line whose three words are what RFC 3261 §7.1 asks for.
pub(super) struct RequestLine<'a> {
    pub method: &'a str,
    pub uri: &'a str,
}

fn bad(phrase: &'static str) -> Stop {
    Refusal::new(400, phrase, "malformed").into()
}

/// Whether the head can be dealt with at all.
pub(super) fn size(head: &Head<'_>) -> Result<(), Stop> {
    let too_long = |(name, value): &(&str, &str)| name.len() + value.len() > MAX_HEADER;
    match head.headers.len() > MAX_HEADERS || head.headers.iter().any(too_long) {
        true => Err(Refusal::new(513, "Message Too Large", "head_too_large").into()),
        false => Ok(()),
    }
}

/// Method, Request-URI and version.
pub(super) fn request_line<'a>(head: &Head<'a>) -> Result<RequestLine<'a>, Stop> {
    let (method, uri, version) = head.request_line().ok_or_else(|| bad("Bad Request Line"))?;
    if !is_token(method) || !is_version(version) {
        return Err(bad("Bad Request Line"));
    }
    match version {
        "SIP/2.0" => Ok(RequestLine { method, uri }),
        _ => Err(Refusal::new(505, "Version Not Supported", "version").into()),
    }
}

/// How long the body is. A wrong Content-Length is refused; without one it is what a datagram
/// has behind its head (RFC 3261 §18.3), and `None` is told.
pub(super) fn content_length(
    head: &Head<'_>,
    body: &[u8],
    transport: Transport,
) -> Result<Option<usize>, Stop> {
    let malformed = || bad("Bad Content-Length");
    let mut lengths = head.all("Content-Length");
    let told = match lengths.next() {
        None if transport.comes_whole() => None,
        None => return Err(malformed()),
        Some(text) => Some(number::<usize>(text).ok_or_else(malformed)?),
    };
    if lengths.next().is_some() {
        return Err(malformed());
    }
    let fits = told.is_none_or(|length| length <= body.len());
    match told.unwrap_or(body.len()) {
        // On a stream the rest may be on its way; it is not waited for.
        length if length > MAX_BODY && (fits || !transport.comes_whole()) => {
            Err(Refusal::new(413, "Request Entity Too Large", "body_too_large").into())
        }
        _ if fits => Ok(told),
        _ => Err(malformed()),
    }
}

/// What every request needs (RFC 3261 §8.1.1).
pub(super) fn well_formed(head: &Head<'_>, line: &RequestLine<'_>) -> Result<(), Stop> {
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
    if AT_MOST_ONCE.iter().any(|name| head.all(name).count() > 1) {
        return Err(bad("A Header Stands Twice"));
    }
    if !head.first("Call-ID").is_some_and(is_call_id) {
        return Err(bad("Bad Call-ID"));
    }
    max_forwards(head)?;
    vias(head)?;
    parties(head, line.method)
}

/// All values of Via are read; the top one tells the transaction.
fn vias(head: &Head<'_>) -> Result<(), Stop> {
    let mut values = head.all("Via").flat_map(items).map(via);
    match values.next() {
        None => Err(bad("Via Expected")),
        Some(Some(top)) if top.names_transaction() && values.all(|via| via.is_some()) => Ok(()),
        Some(_) => Err(bad("Bad Via")),
    }
}

/// From with its tag, To, and the Contacts.
fn parties(head: &Head<'_>, method: &str) -> Result<(), Stop> {
    let from = head.first("From").and_then(party);
    let from = from.ok_or_else(|| bad("Bad From"))?;
    if from.parameter("tag").is_none() {
        return Err(bad("From Tag Expected"));
    }
    if head.first("To").and_then(party).is_none() {
        return Err(bad("Bad To"));
    }
    let any = |contact: &str| method == "REGISTER" && contact.trim() == "*";
    let mut contacts = head.all("Contact").flat_map(items);
    if !contacts.all(|contact| any(contact) || party(contact).is_some()) {
        return Err(bad("Bad Contact"));
    }
    if matches!(method, "INVITE" | "UPDATE") && head.all("Contact").flat_map(items).count() > 1 {
        return Err(bad("One Contact Expected"));
    }
    Ok(())
}

/// A Call-ID is one word (RFC 3261 §25.1).
fn is_call_id(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// One number up to 255 (RFC 3261 §20.22), or none, as RFC 2543 had it. 0 is no fault: the
/// request has arrived.
fn max_forwards(head: &Head<'_>) -> Result<(), Stop> {
    let mut hops = head.all("Max-Forwards");
    let right = hops.next().is_none_or(|hops| number::<u8>(hops).is_some());
    match right && hops.next().is_none() {
        true => Ok(()),
        false => Err(bad("Bad Max-Forwards")),
    }
}

/// The CSeq names the request's own method.
pub(super) fn sequence(head: &Head<'_>, method: &str) -> Result<(), Stop> {
    let cseq = head.first("CSeq").unwrap_or_default();
    match cseq_method(cseq) == Some(method) {
        true => Ok(()),
        false => Err(bad("CSeq Does Not Match")),
    }
}

/// Where the request goes: one of the schemes of SIP (RFC 3261 §8.2.2.1).
pub(super) fn target(uri: &str) -> Result<(), Stop> {
    let (scheme, rest) = scheme(uri).ok_or_else(|| bad("Bad Request-URI"))?;
    match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" if is_sip_target(rest) => Ok(()),
        "sip" | "sips" => Err(bad("Bad Request-URI")),
        _ => Err(Refusal::new(416, "Unsupported URI Scheme", "scheme").into()),
    }
}

/// Whether a response is formed as ours would be answered.
pub(super) fn response(head: &Head<'_>) -> bool {
    let once = |name| head.all(name).count() == 1;
    let status = head.start.strip_prefix("SIP/2.0 ").and_then(status_code);
    let top = head.all("Via").flat_map(items).next();
    status.is_some()
        && !head.broken
        && top.is_some_and(|top| via(top).is_some())
        && ["From", "To", "Call-ID", "CSeq"].into_iter().all(once)
        && head.first("CSeq").and_then(cseq_method).is_some()
}

/// The status of `200 OK`, as the status line goes on after its version.
fn status_code(rest: &str) -> Option<u16> {
    let digits = rest.get(..3)?;
    let ends = matches!(rest.as_bytes().get(3), None | Some(b' '));
    let status = number(digits)?;
    (ends && (100..700).contains(&status)).then_some(status)
}
