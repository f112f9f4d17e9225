//! Rows of proposed calendars.

use super::people::{number, person_id};
use crate::domain::{Moment, PersonId};
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    INSERT = "INSERT INTO calendar_proposals (year, body, proposed_by, proposer_id, proposed_at) \
        VALUES ($1, $2, $3, $4, $5) RETURNING id";
    PROPOSAL = "SELECT id, year, body, proposed_by, proposer_id, proposed_at, approved_by, approved_at \
        FROM calendar_proposals WHERE id = $1";
    PROPOSALS = "SELECT id, year, body, proposed_by, proposer_id, proposed_at, approved_by, approved_at \
        FROM calendar_proposals ORDER BY id DESC LIMIT 100";
    APPROVE = "UPDATE calendar_proposals SET approved_by = $2, approver_id = $3, approved_at = $4 \
        WHERE id = $1 AND approved_at IS NULL";
}

/// A calendar of a year that somebody proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    pub id: i64,
    pub year: i16,
    /// As it goes into the calendars' folder.
    pub text: String,
    pub proposed_by: String,
    pub proposer: PersonId,
    pub proposed_at: Moment,
    pub approved_by: Option<String>,
    pub approved_at: Option<Moment>,
}

impl Tx {
    pub async fn lock_calendars(&mut self) -> Result<(), Error> {
        self.lock("calendars").await
    }

    pub async fn insert_proposal(
        &mut self,
        year: i16,
        text: &str,
        by: (&PersonId, &str),
        now: Moment,
    ) -> Result<i64, Error> {
        let values = args![i64::from(year), text, by.1, number(by.0), now];
        let row = self.row(INSERT, values).await?;
        row.expect("an insert that returns its row").get("id")
    }

    pub async fn proposal(&mut self, id: i64) -> Result<Option<ProposalRow>, Error> {
        let row = self.row(PROPOSAL, args![id]).await?;
        row.as_ref().map(proposal).transpose()
    }

    /// The last hundred, newest first.
    pub async fn proposals(&mut self) -> Result<Vec<ProposalRow>, Error> {
        let rows = self.rows(PROPOSALS, args![]).await?;
        rows.iter().map(proposal).collect()
    }

    /// `false` where it was approved before.
    pub async fn approve_proposal(
        &mut self,
        id: i64,
        by: (&PersonId, &str),
        now: Moment,
    ) -> Result<bool, Error> {
        Ok(self
            .run(APPROVE, args![id, by.1, number(by.0), now])
            .await?
            > 0)
    }
}

fn proposal(row: &Row) -> Result<ProposalRow, Error> {
    let year: i64 = row.get("year")?;
    Ok(ProposalRow {
        id: row.get("id")?,
        year: i16::try_from(year).map_err(|_| Error::bad_word("year", &year.to_string()))?,
        text: row.get("body")?,
        proposed_by: row.get("proposed_by")?,
        proposer: person_id(row, "proposer_id")?,
        proposed_at: row.moment("proposed_at")?,
        approved_by: row.get("approved_by")?,
        approved_at: row.maybe_moment("approved_at")?,
    })
}
