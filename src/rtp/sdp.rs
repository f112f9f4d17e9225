//! Offer and answer (RFC 3264, RFC 8866): one audio stream of a codec of ours with telephone events, plain or as SRTP
//! with keys by SDES (RFC 4568).

mod local;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

pub use local::Local;

use crate::codecs::{Codec, Codecs};
use crate::comfort;
use crate::srtp::Protection;
use crate::srtp::sdes::{self, Crypto};
pub use crate::srtp::secrecy::Srtp;

const MAX_LEN: usize = 16 * 1024;
const MAX_LINES: usize = 400;
const MAX_STREAMS: usize = 16;

/// Why a description is no use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the description cannot be read: {0}")]
    Unreadable(String),
    #[error("no common codec in {offered}")]
    NoCommonCodec { offered: String },
    /// A codec would be common, but not the way in which its packets are (or are not) protected.
    #[error("{offered} is not {wanted}")]
    OtherProfile {
        offered: String,
        wanted: &'static str,
    },
    /// Protection is demanded, and its keys would travel in the clear.
    #[error("keys of SRTP would travel in the clear")]
    KeysInTheClear,
}

/// RTP in the clear (RFC 3551), SRTP (RFC 3711), and SRTP with feedback (RFC 5124), of which we send none.
const AVP: &str = "RTP/AVP";
const SAVP: &str = "RTP/SAVP";
const SAVPF: &str = "RTP/SAVPF";

/// The profile that is named so, if we speak it.
fn profile_of(media: &sdp_types::Media) -> Option<&'static str> {
    let known = [AVP, SAVP, SAVPF].into_iter();
    { known }.find(|profile| media.proto == *profile)
}

/// What the other side said about the stream we use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where its RTP comes from and goes to; `None` where it named no address (hold by `c=0.0.0.0`).
    pub rtp: Option<SocketAddr>,
    pub rtcp: Option<SocketAddr>,
    pub codec: Codec,
    pub payload_type: u8,
    /// Payload type of telephone events.
    pub event_type: Option<u8>,
    /// They may send comfort noise (RFC 3389, payload type 13). We do not, and do not offer it.
    pub comfort_noise: bool,
    /// Ticks a second of their durations: 8000, or beside Opus its 48,000 where they are offered so (RFC 4733 §2.1).
    pub event_clock_hz: u32,
    /// Packet length for what we send, 10–40.
    pub ptime_ms: u8,
    pub they_send: bool,
    pub they_receive: bool,
    /// With which keys; `None` in the clear.
    pub srtp: Option<Protection>,
}

impl Negotiated {
    /// Before there was an answer: nobody is heard and nothing is sent.
    pub fn nothing() -> Self {
        Negotiated {
            rtp: None,
            rtcp: None,
            codec: Codec::Pcma,
            payload_type: Codec::Pcma.payload_type(),
            event_type: None,
            comfort_noise: false,
            event_clock_hz: 8000,
            ptime_ms: 20,
            they_send: false,
            they_receive: false,
            srtp: None,
        }
    }
}

/// Whether this offer could be answered.
pub fn check(offer: &[u8], srtp: Srtp, codecs: &Codecs) -> Result<(), Error> {
    choose(&read(offer)?, srtp, codecs).map(|_| ())
}

/// Whether an offer puts the call on hold: of the stream we would take, its sender wants to hear
/// nothing, be it by direction (RFC 3264 §8.4; the stream's word before the session's) or by
/// naming no address (RFC 2543's way). An offer that cannot be answered holds nothing.
pub fn is_hold(offer: &[u8]) -> bool {
    let chosen = read(offer).and_then(|session| choose(&session, Srtp::Accept, &Codecs::ALL));
    chosen.is_ok_and(|chosen| !chosen.negotiated.they_receive)
}

fn read(octets: &[u8]) -> Result<sdp_types::Session, Error> {
    let lines = octets.iter().filter(|octet| **octet == b'\n').count();
    if octets.len() > MAX_LEN || lines > MAX_LINES {
        return Err(unreadable(format!(
            "{} octets, {lines} lines",
            octets.len()
        )));
    }
    let session =
        sdp_types::Session::parse(octets).map_err(|fault| unreadable(fault.to_string()))?;
    if session.medias.len() > MAX_STREAMS {
        return Err(unreadable(format!("{} streams", session.medias.len())));
    }
    Ok(session)
}

