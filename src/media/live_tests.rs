//! Sound over real sockets: two media rooms talk to each other over loopback.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::tones::Generator;
use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn room(ports: RangeInclusive<u16>) -> Media {
    Media::start(Settings {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports,
        threads: 1,
        rtp_timeout: Duration::from_secs(30),
    })
    .expect("a media room")
}

fn tone(hz: f32, length_ms: usize) -> Arc<Clip> {
    let mut pcm = vec![0; length_ms * 8];
    Generator::of([hz, 0.0], [8000.0, 0.0]).write(&mut pcm);
    Arc::new(Clip::from_pcm(pcm))
}

/// A caller's call and our call, negotiated with each other.
fn call(
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

async fn until(events: &mut Receiver<Event>, wanted: impl Fn(&Event) -> bool) -> Event {
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
fn measured_hz(path: &Path, channel: usize) -> f32 {
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
async fn a_key_arrives_once_by_events_and_once_by_tones() {
    let (ours, theirs) = (room(41120..=41139), room(41140..=41159));
    let ((us, mut our_events), (them, _their_events)) = call(&ours, &theirs, None);
    them.send_key(
        Side::Caller,
        Way::TelephoneEvent,
        4,
        Duration::from_millis(60),
    );
    them.send_key(Side::Caller, Way::InBand, 9, Duration::from_millis(80));
    until(&mut our_events, |event| {
        matches!(
            event,
            Event::KeyUp {
                way: Way::InBand,
                ..
            }
        )
    })
    .await;
    us.finish();
    let last = until(&mut our_events, |event| {
        assert!(
            !matches!(event, Event::KeyDown { .. }),
            "no second key: {event:?}"
        );
        matches!(event, Event::Finished(_))
    })
    .await;
    assert!(matches!(last, Event::Finished(_)));
}
