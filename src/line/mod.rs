//! A leg's sockets and who may be at their other end: the address that was negotiated (or, where the operator
//! allows it, learnt, and for a browser found by ICE), and with SRTP whoever has the keys. No thread and no beat: who calls says when.
//!
//! **Invariant:** before both the address and the tag hold, a datagram changes nothing.

mod arrival;
mod far_end;
mod ports;

use std::ops::RangeInclusive;

pub use arrival::Clocks;
pub use far_end::{FarEnd, Learning, PACKET_LEN, REPORT_ROOM, Received};
pub use ports::Ports;

/// Why there are no sockets.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no free RTP port in {0:?}; widen [media] ports")]
    NoPort(RangeInclusive<u16>),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
