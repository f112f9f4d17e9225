//! What a leg receives: packets in; sound, key presses and reception figures out.

use std::time::{Duration, Instant};

use super::Way;
use super::packet::Packet;
use super::reception::{Arrival, Reception};
use super::rtcp::ReceptionReport;
use super::sdp::Negotiated;
use super::telephone_event::{Decoder, EventPacket, Key, LAST_KEY};
use super::tones::Detector;
use crate::codecs::{Codec, FRAME_SAMPLES, Frame, Sample, Up};
use crate::comfort::{self, Noise};
use crate::playout::{Hearing, Payload, Placed, Ticks};

/// A marker behind a gap of this (50 ms, in steps of 1/8000 s) says that nothing was sent meanwhile on purpose (RFC 3551
/// §4.1).
const GAP_STEPS: u32 = 400;

/// Hears one stream. Who calls it has made sure that its packets are from whom they should be:
/// here everything counts.
pub struct Receiver {
    hearing: Hearing,
    events: Decoder,
    event_ticks: Ticks,
    /// `None` from the first telephone event on: in-band tones are the fallback of who sends none,
    /// and a voice may then sound like a key as it likes.
    tones: Option<Detector>,
    reception: Reception,
    /// When the first packet came: arrivals are counted from there.
    began: Option<Instant>,
    late: u64,
    pause: Pause,
}

/// Whether its sender has paused.
#[derive(Default)]
struct Pause {
    /// Its last packet said what noise there is.
    noise: Option<Noise>,
    is_on: bool,
    /// Sound came again; until it is heard the pause goes on.
    ends: bool,
    /// It has sent nothing on purpose before: what it does not send is none of the network's loss.
    suppresses: bool,
    /// Sequence number and step of the last packet.
    last: Option<(u16, u32)>,
    /// For its noise in a call that is wide.
    up: Up,
}

impl Receiver {
    /// Hears a stream of this codec.
    pub fn new(codec: Codec) -> Self {
        Receiver {
            hearing: Hearing::new(codec),
            events: Decoder::default(),
            event_ticks: Ticks::of_clock(8000),
            tones: Some(Detector::default()),
            reception: Reception::default(),
            began: None,
            late: 0,
            pause: Pause::default(),
        }
    }

    /// From here on another codec is spoken. Sound of the same rate that waits to be heard still is.
    pub fn expect_codec(&mut self, codec: Codec) {
        self.hearing.expect(codec);
    }

    /// Takes one packet that arrived at `now`, for the beat that was due at `due`. Telephone events
    /// become keys at once, sound waits for [`Receiver::hear`].
    pub fn take(
        &mut self,
        packet: &Packet<'_>,
        negotiated: &Negotiated,
        now: Instant,
        due: Instant,
        out: &mut impl FnMut(Way, Key),
    ) {
        if negotiated.event_type == Some(packet.payload_type) {
            self.event(packet, negotiated.event_clock_hz, now, out);
            // Its sequence number is the stream's, unless it has a stream of its own.
            self.note(packet, now);
            return;
        }
        let codec = if packet.payload_type == negotiated.payload_type {
            negotiated.codec
        } else if let Some(codec) = Codec::from_static_payload_type(packet.payload_type) {
            codec
        } else {
            if packet.payload_type == comfort::PAYLOAD_TYPE
                && self.note(packet, now) == Arrival::New
            {
                self.paused(packet);
            }
            return;
        };
        if self.note(packet, now) == Arrival::Duplicate {
            return;
        }
        self.sounds(packet);
        let age = age_samples(due, now);
        let payload = Payload {
            codec,
            ssrc: packet.ssrc,
            timestamp: packet.timestamp,
            octets: packet.payload,
        };
        if self.hearing.put(payload, age) == Some(Placed::Late) {
            self.late += 1;
        }
    }

    /// A frame of comfort noise came: from here on it is heard where nothing else is.
    fn paused(&mut self, packet: &Packet<'_>) {
        let step = self.hearing.step(packet.timestamp);
        let pause = &mut self.pause;
        pause.last = Some((packet.sequence, step));
        (pause.is_on, pause.ends) = (true, false);
        if let Some(next) = Noise::read(packet.payload) {
            let before = pause.noise.take();
            pause.noise = Some(match before {
                Some(before) => before.renewed(next),
                None => next,
            });
        }
    }

    fn sounds(&mut self, packet: &Packet<'_>) {
        let step = self.hearing.step(packet.timestamp);
        let pause = &mut self.pause;
        pause.ends = true;
        let before = pause.last.replace((packet.sequence, step));
        pause.suppresses |= before.is_some_and(|(sequence, before)| {
            let gap = step.wrapping_sub(before);
            let follows = packet.sequence == sequence.wrapping_add(1);
            packet.marker && follows && (GAP_STEPS..u32::MAX / 2).contains(&gap)
        });
    }

