//! The bindings of one address of record, and how a REGISTER changes them (RFC 3261 §10.3 steps 6 to 8).

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::{Carrier, Contact, Outcome, Request, Settings};

/// Contacts of one account; one more takes the place of the one that ends first.
pub(super) const MAX_BINDINGS: usize = 6;
/// What is kept of a request, in bytes; longer than any telephone writes it.
const LONGEST_URI: usize = 512;
const LONGEST_CALL_ID: usize = 256;
const LONGEST_INSTANCE: usize = 128;
/// Where a Contact without a port is (RFC 3261 §19.1.2).
const USUAL_PORT: u16 = 5060;

/// Where an account can be reached, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The Contact, without its angle brackets: what a request to it names.
    pub uri: String,
    /// Where the REGISTER came from: where a request to it goes.
    pub source: SocketAddr,
    pub carrier: Carrier,
    /// Preference in thousandths (RFC 3261 §20.10).
    pub q_milli: u16,
    pub call_id: String,
    pub cseq: u32,
    pub expires_at: Instant,
    /// `+sip.instance` with `reg-id` (RFC 5626 §4): one line of one telephone, whatever its Contact is.
    pub instance: Option<String>,
    pub reg_id: Option<u32>,
    /// Through which proxies it is reached (RFC 3327).
    pub path: Vec<String>,
}

impl Binding {
    /// As the 200 lists it.
    pub(super) fn listed(&self, now: Instant) -> String {
        let left = self.expires_at.saturating_duration_since(now).as_secs();
        let mut listed = format!("<{}>;expires={left}", self.uri);
        if self.q_milli != 1000 {
            listed.push_str(&format!(";q=0.{:03}", self.q_milli));
        }
        if let Some(instance) = &self.instance {
            listed.push_str(&format!(";+sip.instance=\"{instance}\""));
        }
        if let Some(reg_id) = self.reg_id {
            listed.push_str(&format!(";reg-id={reg_id}"));
        }
        listed
    }

    /// Whether its datagrams came from elsewhere than its Contact says, and no proxy from which they came says how it is
    /// reached.
    pub fn is_behind_nat(&self) -> bool {
        let (_, named) = self.uri.rsplit_once('@').unwrap_or(("", &self.uri));
        let named = named.trim_start_matches("sip:");
        let host = named.split([';', '?']).next().unwrap_or_default();
        // Compared as addresses: one of IPv6 stands in brackets and can be written in many ways (RFC 5954 §4).
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let usual = |ip: IpAddr| SocketAddr::new(ip, USUAL_PORT);
        let named: Option<SocketAddr> = host.parse().ok();
        let named = named.or_else(|| bare.unwrap_or(host).parse().ok().map(usual));
        let plain = |at: SocketAddr| (at.ip().to_canonical(), at.port());
        let direct = self.carrier == Carrier::Udp && self.path.is_empty();
        direct && named.map(plain) != Some(plain(self.source))
    }

    /// Whether its stream is the only way to it: who names the end of that very stream listens nowhere else, nor does who
    /// came by WebSocket, and by TLS nobody can be asked who he is.
    pub(super) fn hangs_on(&self, source: SocketAddr, carrier: Carrier) -> bool {
        let is_flow = self.source == source && self.carrier == carrier;
        is_flow && (carrier != Carrier::Tcp || self.uri.contains(&source.to_string()))
    }
}

/// What a request makes of the bindings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Update {
    pub bindings: Vec<Binding>,
    pub outcome: Outcome,
    /// The longest that was bound.
    pub bound_for: Option<Duration>,
}