/// The stream that carries our sound.
struct Chosen {
    /// Which one of the description.
    index: usize,
    profile: &'static str,
    /// Without keys of ours.
    negotiated: Negotiated,
    /// Their line of keys, where packets are protected.
    crypto: Option<Crypto>,
}

/// The first stream that can carry our sound in the best way, and what it carries. Keys beside a profile in the clear
/// are what some telephones offer who would do without: they are taken where they may be.
fn choose(session: &sdp_types::Session, srtp: Srtp, codecs: &Codecs) -> Result<Chosen, Error> {
    let ways = srtp.ways();
    let best = match *ways.first().ok_or(Error::KeysInTheClear)? {
        true => SAVP,
        false => AVP,
    };
    let mut is_other = false;
    for protected in ways {
        for (index, media) in session.medias.iter().enumerate() {
            if media.media != "audio" || media.port == 0 {
                continue;
            }
            let Some(profile) = profile_of(media) else {
                continue;
            };
            let crypto = protected.then(|| crypto_of(media)).flatten();
            if crypto.is_some() != *protected || !protected && profile != AVP {
                is_other = true;
                continue;
            }
            if let Some(negotiated) = read_stream(session, media, codecs)? {
                return Ok(Chosen {
                    index,
                    profile,
                    negotiated,
                    crypto,
                });
            }
        }
    }
    let offered = streams_of(session);
    Err(match is_other && ways.len() == 1 {
        true => Error::OtherProfile {
            offered,
            wanted: best,
        },
        false => Error::NoCommonCodec { offered },
    })
}

fn crypto_of(media: &sdp_types::Media) -> Option<Crypto> {
    sdes::first(media.get_attribute_values("crypto").flatten())
}

/// What was offered, in a line.
fn streams_of(session: &sdp_types::Session) -> String {
    let mut offered = String::new();
    for media in &session.medias {
        let separator = if offered.is_empty() { "" } else { "; " };
        let _ = write!(
            offered,
            "{separator}{} {} {}",
            media.media, media.proto, media.fmt
        );
    }
    if offered.is_empty() {
        offered.push_str("no stream");
    }
    offered
}

fn read_stream(
    session: &sdp_types::Session,
    media: &sdp_types::Media,
    codecs: &Codecs,
) -> Result<Option<Negotiated>, Error> {
    let Some((codec, payload_type)) = sound_of(media, codecs) else {
        return Ok(None);
    };
    let events = events_of(media, codec);
    let address = address_of(session, media)?;
    // RFC 3264 §8.4: without an address nothing is sent there, and there is nobody to be heard from.
    let (send, receive) = direction(session, media);
    let (they_send, they_receive) = (send && address.is_some(), receive && address.is_some());
    let rtp = address.map(|address| SocketAddr::new(address, media.port));
    let rtcp_port = media
        .get_first_attribute_value("rtcp")
        .flatten()
        .and_then(|value| value.split_ascii_whitespace().next())
        .and_then(|port| port.parse().ok())
        .or(media.port.checked_add(1));
    Ok(Some(Negotiated {
        rtp,
        rtcp: address
            .zip(rtcp_port)
            .map(|(address, port)| SocketAddr::new(address, port)),
        codec,
        payload_type,
        event_type: events.map(|(event_type, _)| event_type),
        event_clock_hz: events.map_or(8000, |(_, clock_hz)| clock_hz),
        comfort_noise: has_comfort_noise(media),
        ptime_ms: ptime(media),
        they_send,
        they_receive,
        srtp: None,
    }))
}

/// The payload types of a stream in their order, each with what it is mapped to.
fn formats(media: &sdp_types::Media) -> impl Iterator<Item = (u8, Option<sdp_types::RtpMap>)> + '_ {
    let maps: Vec<sdp_types::RtpMap> = media.attributes_typed_list();
    let words = media.fmt.split_ascii_whitespace().take(64);
    let types = words.filter_map(|word| word.parse().ok().filter(|number| *number < 128));
    types.map(move |payload_type: u8| {
        let map = maps.iter().find(|map| map.payload_type == payload_type);
        (payload_type, map.cloned())
    })
}

