//! What is kept of a day, and what is on record of it and was never counted: for the reconciliation (对账).

use std::collections::BTreeMap;

use super::counting::{cell, count, part};
use crate::domain::{Day, Moment};
use crate::figures::{Cell, Part, Tally};
use crate::store::{Error, Row, Tx, args, statements};

/// What is on record of the span and was never counted.
macro_rules! never_counted {
    ($thing:literal, $of:literal) => {
        concat!(
            "SELECT ",
            $thing,
            " AS thing FROM ",
            $of,
            " AND NOT EXISTS (SELECT 1 FROM counted c WHERE c.thing = ",
            $thing,
            ")"
        )
    };
}

statements! {
    DAYS = "SELECT DISTINCT day FROM counted UNION SELECT DISTINCT day FROM sums ORDER BY day";
    PARTS_ON = "SELECT thing, day, unit, channel, item, counts FROM counted \
        WHERE day = $1 AND thing > $2 ORDER BY thing, part LIMIT $3";
    SUMS_ON = "SELECT day, unit, channel, item, count, many FROM sums WHERE day = $1";
    NEVER_COUNTED = concat!(
        never_counted!("'act:call-' || o.id",
            "calls o WHERE o.started_at >= $1 AND o.started_at <= $2 AND o.ended_at IS NOT NULL"),
        " UNION ", never_counted!("'act:' || o.instance",
            "ratings o WHERE o.graded_at >= $1 AND o.graded_at <= $2"),
        " UNION ", never_counted!("'act:matter-' || o.number",
            "matters o WHERE o.completed_at >= $1 AND o.completed_at <= $2"),
        " UNION ", never_counted!("'ticket:' || o.number",
            "tickets o WHERE o.opened_at >= $1 AND o.opened_at <= $2"),
        " ORDER BY thing");
    PENDING = "SELECT DISTINCT thing FROM uncounted LIMIT $1";
}

impl Tx {
    /// Days of which anything is kept.
    pub async fn days_kept(&mut self) -> Result<Vec<Day>, Error> {
        let rows = self.rows(DAYS, args![]).await?;
        rows.iter().map(|row| row.word("day")).collect()
    }

    /// The things that are counted on the day, each with its parts of that day, behind one by its name. Of the last
    /// one some parts may be missing where there are `limit` parts; then it is left to the next page.
    pub async fn kept_on(
        &mut self,
        day: Day,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, Vec<Part>)>, Error> {
        let rows = self.rows(PARTS_ON, args![day, after, limit]).await?;
        let mut things: Vec<(String, Vec<Part>)> = Vec::new();
        for row in &rows {
            let thing: String = row.get("thing")?;
            match things.last_mut().filter(|(last, _)| *last == thing) {
                Some((_, parts)) => parts.push(part(row)?),
                None => things.push((thing, vec![part(row)?])),
            }
        }
        if rows.len() as i64 == limit && things.len() > 1 {
            things.pop();
        }
        Ok(things)
    }

    pub async fn sums_on(&mut self, day: Day) -> Result<BTreeMap<Cell, Tally>, Error> {
        let mut sums: BTreeMap<Cell, Tally> = BTreeMap::new();
        for row in self.rows(SUMS_ON, args![day]).await? {
            let tally = sums.entry(cell(&row)?).or_default();
            tally.add(count(&row)?, row.get("many")?);
        }
        sums.retain(|_, tally| !tally.is_empty());
        Ok(sums)
    }

    /// Names of things on record within the span that were never counted; also of those that count as nothing.
    pub async fn never_counted(
        &mut self,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<String>, Error> {
        let rows = self.rows(NEVER_COUNTED, args![from, until]).await?;
        rows.iter().map(|row: &Row| row.get("thing")).collect()
    }

    /// What waits to be counted anew, at most `limit`.
    pub async fn pending_things(&mut self, limit: i64) -> Result<Vec<String>, Error> {
        let rows = self.rows(PENDING, args![limit]).await?;
        rows.iter().map(|row: &Row| row.get("thing")).collect()
    }
}
