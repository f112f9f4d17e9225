//! Full and hanging volumes, and packets from where they should not come.

use std::net::{IpAddr, Ipv6Addr};

use std::ops::RangeInclusive;

use super::super::*;
use super::flaky::{Flaky, State};
use super::live::{PATIENCE, Telephone, room, settings, tone, until};
use crate::rtp::packet::Packet;
use crate::rtp::rtcp;

fn room_on(volume: &Flaky, ports: RangeInclusive<u16>) -> Media {
    Media::start_on(volume.clone(), settings(ports)).expect("a media room")
}

type Events = tokio::sync::mpsc::Receiver<Event>;

fn answered(media: &Media, telephone: &mut Telephone, to: Option<&Path>) -> (CallMedia, Events) {
    let leg = media
        .answer_to(telephone.offer("").as_bytes())
        .expect("an answer");
    telephone.answered(leg.description());
    media.start_call(leg, to).expect("a call")
}

async fn finished(events: &mut Events) -> Recorded {
    match until(events, |event| matches!(event, Event::Finished(_))).await {
        Event::Finished(recorded) => recorded,
        other => unreachable!("{other:?} was not waited for"),
    }
}

/// The caller is heard and hears, whatever the volume does.
async fn talk(telephone: &mut Telephone, events: &mut Events, code: u8, timestamp: u32) {
    telephone.press(code, timestamp);
    until(
        events,
        |event| matches!(event, Event::KeyDown { code: pressed, .. } if *pressed == code),
    )
    .await;
    for _ in 0..10 {
        assert_eq!(telephone.receive(), (8, 160));
    }
}

#[tokio::test]
async fn a_full_volume_costs_the_recording_and_neither_the_call_nor_its_keys() {
    let dir = tempfile::tempdir().expect("a folder");
    let volume = Flaky::new(State::Full);
    let media = room_on(&volume, 41300..=41319);
    let mut telephone = Telephone::new();
    let (call, mut events) = answered(&media, &mut telephone, Some(&dir.path().join("a.wav")));
    talk(&mut telephone, &mut events, 4, 1600).await;
    call.finish();
    let gap = until(&mut events, |event| {
        matches!(event, Event::RecordingGap { .. })
    })
    .await;
    let recorded = finished(&mut events).await;
    let whole = (0, recorded.length_ms);
    assert!(recorded.length_ms >= 200, "{recorded:?}");
    assert_eq!(recorded.gaps, [whole]);
    let (from_ms, length_ms) = whole;
    assert_eq!(gap, Event::RecordingGap { from_ms, length_ms });
}

#[tokio::test]
async fn a_hanging_volume_stops_no_call_and_gets_every_sound_when_it_is_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let volume = Flaky::new(State::Hanging);
    let media = room_on(&volume, 41320..=41339);
    let mut telephone = Telephone::new();
    let path = dir.path().join("a.wav");
    let (call, mut events) = answered(&media, &mut telephone, Some(&path));
    talk(&mut telephone, &mut events, 4, 1600).await;
    let mut another = Telephone::new();
    let (_running, mut heard) = answered(&media, &mut another, None);
    talk(&mut another, &mut heard, 2, 1600).await;
    call.finish();
    // It has closed when its port is another's again; what is told waits for the volume.
    talk(&mut another, &mut heard, 3, 16_000).await;
    volume.set(State::Well);
    let recorded = finished(&mut events).await;
    assert_eq!(recorded.gaps, []);
    let facts = wav_facts(&path).expect("a recording");
    assert_eq!(u64::from(facts.length_ms), recorded.length_ms);
}

