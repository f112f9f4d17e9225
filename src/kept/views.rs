//! What pages and the API read: rows ready for JSON. Grades are words, instants RFC 3339
//! at +08:00, callers' numbers masked unless [`Numbers::Shown`] was asked for.

use serde::Serialize;

use super::rows::{
    ArchivedRecording, CallId, CallState, ClipKind, DeskSpan, HungUpBy, ListeningDoor, QueueWait,
    Sound, TimelineEntry, WaitEnd,
};
use crate::domain::{
    Channel, Choices, CountedDay, Day, DeadlineKind, Grade, Moment, Polarity, Service, State,
    UnitId,
};

/// One page of a list. `next` is opaque; `None` at the end.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Whether full numbers may be read (第十四条: by role, and logged by the caller of this).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    Masked,
    Shown,
}

/// How far somebody sees (第十四条): the permission matrix says it, lists and pages hold to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    #[default]
    All,
    /// What rehearsals left, which is nobody's case.
    Rehearsals,
    /// Tickets attributed to one of these units, and their calls and ratings.
    Units(Vec<UnitId>),
}

impl Reach {
    /// What `rehearsal` asks for, within this reach; `None` where nothing is.
    pub fn rehearsal(&self, rehearsal: Option<bool>) -> Option<Option<bool>> {
        match (self, rehearsal) {
            (Reach::All, asked) => Some(asked),
            (Reach::Rehearsals, None | Some(true)) => Some(Some(true)),
            (Reach::Rehearsals, Some(false)) => None,
            (Reach::Units(units), asked) => (!units.is_empty()).then_some(asked),
        }
    }

    /// The units between commas, `,forest,wetland,`; `None` where they do not matter.
    pub fn units(&self) -> Option<String> {
        let Reach::Units(units) = self else {
            return None;
        };
        let named: String = units.iter().map(|unit| format!("{unit},")).collect();
        Some(format!(",{named}"))
    }
}

/// Which calls; all conditions must hold. Newest first.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    /// What lies outside it is not found.
    pub reach: Reach,
    /// First day (Asia/Shanghai) of the call's start, inclusive.
    pub from: Option<Day>,
    /// Last day, inclusive.
    pub to: Option<Day>,
    pub state: Option<CallState>,
    /// `true`: calls that go on; `false`: calls that are over.
    pub live: Option<bool>,
    /// Word of `ivr::Outcome`.
    pub outcome: Option<String>,
    pub grade: Option<Grade>,
    /// Last digits of the caller's number.
    pub number_tail: Option<String>,
    pub rehearsal: Option<bool>,
}

/// Which ratings; newest first.
#[derive(Debug, Clone, Default)]
pub struct RatingFilter {
    /// What lies outside it is not found.
    pub reach: Reach,
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub grade: Option<Grade>,
    pub polarity: Option<Polarity>,
    pub rehearsal: Option<bool>,
}

/// Which tickets; newest first.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    /// What lies outside it is not found.
    pub reach: Reach,
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub state: Option<State>,
    pub grade: Option<Grade>,
    pub rehearsal: Option<bool>,
    /// `true`: tickets with an open due date that may still move (A40).
    pub provisional: Option<bool>,
}

/// A call in a list.
#[derive(Debug, Clone, Serialize)]
pub struct CallRow {
    pub id: CallId,
    pub state: CallState,
    pub started_at: Moment,
    pub ended_at: Option<Moment>,
    /// Masked: `138****0000`; `None` where the number was withheld.
    pub caller: Option<String>,
    /// The whole number; only with [`Numbers::Shown`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_number: Option<String>,
    pub callee: String,
    /// Staff number (工号) of the desk that answered.
    pub staff: Option<String>,
    /// When he came into the queue; `None` where he never waited in one.
    pub queued_at: Option<Moment>,
    /// How long he waited in it; `None` while he waits.
    pub queue_waited_ms: Option<u64>,
    /// What he got, or that he left.
    pub queue_end: Option<WaitEnd>,
    pub desk_answered_at: Option<Moment>,
    /// How long caller and desk were joined; `None` where nobody talked.
    pub talked_ms: Option<u64>,
    /// When the rating was offered (the first play of P10 began).
    pub offered_at: Option<Moment>,
    pub hung_up_by: Option<HungUpBy>,
    pub outcome: Option<String>,
    pub outcome_after_ms: Option<u64>,
    /// The grade that counts: the last one keyed and not taken back.
    pub grade: Option<Grade>,
    pub rating: Option<String>,
    /// Number of the ticket it opened.
    pub ticket: Option<String>,
    pub recorded: bool,
    pub rehearsal: bool,
}

/// A call with everything that belongs to it.
#[derive(Debug, Clone, Serialize)]
pub struct CallDetail {
    #[serde(flatten)]
    pub row: CallRow,
    pub sip_call_id: String,
    pub source: String,
    pub dialplan: String,
    pub dialplan_digest: String,
    pub timeline: Vec<TimelineEntry>,
    /// All who were in it, in the order of answering.
    pub desks: Vec<DeskSpan>,
    /// The caller's waits in the queue, in their order.
    pub waits: Vec<QueueWait>,
    pub keyed_grades: Vec<KeyedGradeRow>,
    pub reasons: Vec<ReasonRow>,
    pub clips: Vec<ClipRow>,
    pub recording: Option<ArchivedRecording>,
    pub callback: Option<CallbackRow>,
    #[serde(rename = "rating_detail")]
    pub rating: Option<RatingRow>,
    #[serde(rename = "ticket_detail")]
    pub ticket: Option<TicketRow>,
    /// Who listened, the last hundred times, newest first.
    pub listenings: Vec<ListeningRow>,
}

