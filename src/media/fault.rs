//! What can go wrong with a leg or a call.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::line;
use crate::peer::Unfit;
use crate::rtp::sdp;

/// Why a leg or a call could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Answer 400.
    #[error("the offer cannot be read: {0}")]
    UnreadableSdp(String),
    /// Answer 488 (RFC 3261 §21.4.26).
    #[error("no common codec: the other side offers {offered}; PCMA (8) or PCMU (0) is needed")]
    NoCommonCodec { offered: String },
    /// Answer 488: `[media] srtp` wants it otherwise.
    #[error("the other side offers {offered}; {wanted} is wanted ([media] srtp and srtp_in_clear)")]
    OtherProfile {
        offered: String,
        wanted: &'static str,
    },
    /// Answer 488: a key that travels in the clear is no secret.
    #[error(
        "SRTP is demanded ([media] srtp), and its keys would travel in the clear: sign in by TLS, or allow it by [media] srtp_in_clear"
    )]
    KeysInTheClear,
    /// Answer 488: what we sent there would never arrive.
    #[error(
        "the other side names {theirs}, and our media address is {ours}; both must be IPv4 or both IPv6"
    )]
    OtherFamily { ours: IpAddr, theirs: IpAddr },
    #[error("no free RTP port in {0:?}; widen [media] ports")]
    NoPort(RangeInclusive<u16>),
    /// A browser's offer that is no use.
    #[error("the browser's offer cannot be answered: {0}")]
    Unfit(#[from] Unfit),
    #[error("no keys for browsers can be made: {0}")]
    NoKeys(String),
    #[error("the media threads are gone")]
    Gone,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<line::Error> for Error {
    fn from(fault: line::Error) -> Self {
        match fault {
            line::Error::NoPort(range) => Error::NoPort(range),
            line::Error::Io(fault) => Error::Io(fault),
        }
    }
}

impl From<sdp::Error> for Error {
    fn from(fault: sdp::Error) -> Self {
        match fault {
            sdp::Error::Unreadable(why) => Error::UnreadableSdp(why),
            sdp::Error::NoCommonCodec { offered } => Error::NoCommonCodec { offered },
            sdp::Error::KeysInTheClear => Error::KeysInTheClear,
            sdp::Error::OtherProfile { offered, wanted } => Error::OtherProfile { offered, wanted },
        }
    }
}
