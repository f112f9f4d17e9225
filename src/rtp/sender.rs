//! What a leg sends: sound in packets of the length the other side likes, and key presses.

use std::collections::VecDeque;

use super::Way;
use super::packet::{self, HEADER_LEN};
use super::playout::FRAME_SAMPLES;
use super::sdp::Negotiated;
use super::telephone_event::{EventPacket, PAYLOAD_LEN};
use super::tones::Generator;
use crate::codecs::{Codec, Frame, OCTETS_AT_MOST, Sample};

/// Silence between two keys that we send.
const KEY_PAUSE_SAMPLES: u32 = 800;
/// End packets of a telephone event (RFC 4733 §2.5.1.4).
const END_PACKETS: u8 = 3;
const KEYS_QUEUED: usize = 64;
/// Octets of 40 ms and the beat that fills it.
const OUT_LEN: usize = 480;

/// A key press to be sent.
#[derive(Debug, Clone, Copy)]
pub struct KeyToSend {
    pub way: Way,
    pub code: u8,
    pub length_samples: u32,
}

/// How far a key press being sent has come.
#[derive(Debug)]
enum Sending {
    Nothing,
    Event {
        code: u8,
        start: u32,
        length: u32,
        sent: u32,
        ends: u8,
    },
    Tones {
        generator: Generator,
        left: u32,
    },
    Pause {
        left: u32,
    },
}

/// Builds packets; who calls it owns the socket.
pub struct Sender {
    pub ssrc: u32,
    /// Of the next sample to be sent.
    pub timestamp: u32,
    /// Ticks of the timestamp in 1/8000 s.
    ticks: u32,
    /// Payload octets sent.
    pub octets: u64,
    sequence: u16,
    /// The next packet begins a stretch of sound (RFC 3551 §4.1).
    marker: bool,
    /// The packet that is being filled: room for its header, then its octets.
    out: [u8; HEADER_LEN + OUT_LEN],
    /// Octets behind the header.
    out_len: usize,
    keys: VecDeque<KeyToSend>,
    sending: Sending,
}

impl Sender {
    /// Sends a stream of this codec.
    pub fn new(codec: Codec) -> Self {
        Sender {
            ssrc: rand::random(),
            timestamp: rand::random(),
            ticks: codec.clock_hz() / 8000,
            octets: 0,
            sequence: rand::random::<u16>() & 0x7FFF,
            marker: true,
            out: [0; HEADER_LEN + OUT_LEN],
            out_len: 0,
            keys: VecDeque::new(),
            sending: Sending::Nothing,
        }
    }

    /// From here on another codec is sent, or in packets of another length: what waits for its packet to fill is
    /// forgotten.
    pub fn renegotiated(&mut self, codec: Codec) {
        self.forget();
        self.ticks = codec.clock_hz() / 8000;
    }

    /// Beats in which nothing was sent: the timestamp goes on, the marker tells of the pause.
    pub fn skip(&mut self, beats: u32) {
        let samples = beats.wrapping_mul(FRAME_SAMPLES as u32);
        self.timestamp = self.timestamp.wrapping_add(samples * self.ticks);
        self.marker = true;
    }

    fn forget(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(self.out_len as u32);
        self.out_len = 0;
    }

    pub fn queue_key(&mut self, mut key: KeyToSend, negotiated: &Negotiated) {
        if key.way == Way::TelephoneEvent && negotiated.event_type.is_none() {
            // The other side takes no telephone events; tones are what is left.
            key.way = Way::InBand;
        }
        if self.keys.len() < KEYS_QUEUED {
            self.keys.push_back(key);
        }
    }

    /// Sends 20 ms, as `octets` of the codec; hands each packet to `out`, which says whether it left. Returns how many
    /// did. `frame` is what is heard: nothing where nothing is sent, and a key's tones, which `toned` encodes.
    pub fn send<S: Sample>(
        &mut self,
        octets: &[u8],
        frame: &mut Frame<S>,
        negotiated: &Negotiated,
        toned: impl FnOnce(&Frame, &mut Frame<S>, &mut [u8; OCTETS_AT_MOST]) -> usize,
        mut out: impl FnMut(&[u8]) -> bool,
    ) -> u64 {
        if !(negotiated.they_receive && negotiated.rtp.is_some()) {
            self.forget();
            self.skip(1);
            frame.fill(S::default());
            return 0;
        }
        let mut sent = 0;
        let mut out = |packet: &[u8]| sent += u64::from(out(packet));
        self.next_key(negotiated, &mut out);
        match &mut self.sending {
            Sending::Event { .. } => self.send_event(negotiated, &mut out),
            Sending::Tones { generator, left } => {
                let mut tones = [0; FRAME_SAMPLES];
                generator.write(&mut tones);
                *left = left.saturating_sub(FRAME_SAMPLES as u32);
                let mut octets = [0; OCTETS_AT_MOST];
                let length = toned(&tones, frame, &mut octets);
                if *left == 0 {
                    self.sending = Sending::Pause {
                        left: KEY_PAUSE_SAMPLES,
                    };
                }
                self.push(&octets[..length], negotiated, &mut out);
            }
            Sending::Pause { left } => {
                *left = left.saturating_sub(FRAME_SAMPLES as u32);
                if *left == 0 {
                    self.sending = Sending::Nothing;
                }
                self.push(octets, negotiated, &mut out);
            }
            Sending::Nothing => self.push(octets, negotiated, &mut out),
        }
        sent
    }

