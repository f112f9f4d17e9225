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
    /// A REGISTER in this round of addresses did not bind us there.
    pub tried: bool,
    /// REGISTERs in a row that it did not grant.
    pub refusals: u32,
    /// Until then it is not asked while a binding elsewhere holds (RFC 5626 §4.5, for each address by itself).
    pub rests_until: Option<Instant>,
}

impl Watched {
    pub fn new(target: Target, next: Option<Instant>) -> Watched {
        Watched {
            target,
            health: Health::Unknown,
            next,
            asked: None,
            tried: false,
            refusals: 0,
            rests_until: None,
        }
    }

    /// Whether something may be sent there.
    pub fn is_open(&self) -> bool {
        self.health != Health::Down
    }

    /// Whether it has refused a REGISTER so lately that another one waits.
    pub fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }
}
