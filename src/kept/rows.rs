//! What the doors hand in. What the ledger writes is kept in its journal under these names too: a name
//! that changes needs `#[serde(alias)]` for the journals that are on disks.

use serde::{Deserialize, Serialize};

use crate::domain::{Grade, Moment};

/// A call's id: `20261123-220512-7f3a9c`, start (Asia/Shanghai) and a random tail. Opaque, sortable,
/// safe in file names and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub String);

/// A call as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewCall {
    pub id: CallId,
    /// The dialog's Call-ID (RFC 3261 §20.8).
    pub sip_call_id: String,
    /// `None` where the number is withheld.
    pub caller: Option<String>,
    pub callee: String,
    /// Address and port of the trunk.
    pub source: String,
    pub started_at: Moment,
    pub dialplan: String,
    /// SHA-256 of the plan's text, hexadecimal.
    pub dialplan_digest: String,
    /// A rehearsal (rehearsal desk, test caller): marked and kept out of figures.
    pub rehearsal: bool,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Answered by us; no person yet.
    Greeting,
    Talking,
    /// The rating part, after the talk.
    Rating,
    Ended,
    /// The program stopped in the middle of it; closed at the next start.
    Interrupted,
}

/// A line of a call's timeline. `offset_ms` counts from the answer (= the recording's zero).
#[derive(Debug, Clone, Serialize)]
pub struct TimelineEntry {
    pub at: Moment,
    pub offset_ms: i64,
    /// `answered`, `desk_ringing`, `desk_answered`, `desk_unavailable`, `first_media`, `joined`, `hold`,
    /// `renegotiated`, `step`, `prompt`, `offer`, `key`, `key_ignored`, `key_kept`, `key_invalid`,
    /// `desk_key`, `silent`, `grade`, `grade_withdrawn`, `reason`, `message`, `message_saved`, `callback`,
    /// `sent_to_rating`, `address_learnt`, `rtp_timeout`, `gap`, `drained`, `hung_up`, `outcome`.
    pub kind: String,
    /// A prompt's id, a key with its ways, who hung up; never a name or a full number.
    pub detail: String,
}

/// A key that grades, as it was pressed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyedGrade {
    pub grade: Grade,
    pub key: char,
    pub at: Moment,
    pub offset_ms: i64,
}

/// Who ended the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HungUpBy {
    Caller,
    Desk,
    System,
}

/// A call as it ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndedCall {
    pub id: CallId,
    pub ended_at: Moment,
    /// Who ended the talk or, without one, the call.
    pub hung_up_by: HungUpBy,
    /// Word of `ivr::Outcome`, and its milliseconds for `left_in_offer`.
    pub outcome: String,
    pub outcome_after_ms: Option<u64>,
}

/// The recording as archived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedRecording {
    /// Relative to `[recordings] dir`.
    pub path: String,
    pub length_ms: u64,
    pub bytes: u64,
    /// SHA-256, hexadecimal, fixed when the file was closed.
    pub sha256: String,
    /// `(from_ms, length_ms)` that could not be written.
    pub gaps: Vec<(u64, u64)>,
}

/// Part of a recording that could not be written: the detail of a timeline's line `gap`,
/// `260 ms from 3760 ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// From the recording's zero.
    pub from_ms: u64,
    pub length_ms: u64,
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ms from {} ms", self.length_ms, self.from_ms)
    }
}

impl std::str::FromStr for Gap {
    type Err = ();

    fn from_str(text: &str) -> Result<Gap, ()> {
        let (length, from) = text.split_once(" ms from ").ok_or(())?;
        let from = from.strip_suffix(" ms").ok_or(())?;
        Ok(Gap {
            from_ms: from.parse().map_err(drop)?,
            length_ms: length.parse().map_err(drop)?,
        })
    }
}

impl TimelineEntry {
    /// The gap of a line that tells one.
    pub fn gap(&self) -> Option<Gap> {
        (self.kind == "gap")
            .then(|| self.detail.parse().ok())
            .flatten()
    }
}

/// What kind of clip a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipKind {
    /// What the caller said about a bad grade (P17).
    Remark,
    /// A voice message because nobody could be had (P29).
    Voice,
}

