//! The words of one stream on the wire, as pure machines: RTP and RTCP, offer and answer,
//! telephone events, in-band tones, and the packets that are sent.
//! No socket, no thread, no clock: who calls says what arrived and when.
//!
//! **Invariants:** one press of a key is one key-down, whatever network and gateway do to it; what
//! arrives may be anything, and costs neither a panic nor an allocation per packet.

pub mod learning;
pub mod packet;
pub mod receiver;
pub mod reception;
pub mod rtcp;
pub mod sdp;
pub mod sender;
pub mod telephone_event;
pub mod tones;

pub use crate::playout;

/// How a key press reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// RTP telephone-event (RFC 4733).
    TelephoneEvent,
    /// Tones in the sound itself.
    InBand,
}
