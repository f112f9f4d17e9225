//! Who is heard on a leg: SRTP's keys, and addresses that are learnt where the operator allows it.

use std::ops::RangeInclusive;

use super::super::*;
use super::live::{PATIENCE, Telephone, until};
use crate::rtp::packet::{self, Packet};
use crate::rtp::telephone_event::EventPacket;
use crate::srtp::sdes::{Crypto, Keys, Suite};
use crate::srtp::{Incoming, OVERHEAD, Outgoing};

fn room(ports: RangeInclusive<u16>, learn_address: bool) -> Media {
    Media::start(Settings {
        address: [127, 0, 0, 1].into(),
        ports,
        threads: 1,
        rtp_timeout: Duration::from_millis(400),
        srtp: Srtp::Accept.into(),
        levels: Default::default(),
        learn_address,
        trunk_codecs: Codecs::G711,
        desk_codecs: Codecs::G711,
        browser_codecs: Codecs::G711,
    })
    .expect("a media room")
}

/// A telephone that speaks SRTP.
struct Secured {
    socket: std::net::UdpSocket,
    offer: String,
    to: String,
    sequence: u16,
    out: Outgoing,
    into: Incoming,
}

impl Secured {
    fn call(ours: &Media, suite: Suite) -> (Secured, Leg) {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let port = socket.local_addr().expect("it is bound").port();
        let crypto = Crypto {
            tag: 1,
            suite,
            keys: Keys::random(),
        };
        let offer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/SAVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=crypto:{}\r\n",
            crypto.text()
        );
        let leg = ours.answer_to(offer.as_bytes()).expect("an answer");
        let answer = leg.description().to_owned();
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix("a=crypto:"));
        let theirs = Crypto::read(line.expect("a line of keys")).expect("it is one");
        let mut plain = Telephone::new();
        plain.answered(&answer);
        let telephone = Secured {
            socket,
            offer,
            to: plain.to,
            sequence: 65_530,
            out: Outgoing::new(suite, &crypto.keys),
            into: Incoming::new(suite, &theirs.keys),
        };
        (telephone, leg)
    }

    fn sealed(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut octets = vec![0; packet::HEADER_LEN];
        let sequence = self.sequence;
        packet::write_header(&mut octets, false, payload_type, sequence, timestamp, 99);
        octets.extend(payload);
        self.sequence = sequence.wrapping_add(1);
        let length = octets.len();
        octets.resize(length + OVERHEAD, 0);
        let length = self.out.seal(&mut octets, length).expect("room");
        octets.truncate(length);
        octets
    }

    fn send(&self, octets: &[u8]) {
        self.socket.send_to(octets, &self.to).expect("it is sent");
    }

    /// The payload of the next packet that comes.
    fn receive(&mut self) -> Vec<u8> {
        let mut octets = [0; 1500];
        let (length, _) = self.socket.recv_from(&mut octets).expect("in time");
        let length = self
            .into
            .open(&mut octets[..length])
            .expect("it is authentic");
        let packet = Packet::parse(&octets[..length]).expect("RTP");
        packet.payload.to_vec()
    }
}

/// The head of a binding request (RFC 8489 §5), by which telephones open a NAT.
const STUN: [u8; 20] = *b"\x00\x01\x00\x00\x21\x12\xA4\x42twelve octet";

#[tokio::test]
async fn with_srtp_nothing_but_what_has_the_key_changes_anything() {
    let ours = room(44000..=44039, false);
    for suite in Suite::ALL {
        let (mut telephone, leg) = Secured::call(&ours, suite);
        let (us, mut events) = ours.start_call(leg, None).expect("a call");
        assert_eq!(telephone.receive().len(), 160, "we send with our key");
        // From the very address: in the clear, garbage, with another's key.
        let mut clear = vec![0; packet::HEADER_LEN];
        packet::write_header(&mut clear, false, 101, 7, 800, 99);
        clear.extend(EventPacket::payload(1, false, 160));
        let mut stranger = Outgoing::new(suite, &Keys::random());
        let mut other = clear.clone();
        other.resize(clear.len() + OVERHEAD, 0);
        let length = stranger.seal(&mut other, clear.len()).expect("room");
        for _ in 0..20 {
            telephone.send(&clear);
            telephone.send(&[0x80; 200]);
            telephone.send(&other[..length]);
            // A STUN binding request is no forgery: it is counted nowhere.
            telephone.send(&STUN);
        }
        // Neither the first media nor a key, and no sign of life either.
        let first = until(&mut events, |_| true).await;
        assert_eq!(first, Event::RtpTimeout { side: Side::Caller });
        let pressed = telephone.sealed(101, 1600, &EventPacket::payload(4, false, 160));
        telephone.send(&pressed);
        for _ in 0..3 {
            telephone.send(&pressed);
        }
        let down = until(&mut events, |event| matches!(event, Event::KeyDown { .. })).await;
        assert!(matches!(down, Event::KeyDown { code: 4, .. }), "{down:?}");
        us.finish();
        let mut more = 0;
        let finished = until(&mut events, |event| {
            more += usize::from(matches!(event, Event::KeyDown { .. }));
            matches!(event, Event::Finished(_))
        })
        .await;
        let Event::Finished(recorded) = finished else {
            unreachable!("it was waited for")
        };
        assert_eq!(more, 0);
        assert_eq!(recorded.caller.received, 1, "{recorded:?}");
        assert_eq!(recorded.caller.unauthentic, 60, "{recorded:?}");
        assert_eq!(recorded.caller.repeated, 3, "{recorded:?}");
    }
}

