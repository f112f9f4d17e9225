//! How long callers waited in the queue, and what they got.

use super::driver::{Row, Tx, args};
use super::rows::{CallId, LeftPlace, WaitEnd};
use super::{Error, statements};
use crate::domain::Moment;

statements! {
    // The first wait is the call's: who lost his desk and waits again had got what he waited for.
    QUEUED = "UPDATE calls SET queued_at = COALESCE(queued_at, $2) WHERE id = $1";
    // What a crash made an abandonment may still be told of by the journal.
    WAIT_ENDED = "UPDATE calls SET queue_end = $2, queue_waited_ms = $3 WHERE id = $1 \
        AND (queue_end IS NULL OR queue_end = 'abandoned')";
    LEFT_WAITING = "UPDATE calls SET queue_end = 'abandoned', \
        queue_waited_ms = CASE WHEN $2 > queued_at THEN $2 - queued_at ELSE 0 END \
        WHERE id = $1 AND queued_at IS NOT NULL AND queue_end IS NULL";
    // Who called again since and got what he wanted has no place any more.
    LEFT_PLACES = "SELECT c.caller, c.ended_at FROM calls c WHERE c.started_at >= $1 \
        AND c.caller IS NOT NULL AND c.queued_at IS NOT NULL \
        AND ((c.queue_end = 'abandoned' AND c.ended_at >= $2) \
            OR (c.queue_end IS NULL AND c.ended_at IS NULL)) \
        AND NOT EXISTS (SELECT 1 FROM calls later WHERE later.started_at > c.started_at \
            AND later.caller = c.caller AND later.queue_end <> 'abandoned') \
        ORDER BY c.queued_at, c.id LIMIT $3";
}

impl Tx {
    /// The caller came into the queue; false where there is no such call.
    pub async fn set_queued(&mut self, id: &CallId, at: Moment) -> Result<bool, Error> {
        Ok(self.run(QUEUED, args![id, at]).await? > 0)
    }

    /// His wait ended. One that ended otherwise before keeps its end.
    pub async fn set_wait_end(
        &mut self,
        id: &CallId,
        how: WaitEnd,
        waited_ms: u64,
    ) -> Result<(), Error> {
        self.run(WAIT_ENDED, args![id, how.word(), waited_ms])
            .await?;
        Ok(())
    }

    /// The call ends: who waits still, and got nothing, has abandoned it.
    pub(super) async fn leave_waiting(&mut self, id: &CallId, at: Moment) -> Result<(), Error> {
        self.run(LEFT_WAITING, args![id, at]).await?;
        Ok(())
    }

    /// Who left the queue at or after `left_since`, or was cut off in it, of the calls since `started_since`: in the
    /// order in which they came into it, `limit` at most.
    pub async fn left_places(
        &mut self,
        started_since: Moment,
        left_since: Moment,
        limit: i64,
    ) -> Result<Vec<LeftPlace>, Error> {
        let values = args![started_since, left_since, limit];
        let rows = self.rows(LEFT_PLACES, values).await?;
        let read = |row: &Row| {
            Ok(LeftPlace {
                number: row.get("caller")?,
                left_at: row.maybe_moment("ended_at")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
