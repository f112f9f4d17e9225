//! The timeline's pen: lines of all calls are taken at once and written together, so that a call
//! never waits for one and at most a second of them is lost in a crash.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::{CallId, TimelineEntry};
use crate::store::{self, Store};

/// Lines kept while the database cannot be written; later ones are dropped and counted.
const MOST_PENDING: usize = 50_000;
/// Between two writes, so that the writer stays free for grades.
const PAUSE: Duration = Duration::from_millis(200);
/// After a failed write.
const RETRY: Duration = Duration::from_secs(1);

pub(super) struct Timeline {
    store: Store,
    pending: Mutex<Vec<(CallId, TimelineEntry)>>,
    arrived: Notify,
    dropped: AtomicU64,
    /// One flush at a time keeps the lines of a call in their order.
    flushing: tokio::sync::Mutex<()>,
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
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            if pending.len() < MOST_PENDING {
                pending.push((call.clone(), entry));
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
        let batch = self.snapshot();
        if batch.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        tx.append_events(&batch).await?;
        tx.commit().await?;
        // Only now: a flush that is cancelled or fails on its way loses no line.
        self.pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..batch.len());
        Ok(())
    }

    fn snapshot(&self) -> Vec<(CallId, TimelineEntry)> {
        self.pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Writes as lines arrive, until it is dropped.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            self.arrived.notified().await;
            match self.flush().await {
                Ok(()) => tokio::time::sleep(PAUSE).await,
                Err(error) => {
                    tracing::error!(%error, "the timeline could not be written; trying again");
                    self.arrived.notify_one();
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}
