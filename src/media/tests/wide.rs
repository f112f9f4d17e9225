//! Wide desks in a call of a narrow caller, over real sockets, by the tones that each hears.

use std::f32::consts::TAU;

use std::ops::RangeInclusive;

use super::super::*;
use super::live::{Telephone, settings, until};
use crate::codecs::{
    Decoder, Encoder, FRAME_SAMPLES, Frame, LONGEST_SAMPLES, Law, OCTETS_AT_MOST, Pair, Sample,
};

/// Beats of each stretch: enough for what waits in jitter buffers and for a tone to be measured.
const BEATS: usize = 60;
/// Beats of a stretch in which what was before it may still be heard.
const SETTLING: usize = 20;

fn room(ports: RangeInclusive<u16>) -> Media {
    Media::start(Settings {
        desk_codecs: Codecs::new(&[Codec::G722, Codec::Opus, Codec::Pcma]).expect("each once"),
        browser_codecs: Codecs::ALL,
        ..settings(ports)
    })
    .expect("a media room")
}

/// A telephone that says tones and hears.
struct Phone {
    telephone: Telephone,
    codec: Codec,
    hz: &'static [f32],
    sample: u32,
    timestamp: u32,
    encoder: Encoder,
    decoder: Option<Decoder>,
    heard: Vec<i16>,
}

impl Phone {
    fn new(codec: Codec, hz: &'static [f32]) -> Self {
        Phone {
            telephone: Telephone::new(),
            codec,
            hz,
            sample: 0,
            timestamp: 0,
            encoder: Encoder::new(codec),
            decoder: Decoder::new(codec),
            heard: Vec::new(),
        }
    }

    /// A desk's answer to our offer.
    fn answers(&mut self, leg: &mut Leg) {
        let port = self.telephone.socket.local_addr().expect("bound").port();
        let number = self.codec.payload_type();
        let answer = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {number}\r\na=rtpmap:{number} {}\r\n",
            self.codec.map()
        );
        leg.accept_answer(answer.as_bytes()).expect("an answer");
        self.telephone.answered(leg.description());
    }

    /// Hears the packet of a beat, then says its own.
    fn beat(&mut self) {
        let mut octets = [0; 1500];
        let (length, _) = self
            .telephone
            .socket
            .recv_from(&mut octets)
            .expect("in time");
        let packet = crate::rtp::packet::Packet::parse(&octets[..length]).expect("RTP");
        assert_eq!(packet.payload_type, self.codec.payload_type());
        match &mut self.decoder {
            Some(decoder) => {
                let mut sound = [[0; 2]; LONGEST_SAMPLES];
                let steps = decoder.decode(packet.payload, &mut sound).expect("sound");
                self.heard.extend(sound[..steps].as_flattened());
            }
            None => {
                let mut sound = [0; FRAME_SAMPLES];
                Law::Pcma.decode(packet.payload, &mut sound);
                self.heard.extend(sound);
            }
        }
        let mut octets = [0; OCTETS_AT_MOST];
        let length = match self.decoder {
            Some(_) => {
                let says = self.says::<Pair>();
                self.encoder.encode(&says, &mut octets)
            }
            None => {
                let says = self.says::<i16>();
                self.encoder.encode(&says, &mut octets)
            }
        };
        let number = self.codec.payload_type();
        self.telephone
            .send(number, self.timestamp, &octets[..length]);
        self.timestamp += 160 * self.codec.clock_hz() / 8000;
    }

    fn says<S: Sample>(&mut self) -> Frame<S> {
        let rate_hz = S::RATE.hz() as f32;
        let mut next = || {
            self.sample += 1;
            let tones = self.hz.iter();
            let level: f32 = tones
                .map(|hz| (TAU * hz * self.sample as f32 / rate_hz).sin())
                .sum();
            (4000.0 * level) as i16
        };
        let (mut up, mut down) = Default::default();
        match S::RATE {
            crate::codecs::Rate::Narrow => {
                S::from_narrow(&std::array::from_fn(|_| next()), &mut up)
            }
            crate::codecs::Rate::Wide => {
                S::from_wide(&std::array::from_fn(|_| [next(), next()]), &mut down)
            }
        }
    }

    /// The part of a tone in what was heard since it settled; 1 is as loud as it is said.
    fn hears(&self, hz: f32) -> f32 {
        let rate_hz = self.codec.rate().hz();
        let settling = self.heard.len() - (BEATS - SETTLING) * rate_hz as usize / 50;
        part(&self.heard[settling..], rate_hz, hz)
    }
}

fn part(sound: &[i16], rate_hz: u32, hz: f32) -> f32 {
    let step = TAU * hz / rate_hz as f32;
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (at, sample) in sound.iter().enumerate() {
        let (sin, cos) = (step * at as f32).sin_cos();
        real += f32::from(*sample) * cos;
        imaginary += f32::from(*sample) * sin;
    }
    2.0 * f32::hypot(real, imaginary) / sound.len() as f32 / 4000.0
}

