//! Law stories of the rater: revisited, told the result, asked to rate again.

use super::*;

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
