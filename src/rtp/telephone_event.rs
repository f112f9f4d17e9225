//! Key presses out of RTP telephone events (RFC 4733), one decoder a leg.
//!
//! **Law:** one press is one key-down, whatever the network and the gateway do to its packets.
//! A press covers the timestamps from its start to its start plus its longest duration; a packet
//! of the same code that touches that stretch belongs to it, whatever its SSRC, order or number.

use std::time::{Duration, Instant};

/// Octets of one event (RFC 4733 §2.3).
pub const PAYLOAD_LEN: usize = 4;

/// Events above these are no keys (flash, tones of fax machines).
pub const LAST_KEY: u8 = 15;

/// How far apart, in samples, two stretches of one press may lie: one lost packet's worth and some.
/// Two real presses lie at least 40 ms (320 samples) apart (ITU-T Q.24).
const TOUCH_SAMPLES: i32 = 240;

/// The same for a press whose timestamps move: three lost packets' worth.
const TOUCH_MOVING_SAMPLES: i32 = 640;

/// Sequence numbers from the newest packet of a press that was not told to have ended within which no
/// other press can be: its three end packets come first (RFC 4733 §2.5.1.4), and a marked one.
const BEFORE_ANOTHER: i16 = 4;

/// The same behind a full segment, whose last update may be lost.
const TOUCH_FULL_SAMPLES: i32 = 1600;

/// From this duration on a segment is full and the next one continues the press (RFC 4733 §2.5.1.3).
const FULL_SEGMENT_SAMPLES: i32 = 0xFFFF - 1600;

/// No packet of a press for this long: its end packets are lost.
const END_INFERRED_AFTER: Duration = Duration::from_millis(150);

/// How long packets of an ended press are still known to be its.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);

/// Presses remembered a leg.
const REMEMBERED: usize = 12;

/// One telephone-event packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub code: u8,
    pub end: bool,
    /// In samples.
    pub duration: u16,
}

impl EventPacket {
    /// From the parts of an RTP packet; `None` when it is too short to be an event.
    pub fn read(marker: bool, sequence: u16, timestamp: u32, payload: &[u8]) -> Option<Self> {
        let payload = payload.get(..PAYLOAD_LEN)?;
        Some(EventPacket {
            marker,
            sequence,
            timestamp,
            code: payload[0],
            end: payload[1] & 0x80 != 0,
            duration: u16::from_be_bytes([payload[2], payload[3]]),
        })
    }

    /// The payload to send; −10 dBm0 as most telephones say.
    pub fn payload(code: u8, end: bool, duration: u16) -> [u8; PAYLOAD_LEN] {
        let [high, low] = duration.to_be_bytes();
        [code, if end { 0x80 | 10 } else { 10 }, high, low]
    }
}

/// What the decoder found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Down {
        code: u8,
        press: u32,
        at: Instant,
    },
    Up {
        press: u32,
        length_ms: u32,
        at: Instant,
    },
}

/// What is known of the end of a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The key is down.
    Held,
    /// Reported as up because nothing more came, or another key did.
    Inferred,
    /// An end packet came.
    Told,
}

#[derive(Debug, Clone, Copy)]
struct Press {
    press: u32,
    code: u8,
    start: u32,
    /// Start of the segment that began last.
    segment: u32,
    /// End of the covered stretch.
    end: u32,
    /// The packet with the newest sequence number.
    sequence: u16,
    ending: Ending,
    /// The gateway moves timestamps within this press.
    moving: bool,
    last_sign: Instant,
}

/// Turns telephone-event packets into key presses.
#[derive(Debug, Default)]
pub struct Decoder {
    presses: [Option<Press>; REMEMBERED],
    next_press: u32,
}

impl Decoder {
    /// Takes one packet that arrived at `now`; hands what it means to `out`.
    pub fn packet(&mut self, packet: EventPacket, now: Instant, mut out: impl FnMut(Key)) {
        if packet.code > LAST_KEY {
            return;
        }
        self.tick(now, &mut out);
        if let Some(press) = self.belongs_to(packet) {
            return press.extend(packet, now, &mut out);
        }
        // Of another that is held the end is lost; a straggler older than what is held ends nothing.
        for held in self.presses.iter_mut().flatten() {
            if newer(packet.timestamp, held.start) {
                held.infer_end(now, &mut out);
            }
        }
        let press = self.next_press;
        self.next_press = press.wrapping_add(1);
        let mut new = Press {
            press,
            code: packet.code,
            start: packet.timestamp,
            segment: packet.timestamp,
            end: packet.timestamp,
            sequence: packet.sequence,
            ending: Ending::Held,
            moving: false,
            last_sign: now,
        };
        out(Key::Down {
            code: packet.code,
            press,
            at: now,
        });
        new.extend(packet, now, &mut out);
        // Forgotten while it is down, it would never come up.
        if let Some(mut forgotten) = self.free_place().replace(new) {
            forgotten.infer_end(now, &mut out);
        }
    }