    /// Whether its sender has paused on purpose: it has said so by comfort noise, or does so by habit.
    pub fn is_paused(&self) -> bool {
        self.pause.is_on || self.pause.suppresses && !self.hearing.is_fed()
    }

    fn event(
        &mut self,
        packet: &Packet<'_>,
        clock_hz: u32,
        now: Instant,
        out: &mut impl FnMut(Way, Key),
    ) {
        if self.event_ticks.a_step() != clock_hz / 8000 {
            self.event_ticks = Ticks::of_clock(clock_hz);
        }
        let event = EventPacket::read(
            packet.marker,
            packet.sequence,
            self.event_ticks.step(packet.timestamp),
            packet.payload,
        );
        let Some(mut event) = event else { return };
        event.duration = (u32::from(event.duration) / self.event_ticks.a_step()) as u16;
        if event.code <= LAST_KEY
            && let Some(mut detector) = self.tones.take()
        {
            detector.close(now, |key| out(Way::InBand, key));
        }
        self.events
            .packet(event, now, |key| out(Way::TelephoneEvent, key));
    }

    fn note(&mut self, packet: &Packet<'_>, now: Instant) -> Arrival {
        let began = *self.began.get_or_insert(now);
        let arrived = now.saturating_duration_since(began).as_micros() as i64 / 125;
        let timestamp = self.hearing.step(packet.timestamp);
        self.reception
            .note(packet.ssrc, packet.sequence, timestamp, arrived)
    }

    /// Lets time pass: a key whose packets stopped is up.
    pub fn tick(&mut self, now: Instant, out: &mut impl FnMut(Way, Key)) {
        self.events.tick(now, |key| out(Way::TelephoneEvent, key));
    }

    /// Whether the coming [`Receiver::hear`] finds all of its sound.
    pub fn is_fed(&self) -> bool {
        self.hearing.is_fed()
    }

    /// The next 20 ms of what this side says; tells the keys in it, and returns how many samples
    /// were made up for what did not arrive.
    pub fn hear<S: Sample>(
        &mut self,
        frame: &mut Frame<S>,
        now: Instant,
        out: &mut impl FnMut(Way, Key),
    ) -> usize {
        // Of this beat: what is told of it behind it is the next one's.
        let paused = self.is_paused();
        let tones = self.tones.as_mut().map(|detector| {
            |narrow: &Frame, made_up: bool| {
                detector.hear(narrow, made_up, now, |key| out(Way::InBand, key));
            }
        });
        let made_up = self.hearing.pull(frame, tones);
        let pause = &mut self.pause;
        if made_up == 0 && pause.ends {
            pause.is_on = false;
        }
        if made_up == 0 || !paused {
            return made_up;
        }
        if let Some(noise) = pause.noise.as_mut().filter(|_| made_up == FRAME_SAMPLES) {
            let mut narrow = [0; FRAME_SAMPLES];
            noise.fill(&mut narrow);
            *frame = S::from_narrow(&narrow, &mut pause.up);
        }
        // Nothing was lost.
        0
    }

    /// Somebody else may speak from here on, who sends tones.
    pub fn expect_tones(&mut self) {
        self.tones.get_or_insert_default();
    }

    /// Beats whose sound is heard by nobody.
    pub fn skip(&mut self, beats: u32) {
        self.hearing.skip(beats);
    }

    pub fn has_unheard_sound(&self) -> bool {
        self.hearing.has_sound()
    }

    /// The leg closes: what is down is up.
    pub fn close(&mut self, now: Instant, out: &mut impl FnMut(Way, Key)) {
        self.events.close(now, |key| out(Way::TelephoneEvent, key));
        if let Some(detector) = &mut self.tones {
            detector.close(now, |key| out(Way::InBand, key));
        }
    }

    /// The block of the next RTCP report; starts its interval anew.
    pub fn report(&mut self) -> Option<ReceptionReport> {
        let mut report = self.reception.report()?;
        // In ticks of their clock (RFC 3550 §6.4.1).
        report.jitter = report.jitter.saturating_mul(self.hearing.ticks_a_step());
        Some(report)
    }

    /// Packets lost so far.
    pub fn lost(&self) -> u64 {
        self.reception.lost()
    }

    /// Packets that had come before.
    pub fn duplicates(&self) -> u64 {
        self.reception.duplicates()
    }

    /// Packets of which some or all came too late to be heard.
    pub fn late(&self) -> u64 {
        self.late
    }
}

/// Samples from an arrival to the beat; negative where the beat was due before.
fn age_samples(due: Instant, arrived: Instant) -> i32 {
    let samples = |span: Duration| i32::try_from(span.as_micros() / 125).unwrap_or(i32::MAX);
    samples(due.saturating_duration_since(arrived))
        - samples(arrived.saturating_duration_since(due))
}

#[cfg(test)]
mod tests;
