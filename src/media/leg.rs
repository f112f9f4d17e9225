//! One side of a call as its media thread sees it: what arrives, what is heard of it, what is sent.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::arrival::{self, Clocks};
use super::g711::Codec;
use super::playout::{FRAME_SAMPLES, Placed, Playout};
use super::ports::Sockets;
use super::rtp::{self, Arrival, HEADER_LEN, Packet, Reception};
use super::sdp::Negotiated;
use super::telephone_event::{Decoder, EventPacket, Key};
use super::tones::{Detector, Generator};
use super::{Event, LegCounts, Side, Way};

/// Packets taken from a socket a beat; a flood waits in the kernel and is dropped there.
pub const DRAINED_A_BEAT: usize = 16;
/// Packets taken when the leg closes: more than a kernel buffer of telephone events holds.
pub const DRAINED_AT_CLOSE: usize = 512;
/// Longest packet that is read: 40 ms of G.711 and headers are 340 octets.
const PACKET_LEN: usize = 1500;
/// Comfort noise (RFC 3389): a sign of life, no sound.
const COMFORT_NOISE_TYPE: u8 = 13;
/// Octets of 40 ms and the beat that fills it.
const OUT_LEN: usize = 480;
/// Silence between two keys that we send.
const KEY_PAUSE_SAMPLES: u32 = 800;
/// End packets of a telephone event (RFC 4733 §2.5.1.4).
const END_PACKETS: u8 = 3;
const KEYS_QUEUED: usize = 64;
const RTCP_EVERY: Duration = Duration::from_secs(5);
const RTCP_READ_EVERY_BEATS: u32 = 25;

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

pub struct MediaLeg {
    pub side: Side,
    pub negotiated: Negotiated,
    pub counts: LegCounts,
    sockets: Sockets,
    playout: Playout,
    events: Decoder,
    detector: Detector,
    reception: Reception,
    began: Instant,
    last_sign: Instant,
    timed_out: bool,
    heard_anything: bool,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    out: [u8; OUT_LEN],
    out_len: usize,
    keys: VecDeque<KeyToSend>,
    sending: Sending,
    sent_octets: u64,
    next_report: Instant,
    beats: u32,
}

impl MediaLeg {
    pub fn new(side: Side, sockets: Sockets, negotiated: Negotiated, now: Instant) -> Self {
        let mut leg = MediaLeg {
            side,
            negotiated,
            counts: LegCounts::default(),
            sockets,
            playout: Playout::default(),
            events: Decoder::default(),
            detector: Detector::default(),
            reception: Reception::default(),
            began: now,
            last_sign: now,
            timed_out: false,
            heard_anything: false,
            ssrc: rand::random(),
            sequence: rand::random::<u16>() & 0x7FFF,
            timestamp: rand::random(),
            marker: true,
            out: [0; OUT_LEN],
            out_len: 0,
            keys: VecDeque::new(),
            sending: Sending::Nothing,
            sent_octets: 0,
            next_report: now + RTCP_EVERY,
            beats: 0,
        };
        leg.connect();
        leg
    }

    /// Hears and addresses what was now negotiated, and nothing else.
    pub fn renegotiated(&mut self, negotiated: Negotiated, now: Instant) {
        if negotiated.codec != self.negotiated.codec
            || negotiated.ptime_ms != self.negotiated.ptime_ms
        {
            self.out_len = 0;
        }
        self.negotiated = negotiated;
        self.last_sign = now;
        self.timed_out = false;
        self.marker = true;
        self.connect();
    }

    /// The kernel refuses everybody else from here on; what it had queued before is told by its source.
    fn connect(&mut self) {
        if let Some(rtp) = self.negotiated.rtp
            && let Err(fault) = self.sockets.rtp.connect(rtp)
        {
            tracing::warn!(%fault, "RTP address cannot be reached");
        }
        if let Some(rtcp) = self.negotiated.rtcp
            && let Err(fault) = self.sockets.rtcp.connect(rtcp)
        {
            tracing::warn!(%fault, "RTCP address cannot be reached");
        }
    }

