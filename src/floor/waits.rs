//! What a plan says of waiting, as the desks understand it.

use std::time::Duration;

use crate::desks::{Announcing, Need, Queueing, Then, Widening};
use crate::ivr::Waits;

/// How he waits, in the words of the room of desks. Where his wait leads to is the plan's.
pub fn queueing(waits: &Waits, skill: Option<&String>) -> Queueing {
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

/// What is too large to be told is told as the largest.
pub fn clamped<N: TryInto<u16>>(number: N) -> u16 {
    number.try_into().unwrap_or(u16::MAX)
}

/// The timeline's words for a place in the queue.
pub fn position_text(ahead: usize, wait: Option<Duration>) -> String {
    match wait {
        Some(wait) => format!("{ahead} ahead, {} s", wait.as_secs()),
        None => format!("{ahead} ahead"),
    }
}
