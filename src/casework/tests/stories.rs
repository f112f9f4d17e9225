//! Law stories: one per way a ticket ends, and the turns on the way.

use super::*;
use crate::domain::{Addressee, NotAdopted, NoticeKind, Standing};

#[test]
fn a_true_rating_is_rectified_told_and_rated_anew() {
    // The worked example of the calendar: 差评 Friday 16:00, Sunday is worked, Mid-Autumn on Friday 25.
    let mut centre = Centre::rated_bad();
    assert_eq!(centre.running(), ["assess 2026-09-22 23:59:59"]);
    centre.until("2026-09-18 17:00").reported(&["forest"]);
    assert_eq!(centre.running(), ["dispatch 2026-09-20 23:59:59"]);
    assert_eq!(centre.slips[0].number.to_string(), "S2026-000001");
    centre
        .until("2026-09-20 09:30")
        .does(signer(), dispatch(Span::Normal))
        .until("2026-09-22 10:00");
    // Nobody signed on Monday: received at its end, so that nobody gains a day by not opening it.
    let order = centre.case().primary().unwrap().clone();
    assert_eq!(order.state, State::Verifying);
    assert!(order.deemed);
    assert_eq!(
        order.received_at,
        Some(at("2026-09-21 23:59").plus_millis(59_000))
    );
    assert_eq!(
        centre.running(),
        [
            "contest 2026-09-22 23:59:59",
            "verify 2026-09-24 23:59:59",
            "rectify 2026-09-29 23:59:59",
        ]
    );
    centre
        .until("2026-09-24 15:00")
        .does(head("forest"), find_true());
    assert_eq!(centre.state(), State::Rectifying);
    assert_eq!(centre.running(), ["rectify 2026-09-29 23:59:59"]);
    centre.until("2026-09-28 15:00").rectified_at("forest");
    assert_eq!(centre.running(), ["answer 2026-10-08 23:59:59"]);
    centre.until("2026-09-29 10:00").answered();
    assert_eq!(centre.running(), ["rerate 2026-10-19 23:59:59"]);
    let told: Vec<_> = centre
        .notices
        .iter()
        .filter(|notice| notice.addressee == Addressee::Rater)
        .map(|notice| notice.kind)
        .collect();
    assert_eq!(told, [NoticeKind::Result, NoticeKind::Invitation]);
    centre.until("2026-09-30 10:00").rate(Grade::Satisfied);
    assert_eq!(centre.state(), State::ClosedRectified);
    assert_eq!(centre.case().ticket.grade, Grade::Satisfied);
    assert!(centre.running().is_empty());
    assert!(
        centre
            .case()
            .clocks
            .iter()
            .all(|clock| clock.missed_at.is_none())
    );
}

#[test]
fn verification_and_rectification_run_from_the_same_receipt() {
    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .reported(&["forest"])
        .does(signer(), dispatch(Span::Normal))
        .until("2026-09-20 10:00")
        .does(liaison("forest"), Act::Receive { order: None });
    // One filing on the second day satisfies both.
    centre
        .until("2026-09-21 16:00")
        .does(head("forest"), rectify(at("2026-09-21 16:00")));
    assert_eq!(centre.state(), State::Rectified);
    let met = |kind| centre.case().last(Some(1), kind).unwrap().met_at;
    assert_eq!(met(DeadlineKind::Verify), Some(centre.now));
    assert_eq!(met(DeadlineKind::Rectify), Some(centre.now));
}

