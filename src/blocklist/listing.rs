//! A listing as its records make it.

use serde::{Deserialize, Serialize};

use super::table::{Kind, State};
use crate::acts::Way;
use crate::domain::{Applicant, By, Moment, PersonId, TicketNumber};

/// What is done to a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    Propose {
        applicant: Applicant,
        /// By whose rater the identity is named.
        ticket: TicketNumber,
        /// What was judged malicious, the ticket among them.
        evidence: Vec<TicketNumber>,
        reason: String,
    },
    Sign {
        reason: String,
    },
    Decline {
        reason: String,
    },
    Tell {
        way: Way,
        /// The reasons, as the person was told them.
        text: String,
    },
    Object {
        way: Way,
        text: String,
    },
    Uphold {
        reason: String,
    },
    Allow {
        reason: String,
    },
    Lift {
        reason: String,
    },
    Expire {},
}

/// What the trail keeps of an act: enough to rebuild the listing from it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub at: Moment,
    pub by: By,
    #[serde(flatten)]
    pub act: Act,
    pub to: State,
    /// When the twelve months end, where they begin with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Moment>,
}

/// Somebody's listing, or a proposal of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// From 1, in the order of the proposals.
    pub number: u64,
    pub applicant: Applicant,
    pub ticket: TicketNumber,
    pub evidence: Vec<TicketNumber>,
    pub state: State,
    /// One more with each record.
    pub version: u32,
    pub proposed_at: Moment,
    pub proposed_by: Option<PersonId>,
    /// From when what the person rates is 待核.
    pub signed_at: Option<Moment>,
    pub signed_by: Option<PersonId>,
    pub told_at: Option<Moment>,
    /// Which is possible once.
    pub objected_at: Option<Moment>,
    pub ends_at: Option<Moment>,
    pub closed_at: Option<Moment>,
    pub last_at: Moment,
}

impl Act {
    /// What was 待核 because of the listing counts again: it should not have been.
    pub fn releases(&self) -> bool {
        matches!(self, Act::Allow { .. } | Act::Lift { .. })
    }

    pub fn kind(&self) -> &'static Kind {
        let word = match self {
            Act::Propose { .. } => "propose",
            Act::Sign { .. } => "sign",
            Act::Decline { .. } => "decline",
            Act::Tell { .. } => "tell",
            Act::Object { .. } => "object",
            Act::Uphold { .. } => "uphold",
            Act::Allow { .. } => "allow",
            Act::Lift { .. } => "lift",
            Act::Expire {} => "expire",
        };
        Kind::named(word).expect("every act has a row, and a test walks them")
    }

    /// What was said with it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Act::Propose { reason, .. }
            | Act::Sign { reason }
            | Act::Decline { reason }
            | Act::Uphold { reason }
            | Act::Allow { reason }
            | Act::Lift { reason } => Some(reason),
            Act::Tell { text, .. } | Act::Object { text, .. } => Some(text),
            Act::Expire {} => None,
        }
    }
}

impl Listing {
    /// The listing that a proposal opens; `None` where the record is none.
    pub(super) fn opened(number: u64, record: &Record) -> Option<Listing> {
        let Act::Propose {
            applicant,
            ticket,
            evidence,
            ..
        } = &record.act
        else {
            return None;
        };
        Some(Listing {
            number,
            applicant: applicant.clone(),
            ticket: *ticket,
            evidence: evidence.clone(),
            state: record.to,
            version: 1,
            proposed_at: record.at,
            proposed_by: person(&record.by),
            signed_at: None,
            signed_by: None,
            told_at: None,
            objected_at: None,
            ends_at: None,
            closed_at: None,
            last_at: record.at,
        })
    }

    /// From its records in their order; `None` where the first does not open it.
    pub fn replay(number: u64, records: &[Record]) -> Option<Listing> {
        let (first, later) = records.split_first()?;
        let mut listing = Listing::opened(number, first)?;
        later.iter().for_each(|record| listing.apply(record));
        Some(listing)
    }

    /// Adds a record. No rule stands here, so that old records always replay.
    pub fn apply(&mut self, record: &Record) {
        match &record.act {
            Act::Sign { .. } => {
                self.signed_at = Some(record.at);
                self.signed_by = person(&record.by);
                self.ends_at = record.ends_at;
            }
            Act::Tell { .. } => self.told_at = Some(record.at),
            Act::Object { .. } => self.objected_at = Some(record.at),
            _ => {}
        }
        self.state = record.to;
        if self.state.is_over() {
            self.closed_at = Some(record.at);
        }
        self.version += 1;
        self.last_at = record.at;
    }
}

pub(super) fn person(by: &By) -> Option<PersonId> {
    match by {
        By::Person(hand) => Some(hand.person.clone()),
        By::System | By::Rater => None,
    }
}
