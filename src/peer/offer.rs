//! A browser's offer and our answer (RFC 8829): one stream of a codec of ours, everything on one port.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::codecs::{Codec, Codecs};
use crate::rtp::sdp::Negotiated;

/// Longest offer that is read; a browser's with one stream has some 2,000 octets.
pub const MAX_LEN: usize = 16 * 1024;
const MAX_LINES: usize = 400;
const MAX_STREAMS: usize = 8;
/// Longest name, password or digest of an offer that is kept (RFC 8839 §5.4 allows 256).
const MAX_WORD: usize = 256;
/// The profile of browsers (RFC 8834).
const PROFILE: &str = "UDP/TLS/RTP/SAVPF";

/// Why an offer cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the offer is too long or is no description")]
    Unreadable,
    #[error("the offer has no sound over {PROFILE}")]
    NoSound,
    #[error("no codec of [media] browser_codecs is offered")]
    NoCommonCodec,
    #[error("the offer says nothing of {0}")]
    Lacks(&'static str),
}

/// What we need of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Of ICE: its name of itself.
    pub name: String,
    /// SHA-256 of the certificate with which it will speak.
    pub fingerprint: [u8; 32],
    pub codec: Codec,
    pub payload_type: u8,
    /// Payload type and clock of telephone events beside the codec.
    events: Option<(u8, u32)>,
    they_send: bool,
    they_receive: bool,
    /// Media lines as `m=` has them, with their `mid`; the sound that is taken.
    streams: Vec<(String, Option<String>)>,
    taken: usize,
}

/// One `m=` with the lines below it.
#[derive(Default)]
struct Stream<'a> {
    line: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl Stream<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| *value)
    }
}

