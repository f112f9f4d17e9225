use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ErrandPurposeWord, ErrandStateWord};
use crate::domain::{Moment, mask};
use crate::outward::{AttemptRow, ErrandRow};

/// A call that the house makes (外呼), and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Errand {
    #[schema(example = "out-20260918100500-5f3a9c")]
    id: String,
    #[schema(value_type = ErrandPurposeWord)]
    purpose: String,
    /// Whose rater is called; `null` for a callback.
    ticket: Option<String>,
    /// The call that it is about.
    call: Option<String>,
    /// Masked.
    number: String,
    /// 工号 of the desk that is rung first; `null`: any that is free, or none.
    staff: Option<String>,
    /// Id of the person who asked for it; `null`: the machine, or somebody at it.
    asked_by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Moment,
    /// Nobody is called before it.
    #[schema(value_type = String, format = DateTime)]
    not_before: Moment,
    #[schema(value_type = ErrandStateWord)]
    state: String,
    /// Once it is closed, such as `answered`, `no_answer`, `withdrawn`.
    #[schema(example = "answered")]
    result: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Moment>,
    rehearsal: bool,
    /// In their order.
    attempts: Vec<ErrandAttempt>,
}

/// One attempt of a call out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrandAttempt {
    #[schema(value_type = String, format = DateTime)]
    started_at: Moment,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Moment>,
    /// `null`: under way.
    #[schema(example = "busy")]
    result: Option<String>,
    /// The final response (RFC 3261 §21), where there was one.
    #[schema(example = 486)]
    status: Option<u64>,
    /// The call on record, where it was answered.
    call: Option<String>,
}

/// A call out to be asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewErrand {
    #[schema(value_type = ErrandPurposeWord)]
    pub purpose: String,
    /// For `revisit` and `result`: the number of the ticket whose rater is called.
    pub ticket: Option<String>,
    /// For `callback`: the call in which it was asked for.
    pub call: Option<String>,
}

impl From<(ErrandRow, Vec<AttemptRow>)> for Errand {
    fn from((row, attempts): (ErrandRow, Vec<AttemptRow>)) -> Self {
        Errand {
            id: row.id,
            purpose: row.purpose,
            ticket: row.ticket,
            call: row.call.map(|call| call.0),
            number: mask(&row.number),
            staff: row.staff,
            asked_by: row.asked_by.map(|person| person.0),
            asked_at: row.asked_at,
            not_before: row.not_before,
            state: row.state,
            result: row.result,
            closed_at: row.closed_at,
            rehearsal: row.rehearsal,
            attempts: attempts.into_iter().map(ErrandAttempt::from).collect(),
        }
    }
}

impl From<AttemptRow> for ErrandAttempt {
    fn from(row: AttemptRow) -> Self {
        ErrandAttempt {
            started_at: row.started_at,
            ended_at: row.ended_at,
            result: row.result,
            status: row.status,
            call: row.has_call.then_some(row.call.0),
        }
    }
}
