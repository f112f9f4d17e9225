//! What goes into a talk and what comes out of it.

use crate::keypad::Digit;

/// What the first desk wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Hold,
    Resume,
    /// The caller is handed to whoever this names; the desk is let go of when he answers.
    Transfer(String),
    /// The desk talks with whoever this names, while the caller waits.
    Consult(String),
    /// All three hear each other.
    JoinAll,
    /// The second desk has the caller from now on. While it still rings: as soon as it answers.
    Complete,
    /// The first desk has the caller again and alone.
    TakeBack,
    /// Keys are told by nobody from here on.
    Seal,
    Unseal,
}

/// Why a command is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no talk, or not any more.
    NoTalk,
    /// Something else is under way.
    NotNow,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Caller and first desk hear each other for the first time.
    Joined,
    /// The first desk pressed a key.
    Key(Digit),
    /// A desk that was to be rung rings.
    Ringing,
    /// It answered: it is the second desk.
    Answered,
    Unavailable(Why),
    /// The first desk's page or its sound is lost and may come again; nobody hears anybody until the next
    /// `Action::Bridge`. Also before `Joined`.
    FirstAway,
    /// It is here again, and nobody hears anybody until the next `Action::Bridge`.
    FirstBack,
    FirstGone,
    SecondGone,
    /// The second desk holds, or no longer: it counts once the caller is its.
    SecondHolds(bool),
    /// A supervisor takes the caller over: whatever goes on ends with it.
    TakenOver,
    /// What `Action::Play` plays came to its end.
    Played,
    /// `Talk::timeout_at` is reached.
    Timeout,
    /// The call goes on without desks, or is over.
    Ended,
}

/// Why the second desk could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Busy,
    NoAnswer,
    Unreachable,
    /// Nobody here has that name.
    Unknown,
    /// The first desk thought better of it.
    TakenBack,
}

/// Who hears whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bridge {
    /// Nobody hears anybody.
    Apart,
    /// The caller and the first desk.
    Pair,
    /// The desks among themselves.
    Desks,
    /// All three.
    All,
}

/// What is played meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Music {
    /// He is to wait (P05).
    Wait,
    /// Thanks for waiting (P05, second sentence): the caller and the first desk hear it, so that both know it.
    Back,
    /// The same to the caller alone.
    Thanks,
}

/// What the shell must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Bridge(Bridge),
    Play(Music),
    StopPlaying,
    /// Ring whoever this names; answer with `Ringing`, `Answered` or `Unavailable`.
    Ring(String),
    /// Nothing more is reported of it.
    StopRinging,
    /// The SIP status that stands for what became of the transfer so far, to whoever asked for it.
    Progress(u16),
    /// Hang up the first desk. No `FirstGone` follows.
    LetFirstGo,
    LetSecondGo,
    /// The second desk is the first one from now on, and the talk is its; nobody hears anybody until the next `Bridge`.
    SecondIsFirst,
    /// The supervisor who listens is the first desk from now on, in the same way.
    SupervisorIsFirst,
    /// A key did something: the code that was keyed.
    Keyed(&'static str),
    /// Keys are told again, or no longer.
    Sealed(bool),
    /// The caller has no desk and none rings for him.
    Over,
}

impl Why {
    /// The status of the last NOTIFY (RFC 3515 §2.4.5).
    pub fn status(self) -> u16 {
        match self {
            Why::Busy => 486,
            Why::NoAnswer => 480,
            Why::Unreachable => 503,
            Why::Unknown => 404,
            Why::TakenBack => 487,
        }
    }
}
