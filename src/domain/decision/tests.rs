use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::domain::grade::Grade;
use crate::domain::intake::{Channel, Choices, Evidence, IntakeKey, Rater};
use crate::domain::rating::{NotAdopted, effective};
use crate::domain::service::Service;
use crate::domain::ticket::{Series, TicketNumber};

static CALENDAR: LazyLock<Calendar> = LazyLock::new(Calendar::shipped);

fn at(text: &str) -> Moment {
    format!("{text}+08:00").parse().expect("a moment")
}

fn keyed(grade: Grade) -> Intake {
    Intake {
        key: IntakeKey::phone("20260918-155600-7f3a9c"),
        channel: Channel::Phone,
        service: Service::Consultation {
            call_id: "20260918-155600-7f3a9c".into(),
            staff: vec!["806".into()],
            served_at: at("2026-09-18T15:56:20"),
        },
        rater: Rater::caller(Some("13812345678".into())),
        grade,
        graded_at: at("2026-09-18T16:00:00"),
        reasons: Vec::new(),
        choices: Choices::default(),
        remark: None,
        evidence: Evidence::default(),
        rehearsal: false,
    }
}

fn decided(intake: Intake, earlier: Earlier<'_>) -> Admitted {
    decide(intake, earlier, &CALENDAR, at("2026-09-18T16:00:09")).expect("admitted")
}

fn terms(decision: &Admitted) -> Vec<(&'static str, String, String)> {
    let row = |deadline: &Deadline| {
        assert_eq!(deadline.met_at, None);
        let kind = deadline.kind.word();
        (
            kind,
            deadline.article.to_string(),
            deadline.due_at.civil_text(),
        )
    };
    decision.deadlines.iter().map(row).collect()
}

#[test]
fn a_term_runs_from_the_grade_and_not_from_its_delivery() {
    let late = decide(
        keyed(Grade::Dissatisfied),
        Earlier::default(),
        &CALENDAR,
        at("2026-09-21T09:00:00"),
    )
    .unwrap();
    assert_eq!(late.deadlines[0].started_at, at("2026-09-18T16:00:00"));
    assert_eq!(late.deadlines[0].due_at, at("2026-09-24T23:59:59"));
    assert_eq!(late.rating.received_at, at("2026-09-21T09:00:00"));
}

#[test]
fn nothing_of_before_the_regulation_gets_a_clock() {
    for grade in Grade::ALL {
        let earlier = Earlier {
            before_force: true,
            ..Earlier::default()
        };
        let decision = decided(keyed(grade), earlier);
        assert_eq!(decision.rating.standing, Standing::Valid, "it is on record");
        assert!(!decision.in_force);
        assert!(decision.deadlines.is_empty() && decision.notices.is_empty());
        let [rated, left] = decision.trail.as_slice() else {
            panic!("{:?}", decision.trail)
        };
        assert_eq!(rated.what, What::Rated);
        assert_eq!(left.article.to_string(), "第二十二条");
    }
}

#[test]
fn a_rating_is_uploaded_whatever_its_grade() {
    for grade in Grade::ALL {
        let decision = decided(keyed(grade), Earlier::default());
        assert_eq!(
            terms(&decision),
            [("upload", "第十六条".into(), "2026-09-24 23:59:59".into())]
        );
        let notice = &decision.notices[0];
        assert_eq!(notice.addressee, Addressee::NationalPlatform);
        assert_eq!(notice.due_at, Some(at("2026-09-24T23:59:59")));
    }
}

#[test]
fn the_last_rating_counts_and_earlier_ones_stay_on_record() {
    let first = decided(keyed(Grade::Satisfied), Earlier::default());
    let ratings = [first.rating];
    let earlier = Earlier {
        ratings: &ratings,
        ..Earlier::default()
    };
    let second = decided(keyed(Grade::Dissatisfied), earlier);
    assert_eq!(
        second.rating.id.to_string(),
        "call-20260918-155600-7f3a9c-2"
    );
    let both = [ratings[0].clone(), second.rating];
    assert_eq!(
        effective(&both).map(|rating| rating.intake.grade),
        Some(Grade::Dissatisfied)
    );
}

#[test]
fn a_rating_that_is_not_adopted_gives_way_to_the_one_before() {
    let mut ratings = [
        decided(keyed(Grade::Satisfied), Earlier::default()).rating,
        decided(keyed(Grade::Dissatisfied), Earlier::default()).rating,
    ];
    ratings[1].id.sequence = 2;
    ratings[1].standing = Standing::NotAdopted(NotAdopted::Mistaken);
    assert_eq!(
        effective(&ratings).map(|rating| rating.id.sequence),
        Some(1)
    );
}

#[test]
fn a_rating_without_a_service_is_refused_with_its_article() {
    let mut intake = keyed(Grade::Dissatisfied);
    let Service::Consultation { call_id, .. } = &mut intake.service else {
        unreachable!("it is a call")
    };
    call_id.clear();
    let now = at("2026-09-18T16:00:00");
    let refusal = decide(intake, Earlier::default(), &CALENDAR, now).unwrap_err();
    assert_eq!(refusal.article(), Article::of(2));
}

#[test]
fn what_reaches_into_a_year_without_a_notice_is_marked_provisional() {
    let intake = Intake {
        graded_at: at("2026-12-30T10:00:00"),
        ..keyed(Grade::Dissatisfied)
    };
    let decision = decided(intake, Earlier::default());
    assert!(
        decision
            .deadlines
            .iter()
            .all(|deadline| deadline.provisional)
    );
    assert!(
        decision
            .trail
            .iter()
            .any(|entry| entry.detail.ends_with("（暂定）"))
    );
}

#[test]
fn every_word_of_a_decision_reads_back() {
    for kind in NoticeKind::ALL {
        assert_eq!(kind.word().parse(), Ok(kind));
    }
    let ticket = TicketNumber {
        series: Series::Real,
        year: 2026,
        serial: 7,
    };
    for subject in [
        Subject::Rating("call-x-1-2".parse().expect("a rating")),
        Subject::Ticket(ticket),
        Subject::Order(ticket, 3),
        Subject::Listing(9),
        Subject::Person(PersonId("7".into())),
        Subject::Unit(UnitId("forest".into())),
        Subject::Day("2026-09-18".parse().expect("a day")),
    ] {
        assert_eq!(subject.to_string().parse(), Ok(subject));
    }
    assert!("ticket:7".parse::<Subject>().is_err());
    for actor in Actor::ALL {
        assert_eq!(actor.word().parse(), Ok(actor));
    }
}

proptest! {
    #[test]
    fn no_word_that_a_decision_sends_or_keeps_tells_the_callers_number(
        number in "1[3-9][0-9]{9}", grade in 0_usize..5
    ) {
        let intake = Intake {
            rater: Rater::caller(Some(number.clone())),
            ..keyed(Grade::ALL[grade])
        };
        let decision = decided(intake, Earlier::default());
        let shown = format!("{decision:?}");
        prop_assert!(!shown.contains(&number));
    }

    #[test]
    fn the_same_records_give_the_same_decision(grade in 0_usize..5) {
        let again = || decided(keyed(Grade::ALL[grade]), Earlier::default());
        prop_assert_eq!(again(), again());
    }
}
