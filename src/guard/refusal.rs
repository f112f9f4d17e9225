//! Stateless responses (RFC 3261 §8.2.7): the same request always gets the same answer.

use std::net::SocketAddr;

use super::USER_AGENT;
use super::head::Head;

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

/// The answer to a request. `None` without a Via: nothing says where it goes. What else is
/// missing is missing in the answer too: the Via's branch is what the sender knows it by.
pub(super) fn respond(head: &Head<'_>, source: SocketAddr, refusal: &Refusal) -> Option<Vec<u8>> {
    let mut response = format!("SIP/2.0 {} {}\r\n", refusal.status, refusal.phrase);
    let mut vias = head.all("Via");
    response.push_str(&format!("Via: {}\r\n", with_received(vias.next()?, source)));
    for via in vias {
        response.push_str(&format!("Via: {via}\r\n"));
    }
    let from = head.first("From").unwrap_or_default();
    let call_id = head.first("Call-ID").unwrap_or_default();
    for (name, value) in [("From", from), ("Call-ID", call_id)] {
        if !value.is_empty() {
            response.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    if let Some(to) = head.first("To") {
        let tag = match head.tag("To") {
            Some(_) => String::new(),
            None => format!(";tag={:016x}", stateless_tag(call_id, from)),
        };
        response.push_str(&format!("To: {to}{tag}\r\n"));
    }
    if let Some(cseq) = head.first("CSeq") {
        response.push_str(&format!("CSeq: {cseq}\r\n"));
    }
    response.push_str(&format!(
        "{}Server: {USER_AGENT}\r\nContent-Length: 0\r\n\r\n",
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
