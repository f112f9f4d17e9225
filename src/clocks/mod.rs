//! The clocks of the shells. The core is told the time, and never asks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::domain::Moment;

/// The monotonic clock: how long.
#[allow(clippy::disallowed_methods)] // a shell: it tells the machines the time
pub fn instant() -> Instant {
    Instant::now()
}

/// The civil clock, to a millisecond: which day.
#[allow(clippy::disallowed_methods)] // a shell: it tells the engine the time
pub fn moment() -> Moment {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
