//! The seam between the guard and the SIP stack: the sockets and streams that the stack reads from and writes to, with every
//! message judged on its way, and where the stack's words are read and said.
//!
//! **Invariant:** nothing reaches the stack that the guard has not let through, and what waits for it is bounded.

pub mod headers;
mod shown;
mod streamed;
mod uris;
mod wire;

pub use rsipstack::sip as rsip;
pub use shown::Shown;
pub use streamed::Stack;
pub use uris::{names_tls, refuses_media, route_set};
pub use wire::{GuardedSocket, Taking};

use crate::guard::Transport;

/// The stack's name of a transport.
pub fn transport(transport: Transport) -> rsipstack::sip::Transport {
    match transport {
        Transport::Udp => rsipstack::sip::Transport::Udp,
        Transport::Tcp => rsipstack::sip::Transport::Tcp,
        Transport::Tls => rsipstack::sip::Transport::Tls,
        Transport::Ws => rsipstack::sip::Transport::Ws,
        Transport::Wss => rsipstack::sip::Transport::Wss,
    }
}

/// What a request came by: not Via's word for it, but the connection's.
pub fn carried_by(transaction: &rsipstack::transaction::transaction::Transaction) -> Transport {
    let address = transaction.connection.as_ref().map(|by| by.get_addr());
    match address.and_then(|address| address.r#type) {
        Some(rsip::Transport::Tls) => Transport::Tls,
        Some(rsip::Transport::Tcp) => Transport::Tcp,
        Some(rsip::Transport::Ws) => Transport::Ws,
        Some(rsip::Transport::Wss) => Transport::Wss,
        _ => Transport::Udp,
    }
}
