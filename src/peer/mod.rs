//! A browser at the other end of a leg (WebRTC): its offer and our answer, who it is (ICE, of which we are the
//! lite half: RFC 8445 §2.5) and with which keys it speaks (DTLS-SRTP, RFC 5764). No socket, no thread, no clock:
//! datagrams in, datagrams out, told the time. The only room that names the DTLS crates.
//!
//! **Invariant:** a datagram changes nothing before its sender has shown the password of our answer, and no sound is
//! opened or sealed before the certificate was that of the offer.

mod association;
mod handshake;
mod offer;
mod records;
mod stun;

#[cfg(any(test, fuzzing))]
pub(crate) use association::read_foreign as read_foreign_dtls;
pub use association::{News, Peer};
pub use handshake::Identity;
pub use offer::{Offer, Unfit};
pub use stun::read as read_stun;
