//! Rows of bulletins: drafted, reviewed, issued. An issued one never changes; the database itself refuses.

use crate::domain::{Moment, PersonId};
use crate::figures::Period;
use crate::store::{Error, Row, Tx, args, statements};

macro_rules! bulletin_columns {
    () => {
        "SELECT period, version, content, digest, drafted_at, drafted_by, drafter_id, reviewed_at, \
        reviewed_by, reviewer_id, issued_at, issued_by FROM bulletins"
    };
}

statements! {
    INSERT = "INSERT INTO bulletins (period, version, content, digest, drafted_at, drafted_by, \
        drafter_id) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REVIEW = "UPDATE bulletins SET reviewed_at = $3, reviewed_by = $4, reviewer_id = $5 \
        WHERE period = $1 AND version = $2 AND issued_at IS NULL";
    ISSUE = "UPDATE bulletins SET issued_at = $3, issued_by = $4, issuer_id = $5 \
        WHERE period = $1 AND version = $2 AND issued_at IS NULL";
    LAST = concat!(bulletin_columns!(), " WHERE period = $1 ORDER BY version DESC LIMIT 1");
    ISSUED = concat!(bulletin_columns!(), " WHERE period = $1 AND issued_at IS NOT NULL");
    ALL_ISSUED = concat!(bulletin_columns!(), " WHERE issued_at IS NOT NULL ORDER BY period");
    ISSUED_PERIODS = "SELECT period FROM bulletins WHERE issued_at IS NOT NULL ORDER BY period";
    // Of each period the last version.
    LIST = concat!(bulletin_columns!(), " b WHERE version = (SELECT MAX(x.version) FROM bulletins x \
        WHERE x.period = b.period) AND (CAST($2 AS TEXT) IS NULL OR period < $2) \
        ORDER BY period DESC LIMIT $1");
    ON_RECORD = "SELECT seq FROM trail WHERE what = 'bulletin_issued' AND subject = $1 \
        AND detail LIKE '%' || $2 || '%' LIMIT 1";
}

/// A version of a bulletin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulletinRow {
    pub period: Period,
    pub version: u32,
    /// JSON: what is signed.
    pub content: String,
    /// SHA-256 of the content, hexadecimal.
    pub digest: String,
    pub drafted_at: Moment,
    pub drafted_by: String,
    pub drafter: PersonId,
    pub reviewed_at: Option<Moment>,
    pub reviewed_by: Option<String>,
    pub reviewer: Option<PersonId>,
    pub issued_at: Option<Moment>,
    pub issued_by: Option<String>,
}

impl Tx {
    /// Nobody else drafts, reviews or issues the period's before this transaction ends.
    pub async fn lock_bulletin(&mut self, period: Period) -> Result<(), Error> {
        self.lock(&format!("bulletin {period}")).await
    }

    /// The period's last version.
    pub async fn last_bulletin(&mut self, period: Period) -> Result<Option<BulletinRow>, Error> {
        let row = self.row(LAST, args![period.to_string()]).await?;
        row.as_ref().map(bulletin).transpose()
    }

    pub async fn issued_bulletin(&mut self, period: Period) -> Result<Option<BulletinRow>, Error> {
        let row = self.row(ISSUED, args![period.to_string()]).await?;
        row.as_ref().map(bulletin).transpose()
    }

    /// In the order of their periods.
    pub async fn issued_bulletins(&mut self) -> Result<Vec<BulletinRow>, Error> {
        let rows = self.rows(ALL_ISSUED, args![]).await?;
        rows.iter().map(bulletin).collect()
    }

    pub async fn issued_periods(&mut self) -> Result<Vec<Period>, Error> {
        let rows = self.rows(ISSUED_PERIODS, args![]).await?;
        rows.iter().map(|row| row.word("period")).collect()
    }

    /// The last version of each period, the newest first; those behind `after` where it is given.
    pub async fn bulletins(
        &mut self,
        after: Option<Period>,
        limit: i64,
    ) -> Result<Vec<BulletinRow>, Error> {
        let after = after.map(|period| period.to_string());
        let rows = self.rows(LIST, args![limit, after]).await?;
        rows.iter().map(bulletin).collect()
    }

    pub async fn insert_bulletin(&mut self, new: &BulletinRow) -> Result<(), Error> {
        let values = args![
            new.period.to_string(),
            i64::from(new.version),
            &new.content,
            &new.digest,
            new.drafted_at,
            &new.drafted_by,
            number(&new.drafter)
        ];
        self.run(INSERT, values).await?;
        Ok(())
    }

    pub async fn review_bulletin(
        &mut self,
        of: &BulletinRow,
        by: (&PersonId, &str),
        now: Moment,
    ) -> Result<(), Error> {
        self.sign_bulletin(REVIEW, of, by, now).await
    }

    pub async fn issue_bulletin(
        &mut self,
        of: &BulletinRow,
        by: (&PersonId, &str),
        now: Moment,
    ) -> Result<(), Error> {
        self.sign_bulletin(ISSUE, of, by, now).await
    }

    /// Writes who reviewed or issued it, and when; `sql` says which.
    async fn sign_bulletin(
        &mut self,
        sql: &'static str,
        of: &BulletinRow,
        by: (&PersonId, &str),
        now: Moment,
    ) -> Result<(), Error> {
        let values = args![
            of.period.to_string(),
            i64::from(of.version),
            now,
            by.1,
            number(by.0)
        ];
        self.run(sql, values).await?;
        Ok(())
    }

    /// Whether the trail says that a bulletin of this digest was issued.
    pub async fn issue_is_on_record(&mut self, subject: &str, digest: &str) -> Result<bool, Error> {
        Ok(self.row(ON_RECORD, args![subject, digest]).await?.is_some())
    }
}

/// Ids of people are numbers in their rows.
fn number(id: &PersonId) -> Option<i64> {
    id.0.parse().ok()
}

fn bulletin(row: &Row) -> Result<BulletinRow, Error> {
    let person = |id: i64| PersonId(id.to_string());
    Ok(BulletinRow {
        period: row.word("period")?,
        version: row.count("version")? as u32,
        content: row.get("content")?,
        digest: row.get("digest")?,
        drafted_at: row.moment("drafted_at")?,
        drafted_by: row.get("drafted_by")?,
        drafter: person(row.get("drafter_id")?),
        reviewed_at: row.maybe_moment("reviewed_at")?,
        reviewed_by: row.get("reviewed_by")?,
        reviewer: row.get::<Option<i64>>("reviewer_id")?.map(person),
        issued_at: row.maybe_moment("issued_at")?,
        issued_by: row.get("issued_by")?,
    })
}
