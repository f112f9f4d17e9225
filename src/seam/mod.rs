//! The seam between the guard and the SIP stack: the sockets and streams that the stack reads from and writes to, with every
//! message judged on its way.
//!
//! **Invariant:** nothing reaches the stack that the guard has not let through, and what waits for it is bounded.

mod streamed;
mod wire;

pub use streamed::Stack;
pub use wire::{GuardedSocket, Taking};

use crate::guard::Transport;

/// The stack's name of a transport.
pub fn transport(transport: Transport) -> rsipstack::sip::Transport {
    match transport {
        Transport::Udp => rsipstack::sip::Transport::Udp,
        Transport::Tcp => rsipstack::sip::Transport::Tcp,
        Transport::Tls => rsipstack::sip::Transport::Tls,
    }
}
