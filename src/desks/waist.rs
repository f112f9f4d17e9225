//! What goes into the room of desks and what comes out of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Terms;

/// Names a desk within the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeskId(pub String);

/// Names a caller (one per call); the shell chooses it and never uses it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallerId(pub u64);

/// A place at which a person answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    pub id: DeskId,
    /// A SIP URI, or `account:8001` for telephones that register.
    pub address: String,
    /// The staff number (工号) told by P04.
    pub staff: Option<String>,
    /// The groups that it serves; who asks for no group may have any desk.
    pub groups: Vec<String>,
    /// What it is good at (事项 or language), and how good: more is better.
    pub skills: BTreeMap<String, u8>,
}

/// What a caller needs of a desk. Nothing named: any desk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Need {
    pub group: Option<String>,
    pub skill: Option<String>,
}

/// To whom a caller is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    Desk(DeskId),
    Need(Need),
}

/// What a desk is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskState {
    /// Not to be rung: logged out or not registered.
    Offline,
    Ready,
    Ringing(CallerId),
    Talking(CallerId),
    /// The work after a talk (话后处理).
    WrapUp {
        until: Instant,
    },
    Break {
        reason: Arc<str>,
    },
    /// A ring was refused, failed or not answered: not rung again at once.
    Resting {
        until: Instant,
    },
    /// It let too many rings go by: nobody seems to be there.
    NotAnswering {
        until: Instant,
    },
}

/// Why a hunt ended without a desk, or a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoDesk {
    /// At least one desk rang, and none answered.
    NoAnswer,
    /// Every desk was talking, ringing for another, or refused as busy.
    Busy,
    /// No desk could be reached, or there is none.
    Failed,
    /// As many callers wait as may.
    Full,
    /// Nobody is there who could answer.
    Empty,
    /// He waited for as long as one may.
    WaitedOut,
    /// It is closing time.
    Closed,
}

/// What a caller whose wait ended without a desk is led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Then {
    Callback,
    Message,
    /// He is told that nobody can be had.
    #[default]
    Unavailable,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A caller wants a desk. `number` is his own, where it is known: it gives him his place again when he redials.
    Wanted {
        caller: CallerId,
        number: Option<String>,
        need: Need,
        terms: Terms,
    },
    /// A desk hands its caller on. He is rung for at this desk alone, or has the first place among those who wait
    /// for it; he needs no place of his own by his number.
    Handed {
        caller: CallerId,
        to: Handed,
        patience: Duration,
    },
    /// One who has lost his desk wants one again: he was let in before and has waited, so that he goes before whoever
    /// came by himself.
    WantedAgain {
        caller: CallerId,
        need: Need,
        terms: Terms,
    },
    Answered {
        caller: CallerId,
        desk: DeskId,
    },
    /// A supervisor at this desk takes over a caller who never waited here. After the talk the desk is what it was
    /// before; `ready`: it takes calls then, whatever it was.
    TookOver {
        caller: CallerId,
        desk: DeskId,
        ready: bool,
    },
    /// Busy, or declined.
    Refused {
        caller: CallerId,
        desk: DeskId,
    },
    /// It could not be rung.
    Failed {
        caller: CallerId,
        desk: DeskId,
    },
    /// The talk ended, whoever ended it.
    TalkEnded {
        desk: DeskId,
    },
    /// The caller left the line or no longer wants a desk.
    Left {
        caller: CallerId,
    },
    /// He chooses what he is offered beside waiting: he keeps his place and is not rung for.
    StepsAside {
        caller: CallerId,
    },
    /// He waits on.
    StepsBack {
        caller: CallerId,
    },
    /// He wants to be called back at this number and leaves the line; his place is kept.
    WantsCallback {
        caller: CallerId,
        number: String,
    },
    /// He leaves a message instead.
    LeavesMessage {
        caller: CallerId,
    },
    /// The person who was promised a callback is on the line with the desk.
    Reached {
        caller: CallerId,
    },
    /// That person was not reached.
    NotReached {
        caller: CallerId,
    },
    /// Service hours begin, or end.
    Opened,
    Closed,
    /// It registered or logged in.
    CameOnline {
        desk: DeskId,
    },
    /// It is gone; while it talks this comes after the talk.
    WentOffline {
        desk: DeskId,
    },
    /// The person there takes calls: ends wrap-up, break and rest.
    WentReady {
        desk: DeskId,
    },
    /// Wants a break for one of the configured reasons; while it talks this comes after the talk.
    TookBreak {
        desk: DeskId,
        reason: String,
    },
    /// `Desks::timeout_at` is reached.
    Timeout,
}

/// How a caller's time here ended. Each one's exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    Talk,
    Callback,
    Message,
    /// He left before he got anything. Short ones hardly waited and are counted apart.
    Abandoned {
        short: bool,
    },
    /// He was not let in, or his hunt, which never waits, found nobody.
    TurnedAway(NoDesk),
}

/// How a promised callback ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PromiseEnd {
    Reached,
    /// Nobody answered at any of the attempts.
    NotReached,
    /// No desk had time for it until it was too late.
    Expired,
    /// He called again himself and has his place, or asked once more.
    Replaced,
}

/// What the shell must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Ring {
        caller: CallerId,
        desk: Arc<Desk>,
    },
    /// Stop ringing this desk; its later answer is ignored.
    Cancel {
        caller: CallerId,
        desk: DeskId,
    },
    Connected {
        caller: CallerId,
        desk: Arc<Desk>,
    },
    /// There is no desk for him. Where his wait ended with it he keeps his place until he leaves, leaves a message
    /// or wants a callback, which is the end that is told; else `Ended` follows at once.
    Unavailable {
        caller: CallerId,
        why: NoDesk,
        then: Then,
    },
    /// Tell him how many are before him and how long it will take, where enough is known to say so. It delays nothing.
    Announce {
        caller: CallerId,
        ahead: usize,
        wait: Option<Duration>,
    },
    /// His callback is promised: so many are before him, and it will take about so long.
    Promised {
        caller: CallerId,
        ahead: usize,
        wait: Option<Duration>,
    },
    /// It is the turn of a promised callback: ring the desk, then this number. `attempt` counts from 1.
    CallBack {
        caller: CallerId,
        desk: Arc<Desk>,
        number: String,
        attempt: u32,
    },
    PromiseEnded {
        caller: CallerId,
        how: PromiseEnd,
        attempts: u32,
    },
    /// The one end of a caller who came in, to be put on record, with how long he waited for it.
    Ended {
        caller: CallerId,
        how: How,
        waited: Duration,
    },
    /// No reason of that name is configured.
    BreakRefused {
        desk: DeskId,
        reason: String,
    },
}

/// One who waits, for whoever watches the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub caller: CallerId,
    pub since: Instant,
    /// He is not on the line: he was promised a callback.
    pub promised: bool,
}
