use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Opened;
use super::house::{House, Put, Written};
use super::job::Job;
use crate::engine::{CallId, NewCall, Submitted};
use crate::failpoint::{self, Step};

/// One call's writes, in order, beside the call: the database may be slow, the call may not.
pub struct Ledger {
    call: CallId,
    jobs: mpsc::Sender<Put>,
    writer: JoinHandle<Option<Submitted>>,
}

/// Whether a grade became durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    Yes,
    No,
}

/// More than a lawful call can ask for; the dialplan bounds what a caller may key.
const MOST_JOBS: usize = 256;

pub(super) async fn open(house: Arc<House>, call: NewCall, within: Duration) -> Opened {
    let (jobs, queue) = mpsc::channel(MOST_JOBS);
    let (stored, told) = mpsc::channel(MOST_JOBS);
    let (opened, opening) = oneshot::channel();
    let id = call.id.clone();
    let writer = tokio::spawn(write(house.clone(), call, opened, queue, stored));
    // Late or never, the ledger goes on trying. While others wait in vain it is not waited for.
    if !house.stands() && tokio::time::timeout(within, opening).await.is_err() {
        house.no_answer();
    }
    let ledger = Ledger {
        call: id,
        jobs,
        writer,
    };
    (ledger, told)
}

impl Ledger {
    /// Never waits. A full queue means that database and journal have been gone for long: the write is
    /// lost, counted and logged.
    pub fn put(&self, job: Job) {
        if matches!(job, Job::Grade(_)) {
            failpoint::reach(Step::GradeAsked);
        }
        if let Err(error) = self.jobs.try_send(put(job)) {
            metrics::counter!("gradeline_ledger_lost_total").increment(1);
            tracing::error!(call = %self.call.0, %error, "a call's write was lost: neither database nor journal keeps up");
        }
    }

    /// Waits until everything is written; what the call's grade became, if the database said so.
    pub async fn close(self) -> Option<Submitted> {
        drop(self.jobs);
        self.writer.await.unwrap_or_else(|panic| {
            tracing::error!(call = %self.call.0, %panic, "a bug: the call's ledger broke");
            None
        })
    }
}

async fn write(
    house: Arc<House>,
    call: NewCall,
    opened: oneshot::Sender<()>,
    mut queue: mpsc::Receiver<Put>,
    stored: mpsc::Sender<Stored>,
) -> Option<Submitted> {
    let id = call.id.clone();
    let opening = Job::Open(call);
    let mut is_open = false;
    let mut submitted = None;
    let mut jobs = VecDeque::from([put(opening.clone())]);
    let mut opened = Some(opened);
    loop {
        house
            .keep(&id, &mut jobs, |job, written| {
                match job {
                    Job::Open(_) => is_open = is_kept(&written),
                    Job::Grade(_) => tell(&stored, is_kept(&written)),
                    _ => {}
                }
                if let Written::InDatabase(Some(became)) = written {
                    submitted = Some(became);
                }
            })
            .await;
        if let Some(opened) = opened.take() {
            let _ = opened.send(());
        }
        let Some(next) = queue.recv().await else {
            return submitted;
        };
        if !is_open {
            // Without its row nothing of a call can be written.
            jobs.push_back(put(opening.clone()));
        }
        jobs.push_back(next);
        while let Ok(next) = queue.try_recv() {
            jobs.push_back(next);
        }
    }
}

fn put(job: Job) -> Put {
    Put {
        at: Instant::now(),
        job,
    }
}

fn tell(stored: &mpsc::Sender<Stored>, is_kept: bool) {
    let told = match is_kept {
        true => Stored::Yes,
        false => Stored::No,
    };
    if stored.try_send(told).is_err() {
        tracing::debug!("the call ended before its grade was stored");
    }
}

fn is_kept(written: &Written) -> bool {
    !matches!(written, Written::Lost)
}
