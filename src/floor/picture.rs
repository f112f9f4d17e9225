//! The floor shown to whoever watches it: a picture after a change, at most each second, so that looking at it costs
//! the floor nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::board::Board;
use crate::desks::{DeskId, Desks};
use crate::domain::Moment;

/// Between two pictures.
const EACH: Duration = Duration::from_secs(1);

pub(super) struct Picture {
    board: watch::Sender<Arc<Board>>,
    due_at: Option<Instant>,
    not_before: Instant,
}

impl Picture {
    /// The first one is due at once.
    pub(super) fn new(board: watch::Sender<Arc<Board>>, now: Instant) -> Self {
        Picture {
            board,
            due_at: Some(now),
            not_before: now,
        }
    }

    /// When the next one is to be taken.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// Something changes now.
    pub(super) fn is_old(&mut self, now: Instant) {
        self.due_at.get_or_insert(now.max(self.not_before));
    }

    pub(super) fn take(
        &mut self,
        desks: &Desks,
        talks: &HashMap<DeskId, String>,
        now: Instant,
        civil: Moment,
    ) {
        let call_of = |desk: &DeskId| talks.get(desk).cloned();
        let board = Board::of(desks, call_of, now, civil);
        self.board.send_replace(Arc::new(board));
        self.due_at = None;
        self.not_before = now + EACH;
    }
}