    /// Lets time pass: keys whose packets stopped are up, old presses are forgotten.
    pub fn tick(&mut self, now: Instant, mut out: impl FnMut(Key)) {
        for place in &mut self.presses {
            let Some(press) = place else { continue };
            let quiet = now.saturating_duration_since(press.last_sign);
            if quiet >= END_INFERRED_AFTER {
                press.infer_end(now, &mut out);
            }
            if quiet >= REMEMBERED_FOR {
                *place = None;
            }
        }
    }

    /// The leg closes: what is down is up.
    pub fn close(&mut self, now: Instant, mut out: impl FnMut(Key)) {
        for press in self.presses.iter_mut().flatten() {
            press.infer_end(now, &mut out);
        }
    }

    fn belongs_to(&mut self, packet: EventPacket) -> Option<&mut Press> {
        self.presses
            .iter_mut()
            .flatten()
            .filter(|press| press.owns(packet))
            .max_by_key(|press| press.press)
    }

    fn free_place(&mut self) -> &mut Option<Press> {
        let index = self
            .presses
            .iter()
            .position(Option::is_none)
            .or_else(|| {
                let oldest = |index: &usize| self.presses[*index].map(|press| press.last_sign);
                (0..REMEMBERED).min_by_key(oldest)
            })
            .expect("there are places");
        &mut self.presses[index]
    }
}

impl Press {
    fn owns(&self, packet: EventPacket) -> bool {
        if packet.code != self.code {
            return false;
        }
        let from = offset(packet.timestamp, self.start);
        // A stray timestamp may lie half the circle away.
        let until = from.saturating_add(i32::from(packet.duration));
        let length = offset(self.end, self.start);
        let full = offset(self.end, self.segment) >= FULL_SEGMENT_SAMPLES;
        // After its end was told, only repeats of the end and stragglers are its own; a fresh
        // packet with a fresh timestamp is the next press, however close it follows.
        let fresh =
            offset16(packet.sequence, self.sequence) > 0 && from > offset(self.segment, self.start);
        if self.ending == Ending::Told && !packet.end && fresh && !full {
            return false;
        }
        // A marked packet starts a press (RFC 4733 §2.5.1.1), unless a segment continues one.
        if packet.marker && fresh && !full && from > length {
            return false;
        }
        let ahead = offset16(packet.sequence, self.sequence);
        let moves = self.moving || (1..=BEFORE_ANOTHER).contains(&ahead);
        let touch = if full {
            TOUCH_FULL_SAMPLES
        } else if moves && self.ending != Ending::Told && !packet.marker {
            TOUCH_MOVING_SAMPLES
        } else {
            TOUCH_SAMPLES
        };
        from <= length.saturating_add(touch) && until >= -touch
    }

    fn extend(&mut self, packet: EventPacket, now: Instant, out: &mut impl FnMut(Key)) {
        if offset(packet.timestamp, self.start) < 0 {
            self.start = packet.timestamp;
            self.moving = true;
        } else if newer(packet.timestamp, self.segment) {
            let full = offset(self.end, self.segment) >= FULL_SEGMENT_SAMPLES;
            self.moving |= !full;
            self.segment = packet.timestamp;
        }
        let until = packet.timestamp.wrapping_add(u32::from(packet.duration));
        if newer(until, self.end) {
            self.end = until;
        }
        if offset16(packet.sequence, self.sequence) > 0 {
            self.sequence = packet.sequence;
        }
        self.last_sign = now;
        if packet.end {
            if self.ending == Ending::Held {
                self.report_up(now, out);
            }
            self.ending = Ending::Told;
        }
    }

    fn infer_end(&mut self, now: Instant, out: &mut impl FnMut(Key)) {
        if self.ending == Ending::Held {
            self.ending = Ending::Inferred;
            self.report_up(now, out);
        }
    }

    fn report_up(&self, now: Instant, out: &mut impl FnMut(Key)) {
        out(Key::Up {
            press: self.press,
            length_ms: offset(self.end, self.start).unsigned_abs() / 8,
            at: now,
        });
    }
}

/// `a − b` on the circle of timestamps.
fn offset(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b) as i32
}

fn offset16(a: u16, b: u16) -> i16 {
    a.wrapping_sub(b) as i16
}

fn newer(a: u32, b: u32) -> bool {
    offset(a, b) > 0
}

#[cfg(test)]
mod tests;
