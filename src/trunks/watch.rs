//! Whether one address answers.

use std::time::Instant;

use super::Target;

/// What is known of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// Not asked yet: taken to be there.
    Unknown,
    Up,
    /// Silent, or it said that it serves nobody (503).
    Down,
}

/// One address and when it is asked again.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub target: Target,
    pub health: Health,
    /// The next OPTIONS; `None` while one is under way, or where none are sent.
    pub next: Option<Instant>,
    /// The OPTIONS under way.
    pub asked: Option<u64>,
    /// A REGISTER in this round of addresses found it silent.
    pub tried: bool,
}

impl Watched {
    pub fn new(target: Target, next: Option<Instant>) -> Watched {
        Watched {
            target,
            health: Health::Unknown,
            next,
            asked: None,
            tried: false,
        }
    }

    /// Whether something may be sent there.
    pub fn is_open(&self) -> bool {
        self.health != Health::Down
    }
}
