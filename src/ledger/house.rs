//! One gate for all calls: to the database, or to the journal while the database is gone.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::job::{Entry, Job};
use crate::engine::{CallId, Engine, Submitted};
use crate::failpoint::{self, Step};
use crate::journal::{self, Journal, Left, Place};

/// A write that is not in the database so long after it was asked for goes to the journal, with those
/// that wait behind it: the caller waits for his echo.
const PATIENCE: Duration = Duration::from_secs(1);
/// For one that had to wait for others.
const LEAST_PATIENCE: Duration = Duration::from_millis(100);

/// Where neither database nor journal takes a write, it is tried this often, with these pauses: about a
/// minute, then it is lost.
const PAUSES_MS: [u64; 8] = [100, 200, 500, 1000, 2000, 5000, 15_000, 30_000];

/// A job, and when the call asked for it.
pub(super) struct Put {
    pub at: Instant,
    pub job: Job,
}

pub(super) struct House {
    pub engine: Engine,
    pub journal: Journal,
    pub left: Left,
    gate: Mutex<Gate>,
    /// A row was waited for in vain, and nothing was kept since.
    stands: AtomicBool,
    /// Something went to the journal, or failed to.
    pub stirred: Notify,
    /// The calls that the earlier run's entries opened, once all of these are drained.
    pub earlier: watch::Sender<Option<HashSet<CallId>>>,
}

struct Gate {
    /// Every write goes to the journal, so that none overtakes those that are there.
    journalling: bool,
    /// Writes on their way into the journal.
    on_their_way: u64,
    /// Behind the last entry that is known.
    end: Place,
    /// Up to here the journal is in the database.
    drained_to: Place,
    /// Entries not in the database yet, for those who watch.
    entries: u64,
    /// Why the database takes no writes, as far as is known.
    database: Option<String>,
    journal_fails: bool,
}

impl Gate {
    fn is_empty(&self) -> bool {
        self.on_their_way == 0 && self.drained_to >= self.end
    }
}

/// What became of a write.
#[derive(Debug)]
pub(super) enum Written {
    InDatabase(Option<Submitted>),
    InJournal,
    /// Not kept: refused, or a minute without database and journal.
    Lost,
}

impl House {
    pub(super) fn new(engine: Engine, journal: Journal, left: Left) -> House {
        let gate = Gate {
            journalling: left.entries > 0,
            on_their_way: 0,
            end: left.end,
            drained_to: Place::START,
            entries: left.entries,
            database: None,
            journal_fails: false,
        };
        let house = House {
            engine,
            journal,
            left,
            gate: Mutex::new(gate),
            stands: AtomicBool::new(false),
            stirred: Notify::new(),
            earlier: watch::Sender::new(None),
        };
        metrics::gauge!("gradeline_database_up").set(1.0);
        metrics::gauge!("gradeline_journal_entries").set(left.entries as f64);
        house
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether neither database nor journal answers, as far as is known: nobody should wait for them.
    pub(super) fn stands(&self) -> bool {
        self.stands.load(Ordering::Relaxed)
    }

    /// A row was waited for in vain.
    pub(super) fn no_answer(&self) {
        self.stands.store(true, Ordering::Relaxed);
    }

    /// Writes jobs of one call, in their order, to where they will not be lost; `told` what became of each.
    pub(super) async fn keep(
        &self,
        id: &CallId,
        jobs: &mut VecDeque<Put>,
        mut told: impl FnMut(&Job, Written),
    ) {
        let mut pauses = PAUSES_MS.iter();
        while let Some(Put { at, job }) = jobs.front() {
            let journalling = self.gate().journalling;
            if !journalling {
                let by = (*at + PATIENCE).max(Instant::now() + LEAST_PATIENCE);
                let settled = match tokio::time::timeout_at(by, job.write(&self.engine, id)).await {
                    Ok(Ok(submitted)) => Some(Written::InDatabase(submitted)),
                    Ok(Err(error)) if !error.may_pass() => {
                        lost(id, job, &error.to_string());
                        Some(Written::Lost)
                    }
                    Ok(Err(error)) => {
                        self.database_fails(&error.to_string());
                        None
                    }
                    Err(_) => {
                        self.database_fails("a write takes longer than a second");
                        None
                    }
                };
                if let Some(written) = settled {
                    self.stands.store(false, Ordering::Relaxed);
                    told(job, written);
                    jobs.pop_front();
                    continue;
                }
            }
            match self.append(id, jobs).await {
                Ok(()) => {
                    self.stands.store(false, Ordering::Relaxed);
                    jobs.drain(..)
                        .for_each(|put| told(&put.job, Written::InJournal));
                }
                Err(error) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(Duration::from_millis(*pause)).await,
                    None => {
                        lost(id, job, &error.to_string());
                        told(job, Written::Lost);
                        jobs.pop_front();
                        pauses = PAUSES_MS.iter();
                    }
                },
            }
        }
    }

