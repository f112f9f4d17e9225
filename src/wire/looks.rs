use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SightWord;
use crate::domain::Moment;
use crate::staff::LookRow;

/// A look at a caller's number or a recording, as it was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Look {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    call: String,
    #[schema(value_type = SightWord)]
    sight: &'static str,
    /// Name of the person or of the token.
    asker: String,
    ticket: Option<String>,
    callers_request: bool,
    reason: String,
    /// `granted`, `pending`, `refused`: as it was judged when it was asked for.
    #[schema(example = "granted")]
    verdict: &'static str,
    refusal: Option<String>,
    /// What the second person said; `null` where nobody has, or nobody has to.
    answer: Option<SecondSaid>,
    /// The caller's whole number, to whom it was just granted; `null` in lists.
    number: Option<String>,
}

/// A second person's answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondSaid {
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    second: String,
    agreed: bool,
    note: String,
}

/// A look to be asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLook {
    #[schema(value_type = SightWord)]
    pub sight: String,
    /// Number of a ticket of this call; or else `callers_request`.
    pub ticket: Option<String>,
    /// The caller asked for it.
    #[serde(default)]
    pub callers_request: bool,
    /// 4 to 500 characters.
    pub reason: String,
}

/// An answer to a pending look.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookAnswer {
    pub agreed: bool,
    pub note: Option<String>,
}

impl Look {
    pub fn is_granted(&self) -> bool {
        self.verdict == "granted" || self.answer.as_ref().is_some_and(|answer| answer.agreed)
    }

    /// Puts the number in, for whom it was granted.
    pub fn show(&mut self, number: Option<String>) {
        self.number = number;
    }
}

impl From<LookRow> for Look {
    fn from(row: LookRow) -> Self {
        Look {
            id: row.id,
            at: row.at,
            call: row.call.0,
            sight: row.sight.word(),
            asker: row.asker,
            ticket: row.ticket,
            callers_request: row.callers_request,
            reason: row.reason,
            verdict: row.verdict.word(),
            refusal: row.refusal,
            answer: row.answer.map(|answer| SecondSaid {
                at: answer.at,
                second: answer.second,
                agreed: answer.agreed,
                note: answer.note,
            }),
            number: None,
        }
    }
}
