use super::super::*;
use crate::codecs::FRAME_SAMPLES;
use crate::comfort::PAYLOAD_TYPE as COMFORT_NOISE;

/// A stream of A-law on a clock of its own: each beat sends a packet or none, and is heard.
struct Stream {
    receiver: Receiver,
    now: Instant,
    sequence: u16,
    timestamp: u32,
    made_up: usize,
    heard: Vec<i16>,
}

impl Stream {
    fn new() -> Stream {
        #[allow(clippy::disallowed_methods)] // a moment to count from
        let now = Instant::now();
        Stream {
            receiver: Receiver::new(Codec::Pcma),
            now,
            sequence: 100,
            timestamp: 5000,
            made_up: 0,
            heard: Vec::new(),
        }
    }

    fn beat(&mut self, packet: Option<(bool, u8, &[u8])>) {
        let negotiated = Negotiated::nothing();
        if let Some((marker, payload_type, payload)) = packet {
            self.sequence = self.sequence.wrapping_add(1);
            let packet = Packet {
                marker,
                payload_type,
                sequence: self.sequence,
                timestamp: self.timestamp,
                ssrc: 7,
                payload,
            };
            let (now, out) = (self.now, &mut |_, _| {});
            self.receiver.take(&packet, &negotiated, now, now, out);
        }
        let mut frame = [0; FRAME_SAMPLES];
        self.made_up += self.receiver.hear(&mut frame, self.now, &mut |_, _| {});
        self.heard.extend(frame);
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.now += Duration::from_millis(20);
    }

    fn talks(&mut self, beats: u32) {
        for beat in 0..beats {
            self.beat(Some((beat == 0, 8, &[0x34; FRAME_SAMPLES])));
        }
    }

    fn nothing(&mut self, beats: u32) {
        (0..beats).for_each(|_| self.beat(None));
    }

    /// Root of the mean square of the last so many beats.
    fn loudness(&self, beats: usize) -> f64 {
        let last = &self.heard[self.heard.len() - beats * FRAME_SAMPLES..];
        let squares = last.iter().map(|sample| f64::from(*sample).powi(2));
        (squares.sum::<f64>() / last.len() as f64).sqrt()
    }
}

#[test]
fn a_pause_with_comfort_noise_sounds_like_it_and_counts_as_no_loss() {
    let mut stream = Stream::new();
    stream.talks(50);
    let begun = stream.made_up;
    assert!(!stream.receiver.is_paused());
    // −40 dBov is a root of the mean square of 327.
    stream.beat(Some((false, COMFORT_NOISE, &[40])));
    stream.nothing(100);
    assert!(stream.receiver.is_paused());
    let loud = stream.loudness(50);
    assert!((280.0..380.0).contains(&loud), "{loud:.0}");
    // The noise changes in the pause.
    stream.beat(Some((false, COMFORT_NOISE, &[60])));
    stream.nothing(60);
    let loud = stream.loudness(40);
    assert!((26.0..40.0).contains(&loud), "{loud:.0}");
    stream.talks(20);
    assert!(!stream.receiver.is_paused());
    assert!(stream.loudness(10) > 1000.0, "he is heard again");
    assert_eq!(stream.made_up, begun, "nothing was concealed");
    assert_eq!((stream.receiver.lost(), stream.receiver.late()), (0, 0));
}

#[test]
fn a_pause_without_a_word_is_known_by_its_marker_from_then_on() {
    let mut stream = Stream::new();
    stream.talks(50);
    stream.nothing(50);
    // It may be the network: that is not known before it ends.
    assert!(!stream.receiver.is_paused());
    stream.talks(50);
    let begun = stream.made_up;
    stream.nothing(50);
    assert!(stream.receiver.is_paused());
    stream.talks(20);
    assert_eq!(stream.made_up, begun);
    assert_eq!(stream.receiver.lost(), 0);
}

#[test]
fn packets_that_are_lost_are_no_pause() {
    let mut stream = Stream::new();
    stream.talks(50);
    stream.sequence += 50;
    stream.nothing(50);
    stream.talks(50);
    stream.nothing(5);
    assert!(!stream.receiver.is_paused());
    assert_eq!(stream.receiver.lost(), 50);
}