/// Rate and one channel of a recording.
fn channel(path: &Path, channel: usize) -> (u32, Vec<i16>) {
    let mut reader = hound::WavReader::open(path).expect("a recording");
    let rate_hz = reader.spec().sample_rate;
    let samples = reader.samples::<i16>().skip(channel).step_by(2);
    (
        rate_hz,
        samples.map(|sample| sample.expect("a sample")).collect(),
    )
}

async fn ends(us: &CallMedia, events: &mut tokio::sync::mpsc::Receiver<Event>) -> Recorded {
    us.finish();
    match until(events, |event| matches!(event, Event::Finished(_))).await {
        Event::Finished(recorded) => recorded,
        other => unreachable!("{other:?} was not waited for"),
    }
}

#[tokio::test]
async fn wide_desks_hear_each_other_wide_are_recorded_so_and_the_caller_hears_what_his_line_carries()
 {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.wav");
    let ours = room(41700..=41739);
    let mut caller = Phone::new(Codec::Pcma, &[700.0]);
    let leg = ours.answer_to(caller.telephone.offer("").as_bytes());
    let leg = leg.expect("an answer");
    caller.telephone.answered(leg.description());
    let (us, mut events) = ours.start_call(leg, Some(&path)).expect("a call");
    for _ in 0..BEATS {
        caller.beat();
    }
    let mut desks = [
        Phone::new(Codec::G722, &[1000.0, 5000.0]),
        Phone::new(Codec::Opus, &[1500.0, 6000.0]),
    ];
    let mut legs = [0, 1].map(|_| ours.offer_to_desk().expect("an offer"));
    for (desk, leg) in desks.iter_mut().zip(&mut legs) {
        desk.answers(leg);
    }
    let [first, second] = legs;
    us.add_desk(first);
    us.add_second(second);
    us.bridge(Bridge::All);
    for _ in 0..BEATS {
        caller.beat();
        desks.iter_mut().for_each(Phone::beat);
    }
    let recorded = ends(&us, &mut events).await;

    let [first, second] = &desks;
    for (who, phone, hears, not) in [
        (
            "caller",
            &caller,
            &[1000.0, 1500.0][..],
            &[700.0, 3000.0, 2000.0][..],
        ),
        ("first", first, &[700.0, 1500.0, 6000.0], &[1000.0, 5000.0]),
        (
            "second",
            second,
            &[700.0, 1000.0, 5000.0],
            &[1500.0, 6000.0],
        ),
    ] {
        for hz in hears {
            let part = phone.hears(*hz);
            assert!((0.5..1.5).contains(&part), "{who} hears {part} of {hz} Hz");
        }
        for hz in not {
            let part = phone.hears(*hz);
            assert!(part < 0.1, "{who} hears {part} of {hz} Hz");
        }
    }

    let (rate_hz, right) = channel(&path, 1);
    assert_eq!(rate_hz, 16_000);
    let last = &right[right.len() - 16_000 / 2..right.len() - 1600];
    for hz in [1000.0, 5000.0, 1500.0, 6000.0] {
        let part = part(last, rate_hz, hz);
        assert!((0.5..1.5).contains(&part), "{part} of {hz} Hz is recorded");
    }
    assert_eq!(recorded.length_ms, right.len() as u64 / 16);
    assert_eq!(recorded.gaps, [], "what was set aside is not lost");
    // The beginning waits for the archive in a file of its own, whole.
    let (rate_hz, left) = channel(&path.with_extension("narrow.wav"), 0);
    assert_eq!(rate_hz, 8000);
    assert!((0.7..1.3).contains(&part(&left[left.len() - 4000..], 8000, 700.0)));
    let (_, whole) = channel(&path, 0);
    assert_eq!(whole[..2 * left.len()], vec![0; 2 * left.len()]);
    let goes_on = &whole[2 * left.len()..][..16_000 / 2];
    assert!(
        (0.7..1.3).contains(&part(goes_on, 16_000, 700.0)),
        "without a hole"
    );
}

#[tokio::test]
async fn a_call_of_narrow_legs_is_recorded_as_ever() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.wav");
    let ours = room(41740..=41759);
    let mut caller = Phone::new(Codec::Pcma, &[700.0]);
    let leg = ours.answer_to(caller.telephone.offer("").as_bytes());
    let leg = leg.expect("an answer");
    caller.telephone.answered(leg.description());
    let (us, mut events) = ours.start_call(leg, Some(&path)).expect("a call");
    let mut desk = Phone::new(Codec::Pcma, &[1000.0]);
    let mut leg = ours.offer_to_desk().expect("an offer");
    desk.answers(&mut leg);
    us.add_desk(leg);
    us.join();
    for _ in 0..BEATS {
        caller.beat();
        desk.beat();
    }
    ends(&us, &mut events).await;
    assert!((0.7..1.3).contains(&caller.hears(1000.0)));
    assert_eq!(channel(&path, 1).0, 8000);
    assert!(!path.with_extension("narrow.wav").exists());
}