#[tokio::test]
async fn a_volume_that_hangs_keeps_no_port_of_a_call_that_is_over() {
    // One pair of ports each.
    let houses = [
        (State::Hanging, 41_440..=41_441),
        (State::SyncHanging, 41_442..=41_443),
    ];
    for (hanging, ports) in houses {
        let dir = tempfile::tempdir().expect("a folder");
        let volume = Flaky::new(hanging);
        let media = room_on(&volume, ports);
        let (mut one, mut two) = (Telephone::new(), Telephone::new());
        let path = dir.path().join("a.wav");
        let (call, mut events) = answered(&media, &mut one, Some(&path));
        talk(&mut one, &mut events, 4, 1600).await;
        assert!(matches!(media.offer(), Err(Error::NoPort(_))));
        one.press(5, 16_000);
        call.finish();
        let mut keys = Vec::new();
        until(&mut events, |event| {
            if let Event::KeyDown { code, .. } = event {
                keys.push(*code);
            }
            matches!(event, Event::LegsClosed)
        })
        .await;
        assert_eq!(keys, [5], "told before the legs' end");
        let (_next, mut heard) = answered(&media, &mut two, None);
        talk(&mut two, &mut heard, 2, 1600).await;
        let told = events.try_recv();
        assert!(told.is_err(), "{hanging:?}: {told:?}");
        volume.set(State::Well);
        let recorded = finished(&mut events).await;
        assert_eq!(recorded.gaps, []);
        let facts = wav_facts(&path).expect("a recording");
        assert_eq!(u64::from(facts.length_ms), recorded.length_ms);
    }
}

#[tokio::test]
async fn a_sync_that_hangs_keeps_no_other_call_from_being_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let volume = Flaky::new(State::SyncHanging);
    let media = room_on(&volume, 41340..=41359);
    let (mut one, mut two) = (Telephone::new(), Telephone::new());
    let (closed, mut closing) = answered(&media, &mut one, Some(&dir.path().join("1.wav")));
    talk(&mut one, &mut closing, 1, 1600).await;
    closed.finish();
    let path = dir.path().join("2.wav");
    let (call, mut events) = answered(&media, &mut two, Some(&path));
    for second in 0..4 {
        talk(
            &mut two,
            &mut events,
            second,
            16_000 * (u32::from(second) + 1),
        )
        .await;
    }
    assert!(wav_facts(&path).expect("it plays already").length_ms >= 500);
    while let Ok(event) = closing.try_recv() {
        assert!(
            !matches!(event, Event::Finished(_)),
            "not durable, not told"
        );
    }
    call.finish();
    volume.set(State::Well);
    assert_eq!(finished(&mut closing).await.gaps, []);
    assert_eq!(finished(&mut events).await.gaps, []);
}

#[tokio::test]
async fn a_stranger_at_another_port_is_neither_heard_nor_recorded_nor_answered() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.wav");
    let media = room(41360..=41379);
    let (mut telephone, mut stranger) = (Telephone::new(), Telephone::new());
    let (call, mut events) = answered(&media, &mut telephone, Some(&path));
    stranger.to.clone_from(&telephone.to);
    let shouting = &tone(700.0, 20).pcma;
    for beat in 0..20 {
        telephone.send(8, beat * 160, &[0xD5; 160]);
        stranger.shout(8, beat * 160, shouting);
        stranger.shout(101, 1600, &[5, 0x8A, 1, 0]);
        assert_eq!(telephone.receive(), (8, 160));
    }
    call.finish();
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        told.push(event);
    }
    assert!(
        !told
            .iter()
            .any(|event| matches!(event, Event::KeyDown { .. })),
        "{told:?}"
    );
    let Some(Event::Finished(recorded)) = told.last() else {
        panic!("{told:?}")
    };
    assert_eq!(recorded.caller.received, 20, "{recorded:?}");
    let mut recording = hound::WavReader::open(&path).expect("a recording");
    let loudest = recording
        .samples::<i16>()
        .map(|sample| sample.expect("a sample").unsigned_abs())
        .max();
    assert!(loudest <= Some(8), "{loudest:?} is more than silence");
    stranger.socket.set_nonblocking(true).expect("a socket");
    let mut octets = [0; 64];
    while let Err(fault) = stranger.socket.recv(&mut octets) {
        // The kernel's own refusals of what was sent are no answer of ours.
        if fault.kind() == std::io::ErrorKind::WouldBlock {
            return;
        }
    }
    panic!("a stranger got a packet");
}

