//! One side of a call as its media thread sees it: what arrives, what is heard of it, what is sent.

use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::call::BEAT;
use super::{Event, LegCounts, Side, Way};
use crate::codecs::{Encoder, FRAME_SAMPLES, Frame, OCTETS_AT_MOST, Rate, Sample};
use crate::line::{Clocks, FarEnd, PACKET_LEN, REPORT_ROOM, Received};
use crate::mixing::limiter::Limiter;
use crate::oneway::{Beat, Watch};
use crate::rtp::packet::Packet;
use crate::rtp::receiver::Receiver;
use crate::rtp::rtcp;
use crate::rtp::sdp::Negotiated;
use crate::rtp::sender::{KeyToSend, Sender};
use crate::rtp::telephone_event::Key;

/// Packets taken from a socket a beat; a flood waits in the kernel and is dropped there.
const DRAINED_A_BEAT: usize = 16;
/// Packets of strangers thrown away besides: what came before the socket had an address must not delay who has.
const STRANGERS_A_BEAT: usize = 512;
/// Packets taken when the leg closes: more than a kernel buffer of telephone events holds.
const DRAINED_AT_CLOSE: usize = 512;
const RTCP_EVERY: Duration = Duration::from_secs(5);
/// A browser sends fifty packets a second, muted or not: one that is silent for so long is to come again while its
/// caller is kept.
const BROWSER_TIMEOUT: Duration = Duration::from_secs(4);
const RTCP_READ_EVERY_BEATS: u32 = 25;

pub struct MediaLeg {
    pub side: Side,
    pub negotiated: Negotiated,
    pub counts: LegCounts,
    far_end: FarEnd,
    receiver: Receiver,
    last_sign: Instant,
    timed_out: bool,
    heard_anything: bool,
    encoder: Encoder,
    sender: Sender,
    next_report: Instant,
    beats: u32,
    pub watched: Watch,
    /// How much louder it is made, and what keeps that within bounds.
    level: f32,
    limiter: Limiter,
}

impl MediaLeg {
    pub fn new(
        side: Side,
        far_end: FarEnd,
        negotiated: Negotiated,
        level: f32,
        now: Instant,
    ) -> Self {
        let codec = negotiated.codec;
        let mut leg = MediaLeg {
            side,
            negotiated,
            counts: LegCounts::default(),
            far_end,
            receiver: Receiver::new(codec),
            last_sign: now,
            timed_out: false,
            heard_anything: false,
            encoder: Encoder::new(codec),
            sender: Sender::new(codec),
            next_report: now + RTCP_EVERY,
            beats: 0,
            watched: Watch::new(side != Side::Caller),
            level,
            limiter: Limiter::default(),
        };
        leg.far_end.negotiated(&leg.negotiated);
        leg
    }

    /// It stands here from now on: that it is silent is told anew.
    pub fn stands_as(&mut self, side: Side) {
        self.side = side;
        self.timed_out = false;
    }

