//! What may be done to a ticket, each act with what its record must hold (第十七条).

use serde::{Deserialize, Serialize};

use crate::domain::{
    Day, DeadlineKind, Grade, Identity, Moment, PersonId, RatingId, TicketNumber, UnitId,
};

use super::attribution::Business;
use super::choice::{
    Checked, Extent, Ground, Intent, ObjectiveGround, Reached, SlipProof, Span, Way,
};

/// An act, whole: it is what the trail keeps, and what is replayed.
///
/// `order` names one of several handling slips by its number in the ticket; where there is one, it may
/// be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Row 1.
    Open(Box<Opening>),
    /// Row 34.
    RateAgain {
        rating: RatingId,
        grade: Grade,
        /// The rater is proven to be the one who rated before (R4: own identity or receipt code).
        proven: bool,
        /// 待核: the rater is on the blocklist (A27).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pending: bool,
    },
    /// Rows 27 to 29.
    Rerate {
        rating: RatingId,
        grade: Grade,
        graded_at: Moment,
        /// 待核: the rater is on the blocklist (A27).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pending: bool,
    },
    /// Row 2.
    Assign {
        officer: PersonId,
        /// 工号 of the officer.
        #[serde(default)]
        staff: Option<String>,
        #[serde(default)]
        handling_unit: Option<UnitId>,
    },
    /// Row 3.
    Revisit {
        result: Reached,
        #[serde(default)]
        call: Option<String>,
        #[serde(default)]
        answers: String,
        /// The rater says that the grade was a slip (误评).
        #[serde(default)]
        slip: bool,
        /// The rater wants no more calls about it.
        #[serde(default)]
        no_more_calls: bool,
    },
    /// Row 4.
    ConfirmMistake { reason: String },
    /// Row 5.
    GiveOpinion { valid: bool, text: String },
    /// Row 5, at the end of the second working day.
    NoteSilence {},
    /// Prepares row 6.
    Draft(Assessment),
    /// Row 6.
    Report {},
    /// Row 7.
    ReturnDraft { reason: String },
    /// Row 8.
    AcceptProposal { reason: String },
    /// Row 9.
    Dispatch {
        #[serde(default)]
        order: Option<u8>,
        /// 5 or 15 (附件).
        workdays: Span,
        /// Another unit, after the attribution was contested.
        #[serde(default)]
        unit: Option<UnitId>,
    },
    /// Row 10, signed for.
    Receive {
        #[serde(default)]
        order: Option<u8>,
    },
    /// Row 10, by the end of the next working day (A36).
    DeemReceived { order: Option<u8>, as_of: Moment },
    /// Row 11.
    Contest {
        #[serde(default)]
        order: Option<u8>,
        reason: String,
        #[serde(default)]
        suggests: Option<UnitId>,
    },
    /// Asks for row 12.
    RequestComplex {
        #[serde(default)]
        order: Option<u8>,
        reason: String,
    },
    /// Row 12.
    DecideComplex {
        #[serde(default)]
        order: Option<u8>,
        grant: bool,
        reason: String,
    },
    /// Row 13 the first time; asks for it the second time (A6).
    RequestExtension {
        #[serde(default)]
        order: Option<u8>,
        until: Day,
        reason: String,
    },
    /// Acknowledges the first extension, decides on a further one.
    DecideExtension {
        #[serde(default)]
        order: Option<u8>,
        grant: bool,
        reason: String,
    },
    /// Row 14.
    FindTrue {
        #[serde(default)]
        order: Option<u8>,
        extent: Extent,
        facts: String,
        evidence: Vec<String>,
    },
    /// Row 15.
    Appeal {
        #[serde(default)]
        order: Option<u8>,
        ground: Ground,
        facts: String,
        evidence: Vec<String>,
    },
    /// Row 16.
    FindWithoutLegalBasis {
        #[serde(default)]
        order: Option<u8>,
        legal_ground: String,
        explanation: String,
    },
    /// Row 17.
    JudgeInvalid {
        #[serde(default)]
        order: Option<u8>,
        reason: String,
        /// What was heard of the recording, with offsets; or why there is none.
        heard: String,
    },
    /// Row 18.
    JudgeMistaken {
        #[serde(default)]
        order: Option<u8>,
        proof: SlipProof,
        reason: String,
    },
    /// The first of the two signatures of row 19.
    ProposeMalicious {
        #[serde(default)]
        order: Option<u8>,
        /// How record or recording contradict what was rated.
        contradiction: String,
        intent: Intent,
        reason: String,
    },
    /// Row 19.
    JudgeMalicious {
        #[serde(default)]
        order: Option<u8>,
        reason: String,
    },
    /// Row 20.
    AcceptExplanation {
        #[serde(default)]
        order: Option<u8>,
        reason: String,
    },
    /// Row 21.
    RejectAppeal {
        #[serde(default)]
        order: Option<u8>,
        reason: String,
        /// Who has to rectify, where no unit had the case before.
        #[serde(default)]
        unit: Option<UnitId>,
    },
    /// Row 22.
    FileRectification {
        #[serde(default)]
        order: Option<u8>,
        measures: String,
        result: String,
        /// 责任人.
        responsible: String,
        done_on: Day,
        evidence: Vec<String>,
        /// 办事指南 changed, people trained; empty where nothing of the kind was needed.
        #[serde(default)]
        systemic: String,
    },
    /// Row 23.
    ReturnRectification {
        #[serde(default)]
        order: Option<u8>,
        reason: String,
    },
    /// Row 24.
    AcceptRectification {
        #[serde(default)]
        order: Option<u8>,
        #[serde(default)]
        reason: String,
    },
    /// Row 25: told, then invited to rate again.
    Answer {
        way: Way,
        text: String,
        checked: Checked,
    },
    /// An attempt of row 26.
    TryToAnswer { way: Way, result: Reached },
    /// Row 26.
    CloseUnreached {},
    /// Row 30.
    DeclineRerate { way: Way },
    /// Row 30, after ten silent working days.
    NoteNoRerate {},
    /// Row 31.
    Object { way: Way, text: String },
    /// Row 32.
    Miss {
        order: Option<u8>,
        kind: DeadlineKind,
        epoch: u16,
    },
    /// Row 33.
    Revise { calendar: String },
    /// Row 35: what was 待核 counts from now, or not (A27).
    VerifyPending { rating: RatingId, valid: bool },
}

