//! The guard before the SIP stack: pure judgement of bytes. It names no SIP crate, opens
//! no socket, reads no clock, and knows of a message only what its head says as text.
//!
//! **Invariants:** a message is judged once, from its bytes and what [`State`] knows,
//! without a wait and without a panic; what is refused is answered without a transaction;
//! every table here has a bound, whatever arrives.
//!
//! [`judge`] decides about one message; [`State`] knows who may call, which calls live,
//! who was refused lately, and whose ACK is missing.

use std::net::IpAddr;
use std::time::Duration;

mod admission;
mod formed;
mod frame;
mod head;
mod judge;
mod refusal;
mod syntax;
#[cfg(test)]
mod tests;
mod unacknowledged;

pub use admission::{Enrolled, Known, NotEnrolled, State};
pub use frame::{Framed, frame};
pub use head::{Head, body_start};
pub use judge::{Verdict, judge};
pub use unacknowledged::GiveUp;

/// A start line with its headers, in bytes (RFC 3261 sets no limit).
pub const MAX_HEAD: usize = 48 * 1024;
/// A body in bytes: a session description of some pages.
pub const MAX_BODY: usize = 16 * 1024;
/// Methods that are served (RFC 3261 §20.5).
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE";
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
    pub max_calls: usize,
    /// Answered calls whose ACK is missing: of all sources, and of one.
    pub max_unacknowledged: usize,
    pub max_unacknowledged_per_source: usize,
    /// How long after its 200 a call keeps its place without an ACK when others want it.
    pub ack_grace: Duration,
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
