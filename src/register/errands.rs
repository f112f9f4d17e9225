//! Rows of calls out and of how often each was tried.

use crate::domain::{Moment, PersonId};
use crate::store::rows::CallId;
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    INSERT = "INSERT INTO errands (id, purpose, ticket, call_id, number, staff, asked_by, asked_at, not_before, attempts, \
        state, rehearsal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 'waiting', $10)";
    ONE = "SELECT id, purpose, ticket, call_id, number, staff, asked_by, asked_at, not_before, attempts, tried, state, result, \
        closed_at, rehearsal FROM errands WHERE id = $1";
    DUE = "SELECT id, purpose, ticket, call_id, number, staff, asked_by, asked_at, not_before, attempts, tried, state, result, \
        closed_at, rehearsal FROM errands WHERE state <> 'closed' AND state = 'waiting' AND not_before <= $1 \
        ORDER BY not_before, id LIMIT $2";
    UNDER_WAY = "SELECT id, purpose, ticket, call_id, number, staff, asked_by, asked_at, not_before, attempts, tried, state, result, \
        closed_at, rehearsal FROM errands WHERE state = 'calling' ORDER BY id LIMIT $1";
    NEWEST = "SELECT id, purpose, ticket, call_id, number, staff, asked_by, asked_at, not_before, attempts, tried, state, result, \
        closed_at, rehearsal FROM errands ORDER BY asked_at DESC, id DESC LIMIT $1";
    BEFORE = "SELECT id, purpose, ticket, call_id, number, staff, asked_by, asked_at, not_before, attempts, tried, state, result, \
        closed_at, rehearsal FROM errands WHERE (asked_at, id) < ($1, $2) ORDER BY asked_at DESC, id DESC LIMIT $3";
    OF_TICKET = "SELECT id, purpose, ticket, call_id, number, staff, asked_by, asked_at, not_before, attempts, tried, state, result, \
        closed_at, rehearsal FROM errands WHERE ticket = $1 ORDER BY asked_at DESC, id DESC LIMIT $2";
    SAME_OPEN = "SELECT COUNT(*) AS many FROM errands WHERE number = $1 AND purpose = $2 AND state <> 'closed'";
    REFUSED = "SELECT COUNT(*) AS many FROM errands WHERE ticket = $1 AND result = 'refused'";
    OPEN_COUNT = "SELECT COUNT(*) AS many FROM errands WHERE state <> 'closed'";
    CALLING = "UPDATE errands SET state = 'calling', attempts = $2 WHERE id = $1 AND state = 'waiting'";
    WAITING = "UPDATE errands SET state = 'waiting', not_before = $2 WHERE id = $1 AND state <> 'closed'";
    CLOSED = "UPDATE errands SET state = 'closed', result = $2, closed_at = $3 WHERE id = $1 AND state <> 'closed'";
    WITHDRAWN = "UPDATE errands SET state = 'closed', result = 'withdrawn', closed_at = $2 WHERE id = $1 AND state = 'waiting'";
    INSERT_ATTEMPT = "INSERT INTO errand_attempts (errand, seq, number, started_at, call_id) VALUES ($1, $2, $3, $4, $5)";
    END_ATTEMPT = "UPDATE errand_attempts SET ended_at = $3, result = $4, status = $5 \
        WHERE errand = $1 AND seq = $2 AND ended_at IS NULL";
    TRIED = "UPDATE errands SET tried = tried + 1 WHERE id = $1";
    ATTEMPTS = "SELECT errand, seq, started_at, call_id, ended_at, result, status, \
        EXISTS (SELECT 1 FROM calls c WHERE c.id = errand_attempts.call_id) AS has_call \
        FROM errand_attempts WHERE errand = $1 ORDER BY seq";
    SINCE = "SELECT number, started_at, result FROM errand_attempts WHERE started_at >= $1 ORDER BY started_at LIMIT $2";
    OF_CALL = "SELECT e.id, e.purpose, e.call_id, e.ticket FROM errand_attempts a JOIN errands e ON e.id = a.errand WHERE a.call_id = $1";
    // Each round of a ticket asks once.
    TO_RERATE = "SELECT t.number FROM tickets t JOIN deadlines d ON d.subject = 'ticket:' || t.number \
        AND d.kind = 'rerate' AND d.met_at IS NULL AND d.void_at IS NULL \
        WHERE t.number > $1 AND t.state = 'to_rerate' AND NOT t.rehearsal AND NOT EXISTS (SELECT 1 FROM errands e \
        WHERE e.ticket = t.number AND e.purpose = 'result' AND e.asked_at >= d.started_at) ORDER BY t.number LIMIT $2";
    WISHES = "SELECT b.call_id, b.number, b.requested_at FROM callbacks b WHERE b.requested_at >= $1 \
        AND NOT EXISTS (SELECT 1 FROM errands e WHERE e.call_id = b.call_id AND e.purpose = 'callback') \
        ORDER BY b.requested_at LIMIT $2";
}

