mod pauses;

use super::super::playout::FRAME_SAMPLES;
use super::super::tones::Generator;
use super::*;
use crate::codecs::{Encoder, OCTETS_AT_MOST, Pair, Up};

const BEAT: Duration = Duration::from_millis(20);
const EVENT_TYPE: u8 = 102;

/// A leg that hears a stream of one codec, on a clock of its own.
struct Leg {
    receiver: Receiver,
    negotiated: Negotiated,
    now: Instant,
    sequence: u16,
    timestamp: u32,
    keys: Vec<(Way, Key)>,
    heard: Vec<Pair>,
    made_up: usize,
}

impl Leg {
    #[allow(clippy::disallowed_methods)] // Some moment to count from.
    fn of(codec: Codec) -> Self {
        Leg {
            receiver: Receiver::new(codec),
            negotiated: Negotiated {
                codec,
                payload_type: codec.payload_type(),
                event_type: Some(EVENT_TYPE),
                event_clock_hz: codec.clock_hz(),
                they_send: true,
                ..Negotiated::nothing()
            },
            now: Instant::now(),
            sequence: 65_530,
            // It wraps after 200 ms.
            timestamp: 0u32.wrapping_sub(codec.clock_hz() / 5),
            keys: Vec::new(),
            heard: Vec::new(),
            made_up: 0,
        }
    }

    fn arrives(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let packet = Packet {
            marker: false,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: 5,
            payload,
        };
        self.sequence = self.sequence.wrapping_add(1);
        let keys = &mut self.keys;
        let out = &mut |way, key| keys.push((way, key));
        let (negotiated, now) = (&self.negotiated, self.now);
        self.receiver.take(&packet, negotiated, now, now, out);
    }

    /// Sound of so many beats, in one packet.
    fn says(&mut self, payload_type: u8, payload: &[u8], beats: u32) {
        self.arrives(payload_type, self.timestamp, payload);
        let beat = self.negotiated.codec.clock_hz() / 50;
        self.timestamp = self.timestamp.wrapping_add(beats * beat);
    }

    fn beat(&mut self) {
        let mut frame = [[0; 2]; FRAME_SAMPLES];
        let keys = &mut self.keys;
        let out = &mut |way, key| keys.push((way, key));
        self.made_up += self.receiver.hear(&mut frame, self.now, out);
        self.heard.extend(frame);
        self.now += BEAT;
    }

    fn loudness(&self) -> f64 {
        let sound = self.heard[self.heard.len() / 2..].as_flattened();
        let energy: f64 = sound.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (energy / sound.len() as f64).sqrt()
    }
}

/// Sound of tones, as the octets of a codec, a frame each.
fn coded(codec: Codec, generator: &mut Generator, frames: usize) -> Vec<Vec<u8>> {
    let (mut encoder, mut up) = (Encoder::new(codec), Up::default());
    let frame = |_| {
        let mut narrow = [0; FRAME_SAMPLES];
        generator.write(&mut narrow);
        let mut octets = [0; OCTETS_AT_MOST];
        let length = encoder.encode(&up.pass(&narrow), &mut octets);
        octets[..length].to_vec()
    };
    (0..frames).map(frame).collect()
}

#[test]
fn an_event_by_the_clock_of_opus_is_a_press_of_its_length_also_where_timestamps_wrap() {
    let mut leg = Leg::of(Codec::Opus);
    let start = 0u32.wrapping_sub(960);
    for update in 1..=5u16 {
        let payload = EventPacket::payload(7, update == 5, update * 960);
        leg.arrives(EVENT_TYPE, start, &payload);
        leg.beat();
    }
    let [(Way::TelephoneEvent, down), (Way::TelephoneEvent, up)] = leg.keys[..] else {
        panic!("one press: {:?}", leg.keys)
    };
    assert!(matches!(down, Key::Down { code: 7, .. }), "{down:?}");
    assert!(matches!(up, Key::Up { length_ms: 100, .. }), "{up:?}");
}

#[test]
fn tones_of_a_key_are_heard_in_wide_sound() {
    for codec in [Codec::G722, Codec::Opus] {
        let mut leg = Leg::of(codec);
        let number = codec.payload_type();
        let silence = &mut Generator::of([0.0, 0.0], [8000.0, 0.0]);
        let key = coded(codec, &mut Generator::new(5), 6);
        let sound = [coded(codec, silence, 10), key, coded(codec, silence, 20)].concat();
        for payload in &sound {
            leg.says(number, payload, 1);
            leg.beat();
        }
        let downs = leg.keys.iter().filter_map(|(way, key)| match key {
            Key::Down { code, .. } => Some((*way, *code)),
            Key::Up { .. } => None,
        });
        assert_eq!(downs.collect::<Vec<_>>(), [(Way::InBand, 5)], "{codec:?}");
    }
}

#[test]
fn packets_of_40_ms_of_opus_and_g711_between_g722_are_heard_whole() {
    let tone = || Generator::of([600.0, 0.0], [8000.0, 0.0]);
    let mut leg = Leg::of(Codec::Opus);
    for two in coded(Codec::Opus, &mut tone(), 60).chunks(2) {
        // Two frames behind one first octet, the length of the first before it (RFC 6716 §3.2.5).
        let length = u8::try_from(two[0].len() - 1).expect("short");
        let head = [two[0][0] | 3, 0x80 | 2, length];
        let packet = [&head[..], &two[0][1..], &two[1][1..]].concat();
        leg.says(Codec::Opus.payload_type(), &packet, 2);
        leg.beat();
        leg.beat();
    }
    // The depth of the jitter buffer at the beginning, and nothing later.
    assert!(leg.made_up <= 4 * FRAME_SAMPLES, "{}", leg.made_up);
    assert!(leg.loudness() > 1000.0);

    let mut leg = Leg::of(Codec::G722);
    let wide = coded(Codec::G722, &mut tone(), 60);
    let narrow = coded(Codec::Pcma, &mut tone(), 60);
    for (nth, (wide, narrow)) in wide.iter().zip(&narrow).enumerate() {
        match nth % 10 {
            0..5 => leg.says(9, wide, 1),
            _ => leg.says(8, narrow, 1),
        }
        leg.beat();
    }
    assert!(leg.made_up <= 4 * FRAME_SAMPLES, "{}", leg.made_up);
    assert!(leg.loudness() > 1000.0);
}

#[test]
fn a_payload_that_cannot_be_decoded_is_a_gap_and_no_more() {
    let mut leg = Leg::of(Codec::Opus);
    let mut tone = Generator::of([600.0, 0.0], [8000.0, 0.0]);
    for (nth, payload) in coded(Codec::Opus, &mut tone, 100).iter().enumerate() {
        match nth % 20 {
            // Code 3 of no frames.
            10 => leg.says(111, &[payload[0] | 3, 0, 1, 2], 1),
            _ => leg.says(111, payload, 1),
        }
        leg.beat();
    }
    assert_eq!(leg.made_up, 3 * FRAME_SAMPLES + 5 * FRAME_SAMPLES);
    assert!(leg.loudness() > 1000.0);
}
