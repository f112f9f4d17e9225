//! What a leg receives: packets in; sound, key presses and reception figures out.

use std::time::{Duration, Instant};

use super::Way;
use super::g711::Codec;
use super::packet::Packet;
use super::playout::{FRAME_SAMPLES, Placed, Playout};
use super::reception::{Arrival, Reception};
use super::rtcp::ReceptionReport;
use super::sdp::Negotiated;
use super::telephone_event::{Decoder, EventPacket, Key, LAST_KEY};
use super::tones::Detector;
use crate::comfort::{self, Noise};

/// A marker behind a gap of this (50 ms) says that nothing was sent meanwhile on purpose (RFC 3551 §4.1).
const GAP_SAMPLES: u32 = 400;
/// Samples that are decoded of one packet; a longer one is cut.
const LONGEST_SAMPLES: usize = 1500;

/// Hears one stream. Who calls it has made sure that its packets are from whom they should be:
/// here everything counts.
pub struct Receiver {
    playout: Playout,
    events: Decoder,
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
    /// Sequence number and timestamp of the last packet.
    last: Option<(u16, u32)>,
}

impl Default for Receiver {
    fn default() -> Self {
        Receiver {
            playout: Playout::default(),
            events: Decoder::default(),
            tones: Some(Detector::default()),
            reception: Reception::default(),
            began: None,
            late: 0,
            pause: Pause::default(),
        }
    }
}

impl Receiver {
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
            self.event(packet, now, out);
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
        let payload = &packet.payload[..packet.payload.len().min(LONGEST_SAMPLES)];
        let mut sound = [0i16; LONGEST_SAMPLES];
        codec.decode(payload, &mut sound);
        let sound = &sound[..payload.len()];
        let age = age_samples(due, now);
        if self.playout.put(packet.ssrc, packet.timestamp, sound, age) == Placed::Late {
            self.late += 1;
        }
    }

    /// A frame of comfort noise came: from here on it is heard where nothing else is.
    fn paused(&mut self, packet: &Packet<'_>) {
        let pause = &mut self.pause;
        pause.last = Some((packet.sequence, packet.timestamp));
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
        let pause = &mut self.pause;
        pause.ends = true;
        let before = pause.last.replace((packet.sequence, packet.timestamp));
        pause.suppresses |= before.is_some_and(|(sequence, timestamp)| {
            let gap = packet.timestamp.wrapping_sub(timestamp);
            let follows = packet.sequence == sequence.wrapping_add(1);
            packet.marker && follows && (GAP_SAMPLES..u32::MAX / 2).contains(&gap)
        });
    }

    /// Whether its sender has paused on purpose: it has said so by comfort noise, or does so by habit.
    pub fn is_paused(&self) -> bool {
        self.pause.is_on || self.pause.suppresses && !self.playout.is_fed()
    }

    fn event(&mut self, packet: &Packet<'_>, now: Instant, out: &mut impl FnMut(Way, Key)) {
        let event = EventPacket::read(
            packet.marker,
            packet.sequence,
            packet.timestamp,
            packet.payload,
        );
        let Some(event) = event else { return };
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
        self.reception
            .note(packet.ssrc, packet.sequence, packet.timestamp, arrived)
    }

    /// Lets time pass: a key whose packets stopped is up.
    pub fn tick(&mut self, now: Instant, out: &mut impl FnMut(Way, Key)) {
        self.events.tick(now, |key| out(Way::TelephoneEvent, key));
    }

    /// Whether the coming [`Receiver::hear`] finds all of its sound.
    pub fn is_fed(&self) -> bool {
        self.playout.is_fed()
    }

    /// The next 20 ms of what this side says; tells the keys in it, and returns how many samples
    /// were made up for what did not arrive.
    pub fn hear(
        &mut self,
        frame: &mut [i16; FRAME_SAMPLES],
        now: Instant,
        out: &mut impl FnMut(Way, Key),
    ) -> usize {
        // Of this beat: what is told of it behind it is the next one's.
        let paused = self.is_paused();
        let made_up = self.playout.pull(frame);
        if let Some(detector) = &mut self.tones {
            detector.hear(frame, made_up > 0, now, |key| out(Way::InBand, key));
        }
        if made_up == 0 && self.pause.ends {
            self.pause.is_on = false;
        }
        if made_up == 0 || !paused {
            return made_up;
        }
        if let Some(noise) = self
            .pause
            .noise
            .as_mut()
            .filter(|_| made_up == FRAME_SAMPLES)
        {
            noise.fill(frame);
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
        self.playout.skip(beats);
    }

    pub fn has_unheard_sound(&self) -> bool {
        self.playout.has_sound()
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
        self.reception.report()
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
