//! The shells' clocks, and a call's own.

use std::time::Instant;

pub use crate::clocks::{instant, moment};
use crate::domain::Moment;

/// A call's own time: zero is its answer. Civil times within a call are the answer's plus what the
/// monotonic clock says, so that a clock step changes nothing in a running call.
#[derive(Debug, Clone, Copy)]
pub struct CallClock {
    answered: Instant,
    answered_at: Moment,
}

impl CallClock {
    /// Of a call that is answered in this moment.
    pub fn answered_now() -> Self {
        CallClock {
            answered: instant(),
            answered_at: moment(),
        }
    }

    /// From the answer to `at`, in ms.
    pub fn offset_ms(&self, at: Instant) -> i64 {
        i64::try_from(at.saturating_duration_since(self.answered).as_millis()).unwrap_or(i64::MAX)
    }

    /// The civil time of `at`.
    pub fn moment(&self, at: Instant) -> Moment {
        self.answered_at.plus_millis(self.offset_ms(at))
    }
}
