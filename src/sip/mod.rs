//! Signalling: transports, dialogs, session timers.
//! The only room that names the SIP crates; `rsip` here is `rsipstack::sip`, where the
//! types of the crate `rsip` live on.
//!
//! **Invariants:** no message reaches the stack that the guard has not let through, and
//! an INVITE from an address that is not allowed costs no transaction and no media.
//! Every call has one task, which owns its dialog; its user may read slowly or go away:
//! the stack does not wait, and the other side gets its BYE.
//!
//! The way of a message: [`crate::seam`] or [`crate::streams`] takes it from the socket, [`crate::guard`] judges it,
//! the stack finds its transaction, [`dispatch`] its call, and the
//! call's [`driver`] tells the user. Redirections (3xx) are not followed, and of a REFER its user hears a name and no
//! address: nothing on the wire decides whom we call.
//!
//! The stack logs whole messages at INFO, with numbers and names in them: keep the log
//! target `rsipstack` at [`LOG_FILTER`].

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

mod agent;
mod asking;
mod call;
mod dispatch;
mod driver;
mod incoming;
mod listening;
mod outgoing;
mod route;
#[cfg(test)]
mod tests;

use crate::renewal as timer;

pub use crate::credentials::Credentials;
pub use crate::guard::{Beside, Desks, Network, Seat, Transport, most_closing};
pub use crate::seam::{names_tls, refuses_media};
pub use crate::streams::{Certificate, PemFiles, Trust, Unusable};
pub use agent::Agent;
pub use asking::{Asking, Question, Told};
pub use call::{Dialog, DialogEvent, OfferReply, ReferReply};
pub use incoming::Incoming;
pub use outgoing::{Invite, Outgoing, Progress};
pub use route::{Flow, Through};

/// Directives for the log filter: callers' numbers stay out of the log, and so does what strangers
/// do to the handshake.
pub const LOG_FILTER: &str = "rsipstack=warn,rustls=error";

#[cfg(any(test, fuzzing))]
pub(crate) use dispatch::read_foreign;

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    pub transport: Transport,
    pub address: SocketAddr,
}

impl std::fmt::Display for Listen {
    /// As the configuration writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.transport.word(), self.address)
    }
}

/// What a user agent needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: Vec<Listen>,
    /// INVITEs from elsewhere are refused (403), rate-limited and counted.
    pub trunks: Vec<Network>,
    /// Calls that may come in at once; one more is refused with 503 before it costs a transaction. Those that have
    /// left the line and wait to be stored are not among them ([`most_closing`]).
    pub max_calls: usize,
    /// The address that Contact and Via name where `listen` is 0.0.0.0.
    pub public_address: IpAddr,
    /// `Session-Expires` we ask for (RFC 4028); 90 s at least.
    pub session_expires: Duration,
    /// The certificate for `tls:` and `wss:` in `listen`.
    pub certificate: Option<PemFiles>,
    /// Telephones that register, and who answers them. Without it a REGISTER is refused.
    pub desks: Option<Desks>,
    /// PEM: issuers whose certificates who is called by TLS must show.
    pub authorities: Option<PathBuf>,
    /// Origins of pages that may open a WebSocket, beside those of the host that they ask.
    pub websocket_origins: Vec<String>,
}

/// What can go wrong with a call, or at the start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "cannot listen on {listen}: {source}; is another SIP program running? change [sip] listen"
    )]
    Bind {
        listen: Listen,
        source: std::io::Error,
    },
    #[error("TLS: {0}")]
    Certificate(#[from] Unusable),
    #[error(
        "cannot listen on {0}: TLS needs a certificate; write [sip] tls_certificate and tls_key"
    )]
    NoCertificate(Listen),
    #[error("cannot call {0} by TLS: write [sip] tls_authorities, the issuers that we believe")]
    NoAuthorities(String),
    #[error("{0} has hung up its connection, and listens for none")]
    FlowGone(SocketAddr),
    #[error("“{0}” is not a SIP address such as sip:8001@192.0.2.7:5060")]
    Uri(String),
    #[error("the SIP stack says: {0}")]
    Stack(String),
    #[error("the dialog is over")]
    Over,
}
