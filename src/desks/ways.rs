//! How the room works, as configured, and the terms on which a caller comes in.

use std::time::Duration;

use super::{Need, Then};

/// More desks than this are never rung for one caller at once.
pub const RING_AT_ONCE: usize = 16;

/// Which desk is rung for a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// The one that has been ready for longest; of those with the skill asked for, the best first.
    #[default]
    LongestIdle,
    /// All that are ready, [`RING_AT_ONCE`] at most.
    RingAll,
    /// In the order of the configuration, one after another.
    Linear,
}

/// What becomes of callers when no desk that fits them is staffed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenEmpty {
    /// They are told at once.
    #[default]
    End,
    Wait,
}

/// What becomes of those who wait at closing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtClosing {
    /// They are served; nobody else is let in.
    #[default]
    Serve,
    End,
}

/// Callbacks that are owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Callbacks {
    pub attempts_at_most: u32,
    /// From one attempt to the next.
    pub retry_after: Duration,
    pub expires_after: Duration,
}

impl Default for Callbacks {
    fn default() -> Self {
        Callbacks {
            attempts_at_most: 3,
            retry_after: Duration::from_secs(900),
            expires_after: Duration::from_secs(8 * 3600),
        }
    }
}

/// How the room works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub strategy: Strategy,
    /// How long one desk rings.
    pub ring: Duration,
    /// 话后处理; zero: none.
    pub wrap_up: Duration,
    /// How long a desk that missed a ring is not rung again, unless for one who does not wait and finds no other.
    pub rest: Duration,
    /// So many misses in a row, and the desk counts as not staffed; 0: never.
    pub misses_at_most: u32,
    /// After this long it is tried again, unless it went ready by itself.
    pub not_answering: Duration,
    pub break_reasons: Vec<String>,
    /// Callers and owed callbacks together.
    pub waiting_at_most: usize,
    pub when_empty: WhenEmpty,
    pub at_closing: AtClosing,
    /// Who left the queue and calls again within this time has his place again; zero: he has not.
    pub redial_within: Duration,
    /// Who leaves earlier hardly waited.
    pub short_abandonment: Duration,
    /// `None`: who wants a callback leaves the room, and somebody else sees to it.
    pub callbacks: Option<Callbacks>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            strategy: Strategy::default(),
            ring: Duration::from_secs(15),
            wrap_up: Duration::ZERO,
            rest: Duration::from_secs(5),
            misses_at_most: 3,
            not_answering: Duration::from_secs(60),
            break_reasons: Vec::new(),
            waiting_at_most: 100,
            when_empty: WhenEmpty::default(),
            at_closing: AtClosing::default(),
            redial_within: Duration::from_secs(300),
            short_abandonment: Duration::from_secs(5),
            callbacks: None,
        }
    }
}

/// On what terms a caller comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long he is rung for, or waits, in all. Who is being rung for when his wait is over is rung for to the end.
    pub patience: Duration,
    /// `None`: he does not wait; each desk that is free is tried once.
    pub queue: Option<Queueing>,
}

/// How a caller waits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queueing {
    pub announcing: Option<Announcing>,
    /// Whom he may have as well after a time, in this order.
    pub widenings: Vec<Widening>,
    /// When, from his coming in, the service hours end for him: he is told so, unless he is being rung for, which
    /// goes on to its end. `None`: he is served on, or there is no end.
    pub hours_end_after: Option<Duration>,
    /// What his wait leads to where nobody was to be had.
    pub then: Then,
}

/// When a caller is told his position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcing {
    pub first_after: Duration,
    /// From one to the next.
    pub each: Duration,
    /// Earlier than `each` where the position has changed, but not before this.
    pub changed_after: Option<Duration>,
}

/// A step of the overflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widening {
    /// From when he came in.
    pub after: Duration,
    pub need: Need,
}