/// A call out as it was asked for, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrandRow {
    pub id: String,
    pub purpose: String,
    pub ticket: Option<String>,
    /// The call it is about.
    pub call: Option<CallId>,
    pub number: String,
    pub staff: Option<String>,
    pub asked_by: Option<PersonId>,
    pub asked_at: Moment,
    pub not_before: Moment,
    pub attempts: u64,
    /// Those of them that tried the called person.
    pub tried: u64,
    /// `waiting`, `calling` or `closed`.
    pub state: String,
    pub result: Option<String>,
    pub closed_at: Option<Moment>,
    pub rehearsal: bool,
}

/// One attempt of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    pub seq: u64,
    pub started_at: Moment,
    pub call: CallId,
    /// It was answered, and the call is on record.
    pub has_call: bool,
    pub ended_at: Option<Moment>,
    pub result: Option<String>,
    pub status: Option<u64>,
}

/// What a call out is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrandOfCall {
    pub id: String,
    pub purpose: String,
    pub about: Option<CallId>,
    pub ticket: Option<String>,
}

impl Tx {
    /// Nobody else adds one before this transaction ends.
    pub async fn lock_errands(&mut self) -> Result<(), Error> {
        self.lock("errands").await
    }

    /// A new one, waiting.
    pub async fn insert_errand(&mut self, row: &ErrandRow) -> Result<(), Error> {
        let call = row.call.as_ref().map(|call| call.0.as_str());
        let asked_by = row.asked_by.as_ref().map(|person| person.0.as_str());
        let values = args![
            row.id.as_str(),
            row.purpose.as_str(),
            row.ticket.as_deref(),
            call,
            row.number.as_str(),
            row.staff.as_deref(),
            asked_by,
            row.asked_at,
            row.not_before,
            row.rehearsal
        ];
        self.run(INSERT, values).await?;
        Ok(())
    }

    pub async fn errand(&mut self, id: &str) -> Result<Option<ErrandRow>, Error> {
        let row = self.row(ONE, args![id]).await?;
        row.as_ref().map(errand_row).transpose()
    }

    /// Those that wait and may be called by now, the longest due first.
    pub async fn due_errands(&mut self, now: Moment, limit: u64) -> Result<Vec<ErrandRow>, Error> {
        let rows = self.rows(DUE, args![now, limit]).await?;
        rows.iter().map(errand_row).collect()
    }

    /// Those of which an attempt is being made, or was when the house fell.
    pub async fn errands_under_way(&mut self, limit: u64) -> Result<Vec<ErrandRow>, Error> {
        let rows = self.rows(UNDER_WAY, args![limit]).await?;
        rows.iter().map(errand_row).collect()
    }

    pub async fn newest_errands(&mut self, limit: u64) -> Result<Vec<ErrandRow>, Error> {
        let rows = self.rows(NEWEST, args![limit]).await?;
        rows.iter().map(errand_row).collect()
    }

    /// The newest of those that stand behind this one in the list.
    pub async fn errands_before(
        &mut self,
        last: &ErrandRow,
        limit: u64,
    ) -> Result<Vec<ErrandRow>, Error> {
        let values = args![last.asked_at, last.id.as_str(), limit];
        let rows = self.rows(BEFORE, values).await?;
        rows.iter().map(errand_row).collect()
    }

    /// Newest first.
    pub async fn errands_of_ticket(
        &mut self,
        ticket: &str,
        limit: u64,
    ) -> Result<Vec<ErrandRow>, Error> {
        let rows = self.rows(OF_TICKET, args![ticket, limit]).await?;
        rows.iter().map(errand_row).collect()
    }

    pub async fn has_open_errand(&mut self, number: &str, purpose: &str) -> Result<bool, Error> {
        let row = self.row(SAME_OPEN, args![number, purpose]).await?;
        Ok(many(row)? > 0)
    }

    /// Whether its rater said by key 3, in a call of any purpose, that he wants no more of them.
    pub async fn was_call_out_refused(&mut self, ticket: &str) -> Result<bool, Error> {
        Ok(many(self.row(REFUSED, args![ticket]).await?)? > 0)
    }

    pub async fn open_errand_count(&mut self) -> Result<u64, Error> {
        many(self.row(OPEN_COUNT, args![]).await?)
    }

    /// `false` where it does not wait any more: no errand is under way twice.
    pub async fn begin_errand_attempt(
        &mut self,
        id: &str,
        seq: u64,
        number: &str,
        call: &CallId,
        now: Moment,
    ) -> Result<bool, Error> {
        if self.run(CALLING, args![id, seq]).await? == 0 {
            return Ok(false);
        }
        self.run(INSERT_ATTEMPT, args![id, seq, number, now, call])
            .await?;
        Ok(true)
    }