impl Offer {
    /// Of the sound that is offered the first of `codecs` is taken.
    ///
    /// # Errors
    /// For what is too long, names no sound of ours, or lacks what ICE and DTLS need.
    pub fn read(text: &str, codecs: &Codecs) -> Result<Offer, Unfit> {
        let (session, streams) = parts(text)?;
        let is_sound = |stream: &Stream<'_>| {
            let mut words = stream.line.split(' ');
            let kind = words.next() == Some("audio");
            let open = words.next().is_some_and(|port| port != "0");
            kind && open && words.next() == Some(PROFILE)
        };
        let taken = streams.iter().position(is_sound).ok_or(Unfit::NoSound)?;
        let sound = &streams[taken];
        // The stream's word goes before the session's.
        let word = |name: &'static str| {
            let found = sound.value(name).or_else(|| session.value(name));
            found
                .filter(|value| !value.is_empty() && value.len() <= MAX_WORD)
                .ok_or(Unfit::Lacks(name))
        };
        if sound.value("rtcp-mux").is_none() {
            return Err(Unfit::Lacks("rtcp-mux"));
        }
        if !matches!(word("setup")?, "actpass" | "active") {
            return Err(Unfit::Lacks("setup:actpass"));
        }
        let formats = formats(sound);
        let (codec, payload_type) = codec_of(&formats, codecs).ok_or(Unfit::NoCommonCodec)?;
        let direction = |name: &str| sound.value(name).or_else(|| session.value(name)).is_some();
        let inactive = direction("inactive");
        Ok(Offer {
            name: word("ice-ufrag")?.to_owned(),
            fingerprint: digest(word("fingerprint")?).ok_or(Unfit::Lacks("fingerprint:sha-256"))?,
            codec,
            payload_type,
            events: events_of(&formats, codec),
            they_send: !inactive && !direction("recvonly"),
            they_receive: !inactive && !direction("sendonly"),
            taken,
            streams: streams
                .iter()
                .map(|stream| {
                    (
                        stream.line.to_owned(),
                        stream.value("mid").map(str::to_owned),
                    )
                })
                .collect(),
        })
    }

    /// What a leg has of it before ICE has found a path.
    pub fn negotiated(&self) -> Negotiated {
        Negotiated {
            codec: self.codec,
            payload_type: self.payload_type,
            event_type: self.events.map(|(event_type, _)| event_type),
            event_clock_hz: self.events.map_or(8000, |(_, clock_hz)| clock_hz),
            they_send: self.they_send,
            they_receive: self.they_receive,
            ..Negotiated::nothing()
        }
    }

    /// Our answer: one candidate, and the browser does the asking.
    pub fn answer(&self, ours: &Ours<'_>) -> String {
        let family = if ours.address.is_ipv4() { "IP4" } else { "IP6" };
        let (address, port) = (ours.address, ours.port);
        let mut text = format!(
            "v=0\r\no=- {} 1 IN {family} {address}\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n",
            ours.session
        );
        if let Some(mid) = &self.streams[self.taken].1 {
            let _ = write!(text, "a=group:BUNDLE {mid}\r\n");
        }
        for (index, (line, mid)) in self.streams.iter().enumerate() {
            let mid = mid.as_ref().map(|mid| format!("a=mid:{mid}\r\n"));
            let mid = mid.unwrap_or_default();
            if index != self.taken {
                // RFC 3264 §6: every stream of the offer is answered; port 0 rejects.
                let mut words = line.splitn(3, ' ');
                let (kind, rest) = (words.next().unwrap_or("audio"), words.nth(1));
                let _ = write!(
                    text,
                    "m={kind} 0 {}\r\nc=IN {family} {address}\r\n{mid}a=inactive\r\n",
                    rest.unwrap_or("UDP/TLS/RTP/SAVPF 0")
                );
                continue;
            }
            let payload_type = self.payload_type;
            let parameters = self.codec.parameters();
            let parameters = parameters.map(|what| format!("a=fmtp:{payload_type} {what}\r\n"));
            let parameters = parameters.unwrap_or_default();
            let (event_type, events) = self.events_answered();
            let direction = match (self.they_send, self.they_receive) {
                (true, true) => "sendrecv",
                (true, false) => "recvonly",
                (false, true) => "sendonly",
                (false, false) => "inactive",
            };
            let _ = write!(
                text,
                "m=audio {port} {PROFILE} {payload_type}{event_type}\r\nc=IN {family} {address}\r\n\
                 a=rtcp:{port} IN {family} {address}\r\n{mid}a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
                 a=fingerprint:sha-256 {}\r\na=setup:passive\r\na=rtcp-mux\r\na={direction}\r\n\
                 a=rtpmap:{payload_type} {}\r\n{parameters}{events}a=ptime:20\r\n\
                 a=candidate:1 1 udp 2130706431 {address} {port} typ host\r\na=end-of-candidates\r\n",
                ours.name,
                ours.password,
                shown(ours.fingerprint),
                self.codec.map(),
            );
        }
        text
    }
}

impl Offer {
    /// What stands of telephone events in `m=` and below it; nothing where none were offered.
    fn events_answered(&self) -> (String, String) {
        let Some((event_type, clock_hz)) = self.events else {
            return Default::default();
        };
        let lines = format!(
            "a=rtpmap:{event_type} telephone-event/{clock_hz}\r\na=fmtp:{event_type} 0-15\r\n"
        );
        (format!(" {event_type}"), lines)
    }
}

/// Our side of an answer.
pub struct Ours<'a> {
    pub session: u64,
    pub address: IpAddr,
    pub port: u16,
    pub name: &'a str,
    pub password: &'a str,
    pub fingerprint: &'a [u8; 32],
}

/// The session's lines and each stream's.
fn parts(text: &str) -> Result<(Stream<'_>, Vec<Stream<'_>>), Unfit> {
    if text.len() > MAX_LEN || !text.starts_with("v=0") {
        return Err(Unfit::Unreadable);
    }
    let mut session = Stream::default();
    let mut streams: Vec<Stream<'_>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((kind, value)) = line.trim_end().split_once('=') else {
            continue;
        };
        // What goes back into the answer must be able to stand in a line.
        let plain = value.chars().all(|c| !c.is_control());
        if number >= MAX_LINES || streams.len() > MAX_STREAMS || !plain {
            return Err(Unfit::Unreadable);
        }
        match kind {
            "m" => streams.push(Stream {
                line: value,
                attributes: Vec::new(),
            }),
            "a" => {
                let attribute = value.split_once(':').unwrap_or((value, ""));
                let stream = streams.last_mut().unwrap_or(&mut session);
                stream.attributes.push(attribute);
            }
            _ => {}
        }
    }
    Ok((session, streams))
}

