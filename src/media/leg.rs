//! One side of a call as its media thread sees it: what arrives, what is heard of it, what is sent.

use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::arrival::{self, Clocks};
use super::ports::Sockets;
use super::{Event, LegCounts, Side, Way};
use crate::rtp::packet::Packet;
use crate::rtp::playout::FRAME_SAMPLES;
use crate::rtp::receiver::Receiver;
use crate::rtp::rtcp;
use crate::rtp::sdp::Negotiated;
use crate::rtp::sender::{KeyToSend, Sender};
use crate::rtp::telephone_event::Key;

/// Packets taken from a socket a beat; a flood waits in the kernel and is dropped there.
pub const DRAINED_A_BEAT: usize = 16;
/// Packets taken when the leg closes: more than a kernel buffer of telephone events holds.
pub const DRAINED_AT_CLOSE: usize = 512;
/// Longest packet that is read: 40 ms of G.711 and headers are 340 octets.
const PACKET_LEN: usize = 1500;
const RTCP_EVERY: Duration = Duration::from_secs(5);
const RTCP_READ_EVERY_BEATS: u32 = 25;

pub struct MediaLeg {
    pub side: Side,
    pub negotiated: Negotiated,
    pub counts: LegCounts,
    sockets: Sockets,
    receiver: Receiver,
    last_sign: Instant,
    timed_out: bool,
    heard_anything: bool,
    sender: Sender,
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
            receiver: Receiver::default(),
            last_sign: now,
            timed_out: false,
            heard_anything: false,
            sender: Sender::default(),
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
            self.sender.forget();
        }
        if (negotiated.rtp, negotiated.event_type)
            != (self.negotiated.rtp, self.negotiated.event_type)
        {
            self.receiver.expect_tones();
        }
        self.negotiated = negotiated;
        self.last_sign = now;
        self.timed_out = false;
        self.sender.skip(0);
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
        self.receiver
            .tick(now, &mut |way, key| out(told(side, way, key)));
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
        let side = self.side;
        let out = &mut |way, key| out(told(side, way, key));
        self.receiver.take(&packet, &self.negotiated, now, due, out);
        self.counts.lost = self.receiver.lost();
        self.counts.duplicate = self.receiver.duplicates();
        self.counts.late = self.receiver.late();
    }

    /// The next 20 ms of what this side says; tells the keys in it.
    pub fn hear(
        &mut self,
        frame: &mut [i16; FRAME_SAMPLES],
        now: Instant,
        out: &mut impl FnMut(Event),
    ) {
        let side = self.side;
        let out = &mut |way, key| out(told(side, way, key));
        let made_up = self.receiver.hear(frame, now, out);
        if made_up > 0 {
            metrics::counter!("gradeline_media_concealed_samples_total").increment(made_up as u64);
        }
    }

    /// Beats that we were too late for.
    pub fn skip(&mut self, beats: u32) {
        self.receiver.skip(beats);
        self.sender.skip(beats);
    }

    /// Beats whose sound was heard but for which nothing is sent any more.
    pub fn skip_sending(&mut self, beats: u32) {
        self.sender.skip(beats);
    }

    pub fn has_unheard_sound(&self) -> bool {
        self.receiver.has_unheard_sound()
    }

    /// The leg closes: what is down is up.
    pub fn close(&mut self, now: Instant, out: &mut impl FnMut(Event)) {
        let side = self.side;
        self.receiver
            .close(now, &mut |way, key| out(told(side, way, key)));
    }

    pub fn queue_key(&mut self, key: KeyToSend) {
        self.sender.queue_key(key, &self.negotiated);
    }

    /// Sends 20 ms of octets in this leg's codec; `frame` is what is heard, which a key's tones replace.
    pub fn send(&mut self, octets: &[u8; FRAME_SAMPLES], frame: &mut [i16; FRAME_SAMPLES]) {
        let socket = &self.sockets.rtp;
        self.counts.sent += self.sender.send(octets, frame, &self.negotiated, |packet| {
            // A full kernel buffer or an ICMP error costs this packet and nothing else.
            socket.send(packet).is_ok()
        });
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
                    if same(self.negotiated.rtcp, Some(from)) && rtcp::is_rtcp(&octets[..length]) {
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
        let sender = (self.counts.sent > 0).then(|| rtcp::SenderInfo {
            ntp: ntp_now(),
            timestamp: self.sender.timestamp,
            packets: self.counts.sent as u32,
            octets: self.sender.octets as u32,
        });
        let mut octets = [0u8; rtcp::REPORT_LEN];
        let length = rtcp::write_report(
            &mut octets,
            self.sender.ssrc,
            sender,
            self.receiver.report(),
        );
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
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    ((since.as_secs() + UNIX_IN_NTP) << 32) | fraction
}
