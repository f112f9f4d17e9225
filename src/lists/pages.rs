//! Lists, newest first, by keyset: what comes in later never shifts a page.

use super::plans::{self, KNOWN_ORDERS, ONE_CALL, ONE_RATING, ONE_TICKET};
use super::shown::{call_row, rating_row, ticket_row};
use crate::domain::{Day, Grade, Moment, Polarity, State, UnitId};
use crate::store::rows::{CallId, CallState};
use crate::store::views::{
    CallFilter, CallRow, RatingFilter, RatingRow, Reach, RemarkRow, TicketFilter, TicketRow,
};
use crate::store::{Error, Row, Tx, Value, args, statements};

statements! {
    UNITS_OF = "SELECT DISTINCT unit FROM orders WHERE ticket = $1 AND NOT void \
        AND state <> 'reported' ORDER BY unit";
    COUNTS = "SELECT outcome, grade, offered_at IS NOT NULL AS offered, COUNT(*) AS calls \
        FROM calls WHERE ended_at IS NOT NULL AND NOT rehearsal \
        AND NOT EXISTS (SELECT 1 FROM turned_away x WHERE x.instance = 'call-' || calls.id) \
        AND NOT EXISTS (SELECT 1 FROM errand_attempts x WHERE x.call_id = calls.id) \
        AND NOT EXISTS (SELECT 1 FROM ratings x WHERE x.call_id = calls.id AND x.standing = 'test') \
        AND started_at >= $1 AND started_at < $2 GROUP BY outcome, grade, offered_at IS NOT NULL";
    TICKET_COUNT = "SELECT COUNT(*) AS tickets FROM tickets WHERE NOT rehearsal \
        AND opened_at >= $1 AND opened_at < $2";
}

/// Orders of units that are few: their tickets are looked through; else all tickets are, until a page is full.
pub(super) const FEW: i64 = 1000;

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
        let few = self.is_of_few(&filter.reach).await?;
        let sql = plans::of_calls(filter, rehearsal, few);
        let mut values = bounds(filter.from, filter.to, after);
        values.extend(args![
            limit,
            filter.reach.units(),
            filter.state.map(CallState::word),
            filter.live,
            filter.outcome.clone(),
            filter.grade,
            filter.number_tail.clone(),
            rehearsal
        ]);
        let rows = self.rows(sql, values).await?;
        rows.iter().map(call_row).collect()
    }

    pub async fn call(&mut self, id: &CallId) -> Result<Option<(CallRow, CallSource)>, Error> {
        let row = self.row(ONE_CALL, args![id]).await?;
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
        let few = self.is_of_few(&filter.reach).await?;
        let sql = plans::of_ratings(filter, rehearsal, few);
        let mut values = bounds(filter.from, filter.to, after);
        values.extend(args![
            limit,
            filter.reach.units(),
            filter.grade,
            filter.polarity.map(|p| p == Polarity::Negative),
            rehearsal
        ]);
        let rows = self.rows(sql, values).await?;
        self.with_clips(&rows).await
    }

    pub async fn rating(&mut self, id: &str) -> Result<Option<RatingRow>, Error> {
        let rows = self.rows(ONE_RATING, args![id]).await?;
        Ok(self.with_clips(&rows).await?.pop())
    }

    /// With the length of what was spoken, where something was.
    async fn with_clips(&mut self, rows: &[Row]) -> Result<Vec<RatingRow>, Error> {
        let mut ratings = Vec::with_capacity(rows.len());
        for row in rows {
            let mut rating = rating_row(row)?;
            if let (Some(call), Some(RemarkRow::Clip { path, length_ms })) =
                (&rating.call_id, &mut rating.remark)
            {
                let clips = self.clips(call).await?;
                let clip = clips.iter().find(|clip| clip.path == *path);
                *length_ms = clip.map_or(0, |clip| clip.length_ms);
            }
            ratings.push(rating);
        }
        Ok(ratings)
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
        let few = self.is_of_few(&filter.reach).await?;
        let sql = plans::of_tickets(filter, rehearsal, few);
        let mut values = bounds(filter.from, filter.to, after);
        values.extend(args![
            limit,
            filter.reach.units(),
            filter.state.map(State::word),
            filter.grade,
            rehearsal,
            filter.provisional
        ]);
        let rows = self.rows(sql, values).await?;
        self.with_deadlines(&rows).await
    }

    pub async fn ticket(&mut self, number: &str) -> Result<Option<TicketRow>, Error> {
        let rows = self.rows(ONE_TICKET, args![number]).await?;
        Ok(self.with_deadlines(&rows).await?.pop())
    }

    /// Whether the reach is that of units which never had many orders.
    async fn is_of_few(&mut self, reach: &Reach) -> Result<bool, Error> {
        let Some(units) = reach.units() else {
            return Ok(false);
        };
        let row = self.row(KNOWN_ORDERS, args![units, FEW]).await?;
        let orders = row.map_or(Ok(0), |row| row.count("orders"))?;
        Ok(orders < FEW as u64)
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
    args![beginning(from), end(to)]
}

/// Where a list begins and ends: not before the first value, and before the row of the second and third.
fn bounds(from: Option<Day>, to: Option<Day>, after: Option<&Position>) -> Vec<Value> {
    let end = end(to);
    match after.filter(|after| after.at < end) {
        Some(after) => args![beginning(from), after.at, &after.id],
        None => args![beginning(from), end, ""],
    }
}

fn beginning(from: Option<Day>) -> Moment {
    from.map_or(Moment::from_millis(i64::MIN), Day::start)
}

/// The first moment behind it.
fn end(to: Option<Day>) -> Moment {
    to.map_or(Moment::from_millis(i64::MAX), |day| day.next().start())
}