    /// `false` where it had ended before, or is not on record. `tried`: the called person was.
    pub async fn end_errand_attempt(
        &mut self,
        id: &str,
        seq: u64,
        (result, tried): (&str, bool),
        status: Option<u64>,
        now: Moment,
    ) -> Result<bool, Error> {
        let values = args![id, seq, now, result, status];
        if self.run(END_ATTEMPT, values).await? == 0 {
            return Ok(false);
        }
        if tried {
            self.run(TRIED, args![id]).await?;
        }
        Ok(true)
    }

    pub async fn errand_waits(&mut self, id: &str, not_before: Moment) -> Result<(), Error> {
        self.run(WAITING, args![id, not_before]).await?;
        Ok(())
    }

    pub async fn close_errand(&mut self, id: &str, result: &str, now: Moment) -> Result<(), Error> {
        self.run(CLOSED, args![id, result, now]).await?;
        Ok(())
    }

    /// `false` where it is being called or closed.
    pub async fn withdraw_errand(&mut self, id: &str, now: Moment) -> Result<bool, Error> {
        Ok(self.run(WITHDRAWN, args![id, now]).await? > 0)
    }

    pub async fn errand_attempts(&mut self, id: &str) -> Result<Vec<AttemptRow>, Error> {
        let rows = self.rows(ATTEMPTS, args![id]).await?;
        let attempt = |row: &Row| {
            Ok(AttemptRow {
                seq: row.count("seq")?,
                started_at: row.moment("started_at")?,
                call: CallId(row.get("call_id")?),
                has_call: row.get("has_call")?,
                ended_at: row.maybe_moment("ended_at")?,
                result: row.get("result")?,
                status: row.maybe_count("status")?,
            })
        };
        rows.iter().map(attempt).collect()
    }

    /// Numbers, times and results of the attempts made since then.
    pub async fn errand_attempts_since(
        &mut self,
        since: Moment,
        limit: u64,
    ) -> Result<Vec<(String, Moment, Option<String>)>, Error> {
        let rows = self.rows(SINCE, args![since, limit]).await?;
        let attempt = |row: &Row| {
            Ok((
                row.get("number")?,
                row.moment("started_at")?,
                row.get("result")?,
            ))
        };
        rows.iter().map(attempt).collect()
    }

    /// What a call is for that we made; `None` for one that came in.
    pub async fn errand_of_call(&mut self, call: &CallId) -> Result<Option<ErrandOfCall>, Error> {
        let row = self.row(OF_CALL, args![call]).await?;
        row.map(|row| {
            let about: Option<String> = row.get("call_id")?;
            Ok(ErrandOfCall {
                id: row.get("id")?,
                purpose: row.get("purpose")?,
                about: about.map(CallId),
                ticket: row.get("ticket")?,
            })
        })
        .transpose()
    }

    /// Tickets whose rater may rate again and was not called for it in this round, by number; those behind `after`, all behind `""`.
    pub async fn tickets_to_rerate(
        &mut self,
        after: &str,
        limit: u64,
    ) -> Result<Vec<String>, Error> {
        let rows = self.rows(TO_RERATE, args![after, limit]).await?;
        rows.iter().map(|row| row.get("number")).collect()
    }

    /// Callbacks asked for since then of which there is no errand yet.
    pub async fn callbacks_without_errand(
        &mut self,
        since: Moment,
        limit: u64,
    ) -> Result<Vec<(CallId, Option<String>, Moment)>, Error> {
        let rows = self.rows(WISHES, args![since, limit]).await?;
        let wish = |row: &Row| {
            Ok((
                CallId(row.get("call_id")?),
                row.get("number")?,
                row.moment("requested_at")?,
            ))
        };
        rows.iter().map(wish).collect()
    }
}

fn many(row: Option<Row>) -> Result<u64, Error> {
    row.map_or(Ok(0), |row| row.count("many"))
}

fn errand_row(row: &Row) -> Result<ErrandRow, Error> {
    let call: Option<String> = row.get("call_id")?;
    let asked_by: Option<String> = row.get("asked_by")?;
    Ok(ErrandRow {
        id: row.get("id")?,
        purpose: row.get("purpose")?,
        ticket: row.get("ticket")?,
        call: call.map(CallId),
        number: row.get("number")?,
        staff: row.get("staff")?,
        asked_by: asked_by.map(PersonId),
        asked_at: row.moment("asked_at")?,
        not_before: row.moment("not_before")?,
        attempts: row.count("attempts")?,
        tried: row.count("tried")?,
        state: row.get("state")?,
        result: row.get("result")?,
        closed_at: row.maybe_moment("closed_at")?,
        rehearsal: row.get("rehearsal")?,
    })
}

#[cfg(test)]
mod tests {
    use crate::store::testing::Place;

    /// A page of the list costs what it shows, however far back it begins.
    #[tokio::test]
    async fn a_page_of_calls_out_is_entered_by_index() {
        let place = Place::sqlite(tempfile::tempdir().unwrap());
        let store = place.open().await;
        let plan = store.plan(super::BEFORE).await;
        assert_eq!(
            plan,
            ["SEARCH errands USING INDEX errands_by_time ((asked_at,id)<(?,?))"]
        );
        store.close().await;
    }
}
