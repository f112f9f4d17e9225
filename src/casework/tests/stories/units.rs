//! Law stories of the units a slip goes to, and of the draft before it goes.

use super::*;

#[test]
fn a_unit_may_contest_once_and_another_one_gets_fresh_days() {
    let mut centre = Centre::rated_bad();
    centre.verifying("forest");
    let contest = Act::Contest {
        order: None,
        reason: "不属本司".into(),
        suggests: Some(unit("wetland")),
    };
    centre
        .until("2026-09-21 15:00")
        .does(liaison("forest"), contest.clone());
    assert_eq!(centre.state(), State::Reported);
    assert!(
        centre
            .running()
            .iter()
            .any(|clock| clock.starts_with("verify ")),
        "they go on"
    );
    let redirect = Act::Dispatch {
        order: None,
        workdays: Span::Normal,
        unit: Some(unit("wetland")),
    };
    centre.until("2026-09-22 10:00").does(signer(), redirect);
    assert_eq!(centre.running(), ["receive 2026-09-23 23:59:59"]);
    let slips: Vec<_> = centre
        .slips
        .iter()
        .map(|slip| (slip.number.serial, slip.unit.0.as_str()))
        .collect();
    assert_eq!(slips, [(1, "forest"), (2, "wetland")]);
    assert!(
        centre.case().orders[0].void,
        "the old number stays used, its slip is void"
    );
    centre
        .until("2026-09-23 09:00")
        .does(liaison("wetland"), Act::Receive { order: None });
    assert_eq!(
        centre
            .case()
            .running(Some(2), DeadlineKind::Verify)
            .unwrap()
            .started_at,
        at("2026-09-23 09:00")
    );
    assert_eq!(
        centre.case().ticket.opened_at,
        at("2026-09-18 16:00"),
        "its age keeps running"
    );

    // Upheld: the same unit, the same days, and no second time.
    let mut centre = Centre::rated_bad();
    centre.verifying("forest");
    let verify = centre
        .case()
        .running(Some(1), DeadlineKind::Verify)
        .unwrap()
        .due_at;
    centre
        .does(liaison("forest"), contest.clone())
        .does(signer(), dispatch(Span::Normal))
        .does(liaison("forest"), Act::Receive { order: None })
        .hinders(liaison("forest"), contest.clone(), Hindrance::AlreadyDone);
    assert_eq!(
        centre
            .case()
            .running(Some(1), DeadlineKind::Verify)
            .unwrap()
            .due_at,
        verify
    );

    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .until("2026-09-23 00:01")
        .hinders(liaison("forest"), contest, Hindrance::TimeIsOver);
}

#[test]
fn several_units_have_a_slip_each_and_the_ticket_waits_for_the_last() {
    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .reported(&["forest", "centre"]);
    let of = |order| Some(order);
    centre.hinders(signer(), dispatch(Span::Normal), Hindrance::WhichOrder);
    for order in [1, 2] {
        centre.does(
            signer(),
            Act::Dispatch {
                order: of(order),
                workdays: Span::Normal,
                unit: None,
            },
        );
    }
    centre.until("2026-09-21 09:00");
    assert_eq!(centre.state(), State::Verifying);
    centre.does(
        head("forest"),
        Act::FileRectification {
            order: of(1),
            measures: "改".into(),
            result: "好".into(),
            responsible: "处长".into(),
            done_on: "2026-09-21".parse().unwrap(),
            evidence: vec!["sha256:cc".into()],
            systemic: String::new(),
        },
    );
    assert_eq!(
        centre.state(),
        State::Verifying,
        "the other one is not there yet"
    );
    centre.does(
        reviewer(),
        Act::AcceptRectification {
            order: of(1),
            reason: String::new(),
        },
    );
    centre.does(
        head("centre"),
        Act::Appeal {
            order: of(2),
            ground: Ground::Untrue,
            facts: "录音".into(),
            evidence: vec!["sha256:dd".into()],
        },
    );
    assert_eq!(centre.state(), State::UnderReview);
    centre.does(
        signer(),
        Act::JudgeInvalid {
            order: of(2),
            reason: "不属实".into(),
            heard: "全程".into(),
        },
    );
    assert_eq!(centre.state(), State::ToAnswer);
    assert_eq!(
        centre.ratings[0].standing,
        Standing::Valid,
        "one unit's part was true"
    );
    centre
        .until("2026-09-22 10:00")
        .answered()
        .rate(Grade::Satisfied);
    assert_eq!(centre.state(), State::ClosedRectified);
}

