//! From what changed to the sums, and from the sums to figures.

use std::collections::BTreeMap;

use super::refused;
use crate::domain::{Calendar, Channel, Day, Moment, UnitId};
use crate::engine::{Engine, Error};
use crate::figures::{Cell, Part, Tally, Value, of_act, of_ticket, values};
use crate::store::Tx;
use crate::tallies::{Scope, Split, Thing, ThingRow, Things};

/// Things counted in one transaction: few enough that a grade keyed meanwhile hardly waits.
const BATCH: i64 = 100;

/// Changes that are counted one by one where somebody asks how many wait.
const MOST_WAITING: i64 = 10_000;

/// What figures are asked of.
#[derive(Debug, Clone, Default)]
pub struct Span {
    pub from: Option<Day>,
    /// Itself too; a day that is not over is left out.
    pub until: Option<Day>,
    pub unit: Option<UnitId>,
    pub channel: Option<Channel>,
    /// 事项: its code.
    pub item: Option<String>,
}

/// Sums and what they come to.
#[derive(Debug, Clone)]
pub struct Figures {
    pub scope: Scope,
    /// By the asked-for split; one with an empty key where there is none.
    pub lines: Vec<(String, Tally, Vec<Value>)>,
}

impl Engine {
    /// Counts what changed since it was last counted; how many things. May be run again and by several
    /// processes at once: each change is taken once.
    pub async fn count_anew(&self) -> Result<u64, Error> {
        let mut done = 0;
        loop {
            let counted = self.count_batch().await?;
            done += counted;
            if counted < BATCH as u64 {
                return Ok(done);
            }
        }
    }

    async fn count_batch(&self) -> Result<u64, Error> {
        // Nothing to do is the usual thing, and is no reason to wait for the one writer.
        if self.read().await?.uncounted(1).await?.is_empty() {
            return Ok(0);
        }
        let mut tx = self.write().await?;
        tx.lock_sums().await?;
        let changed = tx.uncounted(BATCH).await?;
        let mut sums: BTreeMap<Cell, Tally> = BTreeMap::new();
        let mut seen: Vec<&str> = Vec::new();
        for one in &changed {
            // Several changes of one thing are one new count.
            if !seen.contains(&one.thing.as_str()) {
                count_thing(&mut tx, &one.thing, self.calendar(), &mut sums).await?;
                seen.push(&one.thing);
            }
            tx.counted_now(one).await?;
        }
        sums.retain(|_, tally| !tally.is_empty());
        tx.add_sums(&sums).await?;
        tx.commit().await?;
        Ok(changed.len() as u64)
    }

    /// Notes tickets to be counted anew whose working days were counted by another calendar; how many. To be done
    /// at the start, beside the terms' own recount.
    pub async fn count_by_calendar(&self) -> Result<u64, Error> {
        let version = self.calendar().version();
        let mut tx = self.write().await?;
        tx.lock_sums().await?;
        let noted = match tx.counted_with().await? {
            Some(known) if known == version => return Ok(0),
            Some(_) => tx.count_closed_anew().await?,
            // What was closed before is noted by the migration.
            None => 0,
        };
        tx.now_counted_with(version).await?;
        tx.commit().await?;
        Ok(noted)
    }

    /// Figures of a span, of days that are over, as they were last counted.
    pub async fn figures_of(
        &self,
        span: &Span,
        split: Split,
        now: Moment,
    ) -> Result<Figures, Error> {
        let scope = scope_of(span, now)?;
        let mut sums = self.read().await?.sums(&scope, split).await?;
        if split == Split::Whole {
            sums.entry(String::new()).or_default();
        }
        let weights = self.settings().weights;
        let line = |(key, tally): (String, Tally)| {
            let values = values(&tally, weights);
            (key, tally, values)
        };
        Ok(Figures {
            scope,
            lines: sums.into_iter().map(line).collect(),
        })
    }

    /// The span as it can be answered: until yesterday at the latest.
    pub fn scope_of(&self, span: &Span, now: Moment) -> Result<Scope, Error> {
        scope_of(span, now)
    }

    /// How many changes wait to be counted: what is told of figures is without them. [`MOST_WAITING`] and one where
    /// there are more. The beat of the server counts them; asking writes nothing.
    pub async fn waiting(&self) -> Result<u64, Error> {
        Ok(self.read().await?.waiting(MOST_WAITING + 1).await?)
    }

    /// The things behind a count, as they were last counted.
    pub async fn things(&self, things: &Things, limit: i64) -> Result<Vec<ThingRow>, Error> {
        Ok(self.read().await?.things(things, limit).await?)
    }
}

/// What the thing comes to, from its records.
pub(super) async fn parts_now(
    tx: &mut Tx,
    name: &str,
    calendar: &Calendar,
) -> Result<Vec<Part>, Error> {
    Ok(match tx.thing(name).await? {
        None => Vec::new(),
        Some(Thing::Act(record)) => of_act(&record),
        Some(Thing::Ticket(case, channel, item)) => {
            of_ticket(&case, channel, item.as_deref(), calendar)
        }
    })
}

/// Takes the thing out as it was counted and puts it in as it is now.
async fn count_thing(
    tx: &mut Tx,
    name: &str,
    calendar: &Calendar,
    sums: &mut BTreeMap<Cell, Tally>,
) -> Result<(), Error> {
    let before = tx.parts_of(name).await?;
    let after = parts_now(tx, name, calendar).await?;
    if before == after {
        return Ok(());
    }
    for part in &before {
        sums.entry(part.cell.clone())
            .or_default()
            .take_out(&part.tally);
    }
    for part in &after {
        sums.entry(part.cell.clone())
            .or_default()
            .merge(&part.tally);
    }
    tx.keep_parts(name, &after).await?;
    Ok(())
}

/// The span as it can be answered: from the month's beginning to yesterday where nothing is said.
pub(super) fn scope_of(span: &Span, now: Moment) -> Result<Scope, Error> {
    let yesterday = now.day().previous();
    let until = span.until.unwrap_or(yesterday).min(yesterday);
    let first = Day::new(until.year(), until.month(), 1).unwrap_or(until);
    let from = span.from.unwrap_or(first);
    if from > until {
        return Err(refused(format!(
            "figures are of days that are over: {from} is not before {}",
            now.day()
        )));
    }
    Ok(Scope {
        from,
        until,
        unit: span.unit.clone(),
        channel: span.channel,
        item: span.item.clone(),
    })
}
