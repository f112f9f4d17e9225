//! Times that are not the same for everybody: after an outage a carrier's thousand customers do not come back at once.

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::LONGEST_PAUSE;

/// After so many failures in a row: half to the whole of a bound that doubles (RFC 5626 §4.5).
pub(super) fn pause(first: Duration, failures: u32, chance: &mut StdRng) -> Duration {
    let doubled = 2u32.checked_pow(failures.saturating_sub(1).min(20));
    let bound = first.saturating_mul(doubled.unwrap_or(u32::MAX));
    bound
        .min(LONGEST_PAUSE.max(first))
        .mul_f64(chance.random_range(0.5..=1.0))
}

/// How long after a registration of this length it is renewed: after 80 to 90 % of it, and where it is long enough not
/// later than 64·T1 before its end, so that a lost address leaves time for the next.
pub(super) fn renewal(granted: Duration, chance: &mut StdRng) -> Duration {
    const LEAD: Duration = Duration::from_secs(32);
    let early = granted.mul_f64(chance.random_range(0.1..=0.2));
    granted - early.max(LEAD.min(granted / 2))
}

/// An interval, a tenth more or less.
pub(super) fn about(interval: Duration, chance: &mut StdRng) -> Duration {
    interval.mul_f64(chance.random_range(0.9..=1.1))
}

/// Letters and digits for a cnonce.
pub(super) fn cnonce(chance: &mut StdRng) -> String {
    format!("{:032x}", chance.random::<u128>())
}