#[test]
fn a_handling_unit_that_says_nothing_by_the_second_day_holds_nobody_up() {
    let mut centre = Centre::rated_bad();
    let with_unit = Act::Assign {
        officer: PersonId("officer".into()),
        staff: None,
        handling_unit: Some(unit("forest")),
    };
    centre
        .until("2026-09-18 17:00")
        .does(supervisor(), with_unit.clone());
    assert_eq!(centre.running()[0], "opinion 2026-09-21 23:59:59");
    centre.revisited().does(officer(), draft(&["forest"]));
    centre.hinders(supervisor(), Act::Report {}, Hindrance::OpinionMissing);
    centre.until("2026-09-22 09:00");
    assert_eq!(centre.case().opinion, Some(Opinion::Silent));
    centre.does(supervisor(), Act::Report {});

    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .does(supervisor(), with_unit);
    let opinion = Act::GiveOpinion {
        valid: true,
        text: "属实".into(),
    };
    centre
        .hinders(
            liaison("wetland"),
            opinion.clone(),
            Hindrance::NotOfHandlingUnit,
        )
        .does(liaison("forest"), opinion.clone())
        .hinders(liaison("forest"), opinion, Hindrance::AlreadyDone);
}

#[test]
fn a_returned_draft_goes_on_from_the_original_start() {
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-21 09:00").reported(&["forest"]);
    centre.until("2026-09-24 10:00").does(
        clerk(),
        Act::ReturnDraft {
            reason: "责任不清".into(),
        },
    );
    assert_eq!(centre.state(), State::Assessing);
    let assess = centre
        .case()
        .running(None, DeadlineKind::Assess)
        .unwrap()
        .clone();
    assert_eq!(assess.due_at, at("2026-09-22 23:59").plus_millis(59_000));
    centre.until("2026-09-24 10:01");
    assert!(
        centre
            .case()
            .running(None, DeadlineKind::Assess)
            .unwrap()
            .missed_at
            .is_some()
    );
    centre
        .does(officer(), draft(&["wetland", "forest"]))
        .does(supervisor(), Act::Report {});
    let slips: Vec<_> = centre
        .slips
        .iter()
        .map(|slip| (slip.number.serial, slip.version, slip.unit.0.as_str()))
        .collect();
    assert_eq!(
        slips,
        [(1, 1, "forest"), (2, 1, "wetland"), (1, 2, "forest")]
    );
}

#[test]
fn a_test_call_is_closed_by_the_office_without_a_unit() {
    let mut centre = Centre::rated_bad();
    let Act::Draft(mut assessment) = draft(&["centre"]) else {
        unreachable!()
    };
    assessment.invalid = Some(ObjectiveGround::TestCall);
    centre
        .until("2026-09-18 17:00")
        .assigned()
        .does(officer(), Act::Draft(assessment))
        .does(supervisor(), Act::Report {})
        .does(
            signer(),
            Act::AcceptProposal {
                reason: "测试号码".into(),
            },
        );
    assert_eq!(centre.state(), State::ClosedInvalid);

    let mut centre = Centre::rated_bad();
    centre.until("2026-09-18 17:00").reported(&["forest"]);
    centre.hinders(
        signer(),
        Act::AcceptProposal {
            reason: "无".into(),
        },
        Hindrance::ProposalMissing,
    );
}
