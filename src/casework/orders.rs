//! What a record does to the order that it is on; as in `apply`, no rule stands here.

use super::case::{Filing, Finding, Order, Request};
use crate::acts::{Act, Record};
use crate::domain::{By, PersonId, Role, UnitId};

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
            order.judged_in = reviewers_unit(record);
        }
        Act::FileRectification { .. } => order.rectified_by = by,
        Act::ReturnRectification { .. } => order.returns = order.returns.saturating_add(1),
        Act::AcceptRectification { .. } => order.rectification_accepted = true,
        _ => {}
    }
}

/// The unit as whose member somebody rules: the Centre's supervisor, or who signs for the General Office.
pub(super) fn reviewers_unit(record: &Record) -> Option<UnitId> {
    let By::Person(hand) = &record.by else {
        return None;
    };
    let rules = |role| matches!(role, Role::CentreSupervisor | Role::OfficeSigner);
    let post = hand.posts.iter().find(|post| rules(post.role));
    post.map(|post| post.unit.clone())
}
