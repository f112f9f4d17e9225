//! Stateless responses (RFC 3261 §8.2.7): the same request always gets the same answer.

use std::net::SocketAddr;

use super::USER_AGENT;
use super::head::Head;
use super::syntax::{items, unquoted};
use crate::registrar::Answer;

/// A refusal: status, reason phrase, counted reason, extra headers.
pub(super) struct Refusal {
    pub status: u16,
    phrase: &'static str,
    pub reason: &'static str,
    extra: String,
}

impl Refusal {
    pub fn new(status: u16, phrase: &'static str, reason: &'static str) -> Refusal {
        Refusal {
            status,
            phrase,
            reason,
            extra: String::new(),
        }
    }

    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Refusal {
        self.extra.push_str(&format!("{name}: {value}\r\n"));
        self
    }
}

impl Refusal {
    /// What the registrar answers, which is no refusal as a rule.
    pub fn of(answer: &Answer) -> Refusal {
        let refusal = Refusal::new(answer.status, answer.phrase, answer.outcome.word());
        let headers = answer.headers.iter();
        headers.fold(refusal, |refusal, (name, value)| refusal.with(name, value))
    }
}

/// What a response repeats of its request, in bytes; who sends more is not answered.
const MAX_ECHO: usize = 8 * 1024;

/// The answer to a request. `None` without a Via: nothing says where it goes. What else is
/// missing is missing in the answer too: the Via's branch is what the sender knows it by.
pub(super) fn respond(head: &Head<'_>, source: SocketAddr, refusal: &Refusal) -> Option<Vec<u8>> {
    let mut response = format!("SIP/2.0 {} {}\r\n", refusal.status, refusal.phrase);
    let mut vias = head.all("Via");
    response.push_str(&format!("Via: {}\r\n", with_received(vias.next()?, source)));
    for via in vias {
        response.push_str(&format!("Via: {}\r\n", in_one_line(via)));
    }
    let from = head.first("From").unwrap_or_default();
    let call_id = head.first("Call-ID").unwrap_or_default();
    for (name, value) in [("From", from), ("Call-ID", call_id)] {
        if !value.is_empty() {
            response.push_str(&format!("{name}: {}\r\n", in_one_line(value)));
        }
    }
    if let Some(to) = head.first("To") {
        let tag = match head.tag("To") {
            Some(_) => String::new(),
            None => format!(";tag={:016x}", stateless_tag(call_id, from)),
        };
        response.push_str(&format!("To: {}{tag}\r\n", in_one_line(to)));
    }
    if let Some(cseq) = head.first("CSeq") {
        response.push_str(&format!("CSeq: {}\r\n", in_one_line(cseq)));
    }
    if response.len() > MAX_ECHO {
        return None;
    }
    response.push_str(&format!(
        "{}Server: {USER_AGENT}\r\nContent-Length: 0\r\n\r\n",
        refusal.extra
    ));
    Some(response.into_bytes())
}

/// A folded value unfolded (RFC 3261 §7.3.1); half a line break starts no line of ours.
fn in_one_line(value: &str) -> String {
    let mut line = String::with_capacity(value.len());
    for part in value.split(['\r', '\n']) {
        let part = match line.is_empty() {
            true => part,
            false => part.trim_start_matches([' ', '\t']),
        };
        if !line.is_empty() && !part.is_empty() {
            line.push(' ');
        }
        line.push_str(part);
    }
    line
}

/// The top Via with `received` and a filled `rport` (RFC 3581 §4).
fn with_received(value: &str, source: SocketAddr) -> String {
    let value = in_one_line(value);
    let first = items(&value).next().unwrap_or_default();
    let others = &value[first.len()..];
    let mut out: String = unquoted(first, ';')
        .map(str::trim)
        .filter(|part| !part.to_ascii_lowercase().starts_with("received="))
        .map(|part| match part.eq_ignore_ascii_case("rport") {
            true => format!("rport={}", source.port()),
            false => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(";");
    out.push_str(&format!(";received={}", source.ip().to_canonical()));
    out.push_str(others);
    out
}

/// The same request always gets the same tag (RFC 3261 §8.2.7).
fn stateless_tag(call_id: &str, from: &str) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    (call_id, from).hash(&mut hasher);
    hasher.finish()
}
