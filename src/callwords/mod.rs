//! What one room of a call says, in the words of another. Pure.

use std::time::Duration;

use crate::desks::{Announcing, Need, Queueing, Then, Widening};
use crate::errands::Ended;
use crate::ivr::{NotConnected, Outcome, Unavailable, Waits, Way};
use crate::media::{self, Side};
use crate::talk::Why;

pub(crate) fn from_media(way: media::Way) -> Way {
    match way {
        media::Way::TelephoneEvent => Way::TelephoneEvent,
        media::Way::InBand => Way::InBand,
    }
}

pub(crate) fn side_word(side: Side) -> &'static str {
    match side {
        Side::Caller => "caller",
        Side::Desk => "desk",
        Side::Second => "second_desk",
        Side::Ear => "supervisor",
    }
}

pub(crate) fn unavailable_word(why: Unavailable) -> &'static str {
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

/// How he waits, in the words of the room of desks. Where his wait leads to is the plan's.
pub(crate) fn queueing(waits: &Waits, skill: Option<&String>) -> Queueing {
    let announcing = waits.told_ms.map(|(first_ms, each_ms)| Announcing {
        first_after: Duration::from_millis(first_ms),
        each: Duration::from_millis(each_ms),
        changed_after: None,
    });
    let widening = waits.overflow.iter().map(|(after_ms, group)| Widening {
        after: Duration::from_millis(*after_ms),
        need: Need {
            group: Some(group.clone()),
            skill: skill.cloned(),
        },
    });
    Queueing {
        announcing,
        widenings: widening.collect(),
        hours_end_after: None,
        then: Then::Unavailable,
    }
}

pub(crate) fn clamped<N: TryInto<u16>>(number: N) -> u16 {
    number.try_into().unwrap_or(u16::MAX)
}

pub(crate) fn position_text(ahead: usize, wait: Option<Duration>) -> String {
    match wait {
        Some(wait) => format!("{ahead} ahead, {} s", wait.as_secs()),
        None => format!("{ahead} ahead"),
    }
}

/// Why nobody was rung in his place, as a talk says it.
pub(crate) fn said(why: Unavailable) -> Why {
    match why {
        Unavailable::Busy | Unavailable::Full => Why::Busy,
        Unavailable::NoAnswer | Unavailable::WaitedOut => Why::NoAnswer,
        Unavailable::Failed | Unavailable::Empty | Unavailable::Closed => Why::Unreachable,
    }
}

/// What the conversation says of the attempt. Who hung up or kept silent before he chose was not reached.
pub(crate) fn how(outcome: &Outcome) -> Ended {
    match outcome {
        Outcome::Graded(_) | Outcome::Ungraded(_) => Ended::Answered,
        Outcome::NotConnected(why) => match why {
            NotConnected::PutOff => Ended::Later,
            NotConnected::Refused => Ended::Refused,
            NotConnected::Fault => Ended::Failed,
            NotConnected::Abandoned | NotConnected::NoDesk | NotConnected::Closed => {
                Ended::NoAnswer
            }
            NotConnected::Message | NotConnected::Callback => Ended::Answered,
        },
    }
}

/// Which queue it is that he waits in for this: `forest`, `forest/permits`; `None`: any desk will do.
pub(crate) fn queue_of(need: &Need) -> Option<String> {
    let parts = [need.group.as_deref(), need.skill.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_named_by_what_is_asked_for() {
        let need = |group: Option<&str>, skill: Option<&str>| {
            queue_of(&Need {
                group: group.map(str::to_owned),
                skill: skill.map(str::to_owned),
            })
        };
        assert_eq!(need(None, None), None);
        assert_eq!(need(Some("forest"), None).as_deref(), Some("forest"));
        assert_eq!(need(None, Some("permits")).as_deref(), Some("permits"));
        let both = need(Some("forest"), Some("permits"));
        assert_eq!(both.as_deref(), Some("forest/permits"));
    }
}
