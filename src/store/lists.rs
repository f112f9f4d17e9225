//! Lists, newest first, by keyset: what comes in later never shifts a page.

use super::driver::{Row, Tx, Value, args};
use super::rows::{CallId, CallState};
use super::shown::{call_row, rating_row, ticket_row};
use super::views::{
    CallFilter, CallRow, RatingFilter, RatingRow, RemarkRow, TicketFilter, TicketRow,
};
use super::{Error, statements};
use crate::domain::{Day, Grade, Moment, Polarity, State, UnitId};

/// A ticket was sent to one of the units: a slip in the drawer is not the unit's to see yet. An id holds no
/// comma, so that between commas it is found whole.
macro_rules! sent_to {
    ($ticket:literal, $units:literal) => {
        concat!(
            "(CAST(",
            $units,
            " AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM orders o WHERE o.ticket = ",
            $ticket,
            " AND NOT o.void AND o.state <> 'reported' \
            AND LENGTH(REPLACE(",
            $units,
            ", ',' || o.unit || ',', '')) < LENGTH(",
            $units,
            ")))"
        )
    };
}

/// The columns of a call in a list. A macro, so that the statements stay constants.
macro_rules! call_columns {
    () => {
        "SELECT c.id, c.sip_call_id, c.caller, c.callee, c.source, c.dialplan, c.dialplan_digest, \
        c.started_at, c.rehearsal, c.state, c.staff, c.desk_answered_at, c.talked_ms, \
        c.offered_at, c.ended_at, \
        c.hung_up_by, c.outcome, c.outcome_after_ms, c.grade, \
        (SELECT r.id FROM ratings r WHERE r.call_id = c.id \
            ORDER BY r.sequence DESC LIMIT 1) AS rating, \
        (SELECT t.number FROM tickets t JOIN ratings r ON r.id = t.rating_id \
            WHERE r.call_id = c.id ORDER BY t.opened_at, t.number LIMIT 1) AS ticket, \
        EXISTS (SELECT 1 FROM recordings x WHERE x.call_id = c.id) AS recorded \
        FROM calls c"
    };
}

macro_rules! rating_columns {
    () => {
        "SELECT r.id, r.channel, r.call_id, r.sequence, r.standing, r.grade, r.graded_at, \
        r.received_at, r.rehearsal, r.remark, r.service, r.reasons, r.choices, c.outcome, \
        (SELECT t.number FROM tickets t WHERE t.rating_id = r.id \
            ORDER BY t.number LIMIT 1) AS ticket \
        FROM ratings r LEFT JOIN calls c ON c.id = r.call_id"
    };
}

macro_rules! ticket_columns {
    () => {
        "SELECT t.number, t.state, t.opened_at, t.rehearsal, t.rating_id, t.grade, r.call_id, \
        COALESCE(c.caller, r.number) AS caller, c.staff, r.service, r.reasons FROM tickets t JOIN ratings r ON r.id = t.rating_id \
        LEFT JOIN calls c ON c.id = r.call_id"
    };
}

