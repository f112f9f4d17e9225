//! The hearing side of a live call on virtual time: a beat each 20 ms takes what has arrived, hears 20 ms
//! of sound, and makes digits of the keys.

use std::time::{Duration, Instant};

use gradeline::codecs::{Codec, Law};
use gradeline::keypad::{Digit, Phase, Presses, Way};
use gradeline::rtp::packet::Packet;
use gradeline::rtp::playout::FRAME_SAMPLES;
use gradeline::rtp::receiver::Receiver;
use gradeline::rtp::sdp::Negotiated;
use gradeline::rtp::telephone_event::Key;
use gradeline::rtp::{self};

use crate::line::{EVENT_TYPE, PTIME, Timed};

/// A digit, and when it was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    pub at: Duration,
    pub digit: Digit,
    pub way: Way,
}

pub struct Ear {
    pub epoch: Instant,
    /// When the next beat is due.
    pub next_beat: Duration,
    receiver: Receiver,
    negotiated: Negotiated,
    presses: Presses,
    infos: u32,
    pub digits: Vec<Heard>,
    /// Keys that came up again, over all ways.
    pub ups: usize,
}

impl Ear {
    pub fn new(codec: Law) -> Self {
        Ear {
            epoch: Instant::now(),
            next_beat: PTIME,
            receiver: Receiver::new(codec.into()),
            negotiated: Negotiated {
                rtp: Some(([127, 0, 0, 1], 4000).into()),
                codec: codec.into(),
                payload_type: Codec::from(codec).payload_type(),
                event_type: Some(EVENT_TYPE),
                they_send: true,
                ..Negotiated::nothing()
            },
            presses: Presses::new(),
            infos: 0,
            digits: Vec::new(),
            ups: 0,
        }
    }

    /// Hears packets (sorted by arrival) and INFOs (sorted, too) until `until`.
    pub fn hear(&mut self, arriving: &[Timed], infos: &[(Duration, Digit)], until: Duration) {
        let (mut packets, mut infos) = (arriving.iter().peekable(), infos.iter().peekable());
        while self.next_beat <= until {
            let beat = self.next_beat;
            // SIP does not wait for a beat.
            while let Some((at, digit)) = infos.next_if(|(at, _)| *at < beat) {
                self.info(*at, *digit);
            }
            let due = std::iter::from_fn(|| packets.next_if(|(at, _)| *at <= beat));
            self.beat(due);
        }
    }

    /// One beat with what arrived before it.
    pub fn beat<'a>(&mut self, arrived: impl Iterator<Item = &'a Timed>) {
        let beat = self.next_beat;
        let now = self.epoch + beat;
        let mut keys = Vec::new();
        let mut out = |way: rtp::Way, key: Key| keys.push((way, key));
        for (at, octets) in arrived {
            let packet = Packet::parse(octets).expect("the telephone sends RTP");
            let at = self.epoch + *at;
            self.receiver
                .take(&packet, &self.negotiated, at, now, &mut out);
        }
        self.receiver.tick(now, &mut out);
        let mut frame = [0; FRAME_SAMPLES];
        self.receiver.hear(&mut frame, now, &mut out);
        for (way, key) in keys {
            self.key(way, key, beat);
        }
        self.next_beat += PTIME;
    }

    /// The call ends: what is down is up.
    pub fn close(&mut self) {
        let beat = self.next_beat;
        let mut keys = Vec::new();
        self.receiver
            .close(self.epoch + beat, &mut |way, key| keys.push((way, key)));
        for (way, key) in keys {
            self.key(way, key, beat);
        }
    }

    fn info(&mut self, at: Duration, digit: Digit) {
        self.infos += 1;
        let phase = Phase::Whole { length_ms: 100 };
        let now = self.epoch + at;
        let new = self.presses.sign(Way::Info, digit, self.infos, phase, now);
        self.note(new, Way::Info, at);
    }

    fn key(&mut self, way: rtp::Way, key: Key, beat: Duration) {
        let way = match way {
            rtp::Way::TelephoneEvent => Way::TelephoneEvent,
            rtp::Way::InBand => Way::InBand,
        };
        match key {
            Key::Down { code, press, at } => {
                let digit = Digit::from_event(code).expect("keys only");
                let new = self.presses.sign(way, digit, press, Phase::Down, at);
                self.note(new, way, beat);
            }
            Key::Up {
                press,
                length_ms,
                at,
            } => {
                self.ups += 1;
                let up = Phase::Up { length_ms };
                let none = self.presses.sign(way, Digit::D0, press, up, at);
                assert_eq!(none, None, "a key that comes up is no digit");
            }
        }
    }

    fn note(&mut self, new: Option<Digit>, way: Way, at: Duration) {
        self.digits
            .extend(new.map(|digit| Heard { at, digit, way }));
    }

    /// The digits alone.
    pub fn keys(&self) -> Vec<Digit> {
        self.digits.iter().map(|heard| heard.digit).collect()
    }
}
