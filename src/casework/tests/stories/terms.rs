//! Law stories of the terms: from when they run, what extends them, what a missed one does.

use super::*;

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