statements! {
    CALLS = concat!(call_columns!(), " WHERE \
        (CAST($1 AS BIGINT) IS NULL OR c.started_at >= $1) \
        AND (CAST($2 AS BIGINT) IS NULL OR c.started_at <= $2) \
        AND (CAST($3 AS TEXT) IS NULL OR c.state = $3) \
        AND (CAST($4 AS BOOLEAN) IS NULL OR (c.ended_at IS NULL) = $4) \
        AND (CAST($5 AS TEXT) IS NULL OR c.outcome = $5) \
        AND (CAST($6 AS TEXT) IS NULL OR c.grade = $6) \
        AND (CAST($7 AS TEXT) IS NULL OR c.caller LIKE '%' || $7) \
        AND (CAST($8 AS BOOLEAN) IS NULL OR c.rehearsal = $8) \
        AND (CAST($9 AS BIGINT) IS NULL OR c.started_at < $9 \
            OR (c.started_at = $9 AND c.id < $10)) \
        AND (CAST($12 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM tickets t \
            JOIN ratings r ON r.id = t.rating_id WHERE r.call_id = c.id AND ", sent_to!("t.number", "$12"), ")) \
        ORDER BY c.started_at DESC, c.id DESC LIMIT $11");
    CALL = concat!(call_columns!(), " WHERE c.id = $1");
    RATINGS = concat!(rating_columns!(), " WHERE \
        (CAST($1 AS BIGINT) IS NULL OR r.graded_at >= $1) \
        AND (CAST($2 AS BIGINT) IS NULL OR r.graded_at <= $2) \
        AND (CAST($3 AS TEXT) IS NULL OR r.grade = $3) \
        AND (CAST($4 AS BOOLEAN) IS NULL \
            OR (r.grade IN ('dissatisfied', 'very_dissatisfied')) = $4) \
        AND (CAST($5 AS BOOLEAN) IS NULL OR r.rehearsal = $5) \
        AND (CAST($6 AS BIGINT) IS NULL OR r.graded_at < $6 OR (r.graded_at = $6 AND r.id < $7)) \
        AND (CAST($9 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM tickets t \
            WHERE t.rating_id = r.id AND ", sent_to!("t.number", "$9"), ")) \
        ORDER BY r.graded_at DESC, r.id DESC LIMIT $8");
    RATING = concat!(rating_columns!(), " WHERE r.id = $1");
    TICKETS = concat!(ticket_columns!(), " WHERE \
        (CAST($1 AS BIGINT) IS NULL OR t.opened_at >= $1) \
        AND (CAST($2 AS BIGINT) IS NULL OR t.opened_at <= $2) \
        AND (CAST($3 AS TEXT) IS NULL OR t.state = $3) \
        AND (CAST($4 AS TEXT) IS NULL OR t.grade = $4) \
        AND (CAST($5 AS BOOLEAN) IS NULL OR t.rehearsal = $5) \
        AND (CAST($6 AS BOOLEAN) IS NULL OR EXISTS (SELECT 1 FROM deadlines d \
            WHERE d.ticket = t.number AND d.provisional AND d.met_at IS NULL \
            AND d.void_at IS NULL) = $6) \
        AND (CAST($7 AS BIGINT) IS NULL OR t.opened_at < $7 \
            OR (t.opened_at = $7 AND t.number < $8)) \
        AND ", sent_to!("t.number", "$10"), " \
        ORDER BY t.opened_at DESC, t.number DESC LIMIT $9");
    UNITS_OF = "SELECT DISTINCT unit FROM orders WHERE ticket = $1 AND NOT void \
        AND state <> 'reported' ORDER BY unit";
    TICKET = concat!(ticket_columns!(), " WHERE t.number = $1");
    COUNTS = "SELECT outcome, grade, offered_at IS NOT NULL AS offered, COUNT(*) AS calls \
        FROM calls WHERE ended_at IS NOT NULL AND NOT rehearsal \
        AND NOT EXISTS (SELECT 1 FROM turned_away x WHERE x.instance = 'call-' || calls.id) \
        AND NOT EXISTS (SELECT 1 FROM ratings x WHERE x.call_id = calls.id AND x.standing = 'test') \
        AND (CAST($1 AS BIGINT) IS NULL OR started_at >= $1) \
        AND (CAST($2 AS BIGINT) IS NULL OR started_at <= $2) \
        GROUP BY outcome, grade, offered_at IS NOT NULL";
    TICKET_COUNT = "SELECT COUNT(*) AS tickets FROM tickets WHERE NOT rehearsal \
        AND (CAST($1 AS BIGINT) IS NULL OR opened_at >= $1) \
        AND (CAST($2 AS BIGINT) IS NULL OR opened_at <= $2)";
}

/// The last row of a page: the next one begins after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub at: Moment,
    pub id: String,
}

/// What stands in a call's row beside what its list shows.
#[derive(Debug, Clone)]
pub struct CallSource {
    pub sip_call_id: String,
    pub source: String,
    pub dialplan: String,
    pub dialplan_digest: String,
}

/// Ended calls that have these things in common, rehearsals left out.
#[derive(Debug, Clone)]
pub struct CallCount {
    pub outcome: Option<String>,
    pub grade: Option<Grade>,
    pub offered: bool,
    pub calls: u64,
}

impl Tx {
    /// Numbers are whole: mask them before they are shown.
    pub async fn calls(
        &mut self,
        filter: &CallFilter,
        after: Option<&Position>,
        limit: i64,
    ) -> Result<Vec<CallRow>, Error> {
        let Some(rehearsal) = filter.reach.rehearsal(filter.rehearsal) else {
            return Ok(Vec::new());
        };
        let values = args![
            filter.from.map(Day::start),
            filter.to.map(last_ms),
            filter.state.map(CallState::word),
            filter.live,
            filter.outcome.clone(),
            filter.grade,
            filter.number_tail.clone(),
            rehearsal,
            after.map(|p| p.at),
            after.map(|p| p.id.clone()),
            limit,
            filter.reach.units()
        ];
        let rows = self.rows(CALLS, values).await?;
        rows.iter().map(call_row).collect()
    }

    pub async fn call(&mut self, id: &CallId) -> Result<Option<(CallRow, CallSource)>, Error> {
        let row = self.row(CALL, args![id]).await?;
        row.map(|row| {
            let source = CallSource {
                sip_call_id: row.get("sip_call_id")?,
                source: row.get("source")?,
                dialplan: row.get("dialplan")?,
                dialplan_digest: row.get("dialplan_digest")?,
            };
            Ok((call_row(&row)?, source))
        })
        .transpose()
    }