    /// Hears and addresses what was now negotiated, and nothing else.
    pub fn renegotiated(&mut self, negotiated: Negotiated, now: Instant) {
        if negotiated.codec != self.negotiated.codec
            || negotiated.ptime_ms != self.negotiated.ptime_ms
        {
            self.sender.renegotiated(negotiated.codec);
        }
        if negotiated.codec != self.encoder.codec() {
            self.encoder = Encoder::new(negotiated.codec);
            self.receiver.expect_codec(negotiated.codec);
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
        self.far_end.negotiated(&self.negotiated);
    }

    /// Takes what has arrived for the beat that was due at `due`: at most [`DRAINED_A_BEAT`]
    /// packets, and as a rule one. Where that one came within this beat and the beat's sound is
    /// whole, nothing can wait behind it that this beat needs; to ask the kernel whether something
    /// does would cost a tenth of the call. What does wait is taken a beat later.
    pub fn drain(&mut self, due: Instant, now: Instant, out: &mut impl FnMut(Event)) {
        self.drain_until(DRAINED_A_BEAT, due, now, out, |leg, arrived| {
            now.saturating_duration_since(arrived) < BEAT && leg.receiver.is_fed()
        });
    }

    /// Takes everything that has arrived: the leg closes, or hears somebody else from now on.
    pub fn drain_all(&mut self, due: Instant, now: Instant, out: &mut impl FnMut(Event)) {
        self.drain_until(DRAINED_AT_CLOSE, due, now, out, |_, _| false);
    }

    fn drain_until(
        &mut self,
        most: usize,
        due: Instant,
        now: Instant,
        out: &mut impl FnMut(Event),
        enough: impl Fn(&Self, Instant) -> bool,
    ) {
        let clocks = Clocks::read();
        let mut buffer = [MaybeUninit::<u8>::uninit(); PACKET_LEN];
        let (mut taken, mut strangers) = (0, 0);
        while taken < most && strangers < STRANGERS_A_BEAT {
            taken += 1;
            match self.far_end.receive(&mut buffer, clocks, &self.negotiated) {
                Ok(Received::Packet { packet, at, learnt }) => {
                    if let Some(from) = learnt {
                        (self.negotiated.rtp, self.negotiated.rtcp) = self.far_end.addresses();
                        metrics::counter!("gradeline_media_learnt_addresses_total").increment(1);
                        let side = self.side;
                        out(Event::AddressLearnt { side, from });
                    }
                    self.take(&packet, at, due, out);
                    if enough(self, at) {
                        break;
                    }
                }
                Ok(Received::Foreign) => {
                    taken -= 1;
                    strangers += 1;
                    self.counts.foreign += 1;
                    metrics::counter!("gradeline_media_foreign_packets_total").increment(1);
                }
                Ok(Received::Unauthentic) => {
                    self.counts.unauthentic += 1;
                    metrics::counter!("gradeline_media_unauthentic_packets_total").increment(1);
                }
                Ok(Received::Repeat) => {
                    self.counts.repeated += 1;
                    metrics::counter!("gradeline_media_repeated_packets_total").increment(1);
                }
                Ok(Received::Report) => self.last_sign = now,
                Ok(Received::Nothing) => {}
                // Nothing more; or an ICMP error about what we sent, which says nothing of what comes.
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
        let side = self.side;
        self.receiver
            .tick(now, &mut |way, key| out(told(side, way, key)));
    }

    fn take(
        &mut self,
        packet: &Packet<'_>,
        now: Instant,
        due: Instant,
        out: &mut impl FnMut(Event),
    ) {
        self.last_sign = now;
        self.timed_out = false;
        self.counts.received += 1;
        if !std::mem::replace(&mut self.heard_anything, true) {
            out(Event::FirstMedia { side: self.side });
        }
        if !self.negotiated.they_send {
            return;
        }
        self.watched.packet();
        let side = self.side;
        let out = &mut |way, key| out(told(side, way, key));
        self.receiver.take(packet, &self.negotiated, now, due, out);
        self.counts.lost = self.receiver.lost();
        self.counts.duplicate = self.receiver.duplicates();
        self.counts.late = self.receiver.late();
    }

    /// The next 20 ms of what this side says; tells the keys in it.
    pub fn hear<S: Sample>(
        &mut self,
        frame: &mut Frame<S>,
        now: Instant,
        out: &mut impl FnMut(Event),
    ) {
        let side = self.side;
        let out = &mut |way, key| out(told(side, way, key));
        let made_up = self.receiver.hear(frame, now, out);
        if made_up > 0 {
            metrics::counter!("gradeline_media_concealed_samples_total").increment(made_up as u64);
        }
        // Its keys were heard before, as loud as they came.
        self.limiter.level(frame, self.level);
    }

    /// Looks at a beat in which it is `joined` with another side or is not.
    pub fn watch(&mut self, joined: bool, peak: u16, other: u16, out: &mut impl FnMut(Event)) {
        let beat = Beat {
            talks: joined && self.negotiated.they_send && self.negotiated.they_receive,
            paused: self.receiver.is_paused(),
            peak,
            other_peak: other,
        };
        let side = self.side;
        let out = &mut |news| out(Event::OneWay { side, news });
        self.watched.beat(beat, out);
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

    /// Sends 20 ms of what is heard, which a key's tones replace; `ready` are its octets of G.711, where there are any.
    pub fn send<S: Sample>(&mut self, ready: Option<&[u8; FRAME_SAMPLES]>, frame: &mut Frame<S>) {
        let mut encoded = [0; OCTETS_AT_MOST];
        let octets = match ready.filter(|_| self.negotiated.codec.law().is_some()) {
            Some(ready) => &ready[..],
            // Who is on hold is sent nothing.
            None if !self.negotiated.they_receive => &[],
            None => {
                let length = self.encoder.encode(frame, &mut encoded);
                &encoded[..length]
            }
        };
        let (far_end, encoder) = (&mut self.far_end, &mut self.encoder);
        let toned = |tones: &Frame, frame: &mut Frame<S>, out: &mut [u8; OCTETS_AT_MOST]| {
            *frame = encoder.at_rate(tones);
            encoder.encode(frame, out)
        };
        self.counts.sent += self
            .sender
            .send(octets, frame, &self.negotiated, toned, |packet| {
                far_end.send(packet)
            });
    }

    /// Narrow sound of ours as this side hears it in a call of this rate.
    pub fn at_rate<S: Sample>(&mut self, narrow: &Frame) -> Frame<S> {
        self.encoder.at_rate(narrow)
    }

    pub fn rate(&self) -> Rate {
        self.negotiated.codec.rate()
    }

    /// Reports, signs of life, and the end of patience.
    pub fn supervise(&mut self, timeout: Duration, now: Instant, out: &mut impl FnMut(Event)) {
        self.beats = self.beats.wrapping_add(1);
        self.far_end.beat(now);
        let timeout = match self.far_end.is_browser() {
            true => timeout.min(BROWSER_TIMEOUT),
            false => timeout,
        };
        if self.beats.is_multiple_of(RTCP_READ_EVERY_BEATS) {
            self.read_rtcp(now, out);
        }
        if now >= self.next_report {
            self.next_report = now + RTCP_EVERY;
            self.send_report();
        }
        let quiet = now.saturating_duration_since(self.last_sign);
        let lost = quiet >= timeout || self.far_end.is_gone();
        if self.negotiated.they_send && !self.timed_out && lost {
            self.timed_out = true;
            metrics::counter!("gradeline_media_rtp_timeouts_total").increment(1);
            out(Event::RtpTimeout { side: self.side });
        }
    }

    fn read_rtcp(&mut self, now: Instant, out: &mut impl FnMut(Event)) {
        let mut octets = [0u8; PACKET_LEN];
        for _ in 0..DRAINED_A_BEAT {
            match self.far_end.receive_report(&mut octets) {
                Ok(length) => {
                    if rtcp::is_rtcp(&octets[..length]) {
                        self.last_sign = now;
                        self.timed_out = false;
                    }
                    let highest = rtcp::highest_received(&octets[..length], self.sender.ssrc);
                    if let Some(highest) = highest {
                        let side = self.side;
                        let out = &mut |news| out(Event::OneWay { side, news });
                        self.watched.report(highest, self.counts.sent, out);
                    }
                }
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {}
            }
        }
    }

    fn send_report(&mut self) {
        if self.negotiated.rtcp.is_none() && !self.far_end.is_browser() {
            return;
        }
        let sender = (self.counts.sent > 0).then(|| rtcp::SenderInfo {
            ntp: ntp_now(),
            timestamp: self.sender.timestamp,
            packets: self.counts.sent as u32,
            octets: self.sender.octets as u32,
        });
        let mut octets = [0u8; rtcp::REPORT_LEN + REPORT_ROOM];
        let (report, _) = octets.split_first_chunk_mut().expect("it is longer");
        let length = rtcp::write_report(report, self.sender.ssrc, sender, self.receiver.report());
        self.far_end.send_report(&mut octets, length);
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
