//! How a hunt ends, in the words of calls and of counters.

use crate::desks::{How, NoDesk};
use crate::ivr::Unavailable;

pub(super) fn unavailable(why: NoDesk) -> Unavailable {
    match why {
        NoDesk::NoAnswer => Unavailable::NoAnswer,
        NoDesk::Busy => Unavailable::Busy,
        NoDesk::Failed => Unavailable::Failed,
        NoDesk::Full => Unavailable::Full,
        NoDesk::Empty => Unavailable::Empty,
        NoDesk::WaitedOut => Unavailable::WaitedOut,
        NoDesk::Closed => Unavailable::Closed,
    }
}

pub(super) fn word(how: How) -> &'static str {
    match how {
        How::Talk => "talk",
        How::Callback => "callback",
        How::Message => "message",
        How::Abandoned { short: false } => "abandoned",
        How::Abandoned { short: true } => "abandoned_at_once",
        How::TurnedAway(_) => "turned_away",
    }
}
