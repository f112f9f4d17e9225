//! Sound over real sockets: two media rooms talk to each other over loopback.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::super::*;
use crate::rtp::tones::Generator;
use crate::rtp::{packet, telephone_event};

pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn settings(ports: RangeInclusive<u16>) -> Settings {
    Settings {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports,
        threads: 1,
        rtp_timeout: Duration::from_secs(30),
        srtp: Srtp::Accept.into(),
        levels: Default::default(),
        learn_address: false,
        trunk_codecs: Codecs::G711,
        desk_codecs: Codecs::G711,
        browser_codecs: Codecs::G711,
    }
}

pub(super) fn room(ports: RangeInclusive<u16>) -> Media {
    Media::start(settings(ports)).expect("a media room")
}

pub(super) fn tone(hz: f32, length_ms: usize) -> Arc<Clip> {
    let mut pcm = vec![0; length_ms * 8];
    Generator::of([hz, 0.0], [8000.0, 0.0]).write(&mut pcm);
    Arc::new(Clip::from_pcm(pcm))
}

/// A caller's call and our call, negotiated with each other.
pub(super) fn call(
    ours: &Media,
    theirs: &Media,
    recording: Option<&Path>,
) -> ((CallMedia, Receiver<Event>), (CallMedia, Receiver<Event>)) {
    let mut caller = theirs.offer().expect("an offer");
    let answering = ours
        .answer_to(caller.description().as_bytes())
        .expect("an answer");
    caller
        .accept_answer(answering.description().as_bytes())
        .expect("an answer");
    let us = ours.start_call(answering, recording).expect("a call");
    (us, theirs.start_call(caller, None).expect("a call"))
}

