//! What is due when: each desk and each caller has at most one time.

use std::collections::BTreeSet;
use std::time::Instant;

use super::CallerId;

/// Whose time it is. Desks come first: a ring that ends with its caller's patience was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    Desk(usize),
    Caller(CallerId),
}

/// All times, the next first.
#[derive(Debug, Default)]
pub struct Timers(BTreeSet<(Instant, Alarm)>);

impl Timers {
    pub fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes what is due; its owner has to forget its time.
    pub fn due(&mut self, now: Instant) -> Option<Alarm> {
        let (at, _) = self.0.first()?;
        let due = *at <= now;
        if due {
            self.0.pop_first().map(|(_, alarm)| alarm)
        } else {
            None
        }
    }

    /// Puts the owner's time from `own` to `at`.
    pub fn set(&mut self, alarm: Alarm, own: &mut Option<Instant>, at: Option<Instant>) {
        if *own == at {
            return;
        }
        if let Some(old) = own.take() {
            self.0.remove(&(old, alarm));
        }
        if let Some(at) = at {
            self.0.insert((at, alarm));
        }
        *own = at;
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
