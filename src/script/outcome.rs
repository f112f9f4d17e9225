//! How a call ended: its grade, or why there is none.

use crate::domain::Grade;

/// How a call ended: exactly one per call.
///
/// 推送率, 参评率 and 满意度 are counted from these rows (`domain.md` 8.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A person talked and the caller gave this grade (the last one keyed).
    Graded(Grade),
    /// A person talked and there is no grade; why.
    Ungraded(NoGrade),
    /// No person talked.
    NotConnected(NotConnected),
}

/// Why a talked call has no grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoGrade {
    /// The caller hung up before the rating was offered.
    LeftBeforeOffer,
    /// The caller hung up this long after the offer began, with no key that could grade or was wrong.
    LeftInOffer { after_ms: u64 },
    /// No key in any of the plays.
    Silent,
    /// Only keys that grade nothing.
    InvalidOnly,
    /// Key 9: the caller does not want to rate.
    Declined,
    /// Something of ours failed; the caller is owed an invitation.
    Fault,
}

/// How a call ended in which no person talked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotConnected {
    /// The caller left before a desk answered.
    Abandoned,
    /// A voice message was left.
    Message,
    /// A callback was asked for.
    Callback,
    /// The plan ended the call: nobody could be had, or the centre is closed.
    NoDesk,
    Closed,
    /// Whom we called asked to be called later.
    PutOff,
    /// Whom we called wants no more calls about it.
    Refused,
    Fault,
}

impl Outcome {
    /// The word of the row and of the API: `graded`, `left_before_offer`, `left_in_offer`, `silent`,
    /// `invalid_only`, `declined`, `fault`, `abandoned`, `message`, `callback`, `no_desk`, `closed`,
    /// `put_off`, `refused`, `fault_before_talk`.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Graded(_) => "graded",
            Outcome::Ungraded(NoGrade::LeftBeforeOffer) => "left_before_offer",
            Outcome::Ungraded(NoGrade::LeftInOffer { .. }) => "left_in_offer",
            Outcome::Ungraded(NoGrade::Silent) => "silent",
            Outcome::Ungraded(NoGrade::InvalidOnly) => "invalid_only",
            Outcome::Ungraded(NoGrade::Declined) => "declined",
            Outcome::Ungraded(NoGrade::Fault) => "fault",
            Outcome::NotConnected(NotConnected::Abandoned) => "abandoned",
            Outcome::NotConnected(NotConnected::Message) => "message",
            Outcome::NotConnected(NotConnected::Callback) => "callback",
            Outcome::NotConnected(NotConnected::NoDesk) => "no_desk",
            Outcome::NotConnected(NotConnected::Closed) => "closed",
            Outcome::NotConnected(NotConnected::PutOff) => "put_off",
            Outcome::NotConnected(NotConnected::Refused) => "refused",
            Outcome::NotConnected(NotConnected::Fault) => "fault_before_talk",
        }
    }

    /// Milliseconds into the offer at which the caller left, where that is the outcome.
    pub fn after_ms(&self) -> Option<u64> {
        match self {
            Outcome::Ungraded(NoGrade::LeftInOffer { after_ms }) => Some(*after_ms),
            _ => None,
        }
    }
}
