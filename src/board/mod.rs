//! What whoever watches over the desks sees: what each of them is doing and since when, and who waits. Pure.
//!
//! **Invariant:** it shows no grade and no number; a picture is of one moment, and says of which.

use std::sync::Arc;
use std::time::Instant;

use crate::desks::{Desk, DeskId, DeskState, Desks};
use crate::domain::Moment;
pub use crate::openings::{DayHours, Today};
pub use crate::special_days::{Stretch, minute_text};

/// The room of desks at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Board {
    /// When something last changed, to a second; `None` before the telephone has started.
    pub taken_at: Option<Moment>,
    /// In the configuration's order.
    pub desks: Vec<DeskLine>,
    /// Callers on the line for whom no desk rings.
    pub waiting: usize,
    /// Since when the one has waited who has waited longest.
    pub longest_since: Option<Moment>,
    /// Who was promised a callback and has not had it.
    pub promised: usize,
    /// The hours of the day: the centre's, then those of dialplans that have their own today. Put in by whoever shows
    /// the picture, for a day ends without anything changing on the floor.
    pub today: Vec<Today>,
}

/// One desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskLine {
    pub desk: String,
    /// The staff number (工号).
    pub staff: Option<String>,
    pub groups: Vec<String>,
    pub doing: Doing,
    /// `None`: since the start.
    pub since: Option<Moment>,
    /// Of a break: why.
    pub reason: Option<String>,
    /// The call that it is in.
    pub call: Option<String>,
    /// Who of it is not heard, or hears nothing: words for the locale files and the API.
    pub troubles: Vec<&'static str>,
}

/// What a desk is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    Offline,
    Ready,
    Ringing,
    Talking,
    WrapUp,
    Break,
    Resting,
    NotAnswering,
}

impl Doing {
    pub const ALL: [Doing; 8] = [
        Doing::Ready,
        Doing::Ringing,
        Doing::Talking,
        Doing::WrapUp,
        Doing::Break,
        Doing::Resting,
        Doing::NotAnswering,
        Doing::Offline,
    ];

    /// The word for the locale files and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Doing::Offline => "offline",
            Doing::Ready => "ready",
            Doing::Ringing => "ringing",
            Doing::Talking => "talking",
            Doing::WrapUp => "wrap_up",
            Doing::Break => "break",
            Doing::Resting => "resting",
            Doing::NotAnswering => "not_answering",
        }
    }
}

impl From<&DeskState> for Doing {
    fn from(state: &DeskState) -> Self {
        match state {
            DeskState::Offline => Doing::Offline,
            DeskState::Ready => Doing::Ready,
            DeskState::Ringing(_) => Doing::Ringing,
            DeskState::Talking(_) => Doing::Talking,
            DeskState::WrapUp { .. } => Doing::WrapUp,
            DeskState::Break { .. } => Doing::Break,
            DeskState::Resting { .. } => Doing::Resting,
            DeskState::NotAnswering { .. } => Doing::NotAnswering,
        }
    }
}

impl Board {
    /// A picture of the room. `now` and `civil` are the same moment by both clocks; `call_of` names the call that a
    /// desk talks in.
    pub fn of(
        room: &Desks,
        call_of: impl Fn(&DeskId) -> Option<String>,
        now: Instant,
        civil: Moment,
    ) -> Board {
        let at = |then: Instant| {
            let ago = now.saturating_duration_since(then).as_millis();
            civil.plus_millis(-i64::try_from(ago).unwrap_or(0))
        };
        let line = |(desk, state, since): (&Desk, &DeskState, Option<Instant>)| DeskLine {
            desk: desk.id.0.clone(),
            staff: desk.staff.clone(),
            groups: desk.groups.clone(),
            doing: state.into(),
            since: since.map(at),
            reason: match state {
                DeskState::Break { reason } => Some(reason.to_string()),
                _ => None,
            },
            call: call_of(&desk.id),
            troubles: Vec::new(),
        };
        let (promised, waiting): (Vec<_>, Vec<_>) =
            room.waiting().partition(|waiting| waiting.promised);
        Board {
            taken_at: Some(civil),
            desks: room.watched().map(line).collect(),
            waiting: waiting.len(),
            longest_since: waiting.iter().map(|waiting| at(waiting.since)).min(),
            promised: promised.len(),
            today: Vec::new(),
        }
    }

    /// The same with what is wrong with the sound of the desks' calls at this moment.
    pub fn with_troubles(self: Arc<Self>, of: impl Fn(&str) -> Vec<&'static str>) -> Arc<Board> {
        let troubles = |desk: &DeskLine| desk.call.as_deref().map_or_else(Vec::new, &of);
        let told: Vec<_> = self.desks.iter().map(troubles).collect();
        if told.iter().all(Vec::is_empty) {
            return self;
        }
        let mut board = Board::clone(&self);
        for (desk, troubles) in board.desks.iter_mut().zip(told) {
            desk.troubles = troubles;
        }
        Arc::new(board)
    }

    /// Desks that are doing this.
    pub fn doing(&self, what: Doing) -> usize {
        self.desks.iter().filter(|desk| desk.doing == what).count()
    }
}

#[cfg(test)]
mod tests;
