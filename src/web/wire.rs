//! The shapes of `/api/v1`. They are the product's promise to programs: the engine's rows may change,
//! these only grow. Instants are RFC 3339 at +08:00; numbers of callers are masked.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Grade, Moment, Polarity};
use crate::engine::{
    self, CallDetail, CallRow, CallState, ClipKind, Counted, DeadlineRow, HungUpBy, Page,
    RatingRow, TicketDetail, TicketRow, TimelineEntry,
};

/// A page of a list. `next` goes into `cursor` of the next request; `null` at the end.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

impl<T> List<T> {
    pub(super) fn of<R: Into<T>>(page: Page<R>) -> Self {
        List {
            items: page.items.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

/// A grade (评价等次, 第五条), best first.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // only its schema is used: the value itself is `domain::Grade`
pub(super) enum GradeWord {
    VerySatisfied,
    Satisfied,
    BasicallySatisfied,
    Dissatisfied,
    VeryDissatisfied,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // only its schema is used
pub(super) enum PolarityWord {
    Positive,
    Negative,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // only its schema is used
pub(super) enum CallStateWord {
    Greeting,
    Talking,
    Rating,
    Ended,
    Interrupted,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // only its schema is used
pub(super) enum HungUpByWord {
    Caller,
    Desk,
    System,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)] // only its schema is used
pub(super) enum ClipKindWord {
    Remark,
    Voice,
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Call {
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
    #[schema(value_type = Option<String>, format = DateTime)]
    desk_answered_at: Option<Moment>,
    /// How long caller and desk were joined; `null` where nobody talked.
    talked_ms: Option<u64>,
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
            desk_answered_at: row.desk_answered_at,
            talked_ms: row.talked_ms,
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
pub(super) struct WholeCall {
    #[serde(flatten)]
    call: Call,
    /// Call-ID of the SIP dialog (RFC 3261 §20.8).
    sip_call_id: String,
    dialplan: String,
    /// SHA-256 of the dialplan's text at the start of the call.
    dialplan_digest: String,
    timeline: Vec<TimelineLine>,
    keyed_grades: Vec<KeyedGrade>,
    reasons: Vec<Reason>,
    clips: Vec<Clip>,
    recording: Option<Recording>,
    callback: Option<Callback>,
    rating_detail: Option<Rating>,
    ticket_detail: Option<Ticket>,
}

/// A line of a call's timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineLine {
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    /// From the answer, which is the recording's zero; negative before it.
    offset_ms: i64,
    #[schema(example = "key")]
    kind: String,
    detail: String,
}

/// A grade as keyed; taken back with `*` it stays on record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyedGrade {
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
pub(super) struct Reason {
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
pub(super) struct Clip {
    #[schema(value_type = ClipKindWord)]
    kind: ClipKind,
    length_ms: u64,
    sha256: String,
}

/// The recording at rest.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recording {
    length_ms: u64,
    bytes: u64,
    /// Fixed when the file was closed.
    sha256: String,
    /// What could not be written.
    gaps: Vec<Gap>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Gap {
    from_ms: u64,
    length_ms: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Callback {
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

/// A rating (评价).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Rating {
    id: String,
    #[schema(example = "phone")]
    channel: String,
    call_id: Option<String>,
    /// 1 is the first of its service; the highest that stands counts (第十三条).
    sequence: i64,
    /// `valid`, or why it is not adopted (第十一条).
    standing: String,
    #[schema(value_type = GradeWord)]
    grade: Grade,
    #[schema(value_type = PolarityWord)]
    polarity: Polarity,
    #[schema(value_type = String, format = DateTime)]
    rated_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    received_at: Moment,
    /// Keys of the rating part as pressed.
    #[schema(example = "5*41")]
    keys: String,
    /// Local codes, `T1` …
    reasons: Vec<String>,
    /// The call's; `null` while the call goes on.
    outcome: Option<String>,
    /// Number of the ticket it opened.
    ticket: Option<String>,
    rehearsal: bool,
}

impl From<RatingRow> for Rating {
    fn from(row: RatingRow) -> Self {
        Rating {
            id: row.id,
            channel: row.channel.word().to_owned(),
            call_id: row.call_id.map(|id| id.0),
            sequence: row.sequence,
            standing: row.standing.to_owned(),
            grade: row.grade,
            polarity: row.polarity,
            rated_at: row.rated_at,
            received_at: row.received_at,
            keys: row.keys,
            reasons: row.reasons,
            outcome: row.outcome,
            ticket: row.ticket,
            rehearsal: row.rehearsal,
        }
    }
}

/// A ticket that a 差评 opened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ticket {
    number: String,
    #[schema(example = "new")]
    state: String,
    #[schema(value_type = GradeWord)]
    grade: Grade,
    rating_id: String,
    call_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    opened_at: Moment,
    /// Masked.
    caller: Option<String>,
    staff: Option<String>,
    reasons: Vec<String>,
    rehearsal: bool,
    deadlines: Vec<Deadline>,
}

/// A term of the regulation that runs for a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deadline {
    #[schema(example = "assess")]
    kind: String,
    #[schema(example = "第九条")]
    article: String,
    /// Length in working days (工作日), where it is counted in these; the starting day does not count.
    workdays: Option<u16>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    due_at: Moment,
    #[schema(value_type = Option<String>, format = DateTime)]
    met_at: Option<Moment>,
    /// It reaches into a year whose holiday notice is not loaded, and may move.
    provisional: bool,
}

impl From<TicketRow> for Ticket {
    fn from(row: TicketRow) -> Self {
        Ticket {
            number: row.number,
            state: row.state.word().to_owned(),
            grade: row.grade,
            rating_id: row.rating_id,
            call_id: row.call_id.map(|id| id.0),
            opened_at: row.opened_at,
            caller: row.caller,
            staff: row.staff,
            reasons: row.reasons,
            rehearsal: row.rehearsal,
            deadlines: row.deadlines.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<DeadlineRow> for Deadline {
    fn from(row: DeadlineRow) -> Self {
        Deadline {
            kind: row.kind.word().to_owned(),
            article: row.article,
            workdays: row.workdays,
            started_at: row.started_at,
            due_at: row.due_at,
            met_at: row.met_at,
            provisional: row.provisional,
        }
    }
}

/// A ticket with how its due dates were counted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeTicket {
    #[serde(flatten)]
    ticket: Ticket,
    /// One per deadline, in the same order.
    counted: Vec<CountedDeadline>,
    trail: Vec<TrailLine>,
    rating: Option<Rating>,
    call: Option<Call>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountedDeadline {
    kind: String,
    days: Vec<CountedDay>,
    /// By today's calendar it would end on another day than the one that was set.
    differs: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CountedDay {
    #[schema(value_type = String, format = Date)]
    day: crate::domain::Day,
    /// 1 … n; `null` for a day that does not count.
    number: Option<u16>,
    /// As the calendar says it, in Chinese.
    #[schema(example = "调休上班（国庆节）")]
    why: String,
}

/// A line of the trail (全过程留痕, 第十七条).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrailLine {
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    actor: String,
    what: String,
    article: String,
    detail: String,
}

impl From<TicketDetail> for WholeTicket {
    fn from(detail: TicketDetail) -> Self {
        WholeTicket {
            ticket: detail.row.into(),
            counted: detail.counted.into_iter().map(Into::into).collect(),
            trail: detail
                .trail
                .into_iter()
                .map(|row| TrailLine {
                    at: row.at,
                    actor: row.actor,
                    what: row.what,
                    article: row.article,
                    detail: row.detail,
                })
                .collect(),
            rating: detail.rating.map(Into::into),
            call: detail.call.map(Into::into),
        }
    }
}

impl From<Counted> for CountedDeadline {
    fn from(counted: Counted) -> Self {
        CountedDeadline {
            kind: counted.kind.word().to_owned(),
            days: counted
                .days
                .into_iter()
                .map(|day| CountedDay {
                    day: day.day,
                    number: day.counted_as,
                    why: day.why.zh(),
                })
                .collect(),
            differs: counted.differs,
        }
    }
}

/// A waveform: for each column the lowest and the highest sample of each channel, −128…127.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Waveform {
    pub(super) length_ms: u64,
    /// `channels[0]` the caller, `channels[1]` what the caller heard: `[low, high, low, high, …]`.
    pub(super) channels: Vec<Vec<i8>>,
}
