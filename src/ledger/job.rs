use serde::{Deserialize, Serialize};

use crate::domain::Moment;
use crate::engine::{
    ArchivedRecording, CallId, CallState, ClipKind, DeskSpan, EndedCall, Engine, Error, KeyedGrade,
    KeyedReason, NewCall, Submitted, WaitEnd,
};

/// A write of the call's row or of what belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    Open(NewCall),
    State(CallState),
    /// Entries of before each wait was kept are of the first.
    Queued {
        #[serde(default = "first")]
        nth: u64,
        #[serde(default)]
        queue: Option<String>,
        at: Moment,
    },
    WaitEnded {
        #[serde(default = "first")]
        nth: u64,
        how: WaitEnd,
        waited_ms: u64,
    },
    DeskAnswered {
        staff: Option<String>,
        at: Moment,
    },
    DeskSpan(DeskSpan),
    Talked {
        ms: u64,
    },
    Offered {
        at: Moment,
    },
    /// Its end is told by [`Stored`](super::Stored).
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
        number: Option<String>,
        at: Moment,
    },
    End(EndedCall),
    Recording(ArchivedRecording),
}

fn first() -> u64 {
    1
}

/// A write as the journal keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub call: CallId,
    pub job: Job,
}

impl Entry {
    pub(super) fn octets(call: &CallId, job: &Job) -> Vec<u8> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            call: &'a CallId,
            job: &'a Job,
        }
        serde_json::to_vec(&Borrowed { call, job }).expect("a job has text keys only")
    }

    pub(super) fn read(octets: &[u8]) -> Result<Entry, serde_json::Error> {
        serde_json::from_slice(octets)
    }
}

/// Any octets as a write of the journal; what is read is written and read as the same octets.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_foreign(octets: &[u8]) {
    if let Ok(entry) = Entry::read(octets) {
        let written = Entry::octets(&entry.call, &entry.job);
        let back = Entry::read(&written).expect("our own words");
        assert_eq!(Entry::octets(&back.call, &back.job), written);
    }
}

impl Job {
    /// The word of logs: a job itself holds numbers and what was said.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Job::Open(_) => "open",
            Job::State(_) => "state",
            Job::Queued { .. } => "queued",
            Job::WaitEnded { .. } => "wait_ended",
            Job::DeskAnswered { .. } => "desk_answered",
            Job::DeskSpan(_) => "desk_span",
            Job::Talked { .. } => "talked",
            Job::Offered { .. } => "offered",
            Job::Grade(_) => "grade",
            Job::GradeWithdrawn { .. } => "grade_withdrawn",
            Job::GradeConfirmed { .. } => "grade_confirmed",
            Job::Reason(_) => "reason",
            Job::Clip { .. } => "clip",
            Job::Callback { .. } => "callback",
            Job::End(_) => "end",
            Job::Recording(_) => "recording",
        }
    }

    /// Writes it into the database; what a grade became, where it was submitted. Written again, it
    /// changes nothing, whatever was written after it.
    pub(super) async fn write(
        &self,
        engine: &Engine,
        id: &CallId,
    ) -> Result<Option<Submitted>, Error> {
        match self {
            Job::Open(call) => engine.open_call(call.clone()).await?,
            Job::State(state) => engine.set_state(id, *state).await?,
            Job::Queued { nth, queue, at } => {
                engine.queued(id, *nth, queue.as_deref(), *at).await?
            }
            Job::WaitEnded {
                nth,
                how,
                waited_ms,
            } => engine.wait_ended(id, *nth, *how, *waited_ms).await?,
            Job::DeskAnswered { staff, at } => {
                engine.desk_answered(id, staff.as_deref(), *at).await?;
            }
            Job::DeskSpan(span) => engine.desk_span(id, span.clone()).await?,
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
                engine.request_callback(id, number.as_deref(), *at).await?;
            }
            Job::End(ended) => return engine.end_call(ended.clone()).await,
            Job::Recording(recording) => engine.add_recording(id, recording.clone()).await?,
        }
        Ok(None)
    }
}
