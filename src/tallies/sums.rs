//! Sums of a span of days, and the things behind them. What is asked of costs the span and not the years
//! before it.

use std::collections::BTreeMap;

use super::counting::{count, part};
use crate::domain::{Channel, Day, UnitId};
use crate::figures::{Count, Part, Tally};
use crate::store::{Error, Row, Tx, Value, args, statements};

/// A span of days, of a unit, a channel, a matter where these are given.
macro_rules! within {
    () => {
        "day >= $1 AND day <= $2 AND (CAST($3 AS TEXT) IS NULL OR unit = $3) \
        AND (CAST($4 AS TEXT) IS NULL OR channel = $4) AND (CAST($5 AS TEXT) IS NULL OR item = $5)"
    };
}

macro_rules! sums_by {
    ($column:literal) => {
        concat!(
            "SELECT ",
            $column,
            " AS of, count, CAST(SUM(many) AS BIGINT) AS many FROM sums WHERE ",
            within!(),
            " GROUP BY ",
            $column,
            ", count"
        )
    };
}

statements! {
    WHOLE = concat!("SELECT '' AS of, count, CAST(SUM(many) AS BIGINT) AS many FROM sums WHERE ",
        within!(), " GROUP BY count");
    BY_UNIT = sums_by!("unit");
    BY_CHANNEL = sums_by!("channel");
    BY_ITEM = sums_by!("item");
    BY_DAY = sums_by!("day");
    THINGS = concat!("SELECT thing, part, day, unit, channel, item, counts FROM counted WHERE ",
        within!(), " AND counts LIKE '% ' || $6 || ' %' \
        AND (CAST($7 AS TEXT) IS NULL OR counts NOT LIKE '% ' || $7 || ' %') \
        AND (CAST($8 AS TEXT) IS NULL OR day > $8 OR (day = $8 AND (thing > $9 \
            OR (thing = $9 AND part > $10)))) \
        ORDER BY day, thing, part LIMIT $11");
}

/// What sums are asked of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub from: Day,
    /// The last day, itself too.
    pub until: Day,
    pub unit: Option<UnitId>,
    pub channel: Option<Channel>,
    /// 事项: its code.
    pub item: Option<String>,
}

/// By what sums are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Whole,
    Unit,
    Channel,
    Item,
    Day,
}

/// A thing behind a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingRow {
    /// `act:…` or `ticket:…`.
    pub thing: String,
    pub part_number: i64,
    pub part: Part,
}

/// Which things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Things {
    pub scope: Scope,
    pub count: Count,
    /// Only those that do not also count as this.
    pub without: Option<Count>,
    /// Behind this one: its day, name and part.
    pub after: Option<(Day, String, i64)>,
}

impl Split {
    pub const ALL: [Split; 5] = [
        Split::Whole,
        Split::Unit,
        Split::Channel,
        Split::Item,
        Split::Day,
    ];

    /// The word for the API.
    pub const fn word(self) -> &'static str {
        match self {
            Split::Whole => "whole",
            Split::Unit => "unit",
            Split::Channel => "channel",
            Split::Item => "item",
            Split::Day => "day",
        }
    }
}

impl Tx {
    /// The sums of a span, told apart as asked; the key is empty for what is of no unit or matter.
    pub async fn sums(
        &mut self,
        scope: &Scope,
        split: Split,
    ) -> Result<BTreeMap<String, Tally>, Error> {
        let sql = match split {
            Split::Whole => WHOLE,
            Split::Unit => BY_UNIT,
            Split::Channel => BY_CHANNEL,
            Split::Item => BY_ITEM,
            Split::Day => BY_DAY,
        };
        let mut sums: BTreeMap<String, Tally> = BTreeMap::new();
        for row in self.rows(sql, of_scope(scope)).await? {
            let many: i64 = row.get("many")?;
            if many != 0 {
                let tally = sums.entry(row.get("of")?).or_default();
                tally.add(count(&row)?, many);
            }
        }
        Ok(sums)
    }

    /// The things behind a count, by day and name.
    pub async fn things(&mut self, things: &Things, limit: i64) -> Result<Vec<ThingRow>, Error> {
        let (day, name, number) = match &things.after {
            Some((day, name, number)) => (Some(*day), Some(name.clone()), *number),
            None => (None, None, 0),
        };
        // Where the page before ended, so that the days before it are not walked through again.
        let from = day.map_or(things.scope.from, |day| day.max(things.scope.from));
        let mut values = of_scope(&Scope {
            from,
            ..things.scope.clone()
        });
        values.extend(args![
            things.count.word(),
            things.without.map(Count::word),
            day,
            name,
            number,
            limit
        ]);
        let rows = self.rows(THINGS, values).await?;
        let read = |row: &Row| {
            Ok(ThingRow {
                thing: row.get("thing")?,
                part_number: row.get("part")?,
                part: part(row)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

fn of_scope(scope: &Scope) -> Vec<Value> {
    args![
        scope.from,
        scope.until,
        scope.unit.as_ref().map(|unit| unit.0.clone()),
        scope.channel.map(Channel::word),
        scope.item.clone()
    ]
}