/// What a ticket begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub number: TicketNumber,
    pub rating: RatingId,
    pub grade: Grade,
    pub graded_at: Moment,
    pub business: Business,
    /// 工号 of those who served.
    pub staff: Vec<String>,
    pub handling_unit: Option<UnitId>,
    pub identity: Identity,
    /// The rater is listed: 待核, and everything else as ever (A27).
    pub listed: bool,
    pub rehearsal: bool,
}

/// Validity and responsibility, before somebody else approves it (第九条).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The cause made clear, or 未说明.
    pub cause: String,
    /// Of the nine things of 第四条, 1 to 9.
    #[serde(default)]
    pub items: Vec<u8>,
    /// Why the rating should not count; none: it is valid.
    #[serde(default)]
    pub invalid: Option<ObjectiveGround>,
    /// The first is the primary one.
    pub units: Vec<Attribution>,
    /// 联系人及电话 of the slip.
    pub contact: String,
}

/// A responsible unit and by which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    pub unit: UnitId,
    /// Row of [`RULES`](super::RULES).
    pub rule: u8,
}

impl Act {
    /// The order that the act names, where acts of its kind are on one.
    pub fn order(&self) -> Option<u8> {
        match *self {
            Act::Dispatch { order, .. }
            | Act::Receive { order }
            | Act::DeemReceived { order, .. }
            | Act::Contest { order, .. }
            | Act::RequestComplex { order, .. }
            | Act::DecideComplex { order, .. }
            | Act::RequestExtension { order, .. }
            | Act::DecideExtension { order, .. }
            | Act::FindTrue { order, .. }
            | Act::Appeal { order, .. }
            | Act::FindWithoutLegalBasis { order, .. }
            | Act::JudgeInvalid { order, .. }
            | Act::JudgeMistaken { order, .. }
            | Act::ProposeMalicious { order, .. }
            | Act::JudgeMalicious { order, .. }
            | Act::AcceptExplanation { order, .. }
            | Act::RejectAppeal { order, .. }
            | Act::FileRectification { order, .. }
            | Act::ReturnRectification { order, .. }
            | Act::AcceptRectification { order, .. }
            | Act::Miss { order, .. } => order,
            _ => None,
        }
    }

    /// Puts the act on an order, where acts of its kind are on one.
    pub fn set_order(&mut self, number: Option<u8>) {
        match self {
            Act::Dispatch { order, .. }
            | Act::Receive { order }
            | Act::DeemReceived { order, .. }
            | Act::Contest { order, .. }
            | Act::RequestComplex { order, .. }
            | Act::DecideComplex { order, .. }
            | Act::RequestExtension { order, .. }
            | Act::DecideExtension { order, .. }
            | Act::FindTrue { order, .. }
            | Act::Appeal { order, .. }
            | Act::FindWithoutLegalBasis { order, .. }
            | Act::JudgeInvalid { order, .. }
            | Act::JudgeMistaken { order, .. }
            | Act::ProposeMalicious { order, .. }
            | Act::JudgeMalicious { order, .. }
            | Act::AcceptExplanation { order, .. }
            | Act::RejectAppeal { order, .. }
            | Act::FileRectification { order, .. }
            | Act::ReturnRectification { order, .. }
            | Act::AcceptRectification { order, .. } => *order = number,
            _ => {}
        }
    }
}