/// Payload types in their order, each with its `rtpmap` in capitals.
fn formats(sound: &Stream<'_>) -> Vec<(u8, Option<String>)> {
    let offered = sound.line.split(' ').skip(3).take(64);
    let types = offered.filter_map(|word| word.parse().ok().filter(|number: &u8| *number < 128));
    let mapped = |payload_type: u8| {
        let maps = sound.attributes.iter().filter(|(key, _)| *key == "rtpmap");
        let mut of_type = maps.filter_map(|(_, value)| value.split_once(' '));
        of_type
            .find(|(number, _)| number.parse() == Ok(payload_type))
            .map(|(_, name)| name.to_ascii_uppercase())
    };
    types.map(|number| (number, mapped(number))).collect()
}

/// The first of ours that is offered: the order of browsers says nothing of what is good here.
fn codec_of(formats: &[(u8, Option<String>)], codecs: &Codecs) -> Option<(Codec, u8)> {
    let is = |codec: Codec, (number, map): &(u8, Option<String>)| match map {
        Some(map) => {
            let ours = codec.map().to_ascii_uppercase();
            *map == ours || *map == format!("{ours}/1")
        }
        None => Codec::from_static_payload_type(*number) == Some(codec),
    };
    codecs.iter().find_map(|codec| {
        let found = formats.iter().find(|format| is(codec, format));
        found.map(|(number, _)| (codec, *number))
    })
}

/// Telephone events by the clock of the codec, or else by that of all others.
fn events_of(formats: &[(u8, Option<String>)], codec: Codec) -> Option<(u8, u32)> {
    [codec.clock_hz(), 8000].into_iter().find_map(|clock_hz| {
        let name = format!("TELEPHONE-EVENT/{clock_hz}");
        let found = formats.iter().find(|(_, map)| map.as_ref() == Some(&name));
        found.map(|(number, _)| (*number, clock_hz))
    })
}

