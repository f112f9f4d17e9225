//! How long callers waited in the queue, and what they got.

use super::driver::{Row, Tx, args};
use super::rows::{CallId, LeftPlace, QueueWait, WaitEnd};
use super::{Error, statements};
use crate::domain::Moment;

statements! {
    // The first wait is the call's: who lost his desk and waits again had got what he waited for.
    QUEUED_FIRST = "UPDATE calls SET queued_at = COALESCE(queued_at, $2) WHERE id = $1";
    QUEUED = "INSERT INTO call_queue_waits (call_id, nth, queue, queued_at) \
        SELECT id, $2, $3, $4 FROM calls WHERE id = $1 ON CONFLICT (call_id, nth) DO NOTHING";
    QUEUED_BEFORE = "SELECT 1 AS one FROM call_queue_waits WHERE call_id = $1 AND nth = $2";
    // What a crash made an abandonment may still be told of by the journal.
    FIRST_ENDED = "UPDATE calls SET queue_end = $2, queue_waited_ms = $3 WHERE id = $1 \
        AND (queue_end IS NULL OR queue_end = 'abandoned')";
    WAIT_ENDED = "UPDATE call_queue_waits SET how = $3, waited_ms = $4 WHERE call_id = $1 AND nth = $2 \
        AND (how IS NULL OR how = 'abandoned')";
    LEFT_QUEUE = "UPDATE call_queue_waits SET how = 'abandoned', \
        waited_ms = CASE WHEN $2 > queued_at THEN $2 - queued_at ELSE 0 END \
        WHERE call_id = $1 AND how IS NULL";
    WAITS = "SELECT nth, queue, queued_at, waited_ms, how FROM call_queue_waits WHERE call_id = $1 ORDER BY nth";
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
    /// The caller came into a queue for the `nth` time, from 1; false where there is no such call.
    pub async fn set_queued(
        &mut self,
        id: &CallId,
        nth: u64,
        queue: Option<&str>,
        at: Moment,
    ) -> Result<bool, Error> {
        if nth == 1 {
            self.run(QUEUED_FIRST, args![id, at]).await?;
        }
        if self.run(QUEUED, args![id, nth, queue, at]).await? > 0 {
            return Ok(true);
        }
        Ok(self.row(QUEUED_BEFORE, args![id, nth]).await?.is_some())
    }

    /// His `nth` wait ended. One that ended otherwise before keeps its end.
    pub async fn set_wait_end(
        &mut self,
        id: &CallId,
        nth: u64,
        how: WaitEnd,
        waited_ms: u64,
    ) -> Result<(), Error> {
        if nth == 1 {
            self.run(FIRST_ENDED, args![id, how.word(), waited_ms])
                .await?;
        }
        self.run(WAIT_ENDED, args![id, nth, how.word(), waited_ms])
            .await?;
        Ok(())
    }

    /// The caller's waits in the queue, in their order.
    pub async fn queue_waits(&mut self, id: &CallId) -> Result<Vec<QueueWait>, Error> {
        let rows = self.rows(WAITS, args![id]).await?;
        let read = |row: &Row| {
            Ok(QueueWait {
                nth: row.count("nth")?,
                queue: row.get("queue")?,
                queued_at: row.moment("queued_at")?,
                waited_ms: row.maybe_count("waited_ms")?,
                end: row.maybe_word("how")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The call ends: who waits still, and got nothing, has abandoned it.
    pub(super) async fn leave_waiting(&mut self, id: &CallId, at: Moment) -> Result<(), Error> {
        self.run(LEFT_WAITING, args![id, at]).await?;
        self.run(LEFT_QUEUE, args![id, at]).await?;
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
