//! What somebody wants called, and where it stands.

use super::Ended;
use super::number::Number;
use crate::domain::Moment;

/// Names an errand for good.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(pub String);

/// What a call out is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// A person calls the rater of a bad grade (第八条, P32).
    Revisit,
    /// The machine tells that the matter is settled and asks for the second rating (第十三条, P35).
    Result,
    /// Asked for where nobody could be had, or instead of waiting (P31).
    Callback,
}

impl Purpose {
    pub const ALL: [Purpose; 3] = [Purpose::Revisit, Purpose::Result, Purpose::Callback];

    pub const fn word(self) -> &'static str {
        match self {
            Purpose::Revisit => "revisit",
            Purpose::Result => "result",
            Purpose::Callback => "callback",
        }
    }

    pub fn of_word(word: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|known| known.word() == word)
    }

    /// Whether a desk is rung first.
    pub const fn has_desk(self) -> bool {
        !matches!(self, Purpose::Result)
    }

    /// How often he is tried. A person who clicks tries himself; his three attempts are the ticket's (D11).
    pub const fn attempts_at_most(self) -> u32 {
        match self {
            Purpose::Revisit => 1,
            Purpose::Result | Purpose::Callback => 3,
        }
    }

    /// Attempts that never tried him, before it is given up: some days of a line that is down. A person who clicks sees that nothing came
    /// of it, and is not rung again unasked.
    pub const fn untried_at_most(self) -> u32 {
        match self {
            Purpose::Revisit => 1,
            Purpose::Result | Purpose::Callback => 40,
        }
    }
}

/// An errand as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub purpose: Purpose,
    pub number: Number,
    /// Not earlier than this.
    pub not_before: Moment,
}

/// Where an errand stands: waiting → calling → waiting or closed; nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    Waiting,
    Calling,
    Closed(Ended),
}

impl Stage {
    pub const fn word(self) -> &'static str {
        match self {
            Stage::Waiting => "waiting",
            Stage::Calling => "calling",
            Stage::Closed(_) => "closed",
        }
    }
}
