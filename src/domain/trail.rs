//! The lines of the trail (全过程留痕, 第十七条).

use serde::{Deserialize, Serialize};

use super::article::Article;
use super::decision::Subject;
use super::ticket::Actor;
use super::word::read_word;
use crate::calendar::Moment;

/// What happened, as the trail says it (全过程留痕, 第十七条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Rated,
    TicketOpened,
    RatedAgain,
    DeadlineStarted,
    DeadlineRecounted,
    /// Reasons, keys or a remark that came after the rating was submitted.
    RatingCompleted,
}

/// A line of the trail: only ever added, never changed (第十七条).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub at: Moment,
    pub actor: Actor,
    pub what: What,
    pub about: Subject,
    pub article: Article,
    /// Facts in words; no name, no full number.
    pub detail: String,
    pub rehearsal: bool,
}

impl What {
    pub const ALL: [What; 6] = [
        What::Rated,
        What::TicketOpened,
        What::RatedAgain,
        What::DeadlineStarted,
        What::DeadlineRecounted,
        What::RatingCompleted,
    ];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            What::Rated => "rated",
            What::TicketOpened => "ticket_opened",
            What::RatedAgain => "rated_again",
            What::DeadlineStarted => "deadline_started",
            What::DeadlineRecounted => "deadline_recounted",
            What::RatingCompleted => "rating_completed",
        }
    }
}

read_word!(What, "kind of entry");
