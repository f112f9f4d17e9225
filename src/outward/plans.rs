//! Which calls out a dialplan answers now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::errands::Purpose;

/// The purposes that a dialplan answers (`out:…` of its `answers`). Shared by who asks for calls and who makes them, for
/// dialplans change while the house runs.
#[derive(Debug, Clone, Default)]
pub struct Plans(Arc<[AtomicBool; Purpose::ALL.len()]>);

impl Plans {
    pub fn of(is_answered: impl Fn(Purpose) -> bool) -> Plans {
        let plans = Plans::default();
        plans.are(is_answered);
        plans
    }

    /// From now on these.
    pub fn are(&self, is_answered: impl Fn(Purpose) -> bool) {
        for (held, purpose) in self.0.iter().zip(Purpose::ALL) {
            held.store(is_answered(purpose), Ordering::Relaxed);
        }
    }

    pub fn answer(&self, purpose: Purpose) -> bool {
        let mut known = self.0.iter().zip(Purpose::ALL);
        known.any(|(held, known)| known == purpose && held.load(Ordering::Relaxed))
    }
}
