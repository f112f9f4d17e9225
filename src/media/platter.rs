//! The threads that wait for the platter, so that writing does not. `sync_data` may take long,
//! on a hanging volume for ever; what is running is synced each second by one thread, what is
//! closed by another, so that a call's end waits for no other call's syncs than those closed before it.

use std::collections::VecDeque;
use std::io;
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
/// From one sync of a volume to the next. It syncs every file there, so that oftener would write the
/// last page and the header of each once more for nothing.
const VOLUME_EVERY: Duration = Duration::from_millis(800);
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
    let mut volume_synced: Option<Instant> = None;
    while let Ok(first) = files.recv() {
        let mut due = vec![first];
        let began = Instant::now();
        let until = volume_synced.map_or(began, |at| at + VOLUME_EVERY);
        let until = until.max(began + COLLECTED_FOR);
        while let Ok(next) = files.recv_timeout(until.saturating_duration_since(Instant::now())) {
            due.push(next);
        }
        let began = Instant::now();
        let together = sync_together(&due, |_, fault| {
            tracing::warn!(%fault, "a recording could not be synced");
        });
        volume_synced = together.then_some(began);
    }
}

/// Many files of one volume are synced by one call, and then this returns `true`: each alone would be a
/// journal's commit and a wait for the disk, so that a thousand calls could not be synced within their
/// second. `failed` is told which file could not be.
fn sync_together(files: &[Arc<dyn Durable>], mut failed: impl FnMut(usize, io::Error)) -> bool {
    let volume = files.first().and_then(|file| file.volume());
    let together = files.len() >= TOGETHER_FROM
        && volume.is_some()
        && files.iter().all(|file| file.volume() == volume);
    if together && files[0].sync_volume().is_ok() {
        return true;
    }
    for (index, file) in files.iter().enumerate() {
        if let Err(fault) = file.sync() {
            failed(index, fault);
        }
    }
    false
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
            Ok(first) => {
                // With it all that were closed while the last ones were synced.
                let mut closed = vec![first];
                closed.extend(ends.try_iter().take(SYNCS_QUEUED));
                sync_ended(&closed);
                failpoint::reach(Step::RecordingSynced);
                untold.extend(closed.into_iter().filter(|closed| !closed.tell()));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn sync_ended(closed: &[Closed]) {
    let (paths, files): (Vec<_>, Vec<_>) = closed
        .iter()
        .filter_map(|closed| Some((&closed.path, Arc::clone(closed.durable.as_ref()?))))
        .unzip();
    sync_together(&files, |index, fault| {
        tracing::error!(%fault, path = %paths[index].display(), "a recording could not be synced");
    });
}