    /// Takes at most `most` packets out of the socket, for the beat that was due at `due`.
    pub fn drain(&mut self, most: usize, due: Instant, now: Instant, out: &mut impl FnMut(Event)) {
        let clocks = Clocks::read();
        let mut buffer = [MaybeUninit::<u8>::uninit(); PACKET_LEN];
        for _ in 0..most {
            match arrival::receive(&self.sockets.rtp, &mut buffer, clocks) {
                Ok((_, from, _)) if !same(self.negotiated.rtp, from) => {
                    self.counts.foreign += 1;
                    metrics::counter!("gradeline_media_foreign_packets_total").increment(1);
                }
                Ok((octets, _, arrived)) => self.take(octets, arrived, due, out),
                // Nothing more; or an ICMP error about what we sent, which says nothing of what comes.
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
        let side = self.side;
        self.events
            .tick(now, |key| out(told(side, Way::TelephoneEvent, key)));
    }

    fn take(&mut self, octets: &[u8], now: Instant, due: Instant, out: &mut impl FnMut(Event)) {
        let Some(packet) = Packet::parse(octets) else {
            return;
        };
        self.last_sign = now;
        self.timed_out = false;
        self.counts.received += 1;
        if !std::mem::replace(&mut self.heard_anything, true) {
            out(Event::FirstMedia { side: self.side });
        }
        if !self.negotiated.they_send {
            return;
        }
        if self.negotiated.event_type == Some(packet.payload_type) {
            let event = EventPacket::read(
                packet.marker,
                packet.sequence,
                packet.timestamp,
                packet.payload,
            );
            if let Some(event) = event {
                let side = self.side;
                self.events
                    .packet(event, now, |key| out(told(side, Way::TelephoneEvent, key)));
            }
            // Its sequence number is the stream's, unless it has a stream of its own.
            self.note(&packet, now);
            return;
        }
        let codec = if packet.payload_type == self.negotiated.payload_type {
            self.negotiated.codec
        } else if let Some(codec) = Codec::from_static_payload_type(packet.payload_type) {
            codec
        } else {
            if packet.payload_type == COMFORT_NOISE_TYPE {
                self.note(&packet, now);
            }
            return;
        };
        if self.note(&packet, now) == Arrival::Duplicate {
            return;
        }
        let mut sound = [0i16; PACKET_LEN];
        codec.decode(packet.payload, &mut sound);
        let sound = &sound[..packet.payload.len()];
        if self
            .playout
            .put(packet.ssrc, packet.timestamp, sound, age_samples(due, now))
            == Placed::Late
        {
            self.counts.late += 1;
        }
    }

    fn note(&mut self, packet: &Packet<'_>, now: Instant) -> Arrival {
        let arrived = now.saturating_duration_since(self.began).as_micros() as i64 / 125;
        let arrival = self
            .reception
            .note(packet.ssrc, packet.sequence, packet.timestamp, arrived);
        self.counts.lost = self.reception.lost();
        self.counts.duplicate = self.reception.duplicates();
        arrival
    }

    /// The next 20 ms of what this side says; tells the keys in it.
    pub fn hear(
        &mut self,
        frame: &mut [i16; FRAME_SAMPLES],
        now: Instant,
        out: &mut impl FnMut(Event),
    ) {
        let made_up = self.playout.pull(frame);
        if made_up > 0 {
            metrics::counter!("gradeline_media_concealed_samples_total").increment(made_up as u64);
        }
        let side = self.side;
        self.detector
            .hear(frame, now, |key| out(told(side, Way::InBand, key)));
    }

    /// Beats that we were too late for.
    pub fn skip(&mut self, beats: u32) {
        self.playout.skip(beats);
        self.timestamp = self
            .timestamp
            .wrapping_add(beats.wrapping_mul(FRAME_SAMPLES as u32));
        self.marker = true;
    }

    pub fn has_unheard_sound(&self) -> bool {
        self.playout.has_sound()
    }

    /// The leg closes: what is down is up.
    pub fn close(&mut self, now: Instant, out: &mut impl FnMut(Event)) {
        let side = self.side;
        self.events
            .close(now, |key| out(told(side, Way::TelephoneEvent, key)));
        self.detector
            .close(now, |key| out(told(side, Way::InBand, key)));
    }

    pub fn queue_key(&mut self, mut key: KeyToSend) {
        if key.way == Way::TelephoneEvent && self.negotiated.event_type.is_none() {
            // The other side takes no telephone events; tones are what is left.
            key.way = Way::InBand;
        }
        if self.keys.len() < KEYS_QUEUED {
            self.keys.push_back(key);
        }
    }

    pub fn wants_sound(&self) -> bool {
        self.negotiated.they_receive && self.negotiated.rtp.is_some()
    }

    /// Sends 20 ms of octets in this leg's codec; `frame` is what is heard, which a key's tones replace.
    pub fn send(&mut self, octets: &[u8; FRAME_SAMPLES], frame: &mut [i16; FRAME_SAMPLES]) {
        if !self.wants_sound() {
            self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
            self.out_len = 0;
            self.marker = true;
            frame.fill(0);
            return;
        }
        self.next_key();
        match &mut self.sending {
            Sending::Event { .. } => {
                self.send_event();
                return;
            }
            Sending::Tones { generator, left } => {
                generator.write(frame);
                *left = left.saturating_sub(FRAME_SAMPLES as u32);
                let mut toned = [0; FRAME_SAMPLES];
                self.negotiated.codec.encode(frame, &mut toned);
                if *left == 0 {
                    self.sending = Sending::Pause {
                        left: KEY_PAUSE_SAMPLES,
                    };
                }
                self.push(&toned);
                return;
            }
            Sending::Pause { left } => {
                *left = left.saturating_sub(FRAME_SAMPLES as u32);
                if *left == 0 {
                    self.sending = Sending::Nothing;
                }
            }
            Sending::Nothing => {}
        }
        self.push(octets);
    }

    fn next_key(&mut self) {
        if !matches!(self.sending, Sending::Nothing) {
            return;
        }
        let Some(key) = self.keys.pop_front() else {
            return;
        };
        // What waits for its packet to fill goes out first, as the shorter packet it is.
        self.flush();
        self.sending = match key.way {
            Way::TelephoneEvent => Sending::Event {
                code: key.code,
                start: self.timestamp,
                length: key.length_samples.max(FRAME_SAMPLES as u32),
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
    fn send_event(&mut self) {
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
        let end = *sent == *length && !first;
        let duration = u16::try_from(*sent).unwrap_or(u16::MAX);
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
        let event_type = self.negotiated.event_type.unwrap_or(0);
        self.send_packet(first, event_type, start, &payload);
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.marker = true;
    }

    fn push(&mut self, octets: &[u8; FRAME_SAMPLES]) {
        let packet_len = usize::from(self.negotiated.ptime_ms) * 8;
        self.out[self.out_len..self.out_len + FRAME_SAMPLES].copy_from_slice(octets);
        self.out_len += FRAME_SAMPLES;
        while self.out_len >= packet_len {
            self.send_sound(packet_len);
        }
    }

    fn flush(&mut self) {
        if self.out_len > 0 {
            self.send_sound(self.out_len);
        }
    }

    /// Sends the first `length` octets of what waits.
    fn send_sound(&mut self, length: usize) {
        let mut payload = [0u8; OUT_LEN];
        payload[..length].copy_from_slice(&self.out[..length]);
        let marker = std::mem::take(&mut self.marker);
        self.send_packet(
            marker,
            self.negotiated.payload_type,
            self.timestamp,
            &payload[..length],
        );
        self.timestamp = self.timestamp.wrapping_add(length as u32);
        self.out.copy_within(length..self.out_len, 0);
        self.out_len -= length;
    }

    fn send_packet(&mut self, marker: bool, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let mut octets = [0u8; HEADER_LEN + OUT_LEN];
        rtp::write_header(
            &mut octets,
            marker,
            payload_type,
            self.sequence,
            timestamp,
            self.ssrc,
        );
        octets[HEADER_LEN..HEADER_LEN + payload.len()].copy_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        // A full kernel buffer or an ICMP error costs this packet and nothing else.
        if self
            .sockets
            .rtp
            .send(&octets[..HEADER_LEN + payload.len()])
            .is_ok()
        {
            self.counts.sent += 1;
            self.sent_octets += payload.len() as u64;
        }
    }

    /// Reports, signs of life, and the end of patience.
    pub fn supervise(&mut self, timeout: Duration, now: Instant, out: &mut impl FnMut(Event)) {
        self.beats = self.beats.wrapping_add(1);
        if self.beats.is_multiple_of(RTCP_READ_EVERY_BEATS) {
            self.read_rtcp(now);
        }
        if now >= self.next_report {
            self.next_report = now + RTCP_EVERY;
            self.send_report();
        }
        let quiet = now.saturating_duration_since(self.last_sign);
        if self.negotiated.they_send && !self.timed_out && quiet >= timeout {
            self.timed_out = true;
            metrics::counter!("gradeline_media_rtp_timeouts_total").increment(1);
            out(Event::RtpTimeout { side: self.side });
        }
    }

    fn read_rtcp(&mut self, now: Instant) {
        let mut octets = [0u8; PACKET_LEN];
        for _ in 0..DRAINED_A_BEAT {
            match self.sockets.rtcp.recv_from(&mut octets) {
                Ok((length, from)) => {
                    if same(self.negotiated.rtcp, Some(from)) && rtp::is_rtcp(&octets[..length]) {
                        self.last_sign = now;
                        self.timed_out = false;
                    }
                }
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
    }

    fn send_report(&mut self) {
        if self.negotiated.rtcp.is_none() {
            return;
        }
        let sender = (self.counts.sent > 0).then(|| rtp::SenderInfo {
            ntp: ntp_now(),
            timestamp: self.timestamp,
            packets: self.counts.sent as u32,
            octets: self.sent_octets as u32,
        });
        let mut octets = [0u8; rtp::REPORT_LEN];
        let length = rtp::write_report(&mut octets, self.ssrc, sender, self.reception.report());
        // Nobody listening there is common and costs nothing.
        let _ = self.sockets.rtcp.send(&octets[..length]);
    }
}

fn told(side: Side, way: Way, key: Key) -> Event {
    match key {
        Key::Down { code, press, at } => Event::KeyDown {
            side,
            way,
            code,
            press,
            at,
        },
        Key::Up {
            press,
            length_ms,
            at,
        } => Event::KeyUp {
            side,
            way,
            press,
            length_ms,
            at,
        },
    }
}

/// Samples from an arrival to the beat; negative where the beat was due before.
fn age_samples(due: Instant, arrived: Instant) -> i32 {
    let samples = |span: Duration| i32::try_from(span.as_micros() / 125).unwrap_or(i32::MAX);
    samples(due.saturating_duration_since(arrived))
        - samples(arrived.saturating_duration_since(due))
}

fn same(negotiated: Option<SocketAddr>, from: Option<SocketAddr>) -> bool {
    let place = |address: SocketAddr| (address.ip(), address.port());
    negotiated.is_some() && negotiated.map(place) == from.map(place)
}

/// Wall time for a sender report (RFC 3550 §4): a shell's clock, seen only by the other side's statistics.
#[allow(clippy::disallowed_methods)]
fn ntp_now() -> u64 {
    const UNIX_IN_NTP: u64 = 2_208_988_800;
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    ((since.as_secs() + UNIX_IN_NTP) << 32)
        | (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000
}
