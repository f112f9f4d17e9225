//! How a hunt begins and ends, in the words of calls, of desks and of counters.

use super::Wanted;
use crate::desks::{CallerId, Event, How, Need, NoDesk, Terms};
use crate::ivr::Unavailable;

/// He wants a desk, for the first time or `again`.
pub(super) fn wants(
    caller: CallerId,
    wanted: &Wanted,
    need: Need,
    terms: Terms,
    again: bool,
) -> Event {
    match again {
        true => Event::WantedAgain {
            caller,
            need,
            terms,
        },
        false => Event::Wanted {
            caller,
            number: wanted.caller_number.clone(),
            need,
            terms,
        },
    }
}

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