#[test]
fn a_complex_case_has_fifteen_days_from_the_same_receipt() {
    // Received Tuesday 2026-09-22 10:00 (the worked example): D4 09-28, D5 09-30, D6 10-20.
    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-21 11:00")
        .reported(&["forest"])
        .until("2026-09-22 09:00")
        .does(signer(), dispatch(Span::Normal))
        .until("2026-09-22 10:00")
        .does(liaison("forest"), Act::Receive { order: None });
    assert!(
        centre
            .running()
            .contains(&"verify 2026-09-28 23:59:59".to_owned())
    );
    assert!(
        centre
            .running()
            .contains(&"rectify 2026-09-30 23:59:59".to_owned())
    );
    let ask = Act::RequestComplex {
        order: None,
        reason: "须专家评审".into(),
    };
    let grant = |grant| Act::DecideComplex {
        order: None,
        grant,
        reason: "属实".into(),
    };
    centre
        .until("2026-09-23 10:00")
        .hinders(signer(), grant(true), Hindrance::NothingRequested)
        .does(liaison("forest"), ask.clone())
        .hinders(liaison("forest"), ask.clone(), Hindrance::AlreadyRequested)
        .does(signer(), grant(true));
    assert!(
        centre
            .running()
            .contains(&"rectify_complex 2026-10-20 23:59:59".to_owned())
    );
    assert_eq!(
        centre.case().rectifying(1).unwrap().started_at,
        at("2026-09-22 10:00")
    );
    centre.hinders(liaison("forest"), ask, Hindrance::AlreadyDone);
    centre.does(head("forest"), find_true());

    // Longer only with reasons and a day, said before the fifteen are over; the first statement holds of itself.
    let longer = |until: &str| Act::RequestExtension {
        order: None,
        until: until.parse().unwrap(),
        reason: "须修订系统".into(),
    };
    let decide = |grant| Act::DecideExtension {
        order: None,
        grant,
        reason: "知悉".into(),
    };
    centre
        .until("2026-10-15 10:00")
        .does(liaison("forest"), longer("2026-11-06"));
    assert!(
        centre
            .running()
            .contains(&"rectify_extended 2026-11-06 23:59:59".to_owned())
    );
    centre.does(clerk(), decide(true));
    // A second one needs the office's signature, and holds from then.
    centre
        .until("2026-11-05 10:00")
        .does(liaison("forest"), longer("2026-11-20"));
    assert!(
        centre
            .running()
            .contains(&"rectify_extended 2026-11-06 23:59:59".to_owned())
    );
    centre
        .hinders(clerk(), decide(true), Hindrance::OfficeOnly)
        .does(signer(), decide(true));
    assert!(
        centre
            .running()
            .contains(&"rectify_extended 2026-11-20 23:59:59".to_owned())
    );
    let too_late = centre
        .until("2026-11-21 10:00")
        .refuses(liaison("forest"), longer("2026-12-20"));
    assert_eq!(too_late.word(), "time_is_over");
    assert!(
        centre
            .case()
            .last(Some(1), DeadlineKind::RectifyExtended)
            .unwrap()
            .missed_at
            .is_some()
    );
}

#[test]
fn a_request_that_comes_after_five_days_or_is_refused_changes_no_clock() {
    let mut centre = Centre::rated_bad();
    centre.verifying("forest");
    let ask = Act::RequestComplex {
        order: None,
        reason: "须专家评审".into(),
    };
    let refuse = Act::DecideComplex {
        order: None,
        grant: false,
        reason: "并不复杂".into(),
    };
    let before = centre.running();
    centre
        .does(liaison("forest"), ask.clone())
        .does(signer(), refuse);
    assert_eq!(centre.running(), before);
    centre
        .until("2026-09-30 10:00")
        .hinders(liaison("forest"), ask, Hindrance::TimeIsOver);
}

#[test]
fn fifteen_days_may_be_chosen_when_it_is_sent() {
    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .reported(&["forest"])
        .does(signer(), dispatch(Span::Complex))
        .until("2026-09-20 10:00")
        .does(liaison("forest"), Act::Receive { order: None });
    let rectify = centre.case().rectifying(1).unwrap();
    assert_eq!(rectify.key.kind, DeadlineKind::RectifyComplex);
}

#[test]
fn a_rating_found_untrue_ends_as_invalid_by_somebody_outside_the_unit() {
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .does(head("forest"), appeal(Ground::Untrue));
    assert_eq!(centre.state(), State::UnderReview);
    assert!(
        centre
            .running()
            .iter()
            .any(|clock| clock.starts_with("rectify "))
    );
    let mut insider = reviewer();
    insider.posts.push(Post {
        role: Role::UnitLiaison,
        unit: unit("forest"),
    });
    centre
        .hinders(insider, judge_invalid(), Hindrance::OfResponsibleUnit)
        .does(reviewer(), judge_invalid());
    assert_eq!(centre.state(), State::ClosedInvalid);
    assert_eq!(
        centre.ratings[0].standing,
        Standing::NotAdopted(NotAdopted::Invalid)
    );
    assert_eq!(centre.running(), ["object 2026-10-21 23:59:59"]);
}