/// The whole request, or nothing of it.
pub(super) fn update(
    bindings: &[Binding],
    request: &Request<'_>,
    settings: &Settings,
    now: Instant,
) -> Result<Update, Outcome> {
    if request.call_id.len() > LONGEST_CALL_ID {
        return Err(Outcome::Malformed);
    }
    let mut kept: Vec<Binding> = bindings.to_vec();
    kept.retain(|binding| binding.expires_at > now);
    if request.contacts.iter().any(|contact| contact.uri == "*") {
        return remove_all(kept, request);
    }
    let mut bound = Vec::new();
    for contact in &request.contacts {
        let wish = read(contact, request, settings, now)?;
        let is_it = |known: &Binding| is_same(known, &wish.binding);
        let newer = |known: &Binding| is_newer(known, request);
        if kept.iter().filter(|known| is_it(known)).any(|k| !newer(k)) {
            return Err(Outcome::OutOfOrder);
        }
        kept.retain(|known| !is_it(known));
        bound.retain(|known| !is_it(known));
        if !wish.removes {
            bound.push(wish.binding);
        }
    }
    let outcome = match (request.contacts.is_empty(), bound.is_empty()) {
        (true, _) => Outcome::Queried,
        (_, true) => Outcome::Removed,
        _ => Outcome::Registered,
    };
    if bound.len() > MAX_BINDINGS {
        return Err(Outcome::Malformed);
    }
    kept.sort_by_key(|binding| std::cmp::Reverse(binding.expires_at));
    kept.truncate(MAX_BINDINGS - bound.len());
    let ends = bound.iter().map(|binding| binding.expires_at).max();
    let bound_for = ends.map(|at| at.saturating_duration_since(now));
    kept.extend(bound);
    Ok(Update {
        bindings: kept,
        outcome,
        bound_for,
    })
}

/// `*` stands alone, with `Expires: 0` (RFC 3261 §10.2.2).
fn remove_all(kept: Vec<Binding>, request: &Request<'_>) -> Result<Update, Outcome> {
    let expires = request.expires.map(str::trim);
    if request.contacts.len() != 1 || expires.and_then(seconds) != Some(0) {
        return Err(Outcome::Malformed);
    }
    if kept.iter().any(|known| !is_newer(known, request)) {
        return Err(Outcome::OutOfOrder);
    }
    Ok(Update {
        bindings: Vec::new(),
        outcome: Outcome::Removed,
        bound_for: None,
    })
}

/// The same Call-ID counts its requests; another one is another run of the telephone.
fn is_newer(known: &Binding, request: &Request<'_>) -> bool {
    known.call_id != request.call_id || known.cseq < request.cseq
}

fn is_same(known: &Binding, new: &Binding) -> bool {
    let same_line = known.instance.is_some()
        && known.instance == new.instance
        && known.reg_id.is_some()
        && known.reg_id == new.reg_id;
    same_line || same_uri(&known.uri, &new.uri)
}

struct Wish {
    binding: Binding,
    removes: bool,
}

fn read(
    contact: &Contact<'_>,
    request: &Request<'_>,
    settings: &Settings,
    now: Instant,
) -> Result<Wish, Outcome> {
    if !is_contact(contact.uri) {
        return Err(Outcome::Malformed);
    }
    let wished = contact.expires.or(request.expires).map(str::trim);
    // RFC 3261 §10.2.1.1: what cannot be read is as good as nothing.
    let wished = wished.and_then(seconds).map(Duration::from_secs);
    let expires = wished.unwrap_or(settings.default_expires);
    if !expires.is_zero() && expires < settings.min_expires {
        return Err(Outcome::TooBrief);
    }
    let instance = contact.instance.map(|instance| instance.trim_matches('"'));
    let fits = |instance: &&str| {
        instance.len() <= LONGEST_INSTANCE
            && !instance.contains(['"', '\\'])
            && is_one_line(instance)
    };
    Ok(Wish {
        removes: expires.is_zero(),
        binding: Binding {
            uri: contact.uri.to_owned(),
            source: request.source,
            carrier: request.carrier,
            q_milli: contact.q.and_then(thousandths).unwrap_or(1000),
            call_id: request.call_id.to_owned(),
            cseq: request.cseq,
            expires_at: now + expires.min(settings.max_expires),
            instance: instance.filter(fits).map(str::to_owned),
            reg_id: contact.reg_id.and_then(|id| id.trim().parse().ok()),
            path: request.path.clone(),
        },
    })
}

