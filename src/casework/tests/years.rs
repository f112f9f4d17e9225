//! What the years of random centres (`tests/years`) brought to light, each as the story it was.

use super::*;

fn proposed(units: &[&str]) -> Act {
    let Act::Draft(mut assessment) = draft(units) else {
        unreachable!("a draft is one")
    };
    assessment.invalid = Some(ObjectiveGround::TestCall);
    Act::Draft(assessment)
}

#[test]
fn who_was_not_reached_has_not_said_that_it_was_a_slip() {
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-18 17:00").assigned();
    let slip = |result| Act::Revisit {
        result,
        call: None,
        answers: "按错了".into(),
        slip: true,
        no_more_calls: false,
    };
    let refusal = centre.refuses(revisitor(), slip(Reached::NoAnswer));
    assert!(
        matches!(
            refusal,
            Refusal::Incomplete {
                field: "result",
                ..
            }
        ),
        "{refusal}"
    );
    centre.does(revisitor(), slip(Reached::Connected));
}

#[test]
fn a_proposal_that_the_office_does_not_follow_goes_back_to_be_revisited() {
    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .assigned()
        .does(officer(), proposed(&["forest"]))
        .does(supervisor(), Act::Report {})
        .hinders(signer(), dispatch(Span::Normal), Hindrance::RevisitMissing)
        .does(
            clerk(),
            Act::ReturnDraft {
                reason: "并非测试通话".into(),
            },
        )
        .revisited()
        .does(supervisor(), Act::Report {})
        .does(signer(), dispatch(Span::Normal));
    assert_eq!(centre.state(), State::Sent);
}

#[test]
fn a_new_round_asks_the_handling_unit_anew_and_its_silence_holds_nobody_up() {
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-18 17:00").does(
        supervisor(),
        Act::Assign {
            officer: PersonId("officer".into()),
            staff: None,
            handling_unit: Some(unit("wetland")),
        },
    );
    centre.does(
        liaison("wetland"),
        Act::GiveOpinion {
            valid: true,
            text: "属实".into(),
        },
    );
    centre.verifying("forest").rectified_at("forest").answered();
    centre.until("2026-09-22 10:00").rate(Grade::Dissatisfied);
    assert_eq!(centre.state(), State::Assessing);
    let asked = |clock: &String| clock == "opinion 2026-09-24 23:59:59";
    assert!(centre.running().iter().any(asked), "{:?}", centre.running());
    centre
        .revisited()
        .does(officer(), draft(&["forest"]))
        .hinders(supervisor(), Act::Report {}, Hindrance::OpinionMissing)
        .until("2026-09-25 00:00")
        .does(supervisor(), Act::Report {});
}

#[test]
fn an_objection_to_what_was_closed_as_a_whole_is_judged_for_every_unit() {
    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .assigned()
        .does(officer(), proposed(&["forest", "grass"]))
        .does(supervisor(), Act::Report {})
        .does(
            signer(),
            Act::AcceptProposal {
                reason: "测试通话".into(),
            },
        )
        .does(revisitor(), object());
    let order = |number| Act::RejectAppeal {
        order: Some(number),
        reason: "确有其人".into(),
        unit: None,
    };
    centre.does(reviewer(), order(1));
    assert_eq!(
        centre.state(),
        State::UnderReview,
        "the second unit's is still to be judged"
    );
    centre.does(reviewer(), order(2));
    assert_eq!(centre.state(), State::Rectifying);
}
