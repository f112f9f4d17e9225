//! What page and server say to each other: JSON, one message each.

use serde::{Deserialize, Serialize};

/// Longest message of a page: a description and what is around it.
pub const MAX_LEN: usize = 24 * 1024;
/// Longest word that is not a description.
const MAX_WORD: usize = 64;
/// Longest name of a desk or a group, in octets.
const MAX_NAME: usize = 256;

/// How a supervisor is in the call that his page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nobody hears him.
    Listen,
    /// The desk hears him, the caller does not.
    Whisper,
    /// All hear him.
    Join,
}

impl Mode {
    pub const ALL: [Mode; 3] = [Mode::Listen, Mode::Whisper, Mode::Join];

    /// The word of pages, forms and the timeline.
    pub const fn word(self) -> &'static str {
        match self {
            Mode::Listen => "listen",
            Mode::Whisper => "whisper",
            Mode::Join => "join",
        }
    }
}

/// What a page may want of other desks for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The caller goes to whoever is named (转接).
    Transfer,
    /// Whoever is named is asked, and the caller waits (咨询).
    Consult,
    /// All three hear each other (三方).
    JoinAll,
    /// The colleague has the caller (完成转接).
    Complete,
    /// The caller is the page's again, and the colleague is let go of (取回).
    TakeBack,
}

impl Step {
    pub const ALL: [Step; 5] = [
        Step::Transfer,
        Step::Consult,
        Step::JoinAll,
        Step::Complete,
        Step::TakeBack,
    ];

    /// Whether somebody is to be named with it.
    pub const fn names_somebody(self) -> bool {
        matches!(self, Step::Transfer | Step::Consult)
    }
}

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case", deny_unknown_fields)]
pub enum FromPage {
    /// The person takes calls.
    Ready {},
    Break {
        reason: String,
    },
    Offline {},
    /// Takes the call that rings; its offer of sound.
    Accept {
        line: u64,
        sdp: String,
        /// The page's number of this offer, which the answer names: of two offers only the later one counts.
        #[serde(default)]
        turn: u32,
    },
    Refuse {
        line: u64,
    },
    /// The call that rings cannot be taken: there is no microphone, or it may not be used.
    NoMicrophone {
        line: u64,
    },
    /// The page is here again, or its sound was lost: a new offer for the same talk.
    Again {
        line: u64,
        sdp: String,
        /// As of [`FromPage::Accept`].
        #[serde(default)]
        turn: u32,
    },
    Hold {
        line: u64,
        on: bool,
    },
    /// Its person has muted the microphone, or takes it back: his silence is his own.
    Mute {
        line: u64,
        on: bool,
    },
    Key {
        line: u64,
        key: char,
    },
    /// 转评价: the talk is over, the caller is asked for his grade.
    ToRating {
        line: u64,
    },
    HangUp {
        line: u64,
    },
    /// Another desk is to have the caller, or to help.
    HandOn {
        line: u64,
        step: Step,
        /// A desk or a group of this house, as the floor calls it; empty where the step names nobody.
        #[serde(default)]
        whom: String,
    },
    /// A supervisor's page: he listens, whispers or joins from here on.
    Supervise {
        line: u64,
        mode: Mode,
    },
    /// The same page: the caller is his.
    TakeOver {
        line: u64,
    },
}

impl FromPage {
    /// Of which ringing or talk it speaks.
    pub fn line(&self) -> Option<u64> {
        match self {
            FromPage::Ready {} | FromPage::Break { .. } | FromPage::Offline {} => None,
            FromPage::Accept { line, .. }
            | FromPage::Refuse { line }
            | FromPage::NoMicrophone { line }
            | FromPage::Again { line, .. }
            | FromPage::Hold { line, .. }
            | FromPage::Mute { line, .. }
            | FromPage::Key { line, .. }
            | FromPage::ToRating { line }
            | FromPage::HandOn { line, .. }
            | FromPage::Supervise { line, .. }
            | FromPage::TakeOver { line }
            | FromPage::HangUp { line } => Some(*line),
        }
    }
}

/// Reads a message; `None` for what is none of ours.
pub fn read(text: &str) -> Option<FromPage> {
    if text.len() > MAX_LEN {
        return None;
    }
    let said: FromPage = serde_json::from_str(text).ok()?;
    let fits = match &said {
        FromPage::Break { reason } => !reason.is_empty() && reason.len() <= MAX_WORD,
        FromPage::Key { key, .. } => "0123456789*#".contains(*key),
        FromPage::HandOn { step, whom, .. } => {
            whom.is_empty() != step.names_somebody() && whom.len() <= MAX_NAME
        }
        _ => true,
    };
    fits.then_some(said)
}

