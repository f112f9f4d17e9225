//! Until when bulletins are due (第十八条): a term for each month and quarter that ends.

use crate::domain::{Moment, Period};
use crate::engine::{Engine, Error, Settings};
use crate::store::Tx;
use crate::tallies::BulletinTerm;

/// Both kinds of the last years.
const MOST: i64 = 100;
/// Terms started at once; what is left is started by the next call.
const MOST_AT_ONCE: usize = 64;

impl Engine {
    /// Starts the term of the bulletin of each period that has ended and has none; how many. The first is the one
    /// that ended last when the centre already worked with this program; from then none is left out, whatever
    /// time it stood still. May be run again and by several processes at once.
    pub async fn start_bulletin_terms(&self, now: Moment) -> Result<usize, Error> {
        // Nothing to do is the usual thing, and is no reason to wait for the one writer.
        let settings = self.settings();
        let none = without_term(&mut self.read().await?, settings, now).await?;
        if none.is_empty() {
            return Ok(0);
        }
        let mut tx = self.write().await?;
        tx.lock_bulletin_terms().await?;
        let ended = without_term(&mut tx, settings, now).await?;
        for period in &ended {
            // Whoever issues it this moment is waited for.
            tx.lock_bulletin(*period).await?;
            let issued = tx.issued_bulletin(*period).await?;
            let issued_at = issued.and_then(|row| row.issued_at);
            self.start_bulletin_term(&mut tx, *period, issued_at, now)
                .await?;
        }
        tx.commit().await?;
        Ok(ended.len())
    }

    /// The terms of bulletins, the last ones due first.
    pub async fn bulletin_terms(&self) -> Result<Vec<BulletinTerm>, Error> {
        Ok(self.read().await?.bulletin_terms(MOST).await?)
    }
}

/// In the order in which they ended; none that was over before the regulation was in force.
async fn without_term(tx: &mut Tx, settings: &Settings, now: Moment) -> Result<Vec<Period>, Error> {
    let started = tx.bulletin_terms(MOST).await?;
    let mut found = Vec::new();
    for last in Period::last_ended(now.day()) {
        let alike = started.iter().map(|term| term.period);
        let known = alike
            .filter(|period| period.is_month() == last.is_month())
            .max();
        let mut next = match known {
            Some(known) => known.after(),
            None => match tx.first_line_at().await? {
                Some(first) if first <= last.end() => last,
                _ => continue,
            },
        };
        while next <= last && found.len() < MOST_AT_ONCE {
            found.push(next);
            next = next.after();
        }
    }
    found.retain(|period| settings.in_force(period.end()));
    found.sort_by_key(|period| (period.end(), !period.is_month()));
    Ok(found)
}
