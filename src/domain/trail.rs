//! The lines of the trail (全过程留痕, 第十七条).

use serde::Serialize;

use super::hand::PersonId;
use super::subject::Subject;
use super::ticket::Actor;
use crate::calendar::Moment;
use crate::terms::Article;

/// What happened, as the trail says it (全过程留痕, 第十七条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    Rated,
    /// 默认评价 (第十五条).
    Defaulted,
    TicketOpened,
    RatedAgain,
    DeadlineStarted,
    DeadlineRecounted,
    /// Reasons, keys or a remark that came after the rating was submitted.
    RatingCompleted,
    /// An act on a ticket or a listing, by its word.
    Act(&'static str),
    /// The hash of a day's last entry.
    DayClosed,
}

/// A line of the trail: only ever added, never changed (第十七条).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub at: Moment,
    pub actor: Actor,
    /// Where a person acted.
    pub person: Option<PersonId>,
    pub what: What,
    pub about: Subject,
    pub article: Article,
    /// Facts in words; no name, no full number.
    pub detail: String,
    /// The act whole, as JSON: from these a ticket's state is replayed.
    pub record: Option<String>,
    pub rehearsal: bool,
}

impl What {
    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            What::Rated => "rated",
            What::Defaulted => "defaulted",
            What::TicketOpened => "ticket_opened",
            What::RatedAgain => "rated_again",
            What::DeadlineStarted => "deadline_started",
            What::DeadlineRecounted => "deadline_recounted",
            What::RatingCompleted => "rating_completed",
            What::Act(word) => word,
            What::DayClosed => "day_closed",
        }
    }
}

impl Serialize for What {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
