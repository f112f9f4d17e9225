//! The reconciliation of the figures (对账): what is kept of a day is counted again from the records.

use std::collections::{BTreeMap, BTreeSet};

use super::reckoning::parts_now;
use super::refused;
use crate::domain::{Day, Moment};
use crate::engine::{Engine, Error};
use crate::figures::{Cell, Difference, Tally, differences, summed};
use crate::store::Tx;

/// Things whose count waits; with more of them a comparison would say nothing.
const MOST_PENDING: i64 = 10_000;
/// Differences that are told; how many more there are is told too.
const MOST_TOLD: usize = 1_000;
/// Parts read at once; more than any one thing has on one day.
const PAGE: i64 = 1_000;

/// What a reconciliation found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Acts and tickets that were counted again.
    pub things: u64,
    /// Of what was looked at, what waits to be counted anew: it may differ, and is not compared.
    pub pending: u64,
    /// The first [`MOST_TOLD`].
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub left_out: u64,
}

impl Engine {
    /// Counts every act and ticket of which something is kept on the day again from its records, and compares: the
    /// thing as it was counted with the thing as it is, and the day's sums with what the things come to. Costs
    /// what the day has; nothing is written.
    pub async fn reconcile(&self, day: Day, now: Moment) -> Result<Reconciled, Error> {
        if day >= now.day() {
            return Err(refused(format!(
                "figures are of days that are over: {day} is not before {}",
                now.day()
            )));
        }
        let mut tx = self.read().await?;
        let pending = tx.pending_things(MOST_PENDING + 1).await?;
        if pending.len() as i64 > MOST_PENDING {
            return Err(refused(
                "too much waits to be counted; it is counted each minute, ask again later",
            ));
        }
        let mut found = Reconciled::default();
        let pending = pending.into_iter().collect();
        self.reconcile_kept(&mut tx, day, &pending, &mut found)
            .await?;
        self.reconcile_never_counted(&mut tx, day, &pending, &mut found)
            .await?;
        Ok(found)
    }

    /// As [`reconcile`](Self::reconcile), of every day of which anything is kept; `progress` hears how many days
    /// are done and of how many.
    pub async fn reconcile_all(
        &self,
        now: Moment,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Reconciled, Error> {
        let mut all = Reconciled::default();
        let mut days = self.read().await?.days_kept().await?;
        days.retain(|day| *day < now.day());
        for (done, day) in days.iter().enumerate() {
            all.add(self.reconcile(*day, now).await?);
            progress(done + 1, days.len());
        }
        Ok(all)
    }

    async fn reconcile_kept(
        &self,
        tx: &mut Tx,
        day: Day,
        pending: &BTreeSet<String>,
        found: &mut Reconciled,
    ) -> Result<(), Error> {
        let mut sums: BTreeMap<Cell, Tally> = BTreeMap::new();
        let mut after = String::new();
        loop {
            let things = tx.kept_on(day, &after, PAGE).await?;
            let Some((last, _)) = things.last() else {
                break;
            };
            after.clone_from(last);
            for (thing, parts) in &things {
                let kept = summed(parts);
                for (cell, tally) in &kept {
                    sums.entry(cell.clone()).or_default().merge(tally);
                }
                found.look(thing, pending);
                if !pending.contains(thing) {
                    let mut anew = parts_now(tx, thing, self.calendar()).await?;
                    anew.retain(|part| part.cell.day == day);
                    found.tell(differences(Some(thing), &kept, &summed(&anew)));
                }
            }
        }
        found.tell(differences(None, &tx.sums_on(day).await?, &sums));
        Ok(())
    }

    /// What is on record and adds to a figure, and was never counted.
    async fn reconcile_never_counted(
        &self,
        tx: &mut Tx,
        day: Day,
        pending: &BTreeSet<String>,
        found: &mut Reconciled,
    ) -> Result<(), Error> {
        for thing in tx.never_counted(day.start(), day.end()).await? {
            found.look(&thing, pending);
            if !pending.contains(&thing) {
                let anew = parts_now(tx, &thing, self.calendar()).await?;
                found.tell(differences(Some(&thing), &BTreeMap::new(), &summed(&anew)));
            }
        }
        Ok(())
    }
}

impl Reconciled {
    fn look(&mut self, thing: &str, pending: &BTreeSet<String>) {
        self.things += 1;
        self.pending += u64::from(pending.contains(thing));
    }

    fn tell(&mut self, differences: Vec<Difference>) {
        for difference in differences {
            match self.differences.len() < MOST_TOLD {
                true => self.differences.push(difference),
                false => self.left_out += 1,
            }
        }
    }

    fn add(&mut self, day: Reconciled) {
        self.things += day.things;
        self.pending += day.pending;
        self.left_out += day.left_out;
        self.tell(day.differences);
    }
}