pub(super) async fn until(
    events: &mut Receiver<Event>,
    mut wanted: impl FnMut(&Event) -> bool,
) -> Event {
    let found = async {
        loop {
            let event = events.recv().await.expect("the call goes on");
            if wanted(&event) {
                return event;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("it is told in time")
}

/// The frequency of one channel's loudest 400 ms.
pub(super) fn measured_hz(path: &Path, channel: usize) -> f32 {
    let mut reader = hound::WavReader::open(path).expect("a recording");
    let channels = usize::from(reader.spec().channels);
    let samples: Vec<i16> = reader
        .samples::<i16>()
        .map(|sample| sample.expect("a sample"))
        .skip(channel)
        .step_by(channels)
        .collect();
    let energy = |part: &[i16]| part.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let loudest = samples
        .windows(3200)
        .step_by(160)
        .max_by(|a, b| energy(a).total_cmp(&energy(b)))
        .expect("400 ms");
    assert!(energy(loudest) > 1e6, "channel {channel} is silent");
    let crossings = loudest
        .windows(2)
        .filter(|two| two[0] < 0 && two[1] >= 0)
        .count();
    crossings as f32 / 0.4
}

#[tokio::test]
async fn each_side_is_recorded_on_its_own_channel() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a/call.wav");
    let (ours, theirs) = (room(41000..=41019), room(41020..=41039));
    let ((us, mut our_events), (them, mut their_events)) = call(&ours, &theirs, Some(&path));
    us.play(1, vec![tone(440.0, 400), tone(440.0, 400)], false);
    them.play(2, vec![tone(700.0, 800)], false);
    until(&mut our_events, |event| *event == Event::Played { id: 1 }).await;
    until(&mut their_events, |event| *event == Event::Played { id: 2 }).await;
    us.finish();
    let finished = until(&mut our_events, |event| matches!(event, Event::Finished(_))).await;
    let Event::Finished(recorded) = finished else {
        unreachable!("it was asked for")
    };
    assert_eq!(recorded.gaps, []);
    assert!((600..3000).contains(&recorded.length_ms), "{recorded:?}");
    assert!(
        (measured_hz(&path, 0) - 700.0).abs() < 10.0,
        "left is the caller"
    );
    assert!(
        (measured_hz(&path, 1) - 440.0).abs() < 10.0,
        "right is what he hears"
    );
}

#[tokio::test]
async fn caller_and_desk_hear_each_other_once_joined() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.wav");
    let (ours, theirs) = (room(41040..=41079), room(41080..=41119));
    let ((us, mut our_events), (_caller, _caller_events)) = call(&ours, &theirs, Some(&path));
    let mut to_desk = ours.offer().expect("an offer");
    let desk = theirs
        .answer_to(to_desk.description().as_bytes())
        .expect("an answer");
    to_desk
        .accept_answer(desk.description().as_bytes())
        .expect("an answer");
    let (desk, mut desk_events) = theirs.start_call(desk, None).expect("a call");
    us.add_desk(to_desk);
    us.join();
    desk.play(1, vec![tone(500.0, 800)], false);
    until(&mut desk_events, |event| *event == Event::Played { id: 1 }).await;
    us.finish();
    until(&mut our_events, |event| matches!(event, Event::Finished(_))).await;
    assert!(
        (measured_hz(&path, 1) - 500.0).abs() < 10.0,
        "the caller hears the desk"
    );
}

#[tokio::test]
async fn tones_are_keys_until_the_first_telephone_event() {
    let (ours, theirs) = (room(41120..=41139), room(41140..=41159));
    let ((us, mut our_events), (them, _their_events)) = call(&ours, &theirs, None);
    let press = |way, code| them.send_key(Side::Caller, way, code, Duration::from_millis(80));
    press(Way::InBand, 9);
    press(Way::TelephoneEvent, 4);
    press(Way::InBand, 9);
    press(Way::TelephoneEvent, 5);
    let mut keys = Vec::new();
    until(&mut our_events, |event| {
        if let Event::KeyDown { way, code, .. } = event {
            keys.push((*way, *code));
        }
        keys.last() == Some(&(Way::TelephoneEvent, 5))
    })
    .await;
    us.finish();
    until(&mut our_events, |event| {
        assert!(
            !matches!(event, Event::KeyDown { .. }),
            "no second key: {event:?}"
        );
        matches!(event, Event::Finished(_))
    })
    .await;
    let event = |code| (Way::TelephoneEvent, code);
    assert_eq!(keys, [(Way::InBand, 9), event(4), event(5)]);
}

/// A telephone made of one socket: what it sends and from where is the test's to say.
pub(super) struct Telephone {
    pub(super) socket: std::net::UdpSocket,
    pub(super) to: String,
    pub(super) sequence: u16,
}

impl Telephone {
    pub(super) fn new() -> Self {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Telephone {
            socket,
            to: String::new(),
            sequence: 0,
        }
    }

    pub(super) fn offer(&self, extra: &str) -> String {
        let port = self.socket.local_addr().expect("it is bound").port();
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n{extra}"
        )
    }

    pub(super) fn answered(&mut self, answer: &str) {
        let port = answer
            .split("m=audio ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        self.to = format!("127.0.0.1:{}", port.expect("an audio stream"));
    }

    pub(super) fn send(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        self.try_send(payload_type, timestamp, payload)
            .expect("it is sent");
    }

    fn try_send(
        &mut self,
        payload_type: u8,
        timestamp: u32,
        payload: &[u8],
    ) -> std::io::Result<usize> {
        let mut octets = vec![0; packet::HEADER_LEN];
        packet::write_header(
            &mut octets,
            false,
            payload_type,
            self.sequence,
            timestamp,
            99,
        );
        octets.extend(payload);
        self.sequence += 1;
        self.socket.send_to(&octets, &self.to)
    }

    /// Sends where the kernel may refuse it.
    pub(super) fn shout(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        // A refusal of the packet before is told here; once more, then.
        for _ in 0..2 {
            if self.try_send(payload_type, timestamp, payload).is_ok() {
                return;
            }
        }
    }

    pub(super) fn press(&mut self, code: u8, timestamp: u32) {
        let down = telephone_event::EventPacket::payload(code, false, 160);
        self.send(101, timestamp, &down);
    }

    /// The next packet that comes: payload type and length.
    pub(super) fn receive(&self) -> (u8, usize) {
        let mut octets = [0; 1500];
        let (length, _) = self
            .socket
            .recv_from(&mut octets)
            .expect("a packet in time");
        let packet = packet::Packet::parse(&octets[..length]).expect("RTP");
        (packet.payload_type, packet.payload.len())
    }
}

#[tokio::test]
async fn a_forged_key_is_not_heard_and_a_key_that_waits_when_the_call_ends_is() {
    let ours = room(41160..=41179);
    let mut telephone = Telephone::new();
    let mut forger = Telephone::new();
    let leg = ours
        .answer_to(telephone.offer("").as_bytes())
        .expect("an answer");
    telephone.answered(leg.description());
    forger.answered(leg.description());
    // Before the call runs the socket takes packets from anybody; they must not count either.
    forger.press(1, 800);
    let (us, mut events) = ours.start_call(leg, None).expect("a call");
    telephone.send(8, 0, &[0xD5; 160]);
    until(&mut events, |event| {
        matches!(event, Event::FirstMedia { .. })
    })
    .await;
    // The kernel refuses the forger now: his sending may fail, and that is right too.
    forger.press(5, 1600);
    telephone.press(4, 2400);
    us.finish();
    let mut keys = 0;
    let finished = until(&mut events, |event| {
        if let Event::KeyDown { code, .. } = event {
            keys += 1;
            assert_eq!(*code, 4, "only the caller's own key");
        }
        matches!(event, Event::Finished(_))
    })
    .await;
    let Event::Finished(recorded) = finished else {
        unreachable!("it was waited for")
    };
    assert_eq!(keys, 1);
    assert_eq!(recorded.caller.foreign, 1, "{recorded:?}");
    assert_eq!(recorded.caller.received, 2, "{recorded:?}");
}

#[tokio::test]
async fn packets_have_the_length_that_was_asked_for_and_hold_stops_them() {
    let ours = room(41180..=41199);
    let mut telephone = Telephone::new();
    let offer = telephone.offer("a=ptime:30\r\n");
    let leg = ours.answer_to(offer.as_bytes()).expect("an answer");
    telephone.answered(leg.description());
    let (us, mut events) = ours.start_call(leg, None).expect("a call");
    assert_eq!(telephone.receive(), (8, 240));
    assert_eq!(telephone.receive(), (8, 240));
    let hold = telephone.offer("a=sendonly\r\n");
    let answer = us
        .renegotiate(Side::Caller, hold.as_bytes())
        .await
        .expect("an answer");
    assert!(answer.contains("a=recvonly"), "{answer}");
    us.finish();
    let Event::Finished(recorded) =
        until(&mut events, |event| matches!(event, Event::Finished(_))).await
    else {
        unreachable!("it was waited for")
    };
    assert!(recorded.caller.sent >= 2, "{recorded:?}");
}

#[tokio::test]
async fn a_message_ends_at_its_limit_or_in_silence_and_is_the_caller_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (room(41200..=41219), room(41220..=41239));
    let ((us, mut our_events), (them, _their_events)) = call(&ours, &theirs, None);
    them.play(1, vec![tone(600.0, 1500)], false);
    let path = dir.path().join("message.wav");
    us.record_message(&path, Duration::from_millis(600), None, true);
    let said = |event: &Event| matches!(event, Event::MessageRecorded { .. });
    let limited = Event::MessageRecorded {
        length_ms: 600,
        reached_limit: true,
        silence: false,
    };
    assert_eq!(until(&mut our_events, said).await, limited);
    assert!((measured_hz(&path, 0) - 600.0).abs() < 10.0);
    them.stop_playing();
    let path = dir.path().join("silence.wav");
    us.record_message(&path, PATIENCE, Some(Duration::from_millis(300)), false);
    let ended = until(&mut our_events, said).await;
    assert!(matches!(
        ended,
        Event::MessageRecorded {
            silence: true,
            reached_limit: false,
            ..
        }
    ));
}