#[tokio::test]
async fn a_repeat_from_before_a_new_offer_is_still_one() {
    let ours = room(44040..=44079, false);
    let (mut telephone, leg) = Secured::call(&ours, Suite::HmacSha1With80);
    let answer = leg.description().to_owned();
    assert!(answer.contains("RTP/SAVP"), "{answer}");
    let (us, mut events) = ours.start_call(leg, None).expect("a call");
    let pressed = telephone.sealed(101, 1600, &EventPacket::payload(4, true, 160));
    telephone.send(&pressed);
    until(&mut events, |event| matches!(event, Event::KeyDown { .. })).await;
    // The same offer again, as a refresh makes it: its keys are those of before.
    let renewed = us
        .renegotiate(Side::Caller, telephone.offer.as_bytes())
        .await;
    let keys = |text: &str| text.split("a=crypto:").nth(1).map(str::to_owned);
    let renewed = renewed.expect("an answer");
    assert_eq!(
        keys(&renewed).map(|line| line.lines().next().map(str::to_owned)),
        keys(&answer).map(|line| line.lines().next().map(str::to_owned)),
    );
    telephone.send(&pressed);
    let next = telephone.sealed(101, 8000, &EventPacket::payload(5, true, 160));
    telephone.send(&next);
    let down = until(&mut events, |event| matches!(event, Event::KeyDown { .. })).await;
    assert!(matches!(down, Event::KeyDown { code: 5, .. }), "{down:?}");
    us.finish();
}

#[tokio::test]
async fn an_address_is_learnt_where_that_is_allowed_and_never_from_a_key() {
    let ours = room(44080..=44119, true);
    // The description names a socket that sends nothing; the sound comes from another.
    let named = Telephone::new();
    let mut true_one = Telephone::new();
    let leg = ours
        .answer_to(named.offer("").as_bytes())
        .expect("an answer");
    true_one.answered(leg.description());
    let (us, mut events) = ours.start_call(leg, None).expect("a call");
    assert_eq!(named.receive().0, 8, "until then we send where it was said");
    for stamp in 0..4 {
        true_one.press(1, stamp * 1600);
    }
    for stamp in 0..4 {
        true_one.send(8, 16_000 + stamp * 160, &[0xD5; 160]);
    }
    let first = until(&mut events, |_| true).await;
    let from = true_one.socket.local_addr().expect("it is bound");
    let side = Side::Caller;
    assert_eq!(first, Event::AddressLearnt { side, from });
    assert_eq!(true_one.receive().0, 8, "from here on we send there");
    true_one.press(4, 32_000);
    let down = until(&mut events, |event| matches!(event, Event::KeyDown { .. })).await;
    assert!(matches!(down, Event::KeyDown { code: 4, .. }), "{down:?}");
    // Nobody else is learnt from any more.
    let mut late = Telephone::new();
    late.to = true_one.to.clone();
    for stamp in 0..6 {
        late.shout(8, stamp * 160, &[0xD5; 160]);
    }
    us.finish();
    let finished = until(&mut events, |event| {
        assert!(!matches!(
            event,
            Event::KeyDown { .. } | Event::AddressLearnt { .. }
        ));
        matches!(event, Event::Finished(_))
    })
    .await;
    let Event::Finished(recorded) = finished else {
        unreachable!("it was waited for")
    };
    // Four events and two packets of sound were looked at and not heard.
    assert_eq!(recorded.caller.foreign, 6, "{recorded:?}");
}

#[tokio::test]
async fn without_leave_nothing_is_learnt() {
    let ours = room(44120..=44139, false);
    let (named, mut other) = (Telephone::new(), Telephone::new());
    let leg = ours
        .answer_to(named.offer("").as_bytes())
        .expect("an answer");
    other.answered(leg.description());
    let (us, mut events) = ours.start_call(leg, None).expect("a call");
    for stamp in 0..10 {
        other.shout(8, stamp * 160, &[0xD5; 160]);
    }
    let first = until(&mut events, |_| true).await;
    assert_eq!(first, Event::RtpTimeout { side: Side::Caller });
    us.finish();
}
