//! The registrar (RFC 3261 §10): where each account of a desk can be reached, and who may say so. Pure: it is told the
//! time, opens no socket and reads no message; its words are those of the RFCs.
//!
//! **Invariants:** a binding is there only because somebody with the account's password put it there from an address at
//! which he was answered; an unknown account is answered as a known one with a wrong password; a nonce count is taken
//! once; every table has a bound, and failures of strangers shut out no desk at the address that it registered from.

mod bindings;
mod credentials;
mod digest;
mod nonces;
mod service;
#[cfg(test)]
mod tests;
mod throttle;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use bindings::Binding;
pub use digest::Ha1s;
pub use service::{Account, Registrar};
#[cfg(test)]
pub(crate) use tests::{HOST, shown_at_host};

/// The protection space (RFC 7616 §3.3): part of what is digested, so it never changes.
pub const REALM: &str = "gradeline";

/// Who answers REGISTER; the guard asks it for each that it lets through.
pub trait Registers: Send + Sync {
    /// Answers one request. Called again for a retransmission, it answers the same and changes nothing.
    fn register(&self, request: &Request<'_>, now: Instant) -> Answer;
    /// A stream on which somebody had registered is gone.
    fn lost(&self, source: SocketAddr, carrier: Carrier);
}

/// What carries the messages of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    Udp,
    Tcp,
    Tls,
    Ws,
    Wss,
}

impl Carrier {
    pub const ALL: [Carrier; 5] = [
        Carrier::Udp,
        Carrier::Tcp,
        Carrier::Tls,
        Carrier::Ws,
        Carrier::Wss,
    ];

    /// As rows and URIs write it.
    pub fn word(self) -> &'static str {
        match self {
            Carrier::Udp => "udp",
            Carrier::Tcp => "tcp",
            Carrier::Tls => "tls",
            Carrier::Ws => "ws",
            Carrier::Wss => "wss",
        }
    }
}

/// How long a binding holds (RFC 3261 §10.3 step 7).
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// A shorter wish is answered 423 with Min-Expires.
    pub min_expires: Duration,
    /// Where the request names none.
    pub default_expires: Duration,
    /// A longer wish is cut.
    pub max_expires: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            min_expires: Duration::from_secs(60),
            default_expires: Duration::from_secs(300),
            max_expires: Duration::from_secs(3600),
        }
    }
}

/// A REGISTER, as far as it matters here.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub source: SocketAddr,
    pub carrier: Carrier,
    /// The Request-URI as it was written.
    pub uri: &'a str,
    /// The user part of To, unescaped: the address of record.
    pub account: String,
    pub call_id: &'a str,
    pub cseq: u32,
    /// The whole top Via: with Call-ID and CSeq it tells a retransmission.
    pub via: &'a str,
    /// Every Authorization header.
    pub authorization: Vec<&'a str>,
    /// Asked with MD5 alone: telephones from there stop at a challenge that names another algorithm.
    pub md5_only: bool,
    /// Through which proxies its telephones are reached, each `<sip:…;lr>` (RFC 3327).
    pub path: Vec<String>,
    pub contacts: Vec<Contact<'a>>,
    /// The Expires header as it was written.
    pub expires: Option<&'a str>,
}

/// One Contact of a REGISTER, its parameters as they were written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contact<'a> {
    /// `*`, or the URI without its angle brackets.
    pub uri: &'a str,
    pub q: Option<&'a str>,
    pub expires: Option<&'a str>,
    /// `+sip.instance` (RFC 5626 §4.1).
    pub instance: Option<&'a str>,
    pub reg_id: Option<&'a str>,
}

/// What a REGISTER is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub phrase: &'static str,
    pub outcome: Outcome,
    /// Beside those that every answer repeats of its request.
    pub headers: Vec<(&'static str, String)>,
    /// How long what was bound holds: a stream is kept for as long.
    pub bound_for: Option<Duration>,
}

/// What became of a REGISTER, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    Registered,
    Removed,
    /// No contact was named: it only asked.
    Queried,
    /// Sent again by the network or its sender.
    Repeated,
    /// Without credentials that could be used: asked for them.
    Challenged,
    /// By a nonce that is too old, or none of ours.
    Stale,
    /// By a nonce count that was taken before.
    Replayed,
    /// A wrong password, or an account that is not there.
    Refused,
    /// Too many wrong passwords before it.
    Slowed,
    /// The account is another than the one whose password was shown.
    NotOwn,
    TooBrief,
    /// An older request than one that was taken before.
    OutOfOrder,
    Malformed,
}

impl Outcome {
    /// The label of `gradeline_registrations_total`.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Registered => "registered",
            Outcome::Removed => "removed",
            Outcome::Queried => "queried",
            Outcome::Repeated => "repeated",
            Outcome::Challenged => "challenged",
            Outcome::Stale => "stale",
            Outcome::Replayed => "replayed",
            Outcome::Refused => "refused",
            Outcome::Slowed => "slowed",
            Outcome::NotOwn => "not_own",
            Outcome::TooBrief => "too_brief",
            Outcome::OutOfOrder => "out_of_order",
            Outcome::Malformed => "malformed",
        }
    }

    /// The status that tells it.
    fn status(self) -> (u16, &'static str) {
        match self {
            Outcome::Registered | Outcome::Removed | Outcome::Queried | Outcome::Repeated => {
                (200, "OK")
            }
            Outcome::Challenged | Outcome::Stale | Outcome::Replayed | Outcome::Refused => {
                (401, "Unauthorized")
            }
            Outcome::Slowed => (503, "Service Unavailable"),
            Outcome::NotOwn => (403, "Forbidden"),
            Outcome::TooBrief => (423, "Interval Too Brief"),
            // RFC 3261 §10.3 step 7: an update that is aborted fails the request.
            Outcome::OutOfOrder => (500, "Server Internal Error"),
            Outcome::Malformed => (400, "Bad Request"),
        }
    }
}

impl Answer {
    fn of(outcome: Outcome) -> Answer {
        let (status, phrase) = outcome.status();
        Answer {
            status,
            phrase,
            outcome,
            headers: Vec::new(),
            bound_for: None,
        }
    }

    fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Answer {
        self.headers.push((name, value.to_string()));
        self
    }
}
