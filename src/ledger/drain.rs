//! The way back: entries of the journal into the database, in their order.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::house::{House, lost, reached_database};
use super::job::{Entry, Job};
use crate::engine::CallId;
use crate::journal::Place;

/// Between two tries while the database is gone.
const AGAIN: Duration = Duration::from_millis(500);
/// For one write: longer than the database's own bounds, so that it tells why.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs until it is dropped.
pub(super) async fn run(house: Arc<House>) {
    let mut earlier = HashSet::new();
    let mut at = Place::START;
    tell_earlier(&house, at, &mut earlier);
    loop {
        let found = match house.journal.next(at).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "the journal cannot be read; trying again");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        // What was damaged at the start has been told.
        if found.damaged > 0 && found.next > house.left.end {
            metrics::counter!("gradeline_journal_damaged_octets_total").increment(found.damaged);
            tracing::error!(
                octets = found.damaged,
                "part of the journal cannot be read any more"
            );
        }
        at = found.next;
        if let Some(octets) = found.entry {
            take(&house, &octets, at, &mut earlier).await;
            house.drained(at);
            tell_earlier(&house, at, &mut earlier);
            continue;
        }
        house.drained(at);
        tell_earlier(&house, at, &mut earlier);
        if house.is_empty() && at.is_behind_entries() {
            at = emptied(&house, at).await;
        } else if !house.leave_journal() || !at.is_behind_entries() {
            house.stirred.notified().await;
        }
    }
}

/// Everything is drained: empties the journal, then opens the way to the database. Where to go on.
async fn emptied(house: &House, at: Place) -> Place {
    match house.journal.empty(at).await {
        Ok(Some(start)) => {
            house.drained(start);
            if house.leave_journal() {
                tracing::info!("the journal is drained and empty");
            }
            start
        }
        // Something came meanwhile.
        Ok(None) => at,
        Err(error) => {
            // What stays in it is drained again after the next start, and changes nothing then.
            tracing::error!(%error, "the journal cannot be emptied; trying again");
            tokio::time::sleep(AGAIN).await;
            at
        }
    }
}

/// Brings one entry into the database, however long that takes.
async fn take(house: &House, octets: &[u8], end: Place, earlier: &mut HashSet<CallId>) {
    let Entry { call, job } = match Entry::read(octets) {
        Ok(entry) => entry,
        Err(error) => {
            metrics::counter!("gradeline_ledger_lost_total").increment(1);
            tracing::error!(%error, "an entry of the journal is of another edition; it is passed over");
            return;
        }
    };
    if matches!(job, Job::Open(_)) && end <= house.left.end {
        earlier.insert(call.clone());
    }
    loop {
        match tokio::time::timeout(PATIENCE, job.write(&house.engine, &call)).await {
            Ok(Ok(submitted)) => {
                reached_database();
                house.database_works();
                if let Some(submitted) = submitted {
                    tracing::info!(call = %call.0, rating = submitted.rating,
                        grade = %submitted.grade, ticket = submitted.ticket, "rated, out of the journal");
                }
                return;
            }
            Ok(Err(error)) if !error.may_pass() => {
                return lost(&call, &job, &error.to_string());
            }
            Ok(Err(error)) => house.database_fails(&error.to_string()),
            Err(_) => house.database_fails("it does not answer"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Once, when nothing of the earlier run is left before `at`.
fn tell_earlier(house: &House, at: Place, earlier: &mut HashSet<CallId>) {
    let told = house.earlier.borrow().is_some();
    if !told && at >= house.left.end {
        house.earlier.send_replace(Some(std::mem::take(earlier)));
    }
}