    pub async fn ratings(
        &mut self,
        filter: &RatingFilter,
        after: Option<&Position>,
        limit: i64,
    ) -> Result<Vec<RatingRow>, Error> {
        let Some(rehearsal) = filter.reach.rehearsal(filter.rehearsal) else {
            return Ok(Vec::new());
        };
        let values = args![
            filter.from.map(Day::start),
            filter.to.map(last_ms),
            filter.grade,
            filter.polarity.map(|p| p == Polarity::Negative),
            rehearsal,
            after.map(|p| p.at),
            after.map(|p| p.id.clone()),
            limit,
            filter.reach.units()
        ];
        let rows = self.rows(RATINGS, values).await?;
        self.with_keys(&rows).await
    }

    pub async fn rating(&mut self, id: &str) -> Result<Option<RatingRow>, Error> {
        let rows = self.rows(RATING, args![id]).await?;
        Ok(self.with_keys(&rows).await?.pop())
    }

    async fn with_keys(&mut self, rows: &[Row]) -> Result<Vec<RatingRow>, Error> {
        let mut ratings = Vec::with_capacity(rows.len());
        for row in rows {
            let mut rating = rating_row(row)?;
            if let Some(call) = rating.call_id.clone() {
                rating.keys = self.rating_keys(&call).await?;
                rating.reasons = self.reason_codes(&call).await?;
                if let Some(RemarkRow::Clip { path, length_ms }) = &mut rating.remark {
                    let clips = self.clips(&call).await?;
                    let clip = clips.iter().find(|clip| clip.path == *path);
                    *length_ms = clip.map_or(0, |clip| clip.length_ms);
                }
            }
            ratings.push(rating);
        }
        Ok(ratings)
    }

    async fn reason_codes(&mut self, call: &CallId) -> Result<Vec<String>, Error> {
        let reasons = self.reasons(call).await?;
        Ok(reasons.into_iter().map(|reason| reason.code).collect())
    }

    pub async fn tickets(
        &mut self,
        filter: &TicketFilter,
        after: Option<&Position>,
        limit: i64,
    ) -> Result<Vec<TicketRow>, Error> {
        let Some(rehearsal) = filter.reach.rehearsal(filter.rehearsal) else {
            return Ok(Vec::new());
        };
        let values = args![
            filter.from.map(Day::start),
            filter.to.map(last_ms),
            filter.state.map(State::word),
            filter.grade,
            rehearsal,
            filter.provisional,
            after.map(|p| p.at),
            after.map(|p| p.id.clone()),
            limit,
            filter.reach.units()
        ];
        let rows = self.rows(TICKETS, values).await?;
        self.with_deadlines(&rows).await
    }

    pub async fn ticket(&mut self, number: &str) -> Result<Option<TicketRow>, Error> {
        let rows = self.rows(TICKET, args![number]).await?;
        Ok(self.with_deadlines(&rows).await?.pop())
    }

    /// The units that a ticket was sent to.
    pub async fn units_of(&mut self, ticket: &str) -> Result<Vec<UnitId>, Error> {
        let rows = self.rows(UNITS_OF, args![ticket]).await?;
        rows.iter().map(|row| row.get("unit").map(UnitId)).collect()
    }

    async fn with_deadlines(&mut self, rows: &[Row]) -> Result<Vec<TicketRow>, Error> {
        let mut tickets = Vec::with_capacity(rows.len());
        for row in rows {
            let mut ticket = ticket_row(row)?;
            ticket.deadlines = self.deadlines(&ticket.number).await?;
            if let Some(call) = ticket.call_id.clone() {
                ticket.reasons = self.reason_codes(&call).await?;
            }
            tickets.push(ticket);
        }
        Ok(tickets)
    }

    pub async fn call_counts(
        &mut self,
        from: Option<Day>,
        to: Option<Day>,
    ) -> Result<Vec<CallCount>, Error> {
        let rows = self.rows(COUNTS, period(from, to)).await?;
        rows.iter()
            .map(|row| {
                Ok(CallCount {
                    outcome: row.get("outcome")?,
                    grade: row.maybe_word("grade")?,
                    offered: row.get("offered")?,
                    calls: row.count("calls")?,
                })
            })
            .collect()
    }

    pub async fn ticket_count(&mut self, from: Option<Day>, to: Option<Day>) -> Result<u64, Error> {
        let row = self.row(TICKET_COUNT, period(from, to)).await?;
        row.map_or(Ok(0), |row| row.count("tickets"))
    }
}

fn period(from: Option<Day>, to: Option<Day>) -> Vec<Value> {
    args![from.map(Day::start), to.map(last_ms)]
}

/// The last millisecond of a day; `Day::end` is its last second.
fn last_ms(day: Day) -> Moment {
    day.end().plus_millis(999)
}
