use serde::Serialize;
use utoipa::ToSchema;

use crate::board;
use crate::domain::Moment;
use crate::engine::Answering;

/// The desks at a moment, and how soon callers were answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Board {
    /// When something last changed, to a second; `null` before the telephone has started.
    #[schema(value_type = Option<String>, format = DateTime)]
    taken_at: Option<Moment>,
    /// Callers on the line for whom no desk rings.
    waiting: usize,
    /// Since when the one has waited who has waited longest.
    #[schema(value_type = Option<String>, format = DateTime)]
    longest_since: Option<Moment>,
    /// Who was promised a callback and has not had it.
    promised: usize,
    desks: Vec<Desk>,
    /// Of the calls of the last 24 hours.
    lately: Lately,
}

/// One desk.
#[derive(Debug, Serialize, ToSchema)]
pub struct Desk {
    desk: String,
    /// 工号.
    staff: Option<String>,
    groups: Vec<String>,
    /// `ready`, `ringing`, `talking`, `wrap_up`, `break`, `resting`, `not_answering` or `offline`.
    doing: &'static str,
    /// `null`: since the start.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Moment>,
    /// Of a break: why.
    reason: Option<String>,
    /// The call that it is in.
    call: Option<String>,
    /// Who of it is not heard, or hears nothing: `caller_no_packets`, `caller_hears_nothing`, `desk_no_packets`,
    /// `desk_silent_microphone`, `desk_hears_nothing`.
    troubles: Vec<&'static str>,
}

/// How soon those who wanted a person were answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lately {
    /// Answered, or hung up before.
    wanted: u64,
    answered: u64,
    /// Within fifteen seconds of the call's beginning (GB/T 33358).
    answered_soon: u64,
}

impl Board {
    pub fn of(board: &board::Board, lately: Answering) -> Board {
        let desk = |desk: &board::DeskLine| Desk {
            desk: desk.desk.clone(),
            staff: desk.staff.clone(),
            groups: desk.groups.clone(),
            doing: desk.doing.word(),
            since: desk.since,
            reason: desk.reason.clone(),
            call: desk.call.clone(),
            troubles: desk.troubles.clone(),
        };
        Board {
            taken_at: board.taken_at,
            waiting: board.waiting,
            longest_since: board.longest_since,
            promised: board.promised,
            desks: board.desks.iter().map(desk).collect(),
            lately: Lately {
                wanted: lately.wanted,
                answered: lately.answered,
                answered_soon: lately.answered_soon,
            },
        }
    }
}
