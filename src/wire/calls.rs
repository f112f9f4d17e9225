use serde::Serialize;
use utoipa::ToSchema;

use super::{CallStateWord, ClipKindWord, GradeWord, HungUpByWord, Rating, Ticket, WaitEndWord};
use crate::domain::{Grade, Moment};
use crate::engine::{
    self, CallDetail, CallRow, CallState, ClipKind, HungUpBy, TimelineEntry, WaitEnd,
};

/// A call.
#[derive(Debug, Serialize, ToSchema)]
pub struct Call {
    #[schema(example = "20261123-220512-7f3a9c")]
    id: String,
    #[schema(value_type = CallStateWord)]
    state: CallState,
    #[schema(value_type = String, format = DateTime)]
    started_at: Moment,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Moment>,
    /// Masked; `null` where the number was withheld.
    #[schema(example = "138****0000")]
    caller: Option<String>,
    callee: String,
    /// Staff number (工号) of the desk that answered.
    staff: Option<String>,
    /// When the caller came into the queue; `null` where he never waited in one.
    #[schema(value_type = Option<String>, format = DateTime)]
    queued_at: Option<Moment>,
    /// How long he waited in it; `null` while he waits.
    queue_waited_ms: Option<u64>,
    /// What he got, or that he left; `null` while he waits.
    #[schema(value_type = Option<WaitEndWord>)]
    queue_end: Option<WaitEnd>,
    #[schema(value_type = Option<String>, format = DateTime)]
    desk_answered_at: Option<Moment>,
    /// How long caller and desk were joined; `null` where nobody talked.
    talked_ms: Option<u64>,
    /// When the rating was offered; `null` where it was not.
    #[schema(value_type = Option<String>, format = DateTime)]
    offered_at: Option<Moment>,
    #[schema(value_type = Option<HungUpByWord>)]
    hung_up_by: Option<HungUpBy>,
    /// `graded`, or why there is no grade; `null` while the call goes on.
    outcome: Option<String>,
    /// For `left_in_offer`: how far into the offer.
    outcome_after_ms: Option<u64>,
    #[schema(value_type = Option<GradeWord>)]
    grade: Option<Grade>,
    /// Id of its rating.
    rating: Option<String>,
    /// Number of the ticket it opened.
    ticket: Option<String>,
    /// Whether `/recording` has something to play.
    recorded: bool,
    /// Kept out of all figures.
    rehearsal: bool,
}

impl From<CallRow> for Call {
    fn from(row: CallRow) -> Self {
        Call {
            id: row.id.0,
            state: row.state,
            started_at: row.started_at,
            ended_at: row.ended_at,
            caller: row.caller,
            callee: row.callee,
            staff: row.staff,
            queued_at: row.queued_at,
            queue_waited_ms: row.queue_waited_ms,
            queue_end: row.queue_end,
            desk_answered_at: row.desk_answered_at,
            talked_ms: row.talked_ms,
            offered_at: row.offered_at,
            hung_up_by: row.hung_up_by,
            outcome: row.outcome,
            outcome_after_ms: row.outcome_after_ms,
            grade: row.grade,
            rating: row.rating,
            ticket: row.ticket,
            recorded: row.recorded,
            rehearsal: row.rehearsal,
        }
    }
}

/// A call with its timeline and what belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeCall {
    #[serde(flatten)]
    call: Call,
    /// Call-ID of the SIP dialog (RFC 3261 §20.8).
    sip_call_id: String,
    dialplan: String,
    /// SHA-256 of the dialplan's text at the start of the call.
    dialplan_digest: String,
    timeline: Vec<TimelineLine>,
    /// All who were in it, in the order of answering: who had the caller, and who was asked by a colleague.
    desks: Vec<DeskSpan>,
    /// The caller's waits in the queue, in their order; the first one is `queued_at` … `queue_end` too.
    waits: Vec<QueueWait>,
    keyed_grades: Vec<KeyedGrade>,
    reasons: Vec<Reason>,
    clips: Vec<Clip>,
    recording: Option<Recording>,
    callback: Option<Callback>,
    rating_detail: Option<Rating>,
    ticket_detail: Option<Ticket>,
    /// Who listened, the last hundred times, newest first (全过程留痕, 第十七条).
    listenings: Vec<Listening>,
}

/// Somebody listened to the recording or a clip; ten minutes of one listener are one line.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listening {
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    /// Name of the person or of the token.
    listener: String,
    #[schema(value_type = super::ListeningDoorWord)]
    door: engine::ListeningDoor,
    #[schema(value_type = super::SoundWord)]
    sound: engine::Sound,
    /// The ticket that is the ground; `null` for a rehearsal and for the caller's own request.
    ticket: Option<String>,
    reason: Option<String>,
}

impl From<engine::ListeningRow> for Listening {
    fn from(row: engine::ListeningRow) -> Self {
        Listening {
            at: row.at,
            listener: row.listener,
            door: row.door,
            sound: row.sound,
            ticket: row.ticket,
            reason: row.reason,
        }
    }
}

/// A line of a call's timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineLine {
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    /// From the answer, which is the recording's zero; negative before it.
    offset_ms: i64,
    #[schema(example = "key")]
    kind: String,
    detail: String,
}

