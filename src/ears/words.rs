//! The timeline's words for what other rooms name.

use crate::ivr::{Unavailable, Way};
use crate::media::{self, Side};

/// A key's way, as the conversation calls it.
pub fn from_media(way: media::Way) -> Way {
    match way {
        media::Way::TelephoneEvent => Way::TelephoneEvent,
        media::Way::InBand => Way::InBand,
    }
}

/// Which side.
pub fn side_word(side: Side) -> &'static str {
    match side {
        Side::Caller => "caller",
        Side::Desk => "desk",
        Side::Second => "second_desk",
        Side::Ear => "supervisor",
    }
}

/// Why no desk was had.
pub fn unavailable_word(why: Unavailable) -> &'static str {
    match why {
        Unavailable::NoAnswer => "no_answer",
        Unavailable::Busy => "busy",
        Unavailable::Failed => "failed",
        Unavailable::Full => "full",
        Unavailable::Empty => "empty",
        Unavailable::WaitedOut => "waited_out",
        Unavailable::Closed => "closed",
    }
}
