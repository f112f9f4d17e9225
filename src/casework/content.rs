//! Whether an act's content is what its record must hold.

use std::collections::BTreeSet;

use super::rules::{Asked, is_calling_hour};
use crate::acts::RULES;
use crate::acts::{Act, Assessment, Reached, SlipProof, Way};
use crate::domain::{Day, Hindrance, Refusal};

/// The nine things of 第四条.
const ITEMS: std::ops::RangeInclusive<u8> = 1..=9;

impl Asked<'_> {
    /// Whether the content is what its record must hold.
    pub(super) fn content(&self, act: &Act) -> Result<(), Refusal> {
        match act {
            Act::Assign { officer, staff, .. } => {
                self.text("officer", &officer.0)?;
                let rated = staff
                    .as_ref()
                    .is_some_and(|staff| self.case.staff.contains(staff));
                self.unless(rated, Hindrance::RatedAgent)
            }
            // Only who was reached can have said so.
            Act::Revisit {
                result, slip: true, ..
            } if *result != Reached::Connected => Err(self.incomplete("result")),
            Act::Revisit {
                result: Reached::Connected,
                answers,
                ..
            } => self.text("answers", answers),
            Act::Draft(assessment) => self.assessment(assessment),
            Act::GiveOpinion { text, .. } | Act::Object { text, .. } => self.text("text", text),
            Act::ConfirmMistake { reason }
            | Act::ReturnDraft { reason }
            | Act::AcceptProposal { reason }
            | Act::RequestComplex { reason, .. }
            | Act::DecideComplex { reason, .. }
            | Act::Contest { reason, .. } => self.text("reason", reason),
            Act::Dispatch { unit, .. } => self.redirection(unit.as_ref()),
            Act::RequestExtension { until, reason, .. } => self.extension(*until, reason),
            Act::DecideExtension { grant, reason, .. } => {
                self.text("reason", reason)?;
                self.acknowledgement(*grant)
            }
            Act::FindTrue { .. }
            | Act::Appeal { .. }
            | Act::FindWithoutLegalBasis { .. }
            | Act::FileRectification { .. } => self.filing(act),
            Act::JudgeInvalid { .. }
            | Act::JudgeMistaken { .. }
            | Act::ProposeMalicious { .. }
            | Act::JudgeMalicious { .. }
            | Act::AcceptExplanation { .. }
            | Act::RejectAppeal { .. }
            | Act::ReturnRectification { .. } => self.ruling(act),
            Act::Answer { way, text, .. } => {
                self.text("text", text)?;
                self.calling(*way)
            }
            Act::TryToAnswer { way, .. } => self.calling(*way),
            _ => Ok(()),
        }
    }

    /// What a unit files.
    fn filing(&self, act: &Act) -> Result<(), Refusal> {
        match act {
            Act::FindTrue {
                facts, evidence, ..
            }
            | Act::Appeal {
                facts, evidence, ..
            } => {
                self.text("facts", facts)?;
                self.texts("evidence", evidence)
            }
            Act::FindWithoutLegalBasis {
                legal_ground,
                explanation,
                ..
            } => {
                self.text("legal_ground", legal_ground)?;
                self.text("explanation", explanation)
            }
            Act::FileRectification {
                measures,
                result,
                responsible,
                done_on,
                evidence,
                ..
            } => {
                self.text("measures", measures)?;
                self.text("result", result)?;
                self.text("responsible", responsible)?;
                self.texts("evidence", evidence)?;
                match *done_on > self.now.day() {
                    true => Err(self.incomplete("done_on")),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// What somebody outside the unit decides.
    fn ruling(&self, act: &Act) -> Result<(), Refusal> {
        match act {
            Act::JudgeInvalid { reason, heard, .. } => {
                self.text("reason", reason)?;
                self.text("heard", heard)
            }
            Act::JudgeMistaken { proof, reason, .. } => {
                self.text("reason", reason)?;
                let claimed = *proof == SlipProof::RaterConfirmed;
                self.unless(
                    claimed && !self.case.slip_is_confirmed(),
                    Hindrance::CorrectionMissing,
                )
            }
            Act::ProposeMalicious {
                contradiction,
                reason,
                ..
            } => {
                self.text("contradiction", contradiction)?;
                self.text("reason", reason)
            }
            Act::RejectAppeal { reason, unit, .. } => {
                self.text("reason", reason)?;
                let nobody = self.order.is_none() && unit.is_none();
                self.unless(nobody, Hindrance::UnitMissing)?;
                let chosen = self.order.is_some() && unit.is_some();
                self.unless(chosen, Hindrance::NoRightOfChoice)
            }
            Act::JudgeMalicious { reason, .. }
            | Act::AcceptExplanation { reason, .. }
            | Act::ReturnRectification { reason, .. } => self.text("reason", reason),
            _ => Ok(()),
        }
    }

    /// A day after the one that runs, and not past.
    fn extension(&self, until: Day, reason: &str) -> Result<(), Refusal> {
        self.text("reason", reason)?;
        let clock = self
            .order
            .and_then(|order| self.case.rectifying(order.number));
        let later = clock.is_some_and(|clock| until > clock.due_at.day());
        match later && until >= self.now.day() {
            true => Ok(()),
            false => Err(self.incomplete("until")),
        }
    }

    /// A first statement holds of itself: it is acknowledged, not refused.
    fn acknowledgement(&self, grant: bool) -> Result<(), Refusal> {
        let stated = self.order.and_then(|order| order.request.as_ref());
        let holds = stated.is_some_and(|request| !request.needs_grant);
        match holds && !grant {
            true => Err(self.incomplete("grant")),
            false => Ok(()),
        }
    }

    fn assessment(&self, assessment: &Assessment) -> Result<(), Refusal> {
        self.text("cause", &assessment.cause)?;
        self.text("contact", &assessment.contact)?;
        if !assessment.items.iter().all(|item| ITEMS.contains(item)) {
            return Err(self.incomplete("items"));
        }
        if assessment.units.is_empty() || assessment.units.len() > usize::from(u8::MAX / 16) {
            return Err(self.incomplete("units"));
        }
        for attribution in &assessment.units {
            let cited = RULES.iter().any(|rule| rule.number == attribution.rule);
            if !cited || attribution.unit.0.trim().is_empty() {
                return Err(self.incomplete("units"));
            }
        }
        let units: BTreeSet<_> = assessment.units.iter().map(|named| &named.unit).collect();
        self.unless(units.len() < assessment.units.len(), Hindrance::NotTwice)
    }

    /// Another unit than the one attributed: only where that one contested it.
    fn redirection(&self, unit: Option<&crate::domain::UnitId>) -> Result<(), Refusal> {
        let (Some(unit), Some(order)) = (unit, self.order) else {
            return Ok(());
        };
        if unit.0.trim().is_empty() {
            return Err(self.incomplete("unit"));
        }
        if *unit == order.unit {
            return Ok(());
        }
        self.unless(!order.contested, Hindrance::NoRightOfChoice)?;
        let taken = self.case.live().any(|other| other.unit == *unit);
        self.unless(taken, Hindrance::NotTwice)
    }

    fn calling(&self, way: Way) -> Result<(), Refusal> {
        if way != Way::Phone {
            return Ok(());
        }
        self.unless(self.case.no_more_calls(), Hindrance::NoCall)?;
        self.unless(!is_calling_hour(self.now), Hindrance::OutOfHours)
    }

    fn text(&self, field: &'static str, text: &str) -> Result<(), Refusal> {
        match text.trim().is_empty() {
            true => Err(self.incomplete(field)),
            false => Ok(()),
        }
    }

    fn texts(&self, field: &'static str, texts: &[String]) -> Result<(), Refusal> {
        match texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            true => Err(self.incomplete(field)),
            false => Ok(()),
        }
    }

    fn unless(&self, hindered: bool, why: Hindrance) -> Result<(), Refusal> {
        match hindered {
            true => Err(self.hindered(why)),
            false => Ok(()),
        }
    }
}