/// Somebody listened (第十四条, 第十七条).
#[derive(Debug, Clone, Serialize)]
pub struct ListeningRow {
    /// When the sitting began.
    pub at: Moment,
    /// Name of the person or of the token.
    pub listener: String,
    pub door: ListeningDoor,
    pub sound: Sound,
    /// The ticket that is the ground; `None` for a rehearsal and for the caller's own request.
    pub ticket: Option<String>,
    pub reason: Option<String>,
}

/// A grade as keyed; taken back with `*` it stays on record.
#[derive(Debug, Clone, Serialize)]
pub struct KeyedGradeRow {
    pub grade: Grade,
    pub key: char,
    pub at: Moment,
    pub offset_ms: i64,
    pub withdrawn_at: Option<Moment>,
}

/// A reason keyed after a bad grade, by its local code (`T1` … `T6`, `T0`).
#[derive(Debug, Clone, Serialize)]
pub struct ReasonRow {
    pub code: String,
    pub key: char,
    pub at: Moment,
    pub offset_ms: i64,
}

/// A clip of its own beside the whole recording.
#[derive(Debug, Clone, Serialize)]
pub struct ClipRow {
    pub kind: ClipKind,
    /// Relative to `[recordings] dir`.
    pub path: String,
    pub length_ms: u64,
    pub sha256: String,
}

/// A callback that was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct CallbackRow {
    /// Masked.
    pub number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole_number: Option<String>,
    pub requested_at: Moment,
}

/// A rating (评价) that came in.
#[derive(Debug, Clone, Serialize)]
pub struct RatingRow {
    pub id: String,
    pub channel: Channel,
    pub call_id: Option<CallId>,
    /// 1 is the first rating of its service instance; the highest that stands counts (第十三条).
    pub sequence: i64,
    /// Word of `domain::Standing`: `valid`, or why it is not adopted (第十一条).
    pub standing: &'static str,
    pub grade: Grade,
    pub polarity: Polarity,
    /// When the grade was keyed.
    pub rated_at: Moment,
    pub received_at: Moment,
    /// Keys of the rating part as pressed, `*` for a grade taken back: `5*41`.
    pub keys: String,
    /// Local codes, `T1` …
    pub reasons: Vec<String>,
    /// What was rated.
    pub service: Service,
    /// What was ticked beside the grade.
    pub choices: Choices,
    pub remark: Option<RemarkRow>,
    /// The call's outcome; `None` while the call goes on.
    pub outcome: Option<String>,
    /// Number of the ticket it opened.
    pub ticket: Option<String>,
    pub rehearsal: bool,
}

/// What the rater said beside grade and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RemarkRow {
    Text {
        text: String,
    },
    Clip {
        /// Relative to `[recordings] dir`.
        path: String,
        length_ms: u64,
    },
}

/// A ticket (差评 case) in a list.
#[derive(Debug, Clone, Serialize)]
pub struct TicketRow {
    pub number: String,
    pub state: State,
    pub grade: Grade,
    pub rating_id: String,
    pub call_id: Option<CallId>,
    pub opened_at: Moment,
    /// Masked.
    pub caller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_number: Option<String>,
    pub staff: Option<String>,
    pub reasons: Vec<String>,
    pub rehearsal: bool,
    pub deadlines: Vec<DeadlineRow>,
}

/// A deadline with what starts and ends it.
#[derive(Debug, Clone, Serialize)]
pub struct DeadlineRow {
    pub kind: DeadlineKind,
    /// `rating:…`, `ticket:…`, `order:…/n`.
    pub subject: String,
    /// 第…条.
    pub article: String,
    /// Length in working days (工作日), where it is counted in these.
    pub workdays: Option<u16>,
    pub started_at: Moment,
    pub due_at: Moment,
    pub met_at: Option<Moment>,
    /// It holds no more: another took its place, or what it was for fell away.
    pub void_at: Option<Moment>,
    /// When it was put on record that it was missed.
    pub missed_at: Option<Moment>,
    /// It reaches into a year whose holiday notice is not loaded.
    pub provisional: bool,
}

/// A ticket with how its due dates were counted.
#[derive(Debug, Clone, Serialize)]
pub struct TicketDetail {
    #[serde(flatten)]
    pub row: TicketRow,
    /// One per deadline, in the order of `row.deadlines`.
    pub counted: Vec<Counted>,
    pub trail: Vec<TrailRow>,
    pub rating: Option<RatingRow>,
    pub call: Option<CallRow>,
}

/// How one due date was counted.
#[derive(Debug, Clone, Serialize)]
pub struct Counted {
    pub kind: DeadlineKind,
    /// From the starting day, which does not count, to the due day.
    pub days: Vec<CountedDay>,
    /// By today's calendar it would end on another day than the one that was set.
    pub differs: bool,
}

/// A line of the trail (全过程留痕, 第十七条).
#[derive(Debug, Clone, Serialize)]
pub struct TrailRow {
    pub at: Moment,
    pub actor: String,
    /// Id of the person, where one acted.
    pub person: Option<String>,
    /// Word of `domain::What`.
    pub what: String,
    pub article: String,
    pub detail: String,
}
