//! Signalling: the guard before the stack, transports, dialogs, session timers.
//! The only room that names the SIP crates; `rsip` here is `rsipstack::sip`, where the
//! types of the crate `rsip` live on.
//!
//! **Invariant:** no message reaches the stack that the guard has not let through, and
//! an INVITE from an address that is not allowed costs no transaction and no media.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

mod admission;
mod agent;
mod call;
mod dispatch;
mod driver;
mod guard;
mod head;
mod headers;
mod incoming;
mod outgoing;
#[cfg(test)]
mod tests;
mod timer;
mod wire;

pub use agent::Agent;
pub use call::{Dialog, DialogEvent, OfferReply};
pub use incoming::Incoming;
pub use outgoing::{Invite, Outgoing, Progress};

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    pub transport: Transport,
    pub address: SocketAddr,
}

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

#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: Vec<Listen>,
    /// INVITEs from elsewhere are refused (403), rate-limited and counted.
    pub trunks: Vec<Network>,
    /// The address that Contact and Via name where `listen` is 0.0.0.0.
    pub public_address: IpAddr,
    /// `Session-Expires` we ask for (RFC 4028); 90 s at least.
    pub session_expires: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "cannot listen on {listen:?}: {source}; is another SIP program running? change [sip] listen"
    )]
    Bind {
        listen: Listen,
        source: std::io::Error,
    },
    #[error("“{0}” is not a SIP address such as sip:8001@192.0.2.7:5060")]
    Uri(String),
    #[error("the SIP stack says: {0}")]
    Stack(String),
    #[error("the dialog is over")]
    Over,
}
