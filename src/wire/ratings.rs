use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::GradeWord;
use crate::domain::{Day, Grade, Moment};
use crate::engine::Submitted;

/// A rating handed in by a program: a web platform, a counter's device, an SMS gateway.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRating {
    /// Names this delivery: told again, it changes nothing and is answered like the first. 1 to 100 characters.
    pub key: String,
    /// `web_filing` `web_consultation` `window_device` `window_qr` `sms`.
    pub channel: String,
    pub service: NewService,
    #[serde(default)]
    pub rater: NewRater,
    #[schema(value_type = GradeWord)]
    pub grade: Grade,
    /// When the rater graded, not when it is sent: every term runs from here.
    #[schema(value_type = String, format = DateTime)]
    pub graded_at: Moment,
    /// Local codes, `T1` … `T6`.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// Of the nine things of 第四条: `premises` `staff` `web_platform` `progress` `consultation` `guide`
    /// `told_at_once` `documents` `in_time`.
    #[serde(default)]
    pub items: Vec<String>,
    /// Codes of the national options of this grade; see `/api/v1/options`.
    #[serde(default)]
    pub options: Vec<u16>,
    /// In the rater's own words, 2000 characters at most.
    pub text: Option<String>,
    /// To try the connection: marked, and out of all figures.
    #[serde(default)]
    pub rehearsal: bool,
}

/// What is rated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewService {
    /// A telephone consultation; for `sms` only, for the telephone rates by itself.
    Consultation { call: String },
    WebConsultation {
        /// 咨询编码.
        code: String,
        unit: Option<String>,
        #[serde(default)]
        staff: Vec<String>,
        #[schema(value_type = String, format = DateTime)]
        served_at: Moment,
    },
    /// A registered matter at one of its stages: `filed` `accepted` `completed`.
    Matter {
        number: String,
        stage: String,
        #[serde(default)]
        staff: Vec<String>,
        /// When that stage was served; a completed matter's is its completion.
        #[schema(value_type = Option<String>, format = DateTime)]
        served_at: Option<Moment>,
    },
    WindowAct {
        window: String,
        /// Names the act at the window.
        act: String,
        item: Option<String>,
        unit: Option<String>,
        #[serde(default)]
        staff: Vec<String>,
        #[schema(value_type = String, format = DateTime)]
        served_at: Moment,
    },
}

/// Who rates.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRater {
    pub number: Option<String>,
    /// `I0` unless told: nobody is known. `I1` a number, `I2` and `I3` an applicant.
    pub identity: Option<String>,
    /// The platform's own id of the verified applicant; a digest of it is kept.
    pub applicant: Option<String>,
}

/// What a rating became.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    rating: String,
    #[schema(value_type = GradeWord)]
    grade: Grade,
    /// Number of the ticket that a 差评 opened or joined.
    ticket: Option<String>,
}

/// A slip of the suggestion box, entered by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuggestion {
    /// The number written on the slip; 1 to 64 of A–Z, a–z, 0–9, `.` `_` `-`.
    pub slip: String,
    /// The day the box was opened.
    #[schema(value_type = String, format = Date)]
    pub opened_on: Day,
    pub text: String,
    /// Without one it is a suggestion and no rating.
    #[schema(value_type = Option<GradeWord>)]
    pub grade: Option<Grade>,
    /// Where the scanned slip is kept.
    pub scan: Option<String>,
    #[serde(default)]
    pub items: Vec<String>,
}

/// A slip that was entered.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnteredSuggestion {
    pub slip: String,
    /// `null` where it has no grade.
    pub rating: Option<Taken>,
}

/// A national option.
#[derive(Debug, Serialize, ToSchema)]
pub struct NationalOption {
    pub edition: &'static str,
    pub code: u16,
    #[schema(value_type = GradeWord)]
    pub grade: Grade,
    pub text: &'static str,
}

impl From<Submitted> for Taken {
    fn from(submitted: Submitted) -> Self {
        Taken {
            rating: submitted.rating,
            grade: submitted.grade,
            ticket: submitted.ticket,
        }
    }
}
