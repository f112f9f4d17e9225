//! Ratings that are refused or count for nothing.

use super::*;

stories![
    staff_who_rate_are_counted_and_refused,
    a_tester_counts_for_nothing,
    what_was_before_the_regulation_starts_nothing,
    what_cannot_be_a_rating_is_refused_with_its_article,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn staff_who_rate_are_counted_and_refused(place: Place) {
    let engine = centre(&place).await;
    let mut tx = engine.write().await.unwrap();
    let new = NewPerson {
        name: "wang",
        full_name: "王芳",
        staff: Some("8001"),
        password_hash: "",
    };
    tx.insert_person(&new, friday()).await.unwrap();
    let person = tx.person_by_name("wang").await.unwrap().unwrap().id;
    tx.set_phones(&person, &["13900001111".to_owned()])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let now = friday().plus_millis(120_000);
    for (key, number) in [("k1", "13900001111"), ("k2", "8001")] {
        let own = Intake {
            rater: Rater::caller(Some(number.into())),
            ..rating(key, Channel::Sms, act(1), Grade::VerySatisfied)
        };
        for _ in 0..2 {
            let refused = engine.submit(own.clone(), now).await;
            assert!(matches!(refused, Err(Error::Ineligible)), "{refused:?}");
        }
    }
    // A call from an extension ends like any other, and is no rating and in no figure.
    let call = NewCall {
        caller: Some("8001".into()),
        ..new_call("c1", friday())
    };
    engine.open_call(call).await.unwrap();
    let id = CallId("c1".into());
    engine
        .desk_answered(&id, Some("8002"), friday())
        .await
        .unwrap();
    engine
        .key_grade(&id, keyed(Grade::VerySatisfied, 60_000))
        .await
        .unwrap();
    assert_eq!(engine.end_call(ended(&id, "graded")).await.unwrap(), None);
    assert!(ratings(&engine).await.is_empty());
    assert_eq!(engine.figures(None, None).await.unwrap().graded, 0);
    let mut tx = engine.read().await.unwrap();
    let away = tx
        .turned_away(friday(), friday().plus_millis(10_000_000))
        .await
        .unwrap();
    assert_eq!(away, [("staff_number".to_owned(), 3)]);
}

/// In force from the Saturday after that Friday.
async fn what_was_before_the_regulation_starts_nothing(place: Place) {
    let settings = Settings {
        in_force_from: Some(friday().day().next()),
        ..Settings::default()
    };
    let engine = with(&place, settings, calendar()).await;
    completed_on_friday(&engine).await;
    let bad = |key, act, graded_at| Intake {
        graded_at,
        ..rating(key, Channel::WindowDevice, act, Grade::Dissatisfied)
    };
    let eve = friday().plus_millis(60_000);
    let told = engine.submit(bad("k1", act(1), eve), eve).await.unwrap();
    assert_eq!(told.ticket, None, "a 差评 of before is on record alone");
    let ticked = engine.tick(at("2026-09-30T09:00:00+08:00")).await.unwrap();
    assert_eq!(ticked.looked, 0, "nothing is due");
    assert_eq!(ratings(&engine).await.len(), 1, "no default");
    assert_eq!(reminders(&engine).await, 0);

    let first = at("2026-09-19T00:00:00+08:00");
    let told = engine
        .submit(bad("k2", act(2), first), first)
        .await
        .unwrap();
    assert!(told.ticket.is_some(), "from the first moment on it holds");
    engine.verify_records(|_| ()).await.unwrap().unwrap();
}

async fn a_tester_counts_for_nothing(place: Place) {
    let settings = Settings {
        test_numbers: vec!["13800000000".into()],
        ..Settings::default()
    };
    let engine = with(&place, settings, calendar()).await;
    let id = talking(&engine, "c1").await;
    engine
        .key_grade(&id, keyed(Grade::VeryDissatisfied, 60_000))
        .await
        .unwrap();
    let submitted = engine
        .end_call(ended(&id, "graded"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(submitted.ticket, None, "a test is nobody's complaint");
    let rows = ratings(&engine).await;
    assert_eq!(rows[0].standing, "test");
    assert_eq!(engine.figures(None, None).await.unwrap().graded, 0);
    let key = crate::domain::ServiceKey("call-c1".into());
    let mut tx = engine.read().await.unwrap();
    let all = tx.ratings_of(&key).await.unwrap();
    assert_eq!(crate::domain::effective(&all), None);
}

async fn what_cannot_be_a_rating_is_refused_with_its_article(place: Place) {
    let engine = centre(&place).await;
    engine
        .register_matter(&matter(None), "test", friday())
        .await
        .unwrap();
    let now = friday().plus_millis(120_000);
    let unknown = match matter_service(Stage::Filed) {
        Service::Matter {
            stage,
            item,
            unit,
            staff,
            served_at,
            ..
        } => Service::Matter {
            number: "SQ-404".into(),
            stage,
            item,
            unit,
            staff,
            served_at,
        },
        other => other,
    };
    let no_call = Service::Consultation {
        call_id: "nowhere".into(),
        staff: Vec::new(),
        served_at: friday(),
    };
    for (intake, why) in [
        (
            rating("k1", Channel::WebFiling, unknown, Grade::Satisfied),
            "第二条",
        ),
        (
            rating(
                "k2",
                Channel::WebFiling,
                matter_service(Stage::Completed),
                Grade::Satisfied,
            ),
            "第二条",
        ),
        (
            rating("k3", Channel::WebConsultation, act(1), Grade::Satisfied),
            "第七条",
        ),
        (
            rating("k4", Channel::Sms, no_call, Grade::Satisfied),
            "第二条",
        ),
        (
            Intake {
                graded_at: friday().plus_millis(-1),
                ..rating("k5", Channel::WindowQr, act(1), Grade::Satisfied)
            },
            "第十七条",
        ),
    ] {
        let key = intake.key.0.clone();
        let refused = engine.submit(intake, now).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{key}: {refused}");
    }
    assert!(ratings(&engine).await.is_empty());
}
