//! One press is one digit, whatever the gateway does.
//!
//! The same press may arrive as a telephone event (RFC 4733), as tones in the sound and as
//! SIP INFO; the first sign is the digit, the others are evidence. A way may sign a press
//! only once, so two fast presses that are both sent twice stay two.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use super::Digit;

/// How a key press was signalled, the surest way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// RTP telephone-event (RFC 4733).
    TelephoneEvent,
    /// SIP INFO, `application/dtmf-relay` or `application/dtmf`.
    Info,
    /// Tones in the sound itself.
    InBand,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::TelephoneEvent => "event",
            Way::Info => "info",
            Way::InBand => "inband",
        })
    }
}

/// Which part of a press a sign tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The key went down.
    Down,
    /// The key of an earlier `Down` with the same way and press id went up.
    Up { length_ms: u32 },
    /// One sign for the whole press: an INFO, sent when it began or when it ended.
    Whole { length_ms: u32 },
}

/// One physical press and the ways by which it was signalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub digit: Digit,
    /// When the first sign of it arrived.
    pub at: Instant,
    /// In the order of arrival.
    pub ways: Vec<Way>,
}

impl fmt::Display for Evidence {
    /// `key 3 by event+info`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {} by ", self.digit)?;
        for (index, way) in self.ways.iter().enumerate() {
            let plus = if index == 0 { "" } else { "+" };
            write!(f, "{plus}{way}")?;
        }
        Ok(())
    }
}

/// A copy may come this much before the telephone event it belongs to: 100 ms by the gateway's habit, the
/// rest by the network's, which holds up the one or the other …
const EARLY: Duration = Duration::from_millis(300);
/// … and this much after the press ended: an INFO that was lost is sent again after 500 ms (RFC 3261 §17.1.2.2).
const LATE: Duration = Duration::from_millis(600);
/// A key held longer than this is a stuck key: copies no longer belong to it.
const LONGEST_PRESS: Duration = Duration::from_secs(10);
/// Presses remembered for merging: more than fit into `LONGEST_PRESS` by hand.
const REMEMBERED: usize = 64;

#[derive(Debug)]
struct Press {
    digit: Digit,
    down: Instant,
    up: Option<Instant>,
    signs: Vec<(Way, u32)>,
}

/// The presses of one leg.
#[derive(Debug, Default)]
pub struct Presses {
    recent: VecDeque<Press>,
    /// Presses that left `recent` before the shell asked for them.
    settled: VecDeque<Evidence>,
    /// The surest way by which this leg has signed so far.
    surest: Option<Way>,
}

impl Presses {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a sign that arrived at `now`; the digit if it is the first sign of a press.
    ///
    /// `press` names the press within its way: a second `Down` of the same press is a copy.
    /// Once the leg has signed by a surer way, a lesser one makes no digit of its own and is evidence
    /// only: speech can sound like a key and an event cannot, and an INFO may be sent again long after.
    pub fn sign(
        &mut self,
        way: Way,
        digit: Digit,
        press: u32,
        phase: Phase,
        now: Instant,
    ) -> Option<Digit> {
        self.forget(now);
        if let Phase::Up { .. } = phase {
            self.lift(way, press, now);
            return None;
        }
        let surest = self.surest.map_or(way, |surest| surest.min(way));
        self.surest = Some(surest);
        let known = |seen: &Press| seen.digit == digit && seen.signs.contains(&(way, press));
        if self.recent.iter().any(known) {
            return None;
        }
        if let Some(seen) = self
            .recent
            .iter_mut()
            .find(|seen| seen.digit == digit && seen.takes(way, now))
        {
            seen.signs.push((way, press));
            return None;
        }
        if way > surest {
            return None;
        }
        self.recent.push_back(Press {
            digit,
            down: now,
            up: matches!(phase, Phase::Whole { .. }).then_some(now),
            signs: vec![(way, press)],
        });
        Some(digit)
    }

    /// Somebody else may press from here on, who signs by ways of his own: after a new offer.
    pub fn expect_any_way(&mut self) {
        self.surest = None;
    }

    /// Presses to which no further sign can belong, oldest first; each is told once.
    pub fn settled(&mut self, now: Instant) -> Vec<Evidence> {
        self.forget(now);
        self.settled.drain(..).collect()
    }

    /// All presses not yet told: at the end of a call.
    pub fn settle_all(&mut self) -> Vec<Evidence> {
        while let Some(press) = self.recent.pop_front() {
            self.settle(press);
        }
        self.settled.drain(..).collect()
    }

    fn lift(&mut self, way: Way, press: u32, now: Instant) {
        let signed = |seen: &&mut Press| seen.signs.contains(&(way, press));
        if let Some(seen) = self.recent.iter_mut().rev().find(signed) {
            seen.up = Some(seen.up.map_or(now, |up| up.max(now)));
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.recent.front() {
            let over = oldest.up.unwrap_or(oldest.down + LONGEST_PRESS) + LATE + EARLY < now;
            if !over && self.recent.len() < REMEMBERED {
                break;
            }
            if let Some(press) = self.recent.pop_front() {
                self.settle(press);
            }
        }
    }

    fn settle(&mut self, press: Press) {
        if self.settled.len() == REMEMBERED {
            self.settled.pop_front();
        }
        self.settled.push_back(Evidence {
            digit: press.digit,
            at: press.down,
            ways: press.signs.into_iter().map(|(way, _)| way).collect(),
        });
    }
}

impl Press {
    /// Whether a sign by `way` at `now` is a copy of this press.
    fn takes(&self, way: Way, now: Instant) -> bool {
        if self.signs.iter().any(|(seen, _)| *seen == way) {
            return false;
        }
        // Seen from the event a copy is early or late; seen from the copy it is the other way round.
        let (before, after) = match way {
            Way::TelephoneEvent => (LATE, EARLY),
            Way::Info | Way::InBand => (EARLY, LATE),
        };
        let until = match self.up {
            Some(up) => up + after,
            None => self.down + LONGEST_PRESS,
        };
        now + before >= self.down && now <= until
    }
}

#[cfg(test)]
mod tests;