#[tokio::test]
async fn a_leg_from_which_nothing_comes_is_told() {
    let ours = Media::start(Settings {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports: 41240..=41259,
        threads: 1,
        rtp_timeout: Duration::from_millis(100),
        srtp: Srtp::Accept.into(),
        levels: Default::default(),
        learn_address: false,
        trunk_codecs: Codecs::G711,
        desk_codecs: Codecs::G711,
        browser_codecs: Codecs::G711,
    })
    .expect("a media room");
    let telephone = Telephone::new();
    let leg = ours
        .answer_to(telephone.offer("").as_bytes())
        .expect("an answer");
    let (_us, mut events) = ours.start_call(leg, None).expect("a call");
    until(&mut events, |event| {
        *event == Event::RtpTimeout { side: Side::Caller }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_came_before_a_new_offer_counts_and_one_after_it_from_there_does_not() {
    let ours = room(41440..=41459);
    let (mut telephone, mut moved) = (Telephone::new(), Telephone::new());
    let leg = ours
        .answer_to(telephone.offer("").as_bytes())
        .expect("an answer");
    telephone.answered(leg.description());
    let (us, mut events) = ours.start_call(leg, None).expect("a call");
    let first = until(&mut events, |_| true);
    telephone.send(8, 0, &[0xD5; 160]);
    first.await;
    telephone.press(3, 1600);
    let answer = us
        .renegotiate(Side::Caller, moved.offer("").as_bytes())
        .await
        .expect("an answer");
    moved.answered(&answer);
    moved.press(7, 3200);
    telephone.shout(101, 4800, &[9, 0x8A, 1, 0]);
    us.finish();
    let mut keys = Vec::new();
    while let Some(event) = events.recv().await {
        if let Event::KeyDown { code, .. } = event {
            keys.push(code);
        }
    }
    assert_eq!(keys, [3, 7]);
}
