use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::domain::grade::Grade;
use crate::domain::intake::{Channel, Evidence, IntakeKey, Rater};
use crate::domain::rating::NotAdopted;
use crate::domain::ticket::{Series, State};

static CALENDAR: LazyLock<Calendar> = LazyLock::new(Calendar::shipped);

const FRESH: TicketNumber = TicketNumber {
    series: Series::Real,
    year: 2026,
    serial: 123,
};

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
        remark: None,
        evidence: Evidence::default(),
        rehearsal: false,
    }
}

fn decided(intake: Intake, earlier: Earlier<'_>) -> Decision {
    decide(intake, earlier, FRESH, &CALENDAR, at("2026-09-18T16:00:09")).expect("admitted")
}

fn terms(decision: &Decision) -> Vec<(&'static str, String, String)> {
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
fn a_bad_grade_opens_a_ticket_with_its_assessment_and_upload_terms() {
    for grade in [Grade::Dissatisfied, Grade::VeryDissatisfied] {
        let decision = decided(keyed(grade), Earlier::default());
        let ticket = decision.ticket.as_ref().expect("a 差评 opens a ticket");
        assert_eq!(
            (ticket.number, ticket.state, ticket.grade),
            (FRESH, State::New, grade)
        );
        assert_eq!(ticket.rating, decision.rating.id);
        assert_eq!(
            terms(&decision),
            [
                ("assess", "第九条".into(), "2026-09-22 23:59:59".into()),
                ("upload", "第十六条".into(), "2026-09-24 23:59:59".into()),
            ]
        );
        assert_eq!(decision.deadlines[0].of, Subject::Ticket(FRESH));
        assert_eq!(
            decision.deadlines[1].of,
            Subject::Rating(decision.rating.id.clone())
        );
    }
}

#[test]
fn a_deadline_tells_how_it_was_counted() {
    let decision = decided(keyed(Grade::Dissatisfied), Earlier::default());
    for deadline in &decision.deadlines {
        let counted = deadline.counted(&CALENDAR).expect("a term of working days");
        assert_eq!(counted.due_at, deadline.due_at);
        assert_eq!(counted.calendar, deadline.calendar);
    }
}

#[test]
fn a_good_grade_opens_no_ticket_but_is_uploaded() {
    for grade in [
        Grade::VerySatisfied,
        Grade::Satisfied,
        Grade::BasicallySatisfied,
    ] {
        let decision = decided(keyed(grade), Earlier::default());
        assert_eq!(decision.ticket, None);
        assert!(decision.notices.is_empty());
        assert_eq!(
            terms(&decision),
            [("upload", "第十六条".into(), "2026-09-24 23:59:59".into())]
        );
    }
}

#[test]
fn a_term_runs_from_the_grade_and_not_from_its_delivery() {
    let late = decide(
        keyed(Grade::Dissatisfied),
        Earlier::default(),
        FRESH,
        &CALENDAR,
        at("2026-09-21T09:00:00"),
    )
    .unwrap();
    assert_eq!(late.deadlines[0].started_at, at("2026-09-18T16:00:00"));
    assert_eq!(late.deadlines[0].due_at, at("2026-09-22T23:59:59"));
    assert_eq!(late.rating.received_at, at("2026-09-21T09:00:00"));
}

#[test]
fn the_last_rating_counts_and_earlier_ones_stay_on_record() {
    let first = decided(keyed(Grade::Satisfied), Earlier::default());
    let ratings = [first.rating];
    let earlier = Earlier {
        ratings: &ratings,
        open_ticket: None,
    };
    let second = decided(keyed(Grade::Dissatisfied), earlier);
    assert_eq!(
        second.rating.id.to_string(),
        "call-20260918-155600-7f3a9c-2"
    );
    assert!(
        second.ticket.is_some(),
        "the second grade is bad and no ticket was open"
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
fn a_good_grade_after_a_bad_one_does_not_end_the_ticket() {
    let first = decided(keyed(Grade::VeryDissatisfied), Earlier::default());
    let ratings = [first.rating];
    let earlier = Earlier {
        ratings: &ratings,
        open_ticket: first.ticket.as_ref(),
    };
    let second = decided(keyed(Grade::VerySatisfied), earlier);
    let ticket = second.ticket.as_ref().expect("the open ticket goes on");
    assert_eq!((ticket.number, ticket.state), (FRESH, State::New));
    assert_eq!(ticket.grade, Grade::VerySatisfied);
    assert_eq!(ticket.rating, ratings[0].id);
    assert_eq!(
        terms(&second).iter().map(|term| term.0).collect::<Vec<_>>(),
        ["upload"]
    );
    assert_eq!(second.notices[0].kind, NoticeKind::RatedAgain);
}

#[test]
fn a_rating_without_a_service_is_refused_with_its_article() {
    let mut intake = keyed(Grade::Dissatisfied);
    let Service::Consultation { call_id, .. } = &mut intake.service;
    call_id.clear();
    let now = at("2026-09-18T16:00:00");
    let refusal = decide(intake, Earlier::default(), FRESH, &CALENDAR, now).unwrap_err();
    assert_eq!(refusal.article(), Article::of(2));
}

#[test]
fn a_rehearsal_is_marked_through_and_through() {
    let intake = Intake {
        rehearsal: true,
        ..keyed(Grade::Dissatisfied)
    };
    let decision = decided(intake, Earlier::default());
    assert!(decision.rating.intake.rehearsal);
    assert!(
        decision
            .ticket
            .as_ref()
            .is_some_and(|ticket| ticket.rehearsal)
    );
    assert!(decision.notices.iter().all(|notice| notice.rehearsal));
    assert!(decision.notices[0].text.starts_with("【演练】"));
    assert!(decision.trail.iter().all(|entry| entry.rehearsal));
}

#[test]
fn the_trail_says_what_when_who_and_by_which_article() {
    let decision = decided(keyed(Grade::Dissatisfied), Earlier::default());
    let trail: Vec<String> = decision
        .trail
        .iter()
        .map(|entry| {
            let (at, who) = (entry.at.civil_text(), entry.actor.zh());
            format!(
                "{at} {who} {} {} {}",
                entry.what.word(),
                entry.article,
                entry.detail
            )
        })
        .collect();
    assert_eq!(
        trail,
        [
            "2026-09-18 16:00:09 评价人 rated 第五条 电话评价“不满意”，第1次，作出于2026-09-18 16:00:00",
            "2026-09-18 16:00:09 系统 ticket_opened 第九条 由评价call-20260918-155600-7f3a9c-1立单",
            "2026-09-18 16:00:09 系统 deadline_started 第九条 有效性评估和责任界定，2026-09-22 23:59:59届满",
            "2026-09-18 16:00:09 系统 deadline_started 第十六条 汇聚国家政务服务平台，2026-09-24 23:59:59届满",
        ]
    );
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
    for addressee in Addressee::ALL {
        assert_eq!(addressee.word().parse(), Ok(addressee));
    }
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
