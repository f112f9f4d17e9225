//! The timeline's pen: lines of all calls are taken at once and written together, so that a call
//! never waits for one and at most a second of them is lost in a crash.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::{CallId, TimelineEntry};
use crate::store::{self, Store, Tx};

/// Lines kept while the database cannot be written; later ones are dropped and counted.
const MOST_PENDING: usize = 50_000;
/// Between two writes, so that the writer stays free for grades.
const PAUSE: Duration = Duration::from_millis(200);
/// After a failed write.
const RETRY: Duration = Duration::from_secs(1);

pub(super) struct Timeline {
    store: Store,
    pending: Mutex<Vec<Line>>,
    arrived: Notify,
    dropped: AtomicU64,
    /// One flush at a time keeps the lines of a call in their order.
    flushing: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Line {
    call: CallId,
    /// Given once, before the first try: a batch whose commit was not answered is told again, and
    /// what is on record then must not stand there twice.
    seq: Option<i64>,
    entry: TimelineEntry,
}

impl Timeline {
    pub(super) fn new(store: Store) -> Timeline {
        Timeline {
            store,
            pending: Mutex::default(),
            arrived: Notify::new(),
            dropped: AtomicU64::new(0),
            flushing: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn push(&self, call: &CallId, entries: impl IntoIterator<Item = TimelineEntry>) {
        let mut pending = self.pending();
        for entry in entries {
            if pending.len() < MOST_PENDING {
                pending.push(Line {
                    call: call.clone(),
                    seq: None,
                    entry,
                });
            } else if self.dropped.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::error!("timeline lines are dropped: the database cannot be written");
            }
        }
        drop(pending);
        self.arrived.notify_one();
    }

    /// Writes what is pending. On a fault it stays pending.
    pub(super) async fn flush(&self) -> Result<(), store::Error> {
        let _turn = self.flushing.lock().await;
        let written = self.write_pending().await?;
        // Only now: a flush that is cancelled or fails on its way loses no line.
        self.pending().drain(..written);
        Ok(())
    }

    /// Commits what is pending and leaves it pending; how many lines. Only within a turn.
    pub(super) async fn write_pending(&self) -> Result<usize, store::Error> {
        let mut batch = self.pending().clone();
        if batch.is_empty() {
            return Ok(0);
        }
        let mut tx = self.store.write().await?;
        number(&mut tx, &mut batch).await?;
        // Within a turn lines are only added behind these.
        for (pending, numbered) in self.pending().iter_mut().zip(&batch) {
            pending.seq = numbered.seq;
        }
        for line in &batch {
            let seq = line.seq.expect("every line was numbered above");
            tx.insert_event(&line.call, seq, &line.entry).await?;
        }
        tx.commit().await?;
        Ok(batch.len())
    }

    fn pending(&self) -> MutexGuard<'_, Vec<Line>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes as lines arrive, until it is dropped.
    pub(super) async fn run(self: Arc<Self>) {
        let mut fails = false;
        loop {
            self.arrived.notified().await;
            match self.flush().await {
                Ok(()) => {
                    if std::mem::take(&mut fails) {
                        tracing::info!("the timeline is written again");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => {
                    if !std::mem::replace(&mut fails, true) {
                        tracing::error!(%error, "the timeline cannot be written; trying again");
                    }
                    self.arrived.notify_one();
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

/// Numbers the lines that have no number yet, behind those on record and those that may be.
async fn number(tx: &mut Tx, lines: &mut [Line]) -> Result<(), store::Error> {
    let mut last: HashMap<CallId, i64> = HashMap::new();
    for line in lines {
        let before = match last.get(&line.call) {
            Some(seq) => *seq,
            None => tx.last_event_seq(&line.call).await?,
        };
        let seq = *line.seq.get_or_insert(before + 1);
        last.insert(line.call.clone(), seq.max(before));
    }
    Ok(())
}
