//! What goes into the room of desks and what comes out of it.

use std::time::Duration;

/// Names a desk within the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeskId(pub String);

/// Names a caller (one per call); the shell chooses it.
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
    pub group: Option<String>,
}

/// What a desk is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskState {
    Ready,
    Ringing(CallerId),
    Talking(CallerId),
    /// Not to be rung: logged out or not registered.
    Offline,
}

/// In which order desks are rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// In the order of the configuration, one after another.
    #[default]
    Linear,
}

/// Why a hunt ended without a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDesk {
    /// At least one desk rang, and none answered.
    NoAnswer,
    /// Every desk was talking, ringing for another, or refused as busy.
    Busy,
    /// No desk could be reached, or there is none.
    Failed,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A caller wants a desk of this group (`None`: any), rung for at most `patience` in all.
    /// With `waits`, he waits for a desk to become free while all are taken.
    Wanted {
        caller: CallerId,
        group: Option<String>,
        patience: Duration,
        waits: bool,
    },
    Answered {
        caller: CallerId,
        desk: DeskId,
    },
    Refused {
        caller: CallerId,
        desk: DeskId,
    },
    Failed {
        caller: CallerId,
        desk: DeskId,
    },
    /// The talk ended, whoever ended it.
    TalkEnded {
        desk: DeskId,
    },
    /// The caller left or no longer wants a desk.
    Left {
        caller: CallerId,
    },
    CameOnline {
        desk: DeskId,
    },
    WentOffline {
        desk: DeskId,
    },
    /// `Desks::timeout_at` is reached.
    Timeout,
}

/// What the shell must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Ring {
        caller: CallerId,
        desk: Desk,
    },
    /// Stop ringing this desk; its later answer is ignored.
    Cancel {
        caller: CallerId,
        desk: DeskId,
    },
    Connected {
        caller: CallerId,
        desk: Desk,
    },
    /// The hunt is over without a desk.
    Unavailable {
        caller: CallerId,
        why: NoDesk,
    },
}
