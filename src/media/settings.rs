//! What an operator may vary of the media room.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Codecs, Levels, Secrecy};

/// Settings of the media room.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address sockets are bound to and SDP names.
    pub address: IpAddr,
    /// RTP ports; the even ones are used, RTCP beside them.
    pub ports: RangeInclusive<u16>,
    /// Media threads; 1 is enough below some hundred calls.
    pub threads: usize,
    /// No RTP and no RTCP for this long on a leg that should send: `Event::RtpTimeout`.
    pub rtp_timeout: Duration,
    /// Whether media is protected with keys by SDES.
    pub srtp: Secrecy,
    /// How much louder what comes from there is made, in dB, −12 to 12.
    pub levels: Levels,
    /// For broken trunks: a leg's address may be learnt from its first packets.
    pub learn_address: bool,
    /// Codecs on legs to and from trunks.
    pub trunk_codecs: Codecs,
    /// Codecs that desks' telephones are offered, the most liked one first.
    pub desk_codecs: Codecs,
    /// Codecs of browsers: of what one offers, the first of these.
    pub browser_codecs: Codecs,
}
