//! Calls to telephones that registered by UDP from behind NAT, or by WebSocket. What their Contact names nobody outside
//! reaches (a WebSocket's is `.invalid`, RFC 7118 §5), so within the call too everything goes where the registration came
//! from: their messages are mended to say so before the stack reads them.

use std::net::SocketAddr;
use std::sync::Arc;

use super::Transport;
use super::admission::{Enrolled, State};
use super::syntax::unquoted;

impl Enrolled {
    /// This call of ours goes there, for as long as it lives.
    pub fn goes_to(&self, peer: SocketAddr) {
        let _ = self.known.flow.set(peer);
    }
}

impl State {
    /// Whether this call goes by a flow to this very source.
    pub(super) fn is_flow(self: &State, call_id: &str, source: SocketAddr) -> bool {
        let known = self.known(call_id);
        known.is_some_and(|known: Arc<_>| known.flow.get() == Some(&source))
    }
}

/// The head with every Contact naming `source` in the place of its host and port, and WebSocket where it came by that.
pub(super) fn with_contact_at(head: &str, source: SocketAddr, transport: Transport) -> String {
    let lines = head.split("\r\n").map(|line| {
        let is_contact = line.split_once(':').is_some_and(|(name, _)| {
            let name = name.trim();
            name.eq_ignore_ascii_case("Contact") || name.eq_ignore_ascii_case("m")
        });
        match is_contact.then(|| place_of(line)).flatten() {
            Some(place) if transport.is_websocket() => by_websocket(line, place, source, transport),
            Some((from, to)) => format!("{}{source}{}", &line[..from], &line[to..]),
            None => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\r\n")
}

/// One Contact at this place of its line, by the very socket that it came by.
fn by_websocket(
    line: &str,
    (from, to): (usize, usize),
    source: SocketAddr,
    transport: Transport,
) -> String {
    let (before, after) = (&line[..from], &line[to..]);
    let word = transport.word();
    // Between angle brackets parameters are the URI's, without them the header's.
    let within = after.split_once('>').filter(|_| before.contains('<'));
    let Some((parameters, rest)) = within else {
        let scheme = before.to_ascii_lowercase().rfind("sip").unwrap_or(from);
        let (name, uri) = before.split_at(scheme);
        return format!("{name}<{uri}{source};transport={word}>{after}");
    };
    let (parameters, headers) =
        parameters.split_at(parameters.find('?').unwrap_or(parameters.len()));
    let is_other = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default();
        !name.trim().eq_ignore_ascii_case("transport")
    };
    let others: Vec<&str> = parameters.split(';').filter(is_other).collect();
    let others = others.join(";");
    format!("{before}{source};transport={word}{others}{headers}>{rest}")
}

/// Where host and port of the first SIP URI of a line stand.
fn place_of(line: &str) -> Option<(usize, usize)> {
    // A quoted name may hold anything.
    let before = unquoted(line, '<').next().unwrap_or_default().len();
    let bracket = (before < line.len()).then_some(before);
    let begin = bracket.or_else(|| line.find(':'))?;
    let lower = line.to_ascii_lowercase();
    let scheme = ["sip:", "sips:"].into_iter().find_map(|scheme| {
        let at = lower[begin..].find(scheme)?;
        Some(begin + at + scheme.len())
    })?;
    let uri = &line[scheme..];
    let end = uri.find(['>', ',']).unwrap_or(uri.len());
    let from = uri[..end].find('@').map_or(scheme, |at| scheme + at + 1);
    let host = &line[from..scheme + end];
    let length = host.find([';', '?', ' ', '\t']).unwrap_or(host.len());
    (length > 0).then_some((from, from + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_names_where_it_came_from_and_nothing_else_changes() {
        let source: SocketAddr = "198.51.100.7:40312".parse().unwrap();
        for (line, mended) in [
            (
                "Contact: <sip:8001@192.168.1.5:5060;ob>;expires=60",
                "Contact: <sip:8001@198.51.100.7:40312;ob>;expires=60",
            ),
            ("m: sip:192.168.1.5", "m: sip:198.51.100.7:40312"),
            (
                "CONTACT : \"sip:a@b\" <sip:8001@phone.local>",
                "CONTACT : \"sip:a@b\" <sip:8001@198.51.100.7:40312>",
            ),
            (
                "Contact: <sip:8001@[fe80::1]:5062;transport=udp>",
                "Contact: <sip:8001@198.51.100.7:40312;transport=udp>",
            ),
            (
                "Contact: \"a <sip:x@y> \\\"<\" <sip:8001@192.168.1.5>;expires=60",
                "Contact: \"a <sip:x@y> \\\"<\" <sip:8001@198.51.100.7:40312>;expires=60",
            ),
            ("Contact: <tel:8001>", "Contact: <tel:8001>"),
            ("Contact: *", "Contact: *"),
            ("Contact: <sip:>", "Contact: <sip:>"),
            (
                "From: <sip:8001@192.168.1.5>;tag=a",
                "From: <sip:8001@192.168.1.5>;tag=a",
            ),
        ] {
            let head = format!("SIP/2.0 200 OK\r\n{line}\r\nCall-ID: a");
            let right = format!("SIP/2.0 200 OK\r\n{mended}\r\nCall-ID: a");
            assert_eq!(with_contact_at(&head, source, Transport::Udp), right);
        }
    }

    #[test]
    fn a_contact_of_a_websocket_names_the_socket_and_how_it_is_reached() {
        let source: SocketAddr = "198.51.100.7:40312".parse().unwrap();
        for (line, transport, mended) in [
            (
                "Contact: <sip:8001@df7jal23ls0d.invalid;transport=ws;ob>;expires=60",
                Transport::Wss,
                "Contact: <sip:8001@198.51.100.7:40312;transport=wss;ob>;expires=60",
            ),
            (
                "m: \"a <b\" <sips:df7jal23ls0d.invalid?x=y>",
                Transport::Ws,
                "m: \"a <b\" <sips:198.51.100.7:40312;transport=ws?x=y>",
            ),
            (
                "Contact: sip:8001@df7jal23ls0d.invalid;expires=60",
                Transport::Ws,
                "Contact: <sip:8001@198.51.100.7:40312;transport=ws>;expires=60",
            ),
            ("Contact: *", Transport::Ws, "Contact: *"),
        ] {
            let head = format!("SIP/2.0 200 OK\r\n{line}\r\nCall-ID: a");
            let right = format!("SIP/2.0 200 OK\r\n{mended}\r\nCall-ID: a");
            assert_eq!(with_contact_at(&head, source, transport), right);
        }
    }
}
