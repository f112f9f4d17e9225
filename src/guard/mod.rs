//! The guard before the SIP stack: pure judgement of bytes. It names no SIP crate, opens
//! no socket, reads no clock, and knows of a message only what its head says as text.
//!
//! **Invariants:** a message is judged once, from its bytes and what [`State`] knows,
//! without a wait and without a panic; what is refused is answered without a transaction;
//! every table here has a bound, whatever arrives.
//!
//! [`judge`] decides about one message; [`State`] knows who may call, which calls live,
//! who was refused lately, and whose ACK or sound is missing.

use std::net::IpAddr;
use std::time::Duration;

use crate::registrar::Outcome;

mod admission;
mod flow;
mod formed;
mod frame;
mod head;
mod judge;
mod rates;
mod refusal;
mod register;
mod route;
mod seats;
mod syntax;
#[cfg(test)]
mod tests;
mod unproven;

pub use admission::{Enrolled, Known, NoRoom, NotEnrolled, State};
pub use frame::{Framed, frame};
pub use head::{Head, body_start};
pub use judge::{Verdict, judge};
pub use register::{Beside, Desks, unescaped};
pub use route::route;
pub use seats::Seat;
pub use syntax::{items, unquoted};
pub use unproven::GiveUp;

/// A start line with its headers, in bytes (RFC 3261 sets no limit).
pub const MAX_HEAD: usize = 48 * 1024;
/// A body in bytes: a session description of some pages.
pub const MAX_BODY: usize = 16 * 1024;
/// Methods that are served (RFC 3261 §20.5).
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER";
/// The only body of an INVITE that is understood.
pub const ACCEPT: &str = "application/sdp";
/// Extensions that are understood: session timers (RFC 4028).
pub const SUPPORTED: &str = "timer";
/// `Server` and `User-Agent`. Neutral: no version for scanners.
pub const USER_AGENT: &str = "gradeline";

/// What carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
    /// TLS on TCP (RFC 3261 §18).
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket on TLS.
    Wss,
}

impl Transport {
    /// Whether a connection carries it.
    pub fn is_stream(self) -> bool {
        self != Transport::Udp
    }

    /// Whether each message comes by itself; otherwise they follow one another, and each must tell its length (RFC 3261
    /// §18.3, RFC 7118 §5).
    pub fn comes_whole(self) -> bool {
        matches!(self, Transport::Udp | Transport::Ws | Transport::Wss)
    }

    /// Whether it is WebSocket: the peer listens nowhere, and its Contact names nothing that could be reached (RFC 7118
    /// §5.2.2).
    pub fn is_websocket(self) -> bool {
        matches!(self, Transport::Ws | Transport::Wss)
    }

    /// Whether nobody on the way reads it.
    pub fn is_private(self) -> bool {
        matches!(self, Transport::Tls | Transport::Wss)
    }

    /// As the configuration writes it.
    pub fn word(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }
}

/// Who a message comes from, as its address tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// May call.
    Trunk,
    /// A network of desks: may register, and not call.
    Desk,
    Stranger,
}

/// An address or a prefix that may call us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix: u8,
}

/// Limits that keep the stack's unbounded queues small.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Transactions in the stack, lingering ones included.
    pub max_transactions: usize,
    /// Calls that came in and have a line, those on their way through the stack included.
    pub max_calls: usize,
    /// Calls that have left the line and wait to be stored. With so many no new call comes in; those in talk then
    /// may still follow, so that it is never exceeded by more than `max_calls`.
    pub max_closing: usize,
    /// Answered calls whose ACK or first sound is missing, of all sources and of one; and as many
    /// that were not answered yet.
    pub max_unproven: usize,
    pub max_unproven_per_source: usize,
    /// How long after its 200 a call keeps its place without ACK or sound when others want it; a
    /// third of it against a source that has fewer such calls.
    pub grace: Duration,
}

impl Limits {
    /// For so many calls at once. ACK and sound come within a round trip or two: a quarter of all
    /// calls waits for them only where none comes.
    pub fn of(max_calls: usize) -> Limits {
        let max_unproven = (max_calls / 4).max(32);
        Limits {
            max_transactions: 20_000,
            max_calls,
            max_closing: most_closing(max_calls),
            max_unproven,
            max_unproven_per_source: max_unproven / 4 * 3,
            // Our 200 has gone out twice by then.
            grace: Duration::from_millis(1400),
        }
    }
}

/// Calls that may wait to be stored beside so many in talk. Each holds a task, the end of its sound and one
/// descriptor, in a flood some 130 KiB with the two transactions that outlive it (`docs/measured.md`), and a place in
/// the queue of files to be synced (`media::platter`), which is why there are never more than that keeps. The quickest
/// way to fill it is a flood of calls that prove nothing, which leave the line by at most [`Limits::max_unproven`] in a
/// third of the grace: then it is full when the disk has stood for some fifteen seconds. Lawful callers need eight
/// times the length of a call.
pub fn most_closing(max_calls: usize) -> usize {
    max_calls.saturating_mul(8).clamp(1024, 4096)
}

/// Counts a REGISTER that the registrar answered, under `gradeline_registrations_total`.
pub fn count_registration(outcome: Outcome) {
    metrics::counter!("gradeline_registrations_total", "outcome" => outcome.word()).increment(1);
}

/// Counts a message that was refused or dropped, under `gradeline_sip_refused_total`.
pub fn count(reason: &'static str) {
    metrics::counter!("gradeline_sip_refused_total", "reason" => reason).increment(1);
}

impl Network {
    /// Whether the address lies in this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same_prefix(
                network.to_bits().into(),
                address.to_bits().into(),
                32,
                self.prefix,
            ),
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), 128, self.prefix)
            }
            _ => false,
        }
    }
}

fn same_prefix(network: u128, address: u128, width: u32, prefix: u8) -> bool {
    let host_bits = width.saturating_sub(prefix.into());
    (network ^ address).checked_shr(host_bits).unwrap_or(0) == 0
}
