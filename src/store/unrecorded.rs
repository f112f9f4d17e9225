//! Tickets that are older than the records of the trail (schema before 0011).

use super::driver::{Row, Tx, args};
use super::{Error, statements};
use crate::casework::{Change, ClockKey};
use crate::domain::{Moment, RatingId, TicketNumber};

statements! {
    // Without records nobody could act on them: they are as they were opened.
    UNRECORDED = "SELECT t.number, t.rating_id, t.opened_at FROM tickets t \
        WHERE t.state = 'new' AND t.number > $1 AND NOT EXISTS (SELECT 1 FROM trail l \
            WHERE l.ticket = t.number AND l.what = 'ticket_opened' AND l.record IS NOT NULL) \
        ORDER BY t.number LIMIT $2";
    CLOCKS = "SELECT kind, epoch, started_at, due_at, met_at, void_at, provisional, calendar \
        FROM deadlines WHERE ticket = $1 AND subject = $2 ORDER BY kind, epoch";
    FIRST_VERSION = "UPDATE tickets SET version = 1 WHERE number = $1";
    // A tick that found no ticket behind it has passed it by.
    LOOK_ANEW = "UPDATE deadlines SET next_at = due_at + 1 WHERE ticket = $1 AND subject = $2 \
        AND met_at IS NULL AND void_at IS NULL AND missed_at IS NULL AND next_at IS NULL";
}

/// A ticket without records, as its row says.
#[derive(Debug, Clone)]
pub struct Unrecorded {
    pub number: TicketNumber,
    pub rating: RatingId,
    pub opened_at: Moment,
}

impl Tx {
    /// Behind `after`, in the order of their numbers.
    pub async fn unrecorded(&mut self, after: &str, limit: i64) -> Result<Vec<Unrecorded>, Error> {
        let rows = self.rows(UNRECORDED, args![after, limit]).await?;
        let read = |row: &Row| {
            Ok(Unrecorded {
                number: row.word("number")?,
                rating: row.word("rating_id")?,
                opened_at: row.moment("opened_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The terms of the ticket itself, as changes that make them what they are.
    pub async fn clocks_of_rows(&mut self, number: TicketNumber) -> Result<Vec<Change>, Error> {
        let names = args![number.to_string(), format!("ticket:{number}")];
        let mut changes = Vec::new();
        for row in self.rows(CLOCKS, names).await? {
            let key = ClockKey {
                order: None,
                kind: row.word("kind")?,
                epoch: row.count("epoch")? as u16,
            };
            changes.push(Change::Started {
                key,
                started_at: row.moment("started_at")?,
                due_at: row.moment("due_at")?,
                provisional: row.get("provisional")?,
                calendar: row.get("calendar")?,
            });
            let met = row.maybe_moment("met_at")?;
            changes.extend(met.map(|at| Change::Met { key, at }));
            let void = row.maybe_moment("void_at")?;
            changes.extend(void.map(|at| Change::Void { key, at }));
        }
        Ok(changes)
    }

    /// From now on it has records: its first version, to be counted, its terms to be looked at.
    pub async fn now_recorded(&mut self, number: TicketNumber) -> Result<(), Error> {
        let number = number.to_string();
        self.run(FIRST_VERSION, args![&number]).await?;
        let subject = format!("ticket:{number}");
        self.run(LOOK_ANEW, args![&number, subject]).await?;
        self.count_ticket_anew(&number).await
    }
}
