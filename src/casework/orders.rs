//! What a record does to the order that it is on; as in `apply`, no rule stands here.

use super::case::{Filing, Finding, Order, Request};
use crate::acts::{Act, Record};
use crate::domain::{Actor, By, PersonId, Role, UnitId};

pub(super) fn change(order: &mut Order, record: &Record, by: Option<PersonId>, needs_grant: bool) {
    let filed = |finding| {
        Some(Filing {
            by: by.clone(),
            finding,
        })
    };
    match &record.act {
        Act::Dispatch { workdays, .. } => {
            order.dispatched_by = by;
            order.complex = *workdays == crate::acts::Span::Complex;
        }
        Act::Receive { .. } => {
            order.received_at.get_or_insert(record.at);
        }
        Act::DeemReceived { as_of, .. } if order.received_at.is_none() => {
            order.received_at = Some(*as_of);
            order.deemed = true;
        }
        Act::Contest { .. } => order.contested = true,
        Act::RequestComplex { .. } => {
            order.request = Some(Request {
                by,
                until: None,
                needs_grant: true,
            });
        }
        Act::RequestExtension { until, .. } => {
            if !needs_grant {
                order.extensions = 1;
            }
            order.request = Some(Request {
                by,
                until: Some(*until),
                needs_grant,
            });
        }
        Act::DecideComplex { .. } => order.request = None,
        Act::DecideExtension { grant, .. } => {
            let further = order
                .request
                .as_ref()
                .is_some_and(|asked| asked.needs_grant);
            if *grant && further {
                order.extensions += 1;
            }
            order.request = None;
        }
        Act::FindTrue { extent, .. } => order.filing = filed(Finding::True(*extent)),
        Act::Appeal { ground, .. } => order.filing = filed(Finding::Appeal(*ground)),
        Act::FindWithoutLegalBasis { .. } => order.filing = filed(Finding::WithoutLegalBasis),
        Act::ProposeMalicious { .. } => order.proposed_by = by,
        Act::JudgeInvalid { .. }
        | Act::JudgeMistaken { .. }
        | Act::JudgeMalicious { .. }
        | Act::AcceptExplanation { .. }
        | Act::RejectAppeal { .. } => {
            order.judged_by = by;
            order.judged_in = reviewers_unit(record, order.unit.is_centre());
        }
        Act::FileRectification { .. } => order.rectified_by = by,
        Act::ReturnRectification { .. } => order.returns = order.returns.saturating_add(1),
        Act::AcceptRectification { .. } => order.rectification_accepted = true,
        _ => {}
    }
}

/// The unit as whose member somebody rules: the Centre's supervisor, or who signs for the General Office. Somebody may be both:
/// then the act says as which, and what the Centre is responsible for is the General Office's (A10).
pub(super) fn reviewers_unit(record: &Record, recused: bool) -> Option<UnitId> {
    let By::Person(hand) = &record.by else {
        return None;
    };
    let centres = !recused
        && record
            .act
            .kind(false)
            .actors
            .contains(&Actor::CentreSupervisor);
    let roles = match centres {
        true => [Role::CentreSupervisor, Role::OfficeSigner],
        false => [Role::OfficeSigner, Role::CentreSupervisor],
    };
    let with = |role: Role| hand.posts.iter().find(move |post| post.role == role);
    roles
        .into_iter()
        .find_map(with)
        .map(|post| post.unit.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Hand, Moment, Post};

    #[test]
    fn who_is_of_both_organs_rules_as_the_act_says() {
        let post = |role, unit: &str| Post {
            role,
            unit: UnitId(unit.into()),
        };
        let both = Hand {
            person: PersonId("1".into()),
            staff: None,
            posts: vec![
                post(Role::CentreSupervisor, "centre"),
                post(Role::OfficeSigner, "general_office"),
            ],
        };
        let by = |act: Act, by: By| Record {
            at: Moment::from_millis(0),
            by,
            act,
            to: None,
            slips: Vec::new(),
            clocks: Vec::new(),
        };
        let judge = || Act::JudgeInvalid {
            order: None,
            reason: "与记录不符".into(),
            heard: "全程".into(),
        };
        let accept = Act::AcceptProposal {
            reason: "有客观依据".into(),
        };
        let person = || By::Person(both.clone());
        let unit = |record: &Record, recused| reviewers_unit(record, recused).map(|unit| unit.0);
        let judged = by(judge(), person());
        assert_eq!(unit(&judged, false).as_deref(), Some("centre"));
        assert_eq!(unit(&judged, true).as_deref(), Some("general_office"));
        let accepted = by(accept, person());
        assert_eq!(unit(&accepted, false).as_deref(), Some("general_office"));
        assert_eq!(unit(&by(judge(), By::System), false), None);
    }
}
