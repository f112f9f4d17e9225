//! What goes into the conversation and what comes out of it.

use crate::domain::Grade;
use crate::keypad::Digit;
use crate::script::{ClipId, Outcome};

/// Names one `Action::Play`, so that its end can be told from an earlier one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayId(pub u32);

/// Who hears what is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hearers {
    Caller,
    Both,
}

/// Where a caller is to be connected.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// The desks of the configuration, or those of a group or with a skill.
    Desks {
        group: Option<String>,
        skill: Option<String>,
    },
}

/// How a caller waits while every desk is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Waits {
    /// When his position is to be told, and how often after that; `None`: never.
    pub told_ms: Option<(u64, u64)>,
    /// From when another group serves him too.
    pub overflow: Option<(u64, String)>,
    /// When the service hours end he is told so: `DeskUnavailable(Closed)`.
    pub until_hours_end: bool,
}

/// Why no desk could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unavailable {
    /// Every desk was tried and none answered in its time.
    NoAnswer,
    /// Every desk refused or was busy.
    Busy,
    /// Signalling failed.
    Failed,
    /// As many callers wait as may.
    Full,
    /// Nobody is there who could answer.
    Empty,
    /// He waited for as long as one may.
    WaitedOut,
    Closed,
}

/// How a voice message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageEnd {
    Key,
    LengthReached,
    Silence,
    HungUp,
}

/// What happens to a session, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The call was answered; recording runs.
    Answered,
    /// A play came to its end by itself (never sent for a stopped one).
    Played(PlayId),
    /// The caller pressed a key: one per physical press, however it was signalled.
    Digit(Digit),
    /// The desk pressed a key. It never grades.
    DeskDigit(Digit),
    /// The desk sends the caller to his rating without keys: what its key of the plan does.
    DeskSends,
    /// A desk answered; its staff number (工号) where it has one.
    DeskAnswered {
        staff: Option<String>,
    },
    DeskUnavailable(Unavailable),
    /// The caller waits: so many are before him, and it takes about so many minutes, where that is known.
    Position {
        ahead: u16,
        wait_min: Option<u16>,
    },
    DeskHungUp,
    /// Its page was lost for good: where callers may wait, another desk is sought for him before all others.
    DeskLost,
    /// Another desk has the caller: he was handed over to it.
    DeskChanged {
        staff: Option<String>,
    },
    /// The grade of the last `Action::StoreGrade` is committed and synced.
    GradeStored,
    /// It could not be stored.
    GradeNotStored,
    /// A message recording was closed.
    MessageRecorded {
        length_ms: u32,
        end: MessageEnd,
    },
    CallerHungUp,
    /// The session's own timer (see `Session::timeout_at`) ran out.
    Timeout,
    /// Something under the session failed and the call cannot go on as planned.
    Fault,
    /// The house is closing and the call's grace is over.
    Drained,
}

/// What the shell must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Play these clips one after another; replaces what is playing.
    Play {
        id: PlayId,
        /// The prompt's id in `script.toml`, for the timeline: `P10`.
        prompt: String,
        clips: Vec<ClipId>,
        hearers: Hearers,
    },
    StopPlaying,
    /// Ring; answer with `DeskAnswered` or `DeskUnavailable`. With `waits` the caller waits where no desk is free, and
    /// `Position` may come meanwhile. After `StepAside`: he waits on.
    Connect {
        target: Target,
        /// Of ringing, or of ringing and waiting.
        ring_timeout_ms: u64,
        waits: Option<Waits>,
    },
    /// The caller chooses something else: nothing rings for him meanwhile, and his place is kept.
    StepAside,
    /// Stop ringing; nothing more is reported of it.
    CancelConnect,
    /// Let caller and desk hear each other.
    Join,
    /// Hang up the desk's leg (转评价, or the talk was cut by us). No `DeskHungUp` follows.
    ReleaseDesk,
    /// Make this grade durable now; answer with `GradeStored` or `GradeNotStored`.
    /// A later one of the same call replaces an earlier one; all stay on record.
    StoreGrade {
        grade: Grade,
        key: Digit,
    },
    /// The window in which the grade could be taken back is over: it may be submitted.
    ConfirmGrade,
    /// The reason keyed after a bad grade, by its local code (`T1`…`T6`, `T0`).
    StoreReason {
        code: String,
        key: Digit,
    },
    /// Record the caller into a clip of its own, beside the whole call's recording.
    RecordMessage {
        kind: MessageKind,
        max_ms: u32,
        silence_ms: Option<u32>,
        beep: bool,
    },
    StopMessage,
    /// The caller asked to be called back, at this number or at the one he called from.
    RequestCallback {
        number: Option<String>,
    },
    /// A line for the call's timeline.
    Mark(Mark),
    /// The session's one outcome. Exactly one per session, before `Hangup`.
    Conclude(Outcome),
    Hangup,
}

/// What a recorded message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// What the caller says about a bad grade (P17).
    Remark,
    /// A voice message because nobody could be had (P29).
    Voice,
}

/// A line of the call's timeline that only the session knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// The session entered this step of its dialplan.
    Step { name: String },
    /// The rating was offered (the first play of P10 began).
    OfferStarted,
    /// A key that the rating could not use.
    InvalidKey(Digit),
    /// A play or a wait of the rating ended in silence.
    Silent,
    /// A key that came before the offer, or where no key is asked. It never grades.
    KeyIgnored(Digit),
    /// A key kept because it came in a stretch that may not be interrupted.
    KeyKept(Digit),
    /// The caller took the grade back (`*`).
    GradeWithdrawn,
    /// The desk sent the caller on to the rating (转评价).
    SentToRating,
}