/// What a desk is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// `offline`, `ready`, `ringing`, `talking`, `wrap_up`, `break`, `resting`, `not_answering`.
    pub state: &'static str,
    /// Of a break.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_s: Option<u64>,
}

impl Shown {
    /// A caller is there, or what he left to do.
    pub fn is_busy(&self) -> bool {
        matches!(self.state, "ringing" | "talking" | "wrap_up")
    }
}

/// Why something did not come to be, or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It rings here no more: answered elsewhere, given up, or too late.
    NoMore,
    /// No sound came to be: the way for it is blocked, or its keys did not fit.
    NoSound,
    /// What the page offered cannot be used.
    UnfitOffer,
    /// No such reason for a break is configured.
    NoSuchBreak,
    /// Its own person hung up, or sent the caller on.
    Done,
    /// The caller is a colleague's now.
    HandedOn,
    /// The talk ended from elsewhere.
    Over,
    /// It was not taken up again in time.
    TooLate,
    /// What a supervisor does cannot be put on record now, and is not done.
    NotRecorded,
    /// No desk and no group of this house has that name.
    NoSuchDesk,
    /// Callers may not be handed to this number.
    OutsideNotAllowed,
    /// Emergency, foreign or premium: such numbers are never called.
    OutsideNever,
    /// It is a number of this house.
    OutsideOwnNumber,
    /// A rehearsal does not leave the house.
    OutsideRehearsal,
    /// The call has called outside as often as it may.
    OutsideTooOften,
    /// No line or no trunk is free.
    OutsideNoLine,
    /// Nobody can be asked or handed the caller now: something else is under way, or there is no talk.
    NotNow,
    /// The colleague talks or refused.
    ColleagueBusy,
    /// He did not answer.
    ColleagueNoAnswer,
    /// He is not there, or cannot be reached.
    ColleagueUnreachable,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "tell", rename_all = "snake_case")]
pub enum ToPage {
    Hello {
        desk: String,
        staff: Option<String>,
        /// For which a break may be taken.
        breaks: Vec<String>,
        /// How long a lost page has to take its talk up again.
        again_within_s: u64,
        /// What rings or talks here, which is told next; `None`: whatever did before is over.
        line: Option<u64>,
        /// The call that may be noted.
        #[serde(skip_serializing_if = "Option::is_none")]
        last: Option<String>,
    },
    /// The line to the server holds: told so often that a page knows soon that it does not.
    Alive {},
    State(Shown),
    Ring {
        line: u64,
        call: String,
        /// Masked (第十四条).
        caller: Option<String>,
        matter: Option<String>,
        waited_s: u64,
        /// Its person asked to supervise the call: the page takes it at once.
        #[serde(skip_serializing_if = "Option::is_none")]
        supervises: Option<Mode>,
    },
    /// It rings no more.
    RingOver {
        line: u64,
        why: Reason,
    },
    /// Our answer to the page's offer.
    Answer {
        line: u64,
        /// Of which offer.
        turn: u32,
        sdp: String,
    },
    /// The talk is on.
    Talk {
        line: u64,
        call: String,
        caller: Option<String>,
        matter: Option<String>,
        /// Since when.
        for_s: u64,
        held: bool,
        /// There is no sound between page and server: the page is to offer it again.
        again: bool,
        /// What may be wanted of other desks now.
        may: Vec<Step>,
        /// What goes on with another desk: `transferring`, `asking`, `consulting`, `three`.
        #[serde(skip_serializing_if = "Option::is_none")]
        under_way: Option<&'static str>,
        /// The numbers outside that may be named: each, or its beginning with `…`.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        outside: Vec<String>,
        /// Who is not heard, or hears nothing: `caller_no_packets`, `desk_silent_microphone` and the like.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        troubles: Vec<&'static str>,
        /// The call is another desk's, and its person supervises it.
        #[serde(skip_serializing_if = "Option::is_none")]
        supervises: Option<Mode>,
    },
    TalkOver {
        line: u64,
        call: String,
        why: Reason,
    },
    Refused {
        why: Reason,
    },
    /// Its login ends in so long, by time alone; 0: with what goes on at the desk.
    LoginEnds {
        in_s: u64,
    },
    /// Another page of the same login has taken its place.
    Displaced,
}