    /// All of them with one sync.
    async fn append(&self, id: &CallId, jobs: &VecDeque<Put>) -> Result<(), journal::Error> {
        {
            let mut gate = self.gate();
            gate.journalling = true;
            gate.on_their_way += 1;
        }
        let entries = jobs.iter().map(|put| Entry::octets(id, &put.job));
        let kept = self.journal.append(entries.collect()).await;
        self.appended(jobs.len() as u64, &kept);
        self.stirred.notify_one();
        kept.map(drop)
    }

    fn appended(&self, entries: u64, kept: &Result<Place, journal::Error>) {
        let mut gate = self.gate();
        gate.on_their_way -= 1;
        let failed_before = std::mem::replace(&mut gate.journal_fails, kept.is_err());
        match kept {
            Ok(end) => {
                gate.end = gate.end.max(*end);
                gate.entries += entries;
                metrics::counter!("gradeline_journal_kept_total").increment(entries);
                if failed_before {
                    tracing::info!("the journal takes writes again");
                }
            }
            Err(error) => {
                metrics::counter!("gradeline_journal_faults_total").increment(1);
                if !failed_before {
                    tracing::error!(%error, "the journal takes no writes: grades cannot be stored");
                }
            }
        }
        metrics::gauge!("gradeline_journal_entries").set(gate.entries as f64);
    }

    /// The journal is in the database up to here, or given up.
    pub(super) fn drained(&self, to: Place) {
        let mut gate = self.gate();
        gate.drained_to = to;
        gate.entries = match gate.is_empty() {
            true => 0,
            false => gate.entries.saturating_sub(1),
        };
        metrics::gauge!("gradeline_journal_entries").set(gate.entries as f64);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gate().is_empty()
    }

    /// Lets writes go to the database again, if nothing is in the journal or on its way.
    pub(super) fn leave_journal(&self) -> bool {
        let mut gate = self.gate();
        let empty = gate.is_empty();
        if empty {
            gate.journalling = false;
        }
        empty
    }

    /// Says so once, when it begins to fail.
    pub(super) fn database_fails(&self, why: &str) {
        let mut gate = self.gate();
        if gate.database.is_none() {
            metrics::counter!("gradeline_database_outages_total").increment(1);
            metrics::gauge!("gradeline_database_up").set(0.0);
            tracing::error!(
                why,
                "the database takes no writes; what callers say is kept in the journal"
            );
        }
        gate.database = Some(why.to_owned());
    }

    pub(super) fn database_works(&self) {
        let mut gate = self.gate();
        if gate.database.take().is_some() {
            metrics::gauge!("gradeline_database_up").set(1.0);
            tracing::info!(journal = gate.entries, "the database takes writes again");
        }
    }

    pub(super) fn troubles(&self) -> Vec<&'static str> {
        let gate = self.gate();
        let told = [
            (gate.database.is_some(), "database"),
            (gate.journal_fails, "journal"),
        ];
        let now = told.iter().filter(|(is, _)| *is);
        now.map(|(_, word)| *word).collect()
    }

    pub(super) async fn earlier_drained(&self) -> HashSet<CallId> {
        let mut drained = self.earlier.subscribe();
        match drained.wait_for(Option::is_some).await {
            Ok(calls) => calls.clone().unwrap_or_default(),
            Err(_) => HashSet::new(),
        }
    }
}

/// The last word about a write. What it would have written stays out of the log.
pub(super) fn lost(id: &CallId, job: &Job, why: &str) {
    metrics::counter!("gradeline_ledger_lost_total").increment(1);
    tracing::error!(call = %id.0, job = job.word(), why, "a call's write failed for good");
}

/// An entry on its way back.
pub(super) fn reached_database() {
    failpoint::reach(Step::JournalDrained);
    metrics::counter!("gradeline_journal_drained_total").increment(1);
}
