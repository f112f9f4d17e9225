use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Day, DayKind, Difference, Moment};
use crate::revision::Move;
use crate::staff::ProposalRow;

/// A year's calendar that somebody put forward.
#[derive(Debug, Serialize, ToSchema)]
pub struct Proposal {
    id: i64,
    year: i16,
    proposed_by: String,
    #[schema(value_type = String, format = DateTime)]
    proposed_at: Moment,
    approved_by: Option<String>,
    /// It counts once it is loaded into the calendars' folder and the server was restarted.
    #[schema(value_type = Option<String>, format = DateTime)]
    approved_at: Option<Moment>,
}

/// A calendar to be put forward, or only to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProposal {
    pub year: i16,
    /// The text of `<year>.toml`.
    pub text: String,
    /// Only tell what it would change.
    #[serde(default)]
    pub only_show: bool,
}

/// What a calendar would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct Foreseen {
    /// `null` where it was only looked at.
    pub proposal: Option<i64>,
    pub days: Vec<ChangedDay>,
    /// Open due dates that would move.
    pub moved: u64,
    /// The first fifty of them.
    pub moves: Vec<MovedDue>,
}

/// A day that would be another than it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedDay {
    #[schema(value_type = String, format = Date)]
    day: Day,
    /// `null`: the year has no notice.
    #[schema(value_type = Option<Object>)]
    before: Option<DayKind>,
    #[schema(value_type = Option<Object>)]
    after: Option<DayKind>,
}

/// An open due date that would move.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovedDue {
    #[schema(example = "ticket:T2026-000123")]
    of: String,
    kind: String,
    #[schema(value_type = String, format = DateTime)]
    from: Moment,
    #[schema(value_type = String, format = DateTime)]
    to: Moment,
    provisional: bool,
}

impl From<ProposalRow> for Proposal {
    fn from(row: ProposalRow) -> Self {
        Proposal {
            id: row.id,
            year: row.year,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at,
            approved_by: row.approved_by,
            approved_at: row.approved_at,
        }
    }
}

impl From<Difference> for ChangedDay {
    fn from(difference: Difference) -> Self {
        ChangedDay {
            day: difference.day,
            before: difference.before,
            after: difference.after,
        }
    }
}

impl From<Move> for MovedDue {
    fn from(moved: Move) -> Self {
        MovedDue {
            of: moved.of.to_string(),
            kind: moved.kind.word().to_owned(),
            from: moved.from,
            to: moved.to,
            provisional: moved.provisional,
        }
    }
}
