//! Attempts, and what is left of them.

use super::asking::{may_be_called, order_of};
use crate::domain::Moment;
use crate::engine::{CallId, Engine, Error};
use crate::errands::{Behind, Ended, Next, Numbers, Order, OrderId, Purpose, Trouble};
use crate::register::{AttemptRow, ErrandRow};
use crate::store::Tx;

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
    /// Errands whose time has come, with what was done for them. One that may not be called any more is closed, and the
    /// others are called all the same.
    pub async fn due_calls_out(
        &self,
        numbers: &Numbers,
        limit: u64,
        now: Moment,
    ) -> Result<Vec<(Order, Behind)>, Error> {
        let rows = self.read().await?.due_errands(now, limit).await?;
        let mut orders = Vec::new();
        for row in rows {
            match order_of(&row, numbers) {
                Ok(order) => orders.push((order, behind(&row))),
                Err(trouble) => {
                    if let Err(error) = self.give_up(&row, trouble, now).await {
                        tracing::warn!(errand = row.id, %error, "a call out that may not be made is closed later");
                    }
                }
            }
        }
        Ok(orders)
    }

    /// How many wait or are under way.
    pub async fn open_call_out_count(&self) -> Result<u64, Error> {
        Ok(self.read().await?.open_errand_count().await?)
    }

    /// Numbers and times of the attempts since then that tried somebody, or may have.
    pub async fn attempts_since(&self, since: Moment) -> Result<Vec<(String, Moment)>, Error> {
        let mut tx = self.read().await?;
        let attempts = tx.errand_attempts_since(since, REMEMBERED).await?;
        let tried = attempts.into_iter().filter(|(_, _, result)| {
            let ended = result.as_deref().and_then(Ended::of_word);
            ended.is_none_or(Ended::tried_him)
        });
        Ok(tried.map(|(number, at, _)| (number, at)).collect())
    }

    /// Writes that somebody is called now; `None` where the errand does not wait any more, or was asked for in vain: what it is about may have
    /// gone on since.
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
        if let Some(row) = tx.errand(id).await?
            && let Err(trouble) = still_wanted(&mut tx, &row).await?
        {
            drop(tx);
            self.give_up(&row, trouble, now).await?;
            return Ok(None);
        }
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

    /// What a write whose answer was lost left of an attempt that nobody makes; `true` where it was on record and is ended now.
    ///
    /// That write may be under way still: it is waited for by its lock, so that nothing of it lands behind this.
    pub async fn end_unmade_attempt(
        &self,
        id: &OrderId,
        seq: u32,
        call: &CallId,
        now: Moment,
    ) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        let row = tx.errand(&id.0).await?;
        let attempts = tx.errand_attempts(&id.0).await?;
        tx.roll_back().await?;
        let is_it = |made: &AttemptRow| {
            made.seq == u64::from(seq) && made.call == *call && made.ended_at.is_none()
        };
        let Some(row) = row.filter(|_| attempts.iter().any(is_it)) else {
            return Ok(false);
        };
        let call = call.clone();
        let attempt = Attempt { row, seq, call };
        let next = Next::Again(now);
        self.end_attempt(&attempt, Ended::Interrupted, None, next, now)
            .await?;
        Ok(true)
    }

    /// Writes how it ended, and what becomes of the errand. A second end changes nothing.
    ///
    /// The ticket is told first: where a write fails, or its answer is lost, all of it is done again, and the attempt's key has the
    /// ticket told once.
    pub async fn end_attempt(
        &self,
        attempt: &Attempt,
        ended: Ended,
        status: Option<u16>,
        next: Next,
        now: Moment,
    ) -> Result<(), Error> {
        let row = &attempt.row;
        let seq = u64::from(attempt.seq);
        let made = self.read().await?.errand_attempts(&row.id).await?;
        let made = made.iter().find(|made| made.seq == seq);
        if made.is_some_and(|made| made.ended_at.is_some()) {
            return Ok(());
        }
        let begun_at = made.map_or(now, |made| made.started_at);
        self.tell_ticket(attempt, ended, begun_at, now).await?;
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        let status = status.map(u64::from);
        let result = (ended.word(), ended.tried_him());
        if !tx
            .end_errand_attempt(&row.id, seq, result, status, now)
            .await?
        {
            return Ok(());
        }
        match next {
            Next::Again(at) => tx.errand_waits(&row.id, at).await?,
            Next::Closed(how) => tx.close_errand(&row.id, how.word(), now).await?,
        }
        let detail = format!("第{}次外呼：{}", attempt.seq, ended.zh());
        tx.note_errand(row, "call_out_ended", detail, None, now)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What was being called when an earlier run fell, at most so many; how many there were. Who had answered is not called again; else he
    /// was not tried, and may be tried again.
    pub async fn close_interrupted_calls_out(&self, limit: u64, now: Moment) -> Result<u64, Error> {
        let rows = self.read().await?.errands_under_way(limit).await?;
        let mut closed = 0;
        for row in rows {
            let attempts = self.read().await?.errand_attempts(&row.id).await?;
            let last = attempts.into_iter().next_back();
            let Some(last) = last.filter(|last| last.ended_at.is_none()) else {
                // Nothing of it is under way.
                let mut tx = self.write().await?;
                tx.errand_waits(&row.id, now).await?;
                tx.commit().await?;
                continue;
            };
            let purpose = Purpose::of_word(&row.purpose);
            let goes_on = purpose.is_some_and(|purpose| behind(&row).goes_on_untried(purpose));
            let (ended, next) = match last.has_call {
                true => (Ended::Failed, Next::Closed(Ended::Failed)),
                false if goes_on => (Ended::Interrupted, Next::Again(now)),
                false => (Ended::Interrupted, Next::Closed(Ended::Interrupted)),
            };
            let attempt = Attempt {
                seq: clamped(last.seq),
                call: last.call,
                row,
            };
            self.end_attempt(&attempt, ended, None, next, now).await?;
            closed += 1;
        }
        Ok(closed)
    }

    async fn give_up(&self, row: &ErrandRow, why: Trouble, now: Moment) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        if tx.withdraw_errand(&row.id, now).await? {
            let detail = format!("不再外呼：{}", why.zh());
            tx.note_errand(row, "call_out_withdrawn", detail, None, now)
                .await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Whether what was asked for still stands: the ticket is where such a call is made, its rater wants calls, and nobody reached him
/// meanwhile.
async fn still_wanted(tx: &mut Tx, row: &ErrandRow) -> Result<Result<(), Trouble>, Error> {
    let ticket = row.ticket.as_ref().and_then(|text| text.parse().ok());
    let Some(ticket) = ticket else {
        return Ok(Ok(()));
    };
    let Some(case) = tx.case(ticket).await? else {
        return Ok(Err(Trouble::NotNow));
    };
    if tx.was_call_out_refused(&ticket.to_string()).await? {
        return Ok(Err(Trouble::NoMoreCalls));
    }
    let is_revisit = row.purpose == Purpose::Revisit.word();
    let mut revisits = case.revisits.iter();
    let reached =
        revisits.any(|revisit| revisit.result.ends() && revisit.at >= row.asked_at && is_revisit);
    Ok(match reached {
        true => Err(Trouble::NotNow),
        false => may_be_called(&case, is_revisit),
    })
}

fn behind(row: &ErrandRow) -> Behind {
    Behind {
        attempts: clamped(row.attempts),
        tried: clamped(row.tried),
    }
}

fn clamped(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