/// A desk in a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeskSpan {
    #[schema(example = "8001")]
    desk: String,
    /// 工号
    staff: Option<String>,
    /// From the answer, which is the recording's zero.
    from_ms: i64,
    /// `null` while it is there.
    to_ms: Option<i64>,
    /// How long caller and desk heard each other.
    talked_ms: u64,
}

impl From<engine::DeskSpan> for DeskSpan {
    fn from(span: engine::DeskSpan) -> Self {
        DeskSpan {
            desk: span.desk,
            staff: span.staff,
            from_ms: span.from_ms,
            to_ms: span.to_ms,
            talked_ms: span.talked_ms,
        }
    }
}

/// A wait in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueWait {
    /// From 1.
    nth: u64,
    /// The group or skill that was asked for; `null`: any desk.
    queue: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    queued_at: Moment,
    /// `null` while he waits.
    waited_ms: Option<u64>,
    /// What he got, or that he left; `null` while he waits.
    #[schema(value_type = Option<WaitEndWord>)]
    end: Option<WaitEnd>,
}

impl From<engine::QueueWait> for QueueWait {
    fn from(wait: engine::QueueWait) -> Self {
        QueueWait {
            nth: wait.nth,
            queue: wait.queue,
            queued_at: wait.queued_at,
            waited_ms: wait.waited_ms,
            end: wait.end,
        }
    }
}

/// A grade as keyed; taken back with `*` it stays on record.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyedGrade {
    #[schema(value_type = GradeWord)]
    grade: Grade,
    #[schema(value_type = String)]
    key: char,
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    offset_ms: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    withdrawn_at: Option<Moment>,
}

/// A reason keyed after a bad grade.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reason {
    #[schema(example = "T2")]
    code: String,
    #[schema(value_type = String)]
    key: char,
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    offset_ms: i64,
}

/// What the caller said after the beep.
#[derive(Debug, Serialize, ToSchema)]
pub struct Clip {
    #[schema(value_type = ClipKindWord)]
    kind: ClipKind,
    length_ms: u64,
    sha256: String,
}

/// The recording at rest.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recording {
    length_ms: u64,
    bytes: u64,
    /// Fixed when the file was closed.
    sha256: String,
    /// What could not be written.
    gaps: Vec<Gap>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Gap {
    from_ms: u64,
    length_ms: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Callback {
    /// Masked.
    number: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Moment,
}

impl From<CallDetail> for WholeCall {
    fn from(detail: CallDetail) -> Self {
        WholeCall {
            call: detail.row.into(),
            sip_call_id: detail.sip_call_id,
            dialplan: detail.dialplan,
            dialplan_digest: detail.dialplan_digest,
            timeline: detail.timeline.into_iter().map(Into::into).collect(),
            desks: detail.desks.into_iter().map(Into::into).collect(),
            waits: detail.waits.into_iter().map(Into::into).collect(),
            keyed_grades: detail.keyed_grades.into_iter().map(Into::into).collect(),
            reasons: detail.reasons.into_iter().map(Into::into).collect(),
            clips: detail.clips.into_iter().map(Into::into).collect(),
            recording: detail.recording.map(Into::into),
            callback: detail.callback.map(|callback| Callback {
                number: callback.number,
                requested_at: callback.requested_at,
            }),
            rating_detail: detail.rating.map(Into::into),
            ticket_detail: detail.ticket.map(Into::into),
            listenings: detail.listenings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<TimelineEntry> for TimelineLine {
    fn from(entry: TimelineEntry) -> Self {
        TimelineLine {
            at: entry.at,
            offset_ms: entry.offset_ms,
            kind: entry.kind,
            detail: entry.detail,
        }
    }
}

impl From<engine::KeyedGradeRow> for KeyedGrade {
    fn from(row: engine::KeyedGradeRow) -> Self {
        KeyedGrade {
            grade: row.grade,
            key: row.key,
            at: row.at,
            offset_ms: row.offset_ms,
            withdrawn_at: row.withdrawn_at,
        }
    }
}

impl From<engine::ReasonRow> for Reason {
    fn from(row: engine::ReasonRow) -> Self {
        Reason {
            code: row.code,
            key: row.key,
            at: row.at,
            offset_ms: row.offset_ms,
        }
    }
}

impl From<engine::ClipRow> for Clip {
    fn from(row: engine::ClipRow) -> Self {
        Clip {
            kind: row.kind,
            length_ms: row.length_ms,
            sha256: row.sha256,
        }
    }
}

impl From<engine::ArchivedRecording> for Recording {
    fn from(recording: engine::ArchivedRecording) -> Self {
        Recording {
            length_ms: recording.length_ms,
            bytes: recording.bytes,
            sha256: recording.sha256,
            gaps: recording
                .gaps
                .into_iter()
                .map(|(from_ms, length_ms)| Gap { from_ms, length_ms })
                .collect(),
        }
    }
}

/// A waveform: for each column the lowest and the highest sample of each channel, −128…127.
#[derive(Debug, Serialize, ToSchema)]
pub struct Waveform {
    pub length_ms: u64,
    /// `channels[0]` the caller, `channels[1]` what the caller heard: `[low, high, low, high, …]`.
    pub channels: Vec<Vec<i8>>,
}