/// `sha-256 AB:CD:…`; no weaker digest is taken (RFC 8122 §5).
fn digest(value: &str) -> Option<[u8; 32]> {
    let (method, octets) = value.split_once(' ')?;
    if !method.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let mut digest = [0; 32];
    let mut pairs = octets.trim().split(':');
    for octet in &mut digest {
        let pair = pairs.next().filter(|pair| pair.len() == 2)?;
        *octet = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(digest)
}

fn shown(digest: &[u8; 32]) -> String {
    let pairs: Vec<_> = digest.iter().map(|octet| format!("{octet:02X}")).collect();
    pairs.join(":")
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As Chromium writes it, shortened.
    pub fn offer(fingerprint: &[u8; 32]) -> String {
        format!(
            "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=msid-semantic: WMS\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
             a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=ice-options:trickle\r\n\
             a=fingerprint:sha-256 {}\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n\
             a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n",
            shown(fingerprint)
        )
    }

    fn ours() -> Ours<'static> {
        Ours {
            session: 7,
            address: "192.0.2.1".parse().unwrap(),
            port: 30000,
            name: "us",
            password: "secret",
            fingerprint: &[0xAB; 32],
        }
    }

    #[test]
    fn a_browsers_offer_is_answered_with_g711_and_one_candidate() {
        let offer = Offer::read(&offer(&[0x1F; 32]), &Codecs::ALL).unwrap();
        assert_eq!((offer.codec, offer.payload_type), (Codec::Pcma, 8));
        assert_eq!(
            (offer.name.as_str(), offer.fingerprint),
            ("abcd", [0x1F; 32])
        );
        let answer = offer.answer(&ours());
        for line in [
            "a=ice-lite",
            "m=audio 30000 UDP/TLS/RTP/SAVPF 8 126",
            "a=rtpmap:126 telephone-event/8000",
            "a=setup:passive",
            "a=mid:0",
            "a=candidate:1 1 udp 2130706431 192.0.2.1 30000 typ host",
        ] {
            assert!(answer.contains(&format!("{line}\r\n")), "{line}: {answer}");
        }
    }

    #[test]
    fn the_first_of_our_codecs_is_answered_with_events_of_its_clock() {
        for (ours, line, map) in [
            (Codec::Opus, "SAVPF 111 110", "111 opus/48000/2"),
            (Codec::Opus, "SAVPF 111 110", "110 telephone-event/48000"),
            (Codec::Opus, "SAVPF 111 110", "126 telephone-event/8000"),
            (Codec::G722, "SAVPF 9 126", "9 G722/8000"),
            (Codec::G722, "SAVPF 9 126", "126 telephone-event/8000"),
            (Codec::Pcmu, "SAVPF 0 126", "0 PCMU/8000"),
        ] {
            let codecs = Codecs::new(&[ours, Codec::Pcma]).unwrap();
            let text = offer(&[1; 32]);
            let read = Offer::read(&text, &codecs).unwrap();
            let answer = read.answer(&self::ours());
            assert!(answer.contains(&format!("{line}\r\n")), "{answer}");
            let has = answer.contains(&format!("a=rtpmap:{map}\r\n"));
            let other_clock = ours == Codec::Opus && map.ends_with("/8000");
            assert_eq!(has, !other_clock, "{ours:?} {map}: {answer}");
            // Where the codec's own clock is not offered, that of all others is taken.
            let text = text.replace("a=rtpmap:110 telephone-event/48000\r\n", "");
            let read = Offer::read(&text, &codecs).unwrap();
            assert_eq!(
                (
                    read.negotiated().event_type,
                    read.negotiated().event_clock_hz
                ),
                (Some(126), 8000)
            );
        }
        let opus = Codecs::new(&[Codec::Opus]).unwrap();
        let answer = Offer::read(&offer(&[1; 32]), &opus)
            .unwrap()
            .answer(&ours());
        assert!(
            answer.contains("a=fmtp:111 minptime=10;useinbandfec=0;stereo=0"),
            "{answer}"
        );
    }

    #[test]
    fn what_lacks_something_is_refused_by_its_name() {
        let whole = offer(&[1; 32]);
        for (without, why) in [
            ("a=rtcp-mux\r\n", Unfit::Lacks("rtcp-mux")),
            ("a=ice-ufrag:abcd\r\n", Unfit::Lacks("ice-ufrag")),
            ("a=setup:actpass\r\n", Unfit::Lacks("setup")),
            ("sha-256", Unfit::Lacks("fingerprint:sha-256")),
            ("UDP/TLS/", Unfit::NoSound),
            (" 0 8 13", Unfit::NoCommonCodec),
            ("v=0", Unfit::Unreadable),
        ] {
            assert!(whole.contains(without));
            let refused = Offer::read(&whole.replacen(without, "", 1), &Codecs::G711);
            assert_eq!(refused.map(|_| ()), Err(why), "{without}");
        }
        let long = format!("{whole}{}", "a=x\r\n".repeat(MAX_LINES));
        assert_eq!(
            Offer::read(&long, &Codecs::ALL).map(|_| ()),
            Err(Unfit::Unreadable)
        );
    }

    #[test]
    fn streams_beside_the_sound_are_rejected_in_their_order() {
        let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n";
        let offer = Offer::read(&(offer(&[1; 32]) + video), &Codecs::ALL).unwrap();
        let answer = offer.answer(&ours());
        assert!(
            answer.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"),
            "{answer}"
        );
        assert!(answer.contains("a=group:BUNDLE 0\r\n"), "{answer}");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "v=0\r\n(m=audio 9 UDP/TLS/RTP/SAVPF 8\r\n|a=[a-z-]{1,12}:?.{0,20}\r\n|.{0,30}\n){0,20}") {
            if let Ok(offer) = Offer::read(&text, &Codecs::ALL) {
                let _ = offer.answer(&ours());
            }
        }
    }
}
