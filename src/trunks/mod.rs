//! The trunk seen from here: where it is, whether its addresses answer, whether we are registered there, and where a call
//! goes out now. Pure: told the time, and what was answered.
//!
//! **Invariants:** at most one REGISTER is under way; who refuses us is asked again ever more rarely, whatever he says; a
//! way out leads only to an address that is not known to be silent, and where we must register to one where we are.
//!
//! [`Trunk::handle`] takes what happened and says what to do; [`registration`] is the table; [`srv`] the order of RFC 2782.

mod answers;
mod chances;
mod registration;
mod reply;
pub mod srv;
#[cfg(test)]
mod tests;
mod trunk;
mod watch;

use std::net::SocketAddr;
use std::time::Duration;

pub use registration::State;
pub use reply::Reply;
pub use trunk::Trunk;

use crate::credentials::Credentials;
use crate::guard::Transport;

/// One address of the trunk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    pub transport: Transport,
    pub peer: SocketAddr,
    /// The host as it was written or looked up: by TLS its certificate is of this name.
    pub name: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.transport.word(), self.peer)
    }
}

/// How a trunk is dealt with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// As whom we register and call; `None` where the carrier asks nobody who he is.
    pub account: Option<Account>,
    /// Whether we register; otherwise the account is for calls out alone.
    pub registers: bool,
    /// The carrier's domain, where it has one.
    pub domain: Option<String>,
    /// How long a registration is asked for.
    pub expires: Duration,
    /// Between two OPTIONS to an address; zero: none are sent, and no address is taken to be down.
    pub keep_alive: Duration,
    /// How long an answer is waited for before an address is silent.
    pub patience: Duration,
    /// The first pause after a refusal or silence everywhere; it doubles up to [`LONGEST_PAUSE`] (RFC 5626 §4.5).
    pub pause: Duration,
}

/// Who we are to the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// User part of the address of record and of our Contact.
    pub user: String,
    pub credentials: Credentials,
}

/// `max-time` of RFC 5626 §4.5.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(1800);
/// However long a server asks to be left alone (Retry-After).
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// However long a server wants a registration to be (Min-Expires).
pub const LONGEST_EXPIRES: Duration = Duration::from_secs(86_400);

/// A request that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Comes back with its answer.
    pub id: u64,
    pub what: Asked,
    pub target: Target,
    pub patience: Duration,
}

/// What is asked of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Register {
        /// 0 takes the registration back.
        expires_s: u64,
        /// Grows with each REGISTER (RFC 3261 §10.2.4).
        cseq: u32,
        /// Name and value.
        authorization: Option<(&'static str, String)>,
    },
    Options,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The clock: [`Trunk::next`] has come.
    Due,
    /// The trunk's addresses, in the order in which they are tried.
    Resolved(Vec<Target>),
    Answered {
        id: u64,
        reply: Reply,
    },
    /// Nothing came in time, or it could not be sent.
    Silent {
        id: u64,
    },
    /// The house closes: the registration is taken back.
    Closing,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Ask(Ask),
    Tell(News),
}

/// What an operator wants to know, told once when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    Up(Target),
    Down(Target),
    Registered {
        at: Target,
        for_s: u64,
    },
    /// With the status, or `None` where nobody answered.
    NotRegistered {
        status: Option<u16>,
        again_in_s: u64,
    },
    /// Another address refuses us, with the status, or `None` where it did not answer; the registration that we have
    /// stands.
    Stays {
        at: Target,
        refused_by: Target,
        status: Option<u16>,
    },
    /// What it names as Service-Route is none, and is not followed.
    OddRoute(Target),
    Left,
}

/// Why no call can go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    #[error("the trunk's addresses are not known: its domain could not be looked up")]
    Unknown,
    #[error("no address of the trunk answers")]
    Down,
    #[error("we are not registered at the trunk")]
    NotRegistered,
    #[error("no trunk is for this number")]
    NotForIt,
}

/// The Request-URI of our REGISTER, and the host of our address of record (RFC 3261 §10.2): the carrier's domain, or where
/// it has none the address as it was written.
pub fn registrar_uri(target: &Target, settings: &Settings) -> String {
    format!("sip:{}", home(target, settings))
}

/// The host, with the port where it is no domain.
pub fn home(target: &Target, settings: &Settings) -> String {
    match &settings.domain {
        Some(domain) => domain.clone(),
        None => target.peer.to_string(),
    }
}
