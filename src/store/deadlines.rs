//! Open deadlines: those a tick has to look at, and those a changed calendar moves (row 33).

use super::driver::{Row, Tx, args};
use super::{Error, statements};
use crate::domain::{Deadline, DeadlineKind, Entry, Moment, Subject};

statements! {
    STALE = "SELECT id, subject, kind, epoch, rating_id, ticket, started_at, due_at, provisional, \
        calendar, rehearsal, next_at FROM deadlines \
        WHERE met_at IS NULL AND void_at IS NULL AND missed_at IS NULL AND (due_at, id) > ($1, $2) \
        AND (provisional OR calendar <> $3) ORDER BY due_at, id LIMIT $4";
    MOVE = "UPDATE deadlines SET due_at = $2, provisional = $3, calendar = $4, next_at = $5 \
        WHERE id = $1 AND met_at IS NULL AND void_at IS NULL AND missed_at IS NULL \
        AND due_at = $6 AND provisional = $7";
    LAST_RECORD = "SELECT MAX(at) AS at FROM trail WHERE ticket = $1 AND record IS NOT NULL";
    PROVISIONAL = "SELECT COUNT(*) AS deadlines, COUNT(DISTINCT ticket) AS tickets FROM deadlines \
        WHERE met_at IS NULL AND void_at IS NULL AND provisional AND NOT rehearsal";
    DUE = "SELECT id, subject, kind, epoch, rating_id, ticket, started_at, due_at, provisional, \
        calendar, rehearsal, next_at FROM deadlines \
        WHERE next_at IS NOT NULL AND next_at <= $1 AND (next_at, id) > ($2, $3) \
        ORDER BY next_at, id LIMIT $4";
    CLAIM = "UPDATE deadlines SET next_at = $3 WHERE id = $1 AND next_at = $2";
    MISS_OPEN = "UPDATE deadlines SET missed_at = $3, next_at = NULL WHERE subject = $1 AND kind = $2 \
        AND due_at < $3 AND met_at IS NULL AND void_at IS NULL AND missed_at IS NULL RETURNING due_at";
    MISS_RATING = "UPDATE deadlines SET missed_at = $2, next_at = NULL WHERE id = $1";
}

/// An open deadline with its row's names.
#[derive(Debug, Clone)]
pub struct DeadlineAt {
    pub id: i64,
    pub rating: Option<String>,
    pub ticket: Option<String>,
    pub rehearsal: bool,
    pub deadline: Deadline,
    /// When it has to be looked at.
    pub next_at: Option<Moment>,
}

impl DeadlineAt {
    /// Among all deadlines in the order of their ends.
    pub fn place(&self) -> (Moment, i64) {
        (self.deadline.due_at, self.id)
    }
}

/// Open deadlines that reach into a year without a notice (A40), rehearsals left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProvisionalCount {
    pub deadlines: u64,
    /// Tickets that have one.
    pub tickets: u64,
}

impl Tx {
    /// Of when a ticket's last record is: none is dated before the one before it, however the clock is set.
    pub async fn last_record_at(&mut self, ticket: &str) -> Result<Option<Moment>, Error> {
        let row = self.row(LAST_RECORD, args![ticket]).await?;
        row.map_or(Ok(None), |row| row.maybe_moment("at"))
    }

    /// Open deadlines still to come at `now` that are not on record as missed, and are provisional or were counted with another
    /// calendar than `version`, behind `after` in the order of their ends: those that are over are not
    /// walked through.
    pub async fn stale_deadlines(
        &mut self,
        version: &str,
        now: Moment,
        after: Option<(Moment, i64)>,
        limit: i64,
    ) -> Result<Vec<DeadlineAt>, Error> {
        let (at, id) = after.unwrap_or((now, -1));
        let rows = self.rows(STALE, args![at, id, version, limit]).await?;
        rows.iter().map(deadline_at).collect()
    }

    /// Moves a deadline that still is as it was read, with its line of the trail; `false` where
    /// somebody else was first.
    pub async fn move_deadline(
        &mut self,
        stale: &DeadlineAt,
        moved: &Deadline,
        next_at: Option<Moment>,
        entry: &Entry,
    ) -> Result<bool, Error> {
        let values = args![
            stale.id,
            moved.due_at,
            moved.provisional,
            &moved.calendar,
            next_at,
            stale.deadline.due_at,
            stale.deadline.provisional
        ];
        if self.run(MOVE, values).await? == 0 {
            return Ok(false);
        }
        if let Some(ticket) = stale.ticket.as_deref().filter(|_| entry.record.is_some()) {
            self.bump_version(ticket).await?;
        }
        if let Subject::Rating(id) = &moved.of {
            self.count_act_anew(&id.service).await?;
        }
        self.append_trail(stale.rating.as_deref(), stale.ticket.as_deref(), entry)
            .await?;
        Ok(true)
    }

    /// Deadlines that have to be looked at by `now`, behind `after` in their order: found by index, so that it costs what is due
    /// and not what is open.
    pub async fn due_deadlines(
        &mut self,
        now: Moment,
        after: Option<(Moment, i64)>,
        limit: i64,
    ) -> Result<Vec<DeadlineAt>, Error> {
        let (at, id) = after.unwrap_or((Moment::from_millis(i64::MIN), 0));
        let rows = self.rows(DUE, args![now, at, id, limit]).await?;
        rows.iter().map(deadline_at).collect()
    }

    /// Takes the look that is due, so that nobody else does; `false` where somebody was first.
    pub async fn claim_look(
        &mut self,
        due: &DeadlineAt,
        next_at: Option<Moment>,
    ) -> Result<bool, Error> {
        let values = args![due.id, due.next_at, next_at];
        Ok(self.run(CLAIM, values).await? == 1)
    }

    /// Marks a rating's own deadline as missed.
    pub async fn miss_deadline(&mut self, due: &DeadlineAt, at: Moment) -> Result<(), Error> {
        self.run(MISS_RATING, args![due.id, at]).await?;
        Ok(())
    }

    /// Marks the open term of the kind as missed where it is over; when it ended. `None` where none is over, or it was
    /// marked before.
    pub async fn miss_open(
        &mut self,
        of: &Subject,
        kind: DeadlineKind,
        now: Moment,
    ) -> Result<Option<Moment>, Error> {
        let row = self
            .row(MISS_OPEN, args![of.to_string(), kind.word(), now])
            .await?;
        row.map(|row| row.moment("due_at")).transpose()
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

fn deadline_at(row: &Row) -> Result<DeadlineAt, Error> {
    let kind: DeadlineKind = row.word("kind")?;
    let of: Subject = row.word("subject")?;
    Ok(DeadlineAt {
        id: row.get("id")?,
        rating: row.get("rating_id")?,
        ticket: row.get("ticket")?,
        rehearsal: row.get("rehearsal")?,
        next_at: row.maybe_moment("next_at")?,
        deadline: Deadline {
            of,
            kind,
            epoch: row.count("epoch")? as u16,
            article: kind.term().article,
            started_at: row.moment("started_at")?,
            due_at: row.moment("due_at")?,
            met_at: None,
            void_at: None,
            missed_at: None,
            provisional: row.get("provisional")?,
            calendar: row.get("calendar")?,
        },
    })
}
