//! What the trail keeps of an act: enough to rebuild the ticket from it alone.

use serde::{Deserialize, Serialize};

use super::act::Act;
use super::slip::SlipNumber;
use crate::domain::{By, DeadlineKind, Moment, State, UnitId};

/// A record: the act, and what was decided with it. A ticket is the sum of its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub at: Moment,
    pub by: By,
    #[serde(flatten)]
    pub act: Act,
    /// The state it led to: of the order where the act is on one, else of the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<State>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slips: Vec<SlipChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Change>,
}

/// What happened to a handling slip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "slip", rename_all = "snake_case")]
pub enum SlipChange {
    /// A new order with a number of its own.
    Made {
        order: u8,
        number: SlipNumber,
        unit: UnitId,
        rule: u8,
    },
    /// The same number, written anew; the version before is kept as a void copy.
    Rewritten { order: u8, version: u16, rule: u8 },
    /// 作废: the order holds no more, the number stays used.
    Voided { order: u8 },
}

/// Names a clock within its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClockKey {
    /// `None`: of the ticket as a whole.
    pub order: Option<u8>,
    pub kind: DeadlineKind,
    /// From 1.
    pub epoch: u16,
}

/// What happened to a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "clock", rename_all = "snake_case")]
pub enum Change {
    Started {
        key: ClockKey,
        started_at: Moment,
        due_at: Moment,
        provisional: bool,
        calendar: String,
    },
    Met {
        key: ClockKey,
        at: Moment,
    },
    Void {
        key: ClockKey,
        at: Moment,
    },
    /// Goes on from where it began.
    Resumed {
        key: ClockKey,
    },
    Moved {
        key: ClockKey,
        due_at: Moment,
        provisional: bool,
        calendar: String,
    },
    /// It is on record that it was missed.
    Missed {
        key: ClockKey,
        at: Moment,
    },
}

impl Change {
    pub fn key(&self) -> ClockKey {
        match self {
            Change::Started { key, .. }
            | Change::Met { key, .. }
            | Change::Void { key, .. }
            | Change::Resumed { key }
            | Change::Moved { key, .. }
            | Change::Missed { key, .. } => *key,
        }
    }
}
