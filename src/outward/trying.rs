//! Attempts, and what is left of them.

use super::asking::order_of;
use crate::domain::Moment;
use crate::engine::{CallId, Engine, Error};
use crate::errands::{Ended, Next, Numbers, Order, Purpose};
use crate::register::ErrandRow;

/// An attempt that is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub row: ErrandRow,
    /// From 1.
    pub seq: u32,
    /// The call that it becomes where it is answered.
    pub call: CallId,
}

/// Attempts of a day that are remembered; more are not made.
const REMEMBERED: u64 = 100_000;

impl Engine {
    /// Errands that are open, with what they call and how often it was tried. What may not be called any more is closed.
    pub async fn open_calls_out(
        &self,
        numbers: &Numbers,
        limit: u64,
        now: Moment,
    ) -> Result<Vec<(Order, u32)>, Error> {
        let rows = self.read().await?.open_errands(limit).await?;
        let mut orders = Vec::new();
        for row in rows {
            match order_of(&row, numbers) {
                Ok(order) => orders.push((order, clamped(row.attempts))),
                Err(trouble) => self.give_up(&row, trouble.zh(), now).await?,
            }
        }
        Ok(orders)
    }

    /// Numbers and times of the attempts of a day.
    pub async fn attempts_since(&self, since: Moment) -> Result<Vec<(String, Moment)>, Error> {
        let mut tx = self.read().await?;
        Ok(tx.errand_attempts_since(since, REMEMBERED).await?)
    }

    /// Writes that somebody is called now; `None` where the errand does not wait any more.
    pub async fn begin_attempt(
        &self,
        order: &Order,
        seq: u32,
        call: &CallId,
        now: Moment,
    ) -> Result<Option<Attempt>, Error> {
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        let id = order.id.0.as_str();
        let number = order.number.as_str();
        if !tx
            .begin_errand_attempt(id, seq.into(), number, call, now)
            .await?
        {
            return Ok(None);
        }
        let row = tx.errand(id).await?;
        tx.commit().await?;
        Ok(row.map(|row| Attempt {
            row,
            seq,
            call: call.clone(),
        }))
    }

    /// Writes how it ended, and what becomes of the errand. A second end changes nothing.
    pub async fn end_attempt(
        &self,
        attempt: &Attempt,
        ended: Ended,
        status: Option<u16>,
        next: Next,
        now: Moment,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        let row = &attempt.row;
        let status = status.map(u64::from);
        if !tx
            .end_errand_attempt(&row.id, attempt.seq.into(), ended.word(), status, now)
            .await?
        {
            return Ok(());
        }
        match next {
            Next::Again(at) => tx.errand_waits(&row.id, at).await?,
            Next::Closed(how) => tx.close_errand(&row.id, how.word(), now).await?,
        }
        let detail = format!("第{}次外呼：{}", attempt.seq, ended.zh());
        tx.note_errand(row, "call_out_ended", detail, now).await?;
        tx.commit().await?;
        self.tell_ticket(attempt, ended, now).await;
        Ok(())
    }

    /// What was being called when an earlier run fell. Who had answered is not called again; else it may be tried again.
    pub async fn close_interrupted_calls_out(&self, limit: u64, now: Moment) -> Result<u64, Error> {
        let rows = self.read().await?.open_errands(limit).await?;
        let mut closed = 0;
        for row in rows.into_iter().filter(|row| row.state == "calling") {
            let attempts = self.read().await?.errand_attempts(&row.id).await?;
            let Some(last) = attempts.into_iter().next_back() else {
                continue;
            };
            let at_most = Purpose::of_word(&row.purpose).map_or(0, Purpose::attempts_at_most);
            let again = !last.has_call && clamped(row.attempts) < at_most;
            let next = match again {
                true => Next::Again(now),
                false => Next::Closed(Ended::Interrupted),
            };
            let attempt = Attempt {
                seq: clamped(last.seq),
                call: last.call,
                row,
            };
            self.end_attempt(&attempt, Ended::Interrupted, None, next, now)
                .await?;
            closed += 1;
        }
        Ok(closed)
    }

    async fn give_up(&self, row: &ErrandRow, why: &str, now: Moment) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        if tx.withdraw_errand(&row.id, now).await? {
            let detail = format!("不再外呼：{why}");
            tx.note_errand(row, "call_out_withdrawn", detail, now)
                .await?;
        }
        Ok(tx.commit().await?)
    }
}

fn clamped(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
