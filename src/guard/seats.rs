//! Places in the house. A call leaves the line before it leaves its place: its recording is closed and its rows
//! are stored after the BYE, so on a busy disk the house can be full of calls that no caller is in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::State;

/// How many places are taken.
#[derive(Default)]
pub(super) struct Seats(AtomicUsize);

impl Seats {
    pub fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The place of a call that came in; given back when it is dropped.
pub struct Seat(Arc<State>);

impl State {
    /// Takes a place for a call that came in, until everything of it is stored.
    pub fn seat(self: &Arc<State>) -> Seat {
        self.seats.0.fetch_add(1, Ordering::Relaxed);
        Seat(Arc::clone(self))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.seats.0.fetch_sub(1, Ordering::Relaxed);
    }
}
