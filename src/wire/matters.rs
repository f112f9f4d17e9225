use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::channels;
use crate::domain::Moment;

/// A matter (办件). Who filed it is not told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Matter {
    number: String,
    item: String,
    item_name: String,
    unit: String,
    /// Whether the applicant is known by an identity, so that a rating of it is 实名.
    identified: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Moment>,
    rehearsal: bool,
}

/// A matter to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMatter {
    /// 办件编号: 1 to 64 of A–Z, a–z, 0–9, `.` `_` `-`.
    pub number: String,
    /// 事项: its code.
    pub item: String,
    /// 事项: its name, as the applicant reads it in the reminder.
    pub item_name: String,
    /// 承办单位: the id of a unit.
    pub unit: String,
    #[serde(default)]
    pub applicant_name: String,
    /// Verified; a call from it is I2.
    pub applicant_phone: Option<String>,
    /// The platform's own id of the verified applicant; a digest of it is kept.
    pub applicant: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub completed_at: Option<Moment>,
    /// To try the connection.
    #[serde(default)]
    pub rehearsal: bool,
}

/// When a matter was completed (办结).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    #[schema(value_type = String, format = DateTime)]
    pub completed_at: Moment,
}

impl From<channels::Matter> for Matter {
    fn from(matter: channels::Matter) -> Self {
        Matter {
            number: matter.number,
            item: matter.item,
            item_name: matter.item_name,
            unit: matter.unit.0,
            identified: matter.applicants.applicant.is_some(),
            completed_at: matter.completed_at,
            rehearsal: matter.rehearsal,
        }
    }
}
