//! Places in the house. A call leaves the line before it leaves the house: after the BYE its legs are closed at
//! the next beat, but its recording is synced and its rows are stored when the disk lets them. So calls in talk and
//! calls that close are counted apart, each with a bound of its own: a disk that stands keeps nobody from the line
//! until as many calls wait for it as may. Calls that the house makes take places beside those that came in: a line
//! is a line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use super::State;

/// How many places are taken.
#[derive(Default)]
pub(super) struct Seats {
    talking: AtomicUsize,
    /// Those of them that the house makes.
    ours: AtomicUsize,
    closing: AtomicUsize,
}

impl Seats {
    /// Calls that have, or may have, a line: ports, descriptors, a caller.
    pub fn talking(&self) -> usize {
        self.talking.load(Ordering::Relaxed)
    }

    /// Those of them that the house makes.
    pub fn ours(&self) -> usize {
        self.ours.load(Ordering::Relaxed)
    }

    /// Calls without a line, of which not everything is stored.
    pub fn closing(&self) -> usize {
        self.closing.load(Ordering::Relaxed)
    }
}

/// The place of a call; given back when it is dropped.
pub struct Seat {
    state: Arc<State>,
    beyond: bool,
    ours: bool,
    closing: AtomicBool,
}

impl State {
    /// Takes a place for a call that came in, until everything of it is stored.
    pub fn seat(self: &Arc<State>) -> Seat {
        let before = self.seats.talking.fetch_add(1, Ordering::Relaxed);
        Seat {
            state: Arc::clone(self),
            beyond: before >= self.limits.max_calls,
            ours: false,
            closing: AtomicBool::new(false),
        }
    }

    /// Takes a place for a call that the house makes; `None` where calls and INVITEs that were let through have all of them, or as
    /// many calls wait to be stored as may. Nobody is sent away for it.
    pub fn seat_of_ours(self: &Arc<State>, now: Instant) -> Option<Seat> {
        let under_way = self.under_way(now);
        let most = self.limits.max_calls.saturating_sub(under_way);
        let seats = &self.seats;
        if seats.closing() >= self.limits.max_closing {
            return None;
        }
        let order = Ordering::Relaxed;
        let taken = seats.talking.fetch_update(order, order, |talking| {
            (talking < most).then_some(talking + 1)
        });
        taken.ok()?;
        seats.ours.fetch_add(1, order);
        Some(Seat {
            state: Arc::clone(self),
            beyond: false,
            ours: true,
            closing: AtomicBool::new(false),
        })
    }
}

impl Seat {
    /// As many calls were in talk before this one as may be: it is to be refused.
    pub fn is_beyond(&self) -> bool {
        self.beyond
    }

    /// The call has left the line and given back its ports; what is left of it is to be stored.
    pub fn closes(&self) {
        if !self.closing.swap(true, Ordering::Relaxed) {
            // At no moment it is counted nowhere.
            self.state.seats.closing.fetch_add(1, Ordering::Relaxed);
            self.leaves_the_line();
        }
    }

    fn leaves_the_line(&self) {
        let seats = &self.state.seats;
        if self.ours {
            seats.ours.fetch_sub(1, Ordering::Relaxed);
        }
        seats.talking.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        match self.closing.load(Ordering::Relaxed) {
            true => {
                self.state.seats.closing.fetch_sub(1, Ordering::Relaxed);
            }
            false => self.leaves_the_line(),
        }
    }
}
