use serde::Serialize;
use utoipa::ToSchema;

use crate::board;
use crate::domain::{Day, Moment};
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
    /// The hours of today: the centre's, then those of dialplans that have their own today.
    today: Vec<TodayHours>,
    /// Of the calls of the last 24 hours.
    lately: Lately,
}

/// The hours of the day, of the centre or of one dialplan.
#[derive(Debug, Serialize, ToSchema)]
pub struct TodayHours {
    #[schema(value_type = String, format = Date)]
    day: Day,
    /// `ordinary`, `half_day`, `extra` (open though ordinarily closed), `changed`, `closed` or `day_off`.
    kind: &'static str,
    /// From and until, `"08:30-12:00"`; empty: closed all day.
    hours: Vec<String>,
    is_open: bool,
    /// While it is open: until when, `"12:00"`.
    until: Option<String>,
    /// What the day is called.
    name: Option<String>,
    /// `null`: the centre.
    dialplan: Option<String>,
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
        let today = |today: &board::Today| TodayHours {
            day: today.day,
            kind: today.kind.word(),
            hours: today.open.iter().map(ToString::to_string).collect(),
            is_open: today.is_open,
            until: today.until_min.map(board::minute_text),
            name: today.name.clone(),
            dialplan: today.dialplan.clone(),
        };
        Board {
            taken_at: board.taken_at,
            waiting: board.waiting,
            longest_since: board.longest_since,
            promised: board.promised,
            desks: board.desks.iter().map(desk).collect(),
            today: board.today.iter().map(today).collect(),
            lately: Lately {
                wanted: lately.wanted,
                answered: lately.answered,
                answered_soon: lately.answered_soon,
            },
        }
    }
}
