//! Open deadlines, for a calendar that changed (row 33 of the ticket's table).

use super::driver::{Row, Tx, args};
use super::ratings::rating_id;
use super::{Error, statements};
use crate::domain::{Deadline, DeadlineKind, Entry, Moment, Subject};

statements! {
    STALE = "SELECT d.rating_id, r.instance, r.sequence, d.ticket, d.subject, d.kind, \
        d.started_at, d.due_at, d.provisional, d.calendar, r.rehearsal \
        FROM deadlines d JOIN ratings r ON r.id = d.rating_id \
        WHERE d.met_at IS NULL AND d.due_at >= $1 AND (d.provisional OR d.calendar <> $2) \
        AND (d.rating_id, d.kind, d.started_at) > ($3, $4, $5) \
        ORDER BY d.rating_id, d.kind, d.started_at LIMIT $6";
    MOVE = "UPDATE deadlines SET due_at = $4, provisional = $5, calendar = $6 \
        WHERE rating_id = $1 AND kind = $2 AND started_at = $3 AND met_at IS NULL \
        AND due_at = $7 AND provisional = $8";
    PROVISIONAL = "SELECT COUNT(*) AS deadlines, COUNT(DISTINCT d.ticket) AS tickets \
        FROM deadlines d JOIN ratings r ON r.id = d.rating_id \
        WHERE d.met_at IS NULL AND d.provisional AND NOT r.rehearsal";
}

/// An open deadline that another calendar may end on another day.
#[derive(Debug, Clone)]
pub struct StaleDeadline {
    pub rating: String,
    pub ticket: Option<String>,
    pub rehearsal: bool,
    pub deadline: Deadline,
}

/// Open deadlines that reach into a year without a notice (A40), rehearsals left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProvisionalCount {
    pub deadlines: u64,
    /// Tickets that have one.
    pub tickets: u64,
}

impl Tx {
    /// Open deadlines still to come at `now` that are provisional or were counted with another
    /// calendar than `version`, behind `after` in the order of their keys.
    pub async fn stale_deadlines(
        &mut self,
        version: &str,
        now: Moment,
        after: Option<&StaleDeadline>,
        limit: i64,
    ) -> Result<Vec<StaleDeadline>, Error> {
        let (rating, kind, started_at) = after.map_or(("", "", Moment::from_millis(0)), |last| {
            let deadline = &last.deadline;
            (&last.rating, deadline.kind.word(), deadline.started_at)
        });
        let values = args![now, version, rating, kind, started_at, limit];
        let rows = self.rows(STALE, values).await?;
        rows.iter().map(stale).collect()
    }

    /// Moves a deadline that still is as it was read, with its line of the trail; `false` where
    /// somebody else was first.
    pub async fn move_deadline(
        &mut self,
        stale: &StaleDeadline,
        moved: &Deadline,
        entry: &Entry,
    ) -> Result<bool, Error> {
        let values = args![
            &stale.rating,
            moved.kind.word(),
            moved.started_at,
            moved.due_at,
            moved.provisional,
            &moved.calendar,
            stale.deadline.due_at,
            stale.deadline.provisional
        ];
        if self.run(MOVE, values).await? == 0 {
            return Ok(false);
        }
        self.append_trail(&stale.rating, stale.ticket.as_deref(), entry)
            .await?;
        Ok(true)
    }

    pub async fn provisional_count(&mut self) -> Result<ProvisionalCount, Error> {
        let row = self.row(PROVISIONAL, args![]).await?;
        row.map_or(Ok(ProvisionalCount::default()), |row| {
            Ok(ProvisionalCount {
                deadlines: row.count("deadlines")?,
                tickets: row.count("tickets")?,
            })
        })
    }
}

fn stale(row: &Row) -> Result<StaleDeadline, Error> {
    let kind: DeadlineKind = row.word("kind")?;
    let subject: String = row.get("subject")?;
    let of = match subject.as_str() {
        "rating" => Subject::Rating(rating_id(row)?),
        "ticket" => Subject::Ticket(row.word("ticket")?),
        _ => return Err(Error::bad_word("subject", &subject)),
    };
    Ok(StaleDeadline {
        rating: row.get("rating_id")?,
        ticket: row.get("ticket")?,
        rehearsal: row.get("rehearsal")?,
        deadline: Deadline {
            of,
            kind,
            article: kind.term().article,
            started_at: row.moment("started_at")?,
            due_at: row.moment("due_at")?,
            met_at: None,
            provisional: row.get("provisional")?,
            calendar: row.get("calendar")?,
        },
    })
}
