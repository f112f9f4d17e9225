//! A grade from its key to its rating and its ticket.

use super::*;

stories![
    a_keyed_grade_is_there_for_everybody_when_its_write_returns,
    the_last_key_counts_and_every_key_stays,
    a_grade_taken_back_stays_on_record_and_opens_nothing,
    a_session_that_lets_a_grade_stand_is_believed,
    a_fault_after_the_grade_does_not_take_it_away,
    a_bad_grade_is_a_ticket_with_its_lawful_due_dates,
    a_good_grade_opens_no_ticket_and_uses_up_no_number,
    a_confirmed_grade_is_submitted_once_and_no_later_key_counts,
    a_hundred_submissions_of_one_rating_are_one_rating,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn a_keyed_grade_is_there_for_everybody_when_its_write_returns(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    // Another connection, as after a crash: only what is committed is seen.
    let other = place.open().await;
    let mut tx = other.read().await.unwrap();
    let grades = tx.keyed_grades(&id).await.unwrap();
    assert_eq!((grades.len(), grades[0].key), (1, '4'));
    assert_eq!(grades[0].offset_ms, 60_000);
}

async fn the_last_key_counts_and_every_key_stays(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    for (grade, offset) in [
        (Grade::VeryDissatisfied, 60_000),
        (Grade::VerySatisfied, 64_000),
    ] {
        engine.key_grade(&id, keyed(grade, offset)).await.unwrap();
    }
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    let submitted = submitted.unwrap();
    assert_eq!(submitted.grade, Grade::VerySatisfied);
    assert_eq!(submitted.ticket, None);
    let call = detail(&engine, &id).await;
    assert_eq!(call.keyed_grades.len(), 2);
    let rating = call.rating.unwrap();
    assert_eq!(rating.keys, "51");
    assert_eq!(rating.rated_at, friday().plus_millis(64_000));
    assert_eq!(
        engine
            .end_call(ended(&id, "silent"))
            .await
            .unwrap()
            .unwrap(),
        submitted
    );
    assert_eq!(detail(&engine, &id).await.row.outcome.unwrap(), "graded");
}

async fn a_grade_taken_back_stays_on_record_and_opens_nothing(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::VeryDissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let back = friday().plus_millis(62_000);
    engine.withdraw_grade(&id, back).await.unwrap();
    engine.withdraw_grade(&id, back).await.unwrap();
    assert_eq!(engine.confirm_grade(&id, back).await.unwrap(), None);
    assert_eq!(engine.end_call(ended(&id, "silent")).await.unwrap(), None);
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.outcome.as_deref(), Some("silent"));
    assert_eq!(call.row.grade, None);
    assert_eq!(call.keyed_grades[0].withdrawn_at, Some(back));
    let all = TicketFilter::default();
    let tickets = engine.tickets(&all, None, 10, Numbers::Masked);
    assert!(tickets.await.unwrap().items.is_empty());
}

async fn a_session_that_lets_a_grade_stand_is_believed(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Satisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let back = friday().plus_millis(62_000);
    engine.withdraw_grade(&id, back).await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(submitted.unwrap().grade, Grade::Satisfied);
    let without = talking(&engine, "c2").await;
    assert_eq!(
        engine.end_call(ended(&without, "graded")).await.unwrap(),
        None
    );
    let call = detail(&engine, &without).await;
    assert_eq!(call.row.outcome.as_deref(), Some("fault"));
}

async fn a_fault_after_the_grade_does_not_take_it_away(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let submitted = engine.end_call(ended(&id, "fault")).await.unwrap();
    assert!(submitted.unwrap().ticket.is_some());
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.outcome.as_deref(), Some("graded"));
}