/// The first of their codecs that is one of ours: as its offerer likes (RFC 3264 §6.1), or its answerer.
fn sound_of(media: &sdp_types::Media, codecs: &Codecs) -> Option<(Codec, u8)> {
    formats(media).find_map(|(payload_type, map)| {
        let codec = match map {
            None => Codec::from_static_payload_type(payload_type),
            Some(map) => Codec::from_name(&map.encoding_name)
                .filter(|codec| codec.clock_hz() == map.clock_rate),
        };
        let codec = codec.filter(|codec| codecs.contains(*codec))?;
        Some((codec, payload_type))
    })
}

/// Whether they may send comfort noise, under the number that it has by itself.
fn has_comfort_noise(media: &sdp_types::Media) -> bool {
    formats(media).any(|(payload_type, map)| {
        let named = map.is_none_or(|map| map.encoding_name.eq_ignore_ascii_case("CN"));
        payload_type == comfort::PAYLOAD_TYPE && named
    })
}

/// Telephone events for this codec, with their clock: its own, or else that of all others.
fn events_of(media: &sdp_types::Media, codec: Codec) -> Option<(u8, u32)> {
    let of_clock = |clock_hz: u32| {
        let found = formats(media).find(|(_, map)| {
            map.as_ref().is_some_and(|map| {
                map.clock_rate == clock_hz
                    && map.encoding_name.eq_ignore_ascii_case("telephone-event")
            })
        });
        found.map(|(event_type, _)| (event_type, clock_hz))
    };
    of_clock(codec.clock_hz()).or_else(|| of_clock(8000))
}

/// The stream's own `c=` or the session's; `None` for the unspecified address of an old-style hold.
fn address_of(
    session: &sdp_types::Session,
    media: &sdp_types::Media,
) -> Result<Option<IpAddr>, Error> {
    let connection = media
        .connections
        .first()
        .or(session.connection.as_ref())
        .ok_or_else(|| unreadable("no c= line".to_owned()))?;
    let address: IpAddr = connection.connection_address.parse().map_err(|_| {
        unreadable(format!(
            "c= names no address: {}",
            connection.connection_address
        ))
    })?;
    if address.is_multicast() {
        return Err(unreadable(format!("c= is a multicast address: {address}")));
    }
    Ok((!address.is_unspecified()).then_some(address))
}

/// Whether they send and whether they receive; the stream's word goes before the session's.
fn direction(session: &sdp_types::Session, media: &sdp_types::Media) -> (bool, bool) {
    const WORDS: [(&str, (bool, bool)); 4] = [
        ("sendrecv", (true, true)),
        ("sendonly", (true, false)),
        ("recvonly", (false, true)),
        ("inactive", (false, false)),
    ];
    let of_stream = WORDS.iter().find(|(word, _)| media.has_attribute(word));
    let of_session = || WORDS.iter().find(|(word, _)| session.has_attribute(word));
    of_stream
        .or_else(of_session)
        .map_or((true, true), |(_, both)| *both)
}

/// What they like to receive, within what we build: 10, 20, 30 or 40 ms.
fn ptime(media: &sdp_types::Media) -> u8 {
    let number = |name| {
        let value = media.get_first_attribute_value(name).flatten()?;
        value.trim().parse::<f32>().ok().filter(|ms| *ms >= 1.0)
    };
    let most = number("maxptime").unwrap_or(40.0).clamp(10.0, 40.0);
    let wanted = number("ptime").unwrap_or(20.0).clamp(10.0, most);
    (wanted / 10.0) as u8 * 10
}

fn unreadable(why: String) -> Error {
    Error::Unreadable(why)
}

trait TypedList {
    fn attributes_typed_list(&self) -> Vec<sdp_types::RtpMap>;
}

impl TypedList for sdp_types::Media {
    fn attributes_typed_list(&self) -> Vec<sdp_types::RtpMap> {
        use std::str::FromStr as _;
        self.get_attribute_values("rtpmap")
            .flatten()
            .filter_map(|value| sdp_types::RtpMap::from_str(value).ok())
            .take(64)
            .collect()
    }
}

#[cfg(test)]
mod tests;