#[test]
fn a_slip_that_the_rater_confirms_ends_as_mistaken() {
    // Corrected within the ticket by a proven rater, and confirmed by a supervisor.
    let mut centre = Centre::rated_bad();
    let confirm = Act::ConfirmMistake {
        reason: "评价人称按错".into(),
    };
    centre.until("2026-09-18 17:00").assigned().hinders(
        reviewer(),
        confirm.clone(),
        Hindrance::CorrectionMissing,
    );
    centre.submit(proven(Grade::VerySatisfied, at("2026-09-18 17:00")));
    assert_eq!(
        centre.state(),
        State::Assessing,
        "the ticket goes on until it is confirmed"
    );
    // He is heard first, as after every 差评 (第八条).
    centre
        .hinders(reviewer(), confirm.clone(), Hindrance::RevisitMissing)
        .revisited()
        .does(reviewer(), confirm);
    assert_eq!(centre.state(), State::ClosedMistaken);
    assert_eq!(centre.case().ticket.grade, Grade::VerySatisfied);
    assert_eq!(
        centre.ratings[0].standing,
        Standing::NotAdopted(NotAdopted::Mistaken)
    );
    assert_eq!(centre.ratings[1].standing, Standing::Valid);

    // Or found by the unit and confirmed in the revisit.
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-18 17:00").assigned().does(
        revisitor(),
        Act::Revisit {
            result: Reached::Connected,
            call: None,
            answers: "按错了".into(),
            slip: true,
            no_more_calls: false,
        },
    );
    centre
        .does(officer(), draft(&["forest"]))
        .does(supervisor(), Act::Report {})
        .does(signer(), dispatch(Span::Normal))
        .until("2026-09-21 10:00")
        .does(head("forest"), appeal(Ground::Mistaken))
        .does(
            reviewer(),
            Act::JudgeMistaken {
                order: None,
                proof: SlipProof::RaterConfirmed,
                reason: "回访确认".into(),
            },
        );
    assert_eq!(centre.state(), State::ClosedMistaken);
}

#[test]
fn malice_needs_two_signatures_and_one_of_them_the_offices() {
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .does(head("forest"), appeal(Ground::Malicious));
    let judge = Act::JudgeMalicious {
        order: None,
        reason: "条件齐备".into(),
    };
    let propose = Act::ProposeMalicious {
        order: None,
        contradiction: "录音证明未发生".into(),
        intent: Intent::Bargaining,
        reason: "以差评要求加急".into(),
    };
    centre
        .hinders(signer(), judge.clone(), Hindrance::ConditionsMissing)
        .does(reviewer(), propose);
    assert_eq!(centre.state(), State::UnderReview);
    assert!(matches!(
        centre.refuses(reviewer(), judge.clone()),
        Refusal::NotYours { .. }
    ));
    centre.does(signer(), judge);
    assert_eq!(centre.state(), State::ClosedMalicious);
    assert_eq!(
        centre.ratings[0].standing,
        Standing::NotAdopted(NotAdopted::Malicious)
    );
}

#[test]
fn a_demand_without_a_legal_basis_is_explained_and_the_rating_stands() {
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .does(
            head("forest"),
            Act::FindWithoutLegalBasis {
                order: None,
                legal_ground: "行政许可法第三十二条".into(),
                explanation: "材料不齐不能受理".into(),
            },
        )
        .does(
            reviewer(),
            Act::AcceptExplanation {
                order: None,
                reason: "解释充分".into(),
            },
        );
    assert_eq!(centre.state(), State::ToAnswer);
    assert_eq!(centre.ratings[0].standing, Standing::Valid);
    centre.until("2026-09-22 10:00").answered();
    // Ten silent working days later the rater has declined.
    centre.until("2026-10-16 09:00");
    assert_eq!(centre.state(), State::ClosedExplained);
    assert_eq!(centre.case().ticket.grade, Grade::Dissatisfied);
}

#[test]
fn a_rejected_appeal_leaves_the_rectification_its_clock() {
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .does(head("forest"), appeal(Ground::Untrue));
    let due = centre.case().rectifying(1).unwrap().due_at;
    centre.until("2026-09-29 10:00").does(reviewer(), reject());
    assert_eq!(centre.state(), State::Rectifying);
    let clock = centre.case().rectifying(1).unwrap();
    assert_eq!(clock.due_at, due, "an appeal is not a pause");
    assert!(
        clock.missed_at.is_some(),
        "it passed while the appeal was read"
    );
    // The office may still grant a day.
    centre.does(
        liaison("forest"),
        Act::RequestExtension {
            order: None,
            until: "2026-10-15".parse().unwrap(),
            reason: "申诉期间已届满".into(),
        },
    );
    assert_eq!(
        centre.case().rectifying(1).unwrap().due_at,
        due,
        "not by asking"
    );
    centre.does(
        signer(),
        Act::DecideExtension {
            order: None,
            grant: true,
            reason: "同意".into(),
        },
    );
    assert_eq!(centre.running(), ["rectify_extended 2026-10-15 23:59:59"]);
}

