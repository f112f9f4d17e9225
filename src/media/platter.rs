//! The threads that wait for the platter, so that writing does not. `sync_data` may take long,
//! on a hanging volume for ever; what is running is synced each second by one thread, what is
//! closed by another, so that a call's end waits for no other call's syncs than those closed before it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError as Untold;

use super::Event;
use super::volume::Durable;
use crate::failpoint::{self, Step};

/// Files in a thread's queue.
const SYNCS_QUEUED: usize = 2048;
/// So many running files that are due together are synced as a volume.
const TOGETHER_FROM: usize = 16;
/// How long files are collected before they are synced.
const COLLECTED_FOR: Duration = Duration::from_millis(250);
/// Closed files that wait for a place in it; later ones are told unsynced.
const CLOSED_KEPT: usize = 4096;
const TOLD_AGAIN_EVERY: Duration = Duration::from_millis(100);

/// A file that was closed, and what its call is to be told once it is durable.
pub struct Closed {
    pub path: PathBuf,
    /// `None` where there is no file to sync.
    pub durable: Option<Arc<dyn Durable>>,
    pub to: Sender<Event>,
    pub event: Event,
}

impl Closed {
    /// `true` when there is nothing more to do about it.
    fn tell(&self) -> bool {
        !matches!(self.to.try_send(self.event.clone()), Err(Untold::Full(_)))
    }
}

/// The writer's way to both threads.
pub struct Platter {
    running: SyncSender<Arc<dyn Durable>>,
    closed: SyncSender<Closed>,
    waiting: VecDeque<Closed>,
}

impl Platter {
    pub fn start() -> Self {
        let (running, files) = sync_channel(SYNCS_QUEUED);
        let (closed, ends) = sync_channel(SYNCS_QUEUED);
        spawn("recording-sync", move || sync_running(&files));
        spawn("recording-close", move || sync_closed(&ends));
        Platter {
            running,
            closed,
            waiting: VecDeque::new(),
        }
    }

    /// Asks for a sync of a file that is being written. A full queue means that the volume is
    /// behind: the next second asks again.
    pub fn sync(&self, file: &Arc<dyn Durable>) {
        if self.running.try_send(Arc::clone(file)).is_err() {
            metrics::counter!("gradeline_media_recording_syncs_put_off_total").increment(1);
        }
    }

    /// Syncs a closed file, then tells its end.
    pub fn close(&mut self, closed: Closed) {
        self.waiting.push_back(closed);
        self.retry();
        while self.waiting.len() > CLOSED_KEPT {
            let Some(mut oldest) = self.waiting.pop_front() else {
                return;
            };
            tracing::error!(path = %oldest.path.display(), "a recording is told before it was synced");
            // Only without its file does the thread take it at once; a shell that does not even
            // read then is told nothing.
            oldest.durable = None;
            oldest.tell();
        }
    }

    /// Hands over what the queue did not take.
    pub fn retry(&mut self) {
        while let Some(next) = self.waiting.pop_front() {
            match self.closed.try_send(next) {
                Ok(()) => {}
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => {
                    self.waiting.push_front(back);
                    return;
                }
            }
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) {
    if let Err(fault) = std::thread::Builder::new().name(name.into()).spawn(run) {
        tracing::error!(%fault, name, "recordings are not synced: no thread");
    }
}

#[allow(clippy::disallowed_methods)] // The thread is a shell: it collects for a while.
fn sync_running(files: &Receiver<Arc<dyn Durable>>) {
    while let Ok(first) = files.recv() {
        let mut due = vec![first];
        let until = Instant::now() + COLLECTED_FOR;
        while let Ok(next) = files.recv_timeout(until.saturating_duration_since(Instant::now())) {
            due.push(next);
        }
        sync_together(&due);
    }
}

/// Many files of one volume are synced by one call: each alone would be a journal's commit and a
/// wait for the disk, so that a thousand calls could not be synced within their second.
fn sync_together(due: &[Arc<dyn Durable>]) {
    let volume = due[0].volume();
    let together = due.len() >= TOGETHER_FROM
        && volume.is_some()
        && due.iter().all(|file| file.volume() == volume);
    if together && due[0].sync_volume().is_ok() {
        return;
    }
    for file in due {
        if let Err(fault) = file.sync() {
            tracing::warn!(%fault, "a recording could not be synced");
        }
    }
}

/// Runs until the writer is gone and everything was told that anybody listens to.
fn sync_closed(ends: &Receiver<Closed>) {
    let mut untold: Vec<Closed> = Vec::new();
    loop {
        let next = if untold.is_empty() {
            ends.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            ends.recv_timeout(TOLD_AGAIN_EVERY)
        };
        untold.retain(|closed| !closed.tell());
        match next {
            Ok(closed) => {
                if let Some(file) = &closed.durable
                    && let Err(fault) = file.sync()
                {
                    tracing::error!(%fault, path = %closed.path.display(), "a recording could not be synced");
                }
                failpoint::reach(Step::RecordingSynced);
                if !closed.tell() {
                    untold.push(closed);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
