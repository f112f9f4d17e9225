//! A telephone that sends, and a network that loses, delays, doubles and reorders by a seed.

use std::time::Duration;

use gradeline::codecs::{Codec, Law};
use gradeline::rtp::packet::{HEADER_LEN, write_header};
use gradeline::rtp::playout::FRAME_SAMPLES;
use gradeline::rtp::telephone_event::EventPacket;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Length of a packet.
pub const PTIME: Duration = Duration::from_millis(20);
pub const EVENT_TYPE: u8 = 101;

/// A datagram and when it is sent or arrives, from the beginning of the call.
pub type Timed = (Duration, Vec<u8>);

/// What its packets are numbered with.
pub struct Telephone {
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub codec: Law,
}

impl Telephone {
    pub fn new(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        Telephone {
            sequence: chance.random(),
            timestamp: chance.random(),
            ssrc: chance.random(),
            codec: Law::Pcma,
        }
    }

    /// 20 ms of sound; its time passes.
    pub fn sound(&mut self, samples: &[i16; FRAME_SAMPLES]) -> Vec<u8> {
        let mut octets = [0; FRAME_SAMPLES];
        self.codec.encode(samples, &mut octets);
        let packet = self.numbered(
            false,
            Codec::from(self.codec).payload_type(),
            self.timestamp,
            &octets,
        );
        self.pass(1);
        packet
    }

    /// A packet of an event that began at `start`; no time passes.
    pub fn event(
        &mut self,
        code: u8,
        start: u32,
        marker: bool,
        end: bool,
        duration: u16,
    ) -> Vec<u8> {
        let payload = EventPacket::payload(code, end, duration);
        self.numbered(marker, EVENT_TYPE, start, &payload)
    }

    /// Time passes without a packet.
    pub fn pass(&mut self, packets: u32) {
        let samples = packets.wrapping_mul(FRAME_SAMPLES as u32);
        self.timestamp = self.timestamp.wrapping_add(samples);
    }

    /// A press as RFC 4733 §2.5.1 has it, one packet each 20 ms from `at` on: updates with growing duration,
    /// then the end three times. The first update says 20 ms. `length_ms` is a multiple of 20.
    pub fn press(&mut self, code: u8, at: Duration, length_ms: u32) -> Vec<Timed> {
        let start = self.timestamp;
        let updates = length_ms / 20;
        let mut sent = Vec::new();
        for index in 0..updates + 3 {
            let end = index >= updates;
            let duration = (index + 1).min(updates) * FRAME_SAMPLES as u32;
            let duration = u16::try_from(duration).expect("a press fits its duration field");
            let packet = self.event(code, start, index == 0, end, duration);
            sent.push((at + PTIME * index, packet));
        }
        self.pass(updates + 3);
        sent
    }

    fn numbered(
        &mut self,
        marker: bool,
        payload_type: u8,
        timestamp: u32,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut octets = vec![0; HEADER_LEN];
        write_header(
            &mut octets,
            marker,
            payload_type,
            self.sequence,
            timestamp,
            self.ssrc,
        );
        octets.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        octets
    }
}

/// What becomes of packets on their way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// In thousandths.
    pub lost: u32,
    pub doubled: u32,
    /// Of packets held up by `held_ms`, so that others overtake them.
    pub reordered: u32,
    pub held_ms: u32,
    /// Each packet is delayed by up to this.
    pub jitter_ms: u32,
}

pub struct Network {
    weather: Weather,
    chance: StdRng,
    pub lost: u64,
    pub carried: u64,
}

impl Network {
    pub fn new(weather: Weather, seed: u64) -> Self {
        Network {
            weather,
            chance: StdRng::seed_from_u64(seed),
            lost: 0,
            carried: 0,
        }
    }

    /// What arrives of what was sent, in the order in which it arrives.
    pub fn carry(&mut self, sent: Vec<Timed>) -> Vec<Timed> {
        let Weather {
            lost,
            doubled,
            reordered,
            held_ms,
            jitter_ms,
        } = self.weather;
        let mut arrives = Vec::with_capacity(sent.len());
        for (at, packet) in sent {
            self.carried += 1;
            if self.happens(lost) {
                self.lost += 1;
                continue;
            }
            let copies = 1 + u32::from(self.happens(doubled));
            for _ in 0..copies {
                let jitter_us = self.chance.random_range(0..=jitter_ms * 1000);
                let mut delay = Duration::from_micros(jitter_us.into());
                if self.happens(reordered) {
                    delay += Duration::from_millis(held_ms.into());
                }
                arrives.push((at + delay, packet.clone()));
            }
        }
        arrives.sort_by_key(|(at, _)| *at);
        arrives
    }

    fn happens(&mut self, thousandths: u32) -> bool {
        self.chance.random_range(0..1000) < thousandths
    }
}
