use std::fmt;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::domain::{Moment, mask};
use crate::engine::{
    ArchivedRecording, CallId, CallState, ClipKind, EndedCall, Engine, KeyedGrade, KeyedReason,
    Submitted,
};

/// One call's writes, in order, beside the call: the database may be slow, the call may not.
pub(super) struct Ledger {
    call: CallId,
    jobs: mpsc::Sender<Job>,
    writer: JoinHandle<Option<Submitted>>,
}

/// A write of the call's row or of what belongs to it.
#[derive(Debug)]
pub(super) enum Job {
    State(CallState),
    DeskAnswered {
        staff: Option<String>,
        at: Moment,
    },
    Talked {
        ms: u64,
    },
    Offered {
        at: Moment,
    },
    /// Its end is told by [`Stored`].
    Grade(KeyedGrade),
    GradeWithdrawn {
        at: Moment,
    },
    GradeConfirmed {
        at: Moment,
    },
    Reason(KeyedReason),
    Clip {
        kind: ClipKind,
        path: String,
        length_ms: u64,
        sha256: String,
    },
    Callback {
        number: Option<Number>,
        at: Moment,
    },
    End(EndedCall),
    Recording(ArchivedRecording),
}

/// A telephone number; a job that is logged tells it masked.
pub(super) struct Number(pub String);

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

/// Whether a grade became durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Yes,
    No,
}

/// More than a lawful call can ask for; the dialplan bounds what a caller may key.
const MOST_JOBS: usize = 256;

/// A write is tried this often, with these pauses: about a minute, then the fault is final.
const PAUSES_MS: [u64; 8] = [100, 200, 500, 1000, 2000, 5000, 15_000, 30_000];

impl Ledger {
    /// The receiver tells of each `Job::Grade`.
    pub(super) fn open(engine: Engine, id: CallId) -> (Ledger, mpsc::Receiver<Stored>) {
        let (jobs, queue) = mpsc::channel(MOST_JOBS);
        let (stored, told) = mpsc::channel(MOST_JOBS);
        let call = id.clone();
        let writer = tokio::spawn(write(engine, id, queue, stored));
        (Ledger { call, jobs, writer }, told)
    }

    /// Never waits. A full queue means a database that has been gone for long: the write is lost,
    /// counted and logged.
    pub(super) fn put(&self, job: Job) {
        if let Err(error) = self.jobs.try_send(job) {
            metrics::counter!("gradeline_ledger_lost_total").increment(1);
            tracing::error!(call = %self.call.0, %error, "a call's write was lost: the database does not keep up");
        }
    }

    /// Waits until everything is written; what the call's grade became.
    pub(super) async fn close(self) -> Option<Submitted> {
        drop(self.jobs);
        self.writer.await.unwrap_or_else(|panic| {
            tracing::error!(call = %self.call.0, %panic, "a bug: the call's ledger broke");
            None
        })
    }
}

async fn write(
    engine: Engine,
    id: CallId,
    mut queue: mpsc::Receiver<Job>,
    stored: mpsc::Sender<Stored>,
) -> Option<Submitted> {
    let mut submitted = None;
    while let Some(job) = queue.recv().await {
        let is_grade = matches!(job, Job::Grade(_));
        let outcome = persist(&engine, &id, &job).await;
        if is_grade {
            let told = if outcome.is_ok() {
                Stored::Yes
            } else {
                Stored::No
            };
            if stored.try_send(told).is_err() {
                tracing::debug!("the call ended before its grade was stored");
            }
        }
        match outcome {
            Ok(Some(opened)) => submitted = Some(opened),
            Ok(None) => {}
            Err(error) => {
                metrics::counter!("gradeline_ledger_lost_total").increment(1);
                tracing::error!(call = %id.0, %error, ?job, "a call's write failed for good");
            }
        }
    }
    submitted
}

/// Tries a write until it holds or the fault is final. A refusal is not tried again.
async fn persist(
    engine: &Engine,
    id: &CallId,
    job: &Job,
) -> Result<Option<Submitted>, crate::engine::Error> {
    let mut pauses = PAUSES_MS.iter();
    loop {
        let error = match write_once(engine, id, job).await {
            Err(error @ crate::engine::Error::Store(_)) => error,
            settled => return settled,
        };
        let Some(pause) = pauses.next() else {
            return Err(error);
        };
        tracing::warn!(call = %id.0, %error, pause_ms = pause, "a write failed and is tried again");
        tokio::time::sleep(Duration::from_millis(*pause)).await;
    }
}

async fn write_once(
    engine: &Engine,
    id: &CallId,
    job: &Job,
) -> Result<Option<Submitted>, crate::engine::Error> {
    match job {
        Job::State(state) => engine.set_state(id, *state).await?,
        Job::DeskAnswered { staff, at } => engine.desk_answered(id, staff.as_deref(), *at).await?,
        Job::Talked { ms } => engine.talked(id, *ms).await?,
        Job::Offered { at } => engine.offered(id, *at).await?,
        Job::Grade(grade) => engine.key_grade(id, grade.clone()).await?,
        Job::GradeWithdrawn { at } => engine.withdraw_grade(id, *at).await?,
        Job::GradeConfirmed { at } => return engine.confirm_grade(id, *at).await,
        Job::Reason(reason) => engine.key_reason(id, reason.clone()).await?,
        Job::Clip {
            kind,
            path,
            length_ms,
            sha256,
        } => {
            engine.add_clip(id, *kind, path, *length_ms, sha256).await?;
        }
        Job::Callback { number, at } => {
            let number = number.as_ref().map(|number| number.0.as_str());
            engine.request_callback(id, number, *at).await?;
        }
        Job::End(ended) => return engine.end_call(ended.clone()).await,
        Job::Recording(recording) => engine.add_recording(id, recording.clone()).await?,
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_write_that_is_logged_tells_no_whole_number() {
        let job = Job::Callback {
            number: Some(Number("13812345678".into())),
            at: Moment::from_millis(0),
        };
        let logged = format!("{job:?}");
        assert!(logged.contains("138****5678"), "{logged}");
        assert!(!logged.contains("13812345678"), "{logged}");
    }
}
