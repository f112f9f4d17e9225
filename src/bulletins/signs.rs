//! Signs of 第十九条 within a span, each with its evidence; and hot spots (第十七条).

use std::collections::BTreeMap;

use super::reckoning::{Span, scope_of};
use super::refused;
use crate::domain::Moment;
use crate::engine::{Engine, Error};
use crate::figures::{Count, Flag, HotSpot, bursts, hot_spots, repeated};
use crate::store::Tx;
use crate::tallies::{MOST_SIGNS, Scope, Things};

/// Tickets that are listed as weak.
const MOST_WEAK: usize = 10_000;

impl Engine {
    /// Every sign of the span: lists for people to look at, never verdicts.
    pub async fn flags(&self, span: &Span, now: Moment) -> Result<Vec<Flag>, Error> {
        let scope = scope_of(span, now)?;
        let thresholds = self.settings().thresholds;
        let (from, until) = (
            scope.from.start(),
            scope.until.next().start().plus_millis(-1),
        );
        let mut tx = self.read().await?;
        let unit = scope.unit.as_ref().map(|unit| unit.0.as_str());
        let acts = tx.bad_acts((scope.from, scope.until), unit).await?;
        let acts = all(acts, MOST_SIGNS)?;
        let mut flags = repeated(&acts, &thresholds);
        flags.extend(weak(&mut tx, &scope).await?);
        if scope.unit.is_some() {
            // What follows is of windows, telephones and people of the house, whatever the unit.
            return Ok(flags);
        }
        let at_windows = all(tx.ratings_at_windows(from, until).await?, MOST_SIGNS)?;
        flags.extend(bursts(&at_windows, &thresholds));
        let mut fast: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let grades = tx.fast_grades(from, until, thresholds.too_fast_ms).await?;
        for grade in all(grades, MOST_SIGNS)? {
            let staff = grade.staff.unwrap_or_default();
            fast.entry(staff).or_default().push(grade.rating);
        }
        flags.extend(
            fast.into_iter()
                .map(|(staff, ids)| Flag::new("too_fast", staff, ids)),
        );
        let mut staff: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let turned_away = tx.ratings_from_staff(from, until).await?;
        for away in all(turned_away, MOST_SIGNS)? {
            let person = away.person.map(|id| id.to_string()).unwrap_or_default();
            staff.entry(person).or_default().push(away.act);
        }
        flags.extend(
            staff
                .into_iter()
                .map(|(who, ids)| Flag::new("from_staff", who, ids)),
        );
        flags.extend(self.odd_looks(&mut tx, from, until).await?);
        Ok(flags)
    }

    /// 堵点: reason × matter of the span's 差评.
    pub async fn hot_spots(&self, span: &Span, now: Moment) -> Result<Vec<HotSpot>, Error> {
        let scope = scope_of(span, now)?;
        let mut tx = self.read().await?;
        let unit = scope.unit.as_ref().map(|unit| unit.0.as_str());
        let acts = tx.bad_acts((scope.from, scope.until), unit).await?;
        let acts = all(acts, MOST_SIGNS)?;
        Ok(hot_spots(&acts, &self.settings().thresholds))
    }

    /// Whose looks at raters' data are many, or often refused.
    async fn odd_looks(
        &self,
        tx: &mut Tx,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<Flag>, Error> {
        let thresholds = self.settings().thresholds;
        let looks = all(tx.looks_within(from, until).await?, MOST_SIGNS)?;
        let mut flags = Vec::new();
        for of_one in looks.chunk_by(|one, next| one.asker == next.asker) {
            let asker = &of_one[0].asker;
            let refused: Vec<String> = of_one
                .iter()
                .filter(|look| look.refused)
                .map(|look| look.id.to_string())
                .collect();
            if refused.len() >= thresholds.refused_looks.max(1) {
                flags.push(Flag::new("refused_looks", asker, refused));
            }
            if of_one.len() >= thresholds.looks.max(1) {
                let ids = of_one.iter().map(|look| look.id.to_string()).collect();
                flags.push(Flag::new("many_looks", asker, ids));
            }
        }
        Ok(flags)
    }
}

/// The rows, where these are all; a list cut off would pass for the whole one.
fn all<T>(rows: Vec<T>, most: usize) -> Result<Vec<T>, Error> {
    if rows.len() > most {
        return Err(refused(format!(
            "there are more than {most} of one kind in these days: ask of fewer days"
        )));
    }
    Ok(rows)
}

/// 整改落实不力, by unit.
async fn weak(tx: &mut Tx, scope: &Scope) -> Result<Vec<Flag>, Error> {
    let things = Things {
        scope: scope.clone(),
        count: Count::Weak,
        without: None,
        after: None,
    };
    let mut units: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let tickets = tx.things(&things, MOST_WEAK as i64 + 1).await?;
    for row in all(tickets, MOST_WEAK)? {
        let unit = row.part.cell.unit.map(|unit| unit.0).unwrap_or_default();
        let ticket = row.thing.strip_prefix("ticket:").unwrap_or(&row.thing);
        units.entry(unit).or_default().push(ticket.to_owned());
    }
    let flag = |(unit, tickets)| Flag::new("weak_rectification", unit, tickets);
    Ok(units.into_iter().map(flag).collect())
}
