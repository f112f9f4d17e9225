//! The seam between the guard and the SIP stack: the sockets and streams that the stack reads from and writes to, with every
//! message judged on its way, and where the stack's words are read and said.
//!
//! **Invariant:** nothing reaches the stack that the guard has not let through, and what waits for it is bounded.

pub mod headers;
mod shown;
mod streamed;
mod wire;

pub use rsipstack::sip as rsip;
pub use shown::Shown;
pub use streamed::Stack;
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