    fn next_key(&mut self, negotiated: &Negotiated, out: &mut impl FnMut(&[u8])) {
        if !matches!(self.sending, Sending::Nothing) {
            return;
        }
        let Some(key) = self.keys.pop_front() else {
            return;
        };
        // What waits for its packet to fill goes out first, as the shorter packet it is.
        if self.out_len > 0 {
            self.send_sound(self.out_len, negotiated, out);
        }
        self.sending = match key.way {
            Way::TelephoneEvent => Sending::Event {
                code: key.code,
                start: self.timestamp,
                length: key.length_samples.max(2 * FRAME_SAMPLES as u32),
                sent: 0,
                ends: 0,
            },
            Way::InBand => Sending::Tones {
                generator: Generator::new(key.code),
                left: key.length_samples,
            },
        };
    }

    /// One update a beat; then the end, three times, a beat apart.
    fn send_event(&mut self, negotiated: &Negotiated, out: &mut impl FnMut(&[u8])) {
        let Sending::Event {
            code,
            start,
            length,
            sent,
            ends,
        } = &mut self.sending
        else {
            return;
        };
        let first = *sent == 0;
        *sent = (*sent + FRAME_SAMPLES as u32).min(*length);
        let end = *sent == *length;
        let duration = *sent * (negotiated.event_clock_hz / 8000);
        let duration = u16::try_from(duration).unwrap_or(u16::MAX);
        let (code, start) = (*code, *start);
        if end {
            *ends += 1;
            if *ends == END_PACKETS {
                self.sending = Sending::Pause {
                    left: KEY_PAUSE_SAMPLES,
                };
            }
        }
        let payload = EventPacket::payload(code, end, duration);
        let event_type = negotiated.event_type.unwrap_or(0);
        self.send_key_packet(first, event_type, start, payload, out);
        self.skip(1);
    }

    fn push(&mut self, octets: &[u8], negotiated: &Negotiated, out: &mut impl FnMut(&[u8])) {
        let place = HEADER_LEN + self.out_len;
        self.out[place..place + octets.len()].copy_from_slice(octets);
        self.out_len += octets.len();
        if self.ticks != 1 {
            // Its packets are as long as they come out, one for each beat, and tell their own length (RFC 7587 §4.2).
            if self.out_len > 0 {
                self.send_packet(self.out_len, negotiated, out);
            }
            let beat = FRAME_SAMPLES as u32 * self.ticks;
            self.timestamp = self.timestamp.wrapping_add(beat);
            return;
        }
        let packet_len = usize::from(negotiated.ptime_ms) * 8;
        while self.out_len >= packet_len {
            self.send_sound(packet_len, negotiated, out);
        }
    }

    /// Sends the first `length` octets of what waits, an octet for each 1/8000 s.
    fn send_sound(&mut self, length: usize, negotiated: &Negotiated, out: &mut impl FnMut(&[u8])) {
        self.send_packet(length, negotiated, out);
        self.timestamp = self.timestamp.wrapping_add(length as u32);
    }

    fn send_packet(&mut self, length: usize, negotiated: &Negotiated, out: &mut impl FnMut(&[u8])) {
        let marker = std::mem::take(&mut self.marker);
        packet::write_header(
            &mut self.out,
            marker,
            negotiated.payload_type,
            self.sequence,
            self.timestamp,
            self.ssrc,
        );
        let end = HEADER_LEN + length;
        out(&self.out[..end]);
        self.sent(length);
        self.out
            .copy_within(end..HEADER_LEN + self.out_len, HEADER_LEN);
        self.out_len -= length;
    }

    fn send_key_packet(
        &mut self,
        marker: bool,
        payload_type: u8,
        timestamp: u32,
        payload: [u8; PAYLOAD_LEN],
        out: &mut impl FnMut(&[u8]),
    ) {
        let mut octets = [0u8; HEADER_LEN + PAYLOAD_LEN];
        packet::write_header(
            &mut octets,
            marker,
            payload_type,
            self.sequence,
            timestamp,
            self.ssrc,
        );
        octets[HEADER_LEN..].copy_from_slice(&payload);
        out(&octets);
        self.sent(PAYLOAD_LEN);
    }

    fn sent(&mut self, payload_len: usize) {
        self.sequence = self.sequence.wrapping_add(1);
        self.octets += payload_len as u64;
    }
}