/// Somebody listens to a call (第十四条, 第十七条).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    pub call: CallId,
    pub sound: Sound,
    /// Name of the person or of the token.
    pub listener: String,
    pub door: ListeningDoor,
    /// The look that is its ground; `None` for a rehearsal.
    pub look: Option<i64>,
    pub ticket: Option<String>,
    pub reason: Option<String>,
}

/// What of a call is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    Recording,
    /// The clip of that kind.
    Remark,
    Voice,
    /// The running call, by a supervisor, who hears it from here on and is not heard.
    Live,
    /// From here on he is heard by the desk.
    LiveWhisper,
    /// From here on he is heard by all.
    LiveJoin,
    /// He takes the caller over.
    LiveTakeOver,
    /// He has left.
    LiveEnd,
}

/// How somebody came to a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListeningDoor {
    /// A person's login.
    Page,
    /// A program's token.
    Api,
}

impl From<ClipKind> for Sound {
    fn from(kind: ClipKind) -> Self {
        match kind {
            ClipKind::Remark => Sound::Remark,
            ClipKind::Voice => Sound::Voice,
        }
    }
}

/// What a crash left of a call's sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvage {
    pub call: CallId,
    pub recording: Option<ArchivedRecording>,
    pub clips: Vec<(ClipKind, ArchivedRecording)>,
}

/// A desk in a call: it had the caller, or was asked by the one that had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskSpan {
    /// In the order of answering, from 0.
    pub seq: u64,
    pub desk: String,
    /// 工号
    pub staff: Option<String>,
    /// From the call's answer, which is the recording's zero.
    pub from_ms: i64,
    /// `None` while it is there.
    pub to_ms: Option<i64>,
    /// How long caller and desk heard each other.
    pub talked_ms: u64,
}

/// How a caller's wait in the queue ended. Each one's exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitEnd {
    Talk,
    /// He asked to be called back.
    Callback,
    /// He left a message.
    Message,
    /// He left, or was sent away, before he got anything.
    Abandoned,
}

/// One of a caller's waits in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueWait {
    /// From 1.
    pub nth: u64,
    /// The group or skill that was asked for; `None`: any desk.
    pub queue: Option<String>,
    pub queued_at: Moment,
    /// `None` while he waits.
    pub waited_ms: Option<u64>,
    pub end: Option<WaitEnd>,
}

/// Who left the queue before he got anything: his place is kept for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftPlace {
    /// Whole, as the trunk showed it.
    pub number: String,
    /// `None`: he was cut off by the fall of the house.
    pub left_at: Option<Moment>,
}

/// The reason keyed after a bad grade.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyedReason {
    /// Local code: `T1` … `T6`, `T0` for none given.
    pub code: String,
    pub key: char,
    pub at: Moment,
    pub offset_ms: i64,
}

/// What a rating became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Submitted {
    pub rating: String,
    pub grade: Grade,
    /// Number of the ticket that a 差评 opened.
    pub ticket: Option<String>,
}

/// Rows keep words; a word reads back as its value.
macro_rules! words {
    ($kind:ty { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $kind {
            /// The word of rows and of the API.
            pub fn word(self) -> &'static str {
                match self { $(<$kind>::$variant => $word),* }
            }
        }
        impl std::str::FromStr for $kind {
            type Err = ();
            fn from_str(word: &str) -> Result<Self, ()> {
                match word { $($word => Ok(<$kind>::$variant),)* _ => Err(()) }
            }
        }
    };
}
words!(CallState {
    Greeting = "greeting",
    Talking = "talking",
    Rating = "rating",
    Ended = "ended",
    Interrupted = "interrupted",
});
words!(HungUpBy {
    Caller = "caller",
    Desk = "desk",
    System = "system",
});
words!(WaitEnd {
    Talk = "talk",
    Callback = "callback",
    Message = "message",
    Abandoned = "abandoned",
});
impl ClipKind {
    pub const ALL: [ClipKind; 2] = [ClipKind::Remark, ClipKind::Voice];
}
words!(ClipKind {
    Remark = "remark",
    Voice = "voice",
});
words!(Sound {
    Recording = "recording",
    Remark = "remark",
    Voice = "voice",
    Live = "live",
    LiveWhisper = "live_whisper",
    LiveJoin = "live_join",
    LiveTakeOver = "live_take_over",
    LiveEnd = "live_end",
});
words!(ListeningDoor {
    Page = "page",
    Api = "api",
});
