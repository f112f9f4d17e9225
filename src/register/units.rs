use crate::domain::{Moment, UnitId};
use crate::rights::UnitKind;
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    UNITS = "SELECT id, kind, name, created_at, closed_at FROM units ORDER BY kind, id";
    UNIT = "SELECT id, kind, name, created_at, closed_at FROM units WHERE id = $1";
    INSERT_UNIT = "INSERT INTO units (id, kind, name, created_at) VALUES ($1, $2, $3, $4)";
    RENAME_UNIT = "UPDATE units SET name = $2 WHERE id = $1";
    CLOSE_UNIT = "UPDATE units SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL";
}

/// A unit of the bureau.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    pub id: UnitId,
    pub kind: UnitKind,
    pub name: String,
    pub created_at: Moment,
    /// It takes no new posts and no new tickets; what it did stays.
    pub closed_at: Option<Moment>,
}

impl Tx {
    /// Makes changes of units wait for each other.
    pub async fn lock_units(&mut self) -> Result<(), Error> {
        self.lock("units").await
    }

    pub async fn units(&mut self) -> Result<Vec<UnitRow>, Error> {
        let rows = self.rows(UNITS, args![]).await?;
        rows.iter().map(unit_row).collect()
    }

    pub async fn unit(&mut self, id: &UnitId) -> Result<Option<UnitRow>, Error> {
        let row = self.row(UNIT, args![&id.0]).await?;
        row.as_ref().map(unit_row).transpose()
    }

    pub async fn insert_unit(
        &mut self,
        id: &UnitId,
        kind: UnitKind,
        name: &str,
        now: Moment,
    ) -> Result<(), Error> {
        self.run(INSERT_UNIT, args![&id.0, kind.word(), name, now])
            .await?;
        Ok(())
    }

    pub async fn rename_unit(&mut self, id: &UnitId, name: &str) -> Result<(), Error> {
        self.run(RENAME_UNIT, args![&id.0, name]).await?;
        Ok(())
    }

    /// `false` where there is none that is open.
    pub async fn close_unit(&mut self, id: &UnitId, now: Moment) -> Result<bool, Error> {
        Ok(self.run(CLOSE_UNIT, args![&id.0, now]).await? > 0)
    }
}

fn unit_row(row: &Row) -> Result<UnitRow, Error> {
    Ok(UnitRow {
        id: UnitId(row.get("id")?),
        kind: row.word("kind")?,
        name: row.get("name")?,
        created_at: row.moment("created_at")?,
        closed_at: row.maybe_moment("closed_at")?,
    })
}
