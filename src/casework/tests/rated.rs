//! What a rating does to tickets.

use super::*;
use crate::domain::{NotAdopted, NoticeKind, Standing, Subject, effective};

fn taken(intake: Intake) -> Decision {
    let now = at("2026-09-18 16:00").plus_millis(9_000);
    let admitted = decide(intake, Earlier::default(), &CALENDAR, now).expect("admitted");
    take_in(admitted, None, FRESH, false, &CALENDAR).expect("taken in")
}

fn terms(decision: &Decision) -> Vec<(String, &'static str, String, String)> {
    let started = decision.deadlines.iter().filter_map(|change| match change {
        DeadlineChange::Started(deadline) => Some(deadline),
        DeadlineChange::Changed { .. } => None,
    });
    started
        .map(|deadline| {
            let counted = deadline.counted(&CALENDAR).expect("working days");
            assert_eq!(counted.due_at, deadline.due_at);
            assert_eq!(counted.calendar, deadline.calendar);
            (
                deadline.of.to_string(),
                deadline.kind.word(),
                deadline.article.to_string(),
                deadline.due_at.civil_text(),
            )
        })
        .collect()
}

#[test]
fn a_bad_grade_opens_a_ticket_with_its_assessment_and_upload_terms() {
    for grade in [Grade::Dissatisfied, Grade::VeryDissatisfied] {
        let decision = taken(keyed(grade));
        let case = &decision.case.as_ref().expect("a 差评 opens a ticket").after;
        assert_eq!(
            (case.ticket.number, case.ticket.state, case.ticket.grade),
            (FRESH, State::New, grade)
        );
        let rating = decision.rating.as_ref().expect("a rating");
        assert_eq!(case.ticket.rating, rating.id);
        assert_eq!(case.staff, ["806"]);
        assert_eq!(
            terms(&decision),
            [
                (
                    "ticket:T2026-000123".into(),
                    "assess",
                    "第九条".into(),
                    "2026-09-22 23:59:59".into()
                ),
                (
                    format!("rating:{}", rating.id),
                    "upload",
                    "第十六条".into(),
                    "2026-09-24 23:59:59".into()
                ),
            ]
        );
    }
}

#[test]
fn a_good_grade_opens_no_ticket_but_is_uploaded() {
    for grade in [
        Grade::VerySatisfied,
        Grade::Satisfied,
        Grade::BasicallySatisfied,
    ] {
        let decision = taken(keyed(grade));
        assert_eq!(decision.case, None);
        assert_eq!(terms(&decision).len(), 1);
        assert_eq!(decision.notices.len(), 1, "the upload");
    }
}

#[test]
fn a_good_grade_after_a_bad_one_does_not_end_the_ticket() {
    let mut centre = Centre::at("2026-09-18 16:00");
    centre.rate(Grade::VeryDissatisfied);
    let first = centre.case().ticket.rating.clone();
    centre.until("2026-09-18 16:10").rate(Grade::VerySatisfied);
    let ticket = &centre.case().ticket;
    assert_eq!((ticket.number, ticket.state), (FRESH, State::New));
    assert_eq!(ticket.grade, Grade::VerySatisfied);
    assert_eq!(ticket.rating, first);
    assert_eq!(centre.running(), ["assess 2026-09-22 23:59:59"]);
    let last = centre.notices.last().expect("a notice");
    assert_eq!(last.kind, NoticeKind::RatedAgain);
}

#[test]
fn a_rehearsal_is_marked_through_and_through() {
    let decision = taken(Intake {
        rehearsal: true,
        ..keyed(Grade::Dissatisfied)
    });
    let case = &decision.case.as_ref().expect("a ticket").after;
    assert!(case.ticket.rehearsal);
    assert!(decision.notices.iter().all(|notice| notice.rehearsal));
    assert!(decision.notices[0].text.starts_with("【演练】"));
    assert!(decision.trail.iter().all(|entry| entry.rehearsal));
    let uploads = decision.notices.iter();
    assert_eq!(
        uploads
            .filter(|notice| notice.kind == NoticeKind::Upload)
            .count(),
        0,
        "a rehearsal reaches nobody outside"
    );
}

#[test]
fn the_trail_says_what_when_who_and_by_which_article() {
    let decision = taken(keyed(Grade::Dissatisfied));
    let trail: Vec<String> = decision
        .trail
        .iter()
        .map(|entry| {
            let (at, who) = (entry.at.civil_text(), entry.actor.zh());
            let what = entry.what.word();
            format!("{at} {who} {what} {} {}", entry.article, entry.detail)
        })
        .collect();
    let id = "call-20260918-155600-7f3a9c-1";
    assert_eq!(
        trail,
        [
            "2026-09-18 16:00:09 评价人 rated 第五条 电话评价“不满意”，第1次，作出于2026-09-18 16:00:00"
                .to_owned(),
            "2026-09-18 16:00:09 系统 deadline_started 第十六条 汇聚国家政务服务平台，2026-09-24 23:59:59届满"
                .to_owned(),
            format!(
                "2026-09-18 16:00:09 系统 ticket_opened 第九条 立单：评价{id}为“不满意”；\
                 有效性评估和责任界定2026-09-22 23:59:59届满"
            ),
        ]
    );
}

#[test]
fn the_rating_of_a_listed_person_opens_a_ticket_like_any_other() {
    let now = at("2026-09-18 16:00");
    let admitted = decide(
        keyed(Grade::Dissatisfied),
        Earlier::default(),
        &CALENDAR,
        now,
    );
    let decision = take_in(admitted.unwrap(), None, FRESH, true, &CALENDAR).unwrap();
    let case = &decision.case.as_ref().unwrap().after;
    assert!(case.listed);
    assert_eq!(case.ticket.state, State::New);
    assert_eq!(terms(&decision).len(), 2);
}

#[test]
fn a_rating_that_a_ruling_takes_away_gives_way_to_the_one_before() {
    let mut centre = Centre::at("2026-09-18 15:50");
    centre.rate(Grade::Satisfied).until("2026-09-18 16:00");
    centre.rate(Grade::Dissatisfied).verifying("forest");
    centre
        .does(head("forest"), appeal(Ground::Untrue))
        .does(reviewer(), judge_invalid());
    let standing = Standing::NotAdopted(NotAdopted::Invalid);
    assert_eq!(centre.ratings[1].standing, standing);
    let counts = effective(&centre.ratings).expect("one counts");
    assert_eq!(counts.intake.grade, Grade::Satisfied);
    assert_eq!(
        subject(
            FRESH,
            ClockKey {
                order: Some(1),
                kind: DeadlineKind::Verify,
                epoch: 1,
            }
        ),
        Subject::Order(FRESH, 1)
    );
}