/// `sip:` or `sips:` and a host, in one piece: it is written into requests and lists of ours.
fn is_contact(uri: &str) -> bool {
    let lower = uri.to_ascii_lowercase();
    let rest = lower
        .strip_prefix("sip:")
        .or_else(|| lower.strip_prefix("sips:"));
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | ',');
    rest.is_some_and(|rest| !rest.is_empty()) && uri.len() <= LONGEST_URI && !uri.contains(odd)
}

fn is_one_line(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// Digits only; more than 32 bits are as many (RFC 3261 §20.19).
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse::<u32>().unwrap_or(u32::MAX).into())
}

/// `0.7` as 700; `None` for what is no q (RFC 3261 §25.1).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, parts) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = parts.len() <= 3 && parts.bytes().all(|byte| byte.is_ascii_digit());
    let parts: u16 = format!("{parts:0<3}").parse().ok()?;
    match (whole, parts) {
        _ if !digits => None,
        ("0", parts) => Some(parts),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// RFC 3261 §19.1.4, as far as it tells two Contacts of telephones apart: scheme and host in any case, user, port and
/// transport.
pub(super) fn same_uri(one: &str, other: &str) -> bool {
    parts(one) == parts(other)
}

/// Scheme, user, host with port, transport.
fn parts(uri: &str) -> (String, &str, String, String) {
    let (scheme, rest) = uri.split_once(':').unwrap_or(("", uri));
    let (address, parameters) = rest.split_at(rest.find([';', '?']).unwrap_or(rest.len()));
    // A user part may hold a semicolon.
    let (address, parameters) = match rest.rfind('@') {
        Some(at) if at > address.len() => {
            let host = &rest[at..];
            let end = at + host.find([';', '?']).unwrap_or(host.len());
            (&rest[..end], &rest[end..])
        }
        _ => (address, parameters),
    };
    let (user, host) = address.rsplit_once('@').unwrap_or(("", address));
    let transport = parameters
        .split(['?', ';'])
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("transport"))
        .map_or("", |(_, value)| value);
    (
        scheme.to_ascii_lowercase(),
        user,
        host.to_ascii_lowercase(),
        transport.to_ascii_lowercase(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)] // any instant will do
    fn who_names_where_he_came_from_is_behind_no_nat_however_it_is_written() {
        for (uri, source, behind) in [
            ("sip:8001@192.0.2.7:5062", "192.0.2.7:5062", false),
            ("sip:8001@192.0.2.7;ob", "192.0.2.7:5060", false),
            ("sip:8001@192.0.2.7", "192.0.2.7:5062", true),
            ("sip:8001@10.0.0.7:5062", "192.0.2.7:5062", true),
            ("sip:8001@phone.local", "192.0.2.7:5060", true),
            (
                "sip:8001@[2001:db8::7]:5062;ob",
                "[2001:db8::7]:5062",
                false,
            ),
            ("sip:8001@[2001:db8::7]", "[2001:db8::7]:5060", false),
            ("sip:[2001:DB8:0::0:7]?x=y", "[2001:db8::7]:5060", false),
            ("sip:8001@[2001:db8::7]", "[2001:db8::7]:5062", true),
            ("sip:8001@[fd00::7]:5062", "[2001:db8::7]:5062", true),
            ("sip:8001@192.0.2.7:5062", "[::ffff:192.0.2.7]:5062", false),
            ("sip:8001@", "192.0.2.7:5060", true),
        ] {
            let binding = Binding {
                uri: uri.to_owned(),
                source: source.parse().unwrap(),
                carrier: Carrier::Udp,
                q_milli: 1000,
                call_id: String::new(),
                cseq: 1,
                expires_at: Instant::now(),
                instance: None,
                reg_id: None,
                path: Vec::new(),
            };
            assert_eq!(binding.is_behind_nat(), behind, "{uri} from {source}");
            let carrier = Carrier::Tcp;
            assert!(!Binding { carrier, ..binding }.is_behind_nat(), "{uri}");
        }
    }
}
