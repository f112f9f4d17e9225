//! A bulletin's content, from what is counted now and what people add.

use std::collections::BTreeMap;

use super::issuing::NewBulletin;
use super::reckoning::{Span, scope_of};
use crate::domain::{Channel, Moment};
use crate::engine::{Engine, Error};
use crate::figures::{
    Bulletin, Count, HotSpot, HotSpots, LeftOut, Material, Missing, Period, Tally, Thresholds,
    compose,
};
use crate::store::Tx;
use crate::tallies::{Scope, Split, Things};

/// Lines of a list of the bulletin; it says how many it has no place for.
const MOST_LINES: i64 = 10_000;
/// 差评 read at once.
const PAGE: i64 = 1_000;

impl Engine {
    /// The period as it is counted now, with what people add.
    pub(super) async fn composed(
        &self,
        period: Period,
        new: NewBulletin,
        now: Moment,
    ) -> Result<Bulletin, Error> {
        let scope = whole(period, now)?;
        let mut tx = self.read().await?;
        let mut material = self.numbers(&mut tx, period, &scope, now).await?;
        let end = scope.until.next().start().plus_millis(-1);
        let (overdue, all_overdue) = tx.overdue(scope.from.start(), end, MOST_LINES).await?;
        let missing = missing(&mut tx, &scope).await?;
        let overall = &material.overall;
        let all_missing = overall.get(Count::NamedDue) - overall.get(Count::NamedDone);
        material.left_out = LeftOut {
            overdue: all_overdue.saturating_sub(overdue.len() as u64),
            missing: u64::try_from(all_missing - missing.len() as i64).unwrap_or_default(),
            items: 0,
        };
        material.overdue = overdue;
        material.missing = missing;
        let thresholds = self.settings().thresholds;
        material.hot_spots = every_hot_spot(&mut tx, &scope, thresholds).await?;
        material.reference = new.reference;
        material.to = new.to;
        material.cases = new.cases;
        material.demands = new.demands;
        Ok(compose(material))
    }

    /// The period's numbers as they are counted now, without its lists.
    pub(super) async fn counted_again(
        &self,
        period: Period,
        now: Moment,
    ) -> Result<Bulletin, Error> {
        let scope = whole(period, now)?;
        let mut tx = self.read().await?;
        Ok(compose(self.numbers(&mut tx, period, &scope, now).await?))
    }

    async fn numbers(
        &self,
        tx: &mut Tx,
        period: Period,
        scope: &Scope,
        now: Moment,
    ) -> Result<Material, Error> {
        let overall = tx.sums(scope, Split::Whole).await?;
        let mut channels: BTreeMap<Channel, Tally> = BTreeMap::new();
        for (word, tally) in tx.sums(scope, Split::Channel).await? {
            if let Ok(channel) = word.parse() {
                channels.insert(channel, tally);
            }
        }
        let items = tx.sums(scope, Split::Item).await?;
        let units = tx.units().await?.into_iter();
        let names: BTreeMap<String, String> = units.map(|unit| (unit.id.0, unit.name)).collect();
        let units = tx.sums(scope, Split::Unit).await?;
        let named = |(id, tally): (String, Tally)| {
            let name = names.get(&id).map_or("未归口", String::as_str).to_owned();
            (id, name, tally)
        };
        Ok(Material {
            period,
            reference: String::new(),
            to: Vec::new(),
            counted_at: now,
            overall: overall.into_values().next().unwrap_or_default(),
            channels,
            units: units.into_iter().map(named).collect(),
            items,
            overdue: Vec::new(),
            cases: Vec::new(),
            hot_spots: Vec::new(),
            demands: String::new(),
            missing: Vec::new(),
            left_out: LeftOut::default(),
            weights: self.settings().weights,
        })
    }
}

/// Every pair of reason and matter: what is shown of them is the reader's.
async fn every_hot_spot(
    tx: &mut Tx,
    scope: &Scope,
    thresholds: Thresholds,
) -> Result<Vec<HotSpot>, Error> {
    let (days, mut after) = ((scope.from, scope.until), None);
    let mut spots = HotSpots::default();
    loop {
        let (acts, last) = tx.bad_acts_behind(days, None, after, PAGE).await?;
        acts.iter().for_each(|act| spots.add(act));
        if last.is_none() {
            return Ok(spots.list(&Thresholds {
                hot_spot: 1,
                ..thresholds
            }));
        }
        after = last;
    }
}

/// The period whole.
pub(super) fn whole(period: Period, now: Moment) -> Result<Scope, Error> {
    let span = Span {
        from: Some(period.from()),
        until: Some(period.until()),
        ..Span::default()
    };
    scope_of(&span, now)
}

/// 实名差评 that are due, and not both revisited and rectified.
async fn missing(tx: &mut Tx, scope: &Scope) -> Result<Vec<Missing>, Error> {
    let things = Things {
        scope: scope.clone(),
        count: Count::NamedDue,
        without: Some(Count::NamedDone),
        after: None,
    };
    let rows = tx.things(&things, MOST_LINES).await?;
    let one = |row: crate::tallies::ThingRow| Missing {
        ticket: row.thing.trim_start_matches("ticket:").to_owned(),
        unit: row.part.cell.unit.map(|unit| unit.0).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(one).collect())
}