#[test]
fn where_the_centre_itself_is_responsible_the_general_office_decides() {
    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .reported(&["centre"])
        .does(signer(), dispatch(Span::Normal))
        .until("2026-09-21 10:00")
        .does(head("centre"), appeal(Ground::Untrue));
    let outsider = hand("outsider", Role::CentreSupervisor, unit("elsewhere"));
    centre
        .hinders(reviewer(), judge_invalid(), Hindrance::Recused)
        .hinders(outsider, judge_invalid(), Hindrance::Recused)
        .does(signer(), reject())
        .does(head("centre"), rectify(at("2026-09-21 10:00")))
        .hinders(reviewer(), accept(), Hindrance::Recused)
        .does(clerk(), accept());
    assert_eq!(centre.state(), State::ToAnswer);
}

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
fn a_bad_re_rating_begins_a_new_round_and_the_third_goes_to_the_leadership() {
    let mut centre = Centre::rated_bad();
    centre.verifying("forest").rectified_at("forest").answered();
    for round in [2_u8, 3] {
        centre.until(["2026-09-22 10:00", "2026-09-24 10:00"][usize::from(round) - 2]);
        centre.rate(Grade::VeryDissatisfied);
        assert_eq!(
            (centre.state(), centre.case().ticket.round),
            (State::Assessing, round)
        );
        assert_eq!(
            centre.running().len(),
            1,
            "a fresh assessment: {:?}",
            centre.running()
        );
        centre
            .reported(&["forest"])
            .does(signer(), dispatch(Span::Normal))
            .does(liaison("forest"), Act::Receive { order: None })
            .rectified_at("forest")
            .answered();
    }
    let serials: Vec<_> = centre.slips.iter().map(|slip| slip.number.serial).collect();
    assert_eq!(serials, [1, 2, 3], "a new slip each round");
    centre.until("2026-09-28 10:00").rate(Grade::Dissatisfied);
    assert_eq!(centre.state(), State::ClosedRectified);
    assert!(centre.case().escalated);
    let last = centre
        .notices
        .iter()
        .find(|notice| notice.kind == NoticeKind::Escalation);
    assert_eq!(last.unwrap().addressee, Addressee::GeneralOffice);
}

#[test]
fn a_rater_nobody_reaches_is_tried_three_times_on_two_days() {
    let mut centre = Centre::rated_bad();
    centre.verifying("forest").rectified_at("forest");
    let attempt = Act::TryToAnswer {
        way: Way::Phone,
        result: Reached::NoAnswer,
    };
    let close = Act::CloseUnreached {};
    centre
        .does(revisitor(), attempt.clone())
        .until("2026-09-21 15:00");
    centre
        .does(revisitor(), attempt.clone())
        .does(revisitor(), attempt.clone());
    centre.hinders(revisitor(), close.clone(), Hindrance::NotUnreached);
    centre
        .until("2026-09-22 08:59")
        .hinders(revisitor(), attempt.clone(), Hindrance::OutOfHours);
    centre
        .until("2026-09-22 09:00")
        .does(revisitor(), attempt)
        .does(revisitor(), close);
    assert_eq!(centre.state(), State::ClosedRectified);
}