#[tokio::test]
async fn a_call_over_ipv6_is_heard_both_ways() {
    let room = |ports| {
        Media::start(Settings {
            address: IpAddr::V6(Ipv6Addr::LOCALHOST),
            ports,
            threads: 1,
            rtp_timeout: Duration::from_secs(30),
            srtp: Srtp::Accept.into(),
            levels: Default::default(),
            learn_address: false,
            trunk_codecs: Codecs::G711,
            desk_codecs: Codecs::G711,
            browser_codecs: Codecs::G711,
        })
        .expect("a media room")
    };
    let (ours, theirs) = (room(41380..=41399), room(41400..=41419));
    let mut caller = theirs.offer().expect("an offer");
    assert!(caller.description().contains("c=IN IP6 ::1"));
    let leg = ours
        .answer_to(caller.description().as_bytes())
        .expect("an answer");
    caller
        .accept_answer(leg.description().as_bytes())
        .expect("an answer");
    let (us, mut our_events) = ours.start_call(leg, None).expect("a call");
    let (them, mut their_events) = theirs.start_call(caller, None).expect("a call");
    let key =
        |code| move |event: &Event| matches!(event, Event::KeyDown { code: c, .. } if *c == code);
    let way = Way::TelephoneEvent;
    us.send_key(Side::Caller, way, 1, Duration::from_millis(60));
    them.send_key(Side::Caller, way, 5, Duration::from_millis(60));
    until(&mut our_events, key(5)).await;
    until(&mut their_events, key(1)).await;
    us.finish();
    let recorded = finished(&mut our_events).await;
    assert_eq!(recorded.caller.foreign, 0, "{recorded:?}");
}

#[tokio::test]
async fn reports_go_to_the_port_beside_and_count_what_came() {
    let media = room(41420..=41439);
    let (mut telephone, beside) = (Telephone::new(), Telephone::new());
    let port = beside.socket.local_addr().expect("it is bound").port();
    let offer = telephone.offer(&format!("a=rtcp:{port}\r\n"));
    let leg = media.answer_to(offer.as_bytes()).expect("an answer");
    telephone.answered(leg.description());
    let (_call, _events) = media.start_call(leg, None).expect("a call");
    for sequence in [0u32, 1, 3] {
        telephone.sequence = sequence as u16;
        telephone.send(8, sequence * 160, &[0xD5; 160]);
    }
    let mut octets = [0; 200];
    let (length, from) = beside.socket.recv_from(&mut octets).expect("a report");
    assert!(rtcp::is_rtcp(&octets[..length]));
    assert_eq!(octets[1], 200, "a sender report");
    let lost = u32::from_be_bytes([0, octets[33], octets[34], octets[35]]);
    assert_eq!(lost, 1);
    let rtp: u16 = telephone
        .to
        .rsplit(':')
        .next()
        .and_then(|p| p.parse().ok())
        .expect("a port");
    assert_eq!(from.port(), rtp + 1);
    assert!(Packet::parse(&octets[..length]).is_none_or(|packet| packet.payload_type > 71));
    assert!(
        PATIENCE > Duration::from_secs(5),
        "a report comes each five seconds"
    );
}

#[tokio::test]
async fn an_offer_of_the_other_address_family_is_refused() {
    let ours = room(47_900..=47_919);
    let offer = b"v=0\r\no=- 1 1 IN IP6 2001:db8::7\r\ns=-\r\nc=IN IP6 2001:db8::7\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 8\r\n";
    let refused = ours.answer_to(offer);
    assert!(matches!(refused, Err(Error::OtherFamily { .. })));
}
