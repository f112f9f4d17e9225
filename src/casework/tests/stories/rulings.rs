//! Law stories of what is ruled about a rating: invalid, mistaken, malicious, baseless; appeals and objections.

use super::*;

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