/// domain.md section 3, the worked example: Fri 09-18 16:00 → D2 due 09-22, D9 due 09-24, because
/// Sun 09-20 is worked.
async fn a_bad_grade_is_a_ticket_with_its_lawful_due_dates(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 0);
    engine.key_grade(&id, grade).await.unwrap();
    let reason = KeyedReason {
        code: "T1".to_owned(),
        key: '1',
        at: friday().plus_millis(9_000),
        offset_ms: 9_000,
    };
    engine.key_reason(&id, reason).await.unwrap();
    let clip = engine.add_clip(
        &id,
        ClipKind::Remark,
        "2026/09/18/c1.remark.wav",
        4_000,
        "ab",
    );
    clip.await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    let number = submitted.unwrap().ticket.unwrap();
    assert_eq!(number, "T2026-000001");
    let ticket = engine.ticket(&number, Numbers::Masked).await.unwrap();
    let ticket = ticket.unwrap();
    let due: Vec<_> = ticket
        .row
        .deadlines
        .iter()
        .map(|d| (d.kind, d.article.as_str(), d.workdays, d.due_at.to_string()))
        .collect();
    assert_eq!(
        due,
        [
            (
                DeadlineKind::Assess,
                "第九条",
                Some(3),
                "2026-09-22T23:59:59.000+08:00".to_owned()
            ),
            (
                DeadlineKind::Upload,
                "第十六条",
                Some(5),
                "2026-09-24T23:59:59.000+08:00".to_owned()
            ),
        ]
    );
    let counted = &ticket.counted[0];
    let days: Vec<_> = counted
        .days
        .iter()
        .map(|d| (d.day.day_of_month(), d.counted_as))
        .collect();
    let expected = [
        (18, None),
        (19, None),
        (20, Some(1)),
        (21, Some(2)),
        (22, Some(3)),
    ];
    assert_eq!(days, expected);
    assert!(!counted.differs);
    assert_eq!(ticket.row.reasons, ["T1"]);
    assert_eq!(ticket.row.caller.as_deref(), Some("138****0000"));
    assert_eq!(ticket.rating.unwrap().keys, "41");
    assert_eq!(ticket.call.unwrap().staff.as_deref(), Some("8001"));
    assert!(ticket.trail.iter().any(|line| line.what == "ticket_opened"));
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.ticket.as_deref(), Some("T2026-000001"));
    assert_eq!(call.clips.len(), 1);
}

async fn a_good_grade_opens_no_ticket_and_uses_up_no_number(place: Place) {
    let engine = engine(&place).await;
    for (id, grade, ticket) in [
        ("c1", Grade::Dissatisfied, Some("T2026-000001")),
        ("c2", Grade::BasicallySatisfied, None),
        ("c3", Grade::VeryDissatisfied, Some("T2026-000002")),
    ] {
        let id = talking(&engine, id).await;
        engine.key_grade(&id, keyed(grade, 1)).await.unwrap();
        let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
        assert_eq!(submitted.unwrap().ticket.as_deref(), ticket);
    }
}

async fn a_confirmed_grade_is_submitted_once_and_no_later_key_counts(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let bad = keyed(Grade::VeryDissatisfied, 60_000);
    engine.key_grade(&id, bad).await.unwrap();
    let now = friday().plus_millis(63_000);
    let first = engine.confirm_grade(&id, now).await.unwrap().unwrap();
    assert_eq!(
        engine.confirm_grade(&id, now).await.unwrap().unwrap(),
        first
    );
    let late = engine.key_grade(&id, keyed(Grade::Satisfied, 70_000)).await;
    assert!(matches!(late, Err(Error::Refused(_))), "{late:?}");
    let end = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(end.unwrap(), first);
    let over = engine.key_grade(&id, keyed(Grade::Satisfied, 95_000)).await;
    assert!(matches!(over, Err(Error::Refused(_))), "{over:?}");
    let ratings = engine.ratings(&RatingFilter::default(), None, 10).await;
    assert_eq!(ratings.unwrap().items.len(), 1);
}

async fn a_hundred_submissions_of_one_rating_are_one_rating(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let intake = Intake {
        key: IntakeKey::phone(&id.0),
        channel: crate::domain::Channel::Phone,
        service: Service::Consultation {
            call_id: id.0.clone(),
            staff: vec![],
            served_at: friday(),
        },
        rater: Rater::caller(None),
        grade: Grade::VeryDissatisfied,
        graded_at: friday(),
        reasons: vec![],
        choices: Default::default(),
        remark: None,
        evidence: Default::default(),
        rehearsal: false,
    };
    let hundred = (0..100).map(|_| engine.submit(intake.clone(), friday()));
    let answers = futures::future::try_join_all(hundred).await.unwrap();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let ratings = engine.ratings(&RatingFilter::default(), None, 10).await;
    assert_eq!(ratings.unwrap().items.len(), 1);
    let all = TicketFilter::default();
    let tickets = engine.tickets(&all, None, 10, Numbers::Masked);
    assert_eq!(tickets.await.unwrap().items.len(), 1);
    // The same act rated again under another key is its second rating, and the ticket goes on.
    let again = Intake {
        key: IntakeKey("web:1".to_owned()),
        grade: Grade::Satisfied,
        ..intake
    };
    let second = engine.submit(again, friday()).await.unwrap();
    assert_eq!(second.rating, "call-c1-2");
    assert_eq!(second.ticket, answers[0].ticket);
}
