//! Rows of the terms of bulletins.

use crate::domain::{Moment, Period, Subject};
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    TERMS = "SELECT subject, started_at, due_at, provisional, met_at, missed_at FROM deadlines \
        WHERE kind = 'bulletin' ORDER BY due_at DESC, id DESC LIMIT $1";
    MEET = "UPDATE deadlines SET met_at = $2, next_at = NULL WHERE subject = $1 \
        AND kind = 'bulletin' AND met_at IS NULL AND void_at IS NULL";
    FIRST_LINE = "SELECT at FROM trail WHERE seq IS NOT NULL ORDER BY seq LIMIT 1";
}

/// Until when a period's bulletin is due, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulletinTerm {
    pub period: Period,
    pub started_at: Moment,
    pub due_at: Moment,
    /// 暂定 (A40).
    pub provisional: bool,
    /// When it was issued.
    pub met_at: Option<Moment>,
    /// When it was put on record that it was missed.
    pub missed_at: Option<Moment>,
}

impl Tx {
    /// Nobody else starts terms of bulletins before this transaction ends.
    pub async fn lock_bulletin_terms(&mut self) -> Result<(), Error> {
        self.lock("bulletin terms").await
    }

    /// The last ones due first.
    pub async fn bulletin_terms(&mut self, limit: i64) -> Result<Vec<BulletinTerm>, Error> {
        let rows = self.rows(TERMS, args![limit]).await?;
        rows.iter().filter_map(term).collect()
    }

    /// The period's bulletin is issued.
    pub async fn meet_bulletin_term(&mut self, period: Period, at: Moment) -> Result<(), Error> {
        let subject = Subject::Period(period).to_string();
        self.run(MEET, args![subject, at]).await?;
        Ok(())
    }

    /// When the first line of the trail was written: nothing was due before.
    pub async fn first_line_at(&mut self) -> Result<Option<Moment>, Error> {
        let row = self.row(FIRST_LINE, args![]).await?;
        row.map(|row| row.moment("at")).transpose()
    }
}

fn term(row: &Row) -> Option<Result<BulletinTerm, Error>> {
    let read = || {
        let Subject::Period(period) = row.word("subject")? else {
            return Ok(None);
        };
        Ok(Some(BulletinTerm {
            period,
            started_at: row.moment("started_at")?,
            due_at: row.moment("due_at")?,
            provisional: row.get("provisional")?,
            met_at: row.maybe_moment("met_at")?,
            missed_at: row.maybe_moment("missed_at")?,
        }))
    };
    read().transpose()
}
