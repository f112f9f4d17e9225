//! Whether a write is on record already: a write whose answer was lost is told again, and told
//! again it must change nothing.

use super::driver::{Tx, Value, args};
use super::rows::{CallId, KeyedGrade, KeyedReason};
use super::{Error, statements};
use crate::domain::Moment;

statements! {
    SAME_GRADE = "SELECT 1 AS found FROM keyed_grades WHERE call_id = $1 AND grade = $2 \
        AND key = $3 AND at = $4 AND offset_ms = $5 LIMIT 1";
    SAME_WITHDRAWAL = "SELECT 1 AS found FROM keyed_grades WHERE call_id = $1 \
        AND grade IS NULL AND at = $2 LIMIT 1";
    SAME_REASON = "SELECT 1 AS found FROM reasons WHERE call_id = $1 AND code = $2 \
        AND key = $3 AND at = $4 AND offset_ms = $5 LIMIT 1";
}

impl Tx {
    pub async fn knows_grade(&mut self, id: &CallId, keyed: &KeyedGrade) -> Result<bool, Error> {
        let values = args![id, keyed.grade, keyed.key, keyed.at, keyed.offset_ms];
        self.finds(SAME_GRADE, values).await
    }

    pub async fn knows_withdrawal(&mut self, id: &CallId, at: Moment) -> Result<bool, Error> {
        self.finds(SAME_WITHDRAWAL, args![id, at]).await
    }

    pub async fn knows_reason(&mut self, id: &CallId, reason: &KeyedReason) -> Result<bool, Error> {
        let values = args![id, &reason.code, reason.key, reason.at, reason.offset_ms];
        self.finds(SAME_REASON, values).await
    }

    async fn finds(&mut self, sql: &'static str, values: Vec<Value>) -> Result<bool, Error> {
        Ok(self.row(sql, values).await?.is_some())
    }
}