#[test]
fn a_revisit_is_tried_three_times_on_two_days_at_civil_hours_and_no_is_no() {
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-18 17:00").assigned();
    let nobody = || revisit(Reached::NoAnswer);
    centre
        .does(revisitor(), nobody())
        .does(revisitor(), nobody());
    centre.hinders(revisitor(), nobody(), Hindrance::ThirdOnSameDay);
    centre.does(officer(), draft(&["forest"]));
    centre.hinders(supervisor(), Act::Report {}, Hindrance::RevisitMissing);
    centre
        .until("2026-09-19 20:00")
        .hinders(revisitor(), nobody(), Hindrance::OutOfHours);
    centre.until("2026-09-20 09:00").does(revisitor(), nobody());
    centre.hinders(revisitor(), nobody(), Hindrance::AttemptsUsedUp);
    centre.does(supervisor(), Act::Report {});

    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .assigned()
        .does(revisitor(), revisit(Reached::Refused));
    centre.hinders(revisitor(), nobody(), Hindrance::RevisitRefused);
    centre
        .does(officer(), draft(&["forest"]))
        .does(supervisor(), Act::Report {});
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

#[test]
fn a_rater_may_object_once_and_another_person_reviews() {
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .does(head("forest"), appeal(Ground::Untrue))
        .does(reviewer(), judge_invalid());
    centre.until("2026-10-10 10:00").does(revisitor(), object());
    assert_eq!(centre.state(), State::UnderReview);
    assert_eq!(centre.running(), ["reconsider 2026-10-23 23:59:59"]);
    centre
        .hinders(reviewer(), judge_invalid(), Hindrance::SameReviewer)
        .does(supervisor(), reject());
    assert_eq!(centre.state(), State::Rectifying);
    assert_eq!(
        centre.ratings[0].standing,
        Standing::Valid,
        "the rating counts again"
    );
    assert_eq!(
        centre.running(),
        ["rectify 2026-10-16 23:59:59"],
        "the unit gets its days anew"
    );

    // Upheld: closed for good.
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .does(head("forest"), appeal(Ground::Untrue))
        .does(reviewer(), judge_invalid())
        .does(revisitor(), object())
        .does(supervisor(), judge_invalid());
    assert_eq!(centre.state(), State::ClosedInvalid);
    assert!(centre.running().is_empty());
    centre.hinders(revisitor(), object(), Hindrance::AlreadyDone);

    // Thirty days.
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .does(head("forest"), appeal(Ground::Untrue))
        .does(reviewer(), judge_invalid())
        .until("2026-10-22 00:00")
        .hinders(revisitor(), object(), Hindrance::TimeIsOver);
}

#[test]
fn an_objection_where_no_unit_had_the_case_names_one() {
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-18 17:00").assigned();
    centre.submit(proven(Grade::Satisfied, at("2026-09-18 17:00")));
    centre
        .revisited()
        .does(
            reviewer(),
            Act::ConfirmMistake {
                reason: "按错".into(),
            },
        )
        .does(revisitor(), object())
        .hinders(reviewer(), reject(), Hindrance::SameReviewer)
        .hinders(supervisor(), reject(), Hindrance::UnitMissing);
    centre.does(
        supervisor(),
        Act::RejectAppeal {
            order: None,
            reason: "并非按错".into(),
            unit: Some(unit("forest")),
        },
    );
    assert_eq!(centre.state(), State::Rectifying);
    assert_eq!(centre.slips.len(), 1);
    centre.rectified_at("forest");
    assert_eq!(centre.state(), State::ToAnswer);
}

#[test]
fn a_returned_rectification_is_judged_on_its_first_filing() {
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .does(head("forest"), rectify(at("2026-09-21 10:00")));
    let back = Act::ReturnRectification {
        order: None,
        reason: "未附证据".into(),
    };
    centre.does(reviewer(), back.clone());
    assert_eq!(centre.state(), State::Rectifying);
    assert_eq!(centre.running(), ["rework 2026-09-24 23:59:59"]);
    centre
        .until("2026-09-22 10:00")
        .does(head("forest"), rectify(at("2026-09-22 10:00")));
    centre
        .does(reviewer(), back)
        .does(head("forest"), rectify(at("2026-09-22 10:00")));
    assert_eq!(centre.case().primary().unwrap().returns, 2);
    let statutory = centre.case().last(Some(1), DeadlineKind::Rectify).unwrap();
    assert_eq!(statutory.met_at, Some(at("2026-09-21 10:00")));
}

#[test]
fn a_missed_term_is_put_on_record_once_and_stops_nothing() {
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-23 09:00");
    centre.until("2026-09-30 09:00");
    let missed = centre
        .records
        .iter()
        .filter(|record| matches!(record.act, Act::Miss { .. }));
    assert_eq!(missed.count(), 1);
    let told: Vec<_> = centre
        .notices
        .iter()
        .filter(|notice| notice.kind == NoticeKind::Overdue)
        .map(|notice| notice.addressee.clone())
        .collect();
    assert_eq!(told, [Addressee::GeneralOffice, Addressee::Centre]);
    centre.reported(&["forest"]);
    assert_eq!(centre.state(), State::Reported);
}

#[test]
fn a_clock_that_steps_backwards_dates_no_record_before_the_last() {
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-18 17:00").assigned();
    centre.now = at("2026-09-18 09:30");
    centre.does(revisitor(), revisit(Reached::Connected));
    assert_eq!(centre.records.last().unwrap().at, at("2026-09-18 17:00"));
}
