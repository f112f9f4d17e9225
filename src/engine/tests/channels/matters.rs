//! Matters that were completed: reminded once, graded by default, told again.

use super::*;

stories![
    a_matter_without_a_rating_is_reminded_once_and_then_graded_by_default,
    a_rating_of_a_matter_leaves_neither_reminder_nor_default,
    a_real_rating_takes_the_place_of_a_default_and_a_bad_one_opens_a_ticket,
    a_reminder_waits_for_the_morning_and_may_be_switched_off,
    a_default_waits_for_a_year_whose_notice_is_not_there,
    two_ticks_at_once_remind_and_default_once,
    a_matter_told_again_changes_nothing_and_told_otherwise_is_refused,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn a_matter_without_a_rating_is_reminded_once_and_then_graded_by_default(place: Place) {
    let engine = centre(&place).await;
    completed_on_friday(&engine).await;
    let day = 24 * 3_600_000;
    engine.tick(friday().plus_millis(day - 1)).await.unwrap();
    assert_eq!(reminders(&engine).await, 0, "never before the day is over");
    for _ in 0..3 {
        engine.tick(friday().plus_millis(day)).await.unwrap();
        assert_eq!(reminders(&engine).await, 1);
    }
    // Sunday 2026-09-20 is worked: the fifth working day is Thursday, 2026-09-24.
    engine.tick(at("2026-09-24T23:59:59+08:00")).await.unwrap();
    assert!(ratings(&engine).await.is_empty());
    for now in ["2026-09-25T00:00:00+08:00", "2026-09-25T09:00:00+08:00"] {
        engine.tick(at(now)).await.unwrap();
        let rows = ratings(&engine).await;
        assert_eq!(rows.len(), 1, "{now}");
        assert_eq!(
            (rows[0].sequence, rows[0].grade),
            (0, Grade::BasicallySatisfied)
        );
        assert_eq!(rows[0].channel, Channel::Default);
        assert_eq!(rows[0].rated_at, at("2026-09-25T00:00:00+08:00"));
    }
    assert_eq!(reminders(&engine).await, 1);
    let notes = whats(&engine).await;
    let count = |what: &str| notes.iter().filter(|note| *note == what).count();
    for what in ["matter_registered", "matter_completed", "reminded"] {
        assert_eq!(count(what), 1, "{what}: {notes:?}");
    }
    engine.verify_records(|_| ()).await.unwrap().unwrap();
}

async fn a_rating_of_a_matter_leaves_neither_reminder_nor_default(place: Place) {
    let engine = centre(&place).await;
    completed_on_friday(&engine).await;
    // One of its filing is another act, and stops nothing.
    let filing = rating(
        "k0",
        Channel::WebFiling,
        matter_service(Stage::Filed),
        Grade::Satisfied,
    );
    let now = friday().plus_millis(120_000);
    engine.submit(filing, now).await.unwrap();
    let service = matter_service(Stage::Completed);
    let real = rating("k1", Channel::WebFiling, service, Grade::Satisfied);
    engine.submit(real, now).await.unwrap();
    for now in ["2026-09-19T16:00:00+08:00", "2026-09-25T00:00:01+08:00"] {
        engine.tick(at(now)).await.unwrap();
    }
    assert_eq!(reminders(&engine).await, 0);
    let rows = ratings(&engine).await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.sequence == 1));
}

async fn a_real_rating_takes_the_place_of_a_default_and_a_bad_one_opens_a_ticket(place: Place) {
    let engine = centre(&place).await;
    completed_on_friday(&engine).await;
    engine.tick(at("2026-09-25T00:00:00+08:00")).await.unwrap();
    let late = at("2026-09-28T10:00:00+08:00");
    let real = Intake {
        graded_at: late,
        ..rating(
            "k1",
            Channel::WebFiling,
            matter_service(Stage::Completed),
            Grade::VeryDissatisfied,
        )
    };
    let submitted = engine.submit(real, late).await.unwrap();
    assert!(submitted.ticket.is_some() && submitted.rating.ends_with("-1"));
    let key = matter_service(Stage::Completed).key();
    let mut tx = engine.read().await.unwrap();
    let all = tx.ratings_of(&key).await.unwrap();
    let counting = crate::domain::effective(&all).unwrap();
    assert_eq!(counting.intake.grade, Grade::VeryDissatisfied);
    assert!(all[0].is_default(), "the default stays on record");
    let ticket = submitted.ticket.unwrap();
    let ticket = engine
        .ticket(&ticket, Numbers::Masked)
        .await
        .unwrap()
        .unwrap();
    assert!(ticket.rating.unwrap().sequence == 1);
}

async fn a_reminder_waits_for_the_morning_and_may_be_switched_off(place: Place) {
    let quiet = QuietHours {
        from: 15 * 60,
        until: 17 * 60,
    };
    let reminding = Reminding { on: true, quiet };
    let settings = Settings {
        reminding,
        ..Settings::default()
    };
    let engine = with(&place, settings, calendar()).await;
    completed_on_friday(&engine).await;
    let saturday = |time: &str| at(&format!("2026-09-19T{time}+08:00"));
    engine.tick(saturday("16:59:59")).await.unwrap();
    assert_eq!(reminders(&engine).await, 0, "16:00 lies in the quiet hours");
    engine.close().await.unwrap();

    // The operator makes them longer, and the server starts after their beginning.
    let longer = Settings {
        reminding: Reminding {
            on: true,
            quiet: QuietHours {
                from: 15 * 60,
                until: 9 * 60,
            },
        },
        ..Settings::default()
    };
    let engine = Engine::start_with(place.open().await, calendar(), longer);
    engine.tick(saturday("17:00:00")).await.unwrap();
    engine.tick(at("2026-09-20T08:59:59+08:00")).await.unwrap();
    assert_eq!(reminders(&engine).await, 0);
    engine.tick(at("2026-09-20T09:00:00+08:00")).await.unwrap();
    assert_eq!(reminders(&engine).await, 1);

    let off = Settings {
        reminding: Reminding {
            on: false,
            ..reminding
        },
        ..Settings::default()
    };
    let second = Matter {
        number: "SQ-2".into(),
        ..matter(Some(at("2026-09-20T10:00:00+08:00")))
    };
    engine
        .register_matter(&second, "test", at("2026-09-20T10:00:00+08:00"))
        .await
        .unwrap();
    engine.close().await.unwrap();
    let engine = Engine::start_with(place.open().await, calendar(), off);
    engine.tick(at("2026-09-22T10:00:00+08:00")).await.unwrap();
    assert_eq!(reminders(&engine).await, 1, "switched off");
    assert!(whats(&engine).await.contains(&"reminder_left".to_owned()));
}

async fn a_default_waits_for_a_year_whose_notice_is_not_there(place: Place) {
    let file = |year: i16| {
        let path = format!("{}/calendars/{year}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    let only_2025 = Calendar::from_texts(&[file(2025)]).unwrap();
    let engine = with(&place, Settings::default(), only_2025).await;
    let completed = at("2025-12-29T10:00:00+08:00");
    engine
        .register_matter(&matter(Some(completed)), "test", completed)
        .await
        .unwrap();
    // By weekdays alone 2026-01-05 would be the fifth working day; 01 and 02 are off.
    for now in ["2026-01-06T00:00:00+08:00", "2026-01-10T08:00:00+08:00"] {
        engine.tick(at(now)).await.unwrap();
        assert!(ratings(&engine).await.is_empty(), "{now}");
    }
    engine.close().await.unwrap();
    let both = Calendar::from_texts(&[file(2025), file(2026)]).unwrap();
    let engine = Engine::start_with(place.open().await, both, Settings::default());
    engine
        .recount(at("2026-01-10T09:00:00+08:00"))
        .await
        .unwrap();
    engine.tick(at("2026-01-11T00:00:00+08:00")).await.unwrap();
    let rows = ratings(&engine).await;
    assert_eq!(rows.len(), 1);
    // 12-30, 12-31, the worked Sunday 01-04, 01-05, 01-06.
    assert_eq!(rows[0].rated_at, at("2026-01-07T00:00:00+08:00"));
}

async fn two_ticks_at_once_remind_and_default_once(place: Place) {
    let engine = centre(&place).await;
    for n in 0..20 {
        let one = Matter {
            number: format!("SQ-{n}"),
            ..matter(Some(friday()))
        };
        engine
            .register_matter(&one, "test", friday())
            .await
            .unwrap();
    }
    for now in ["2026-09-19T16:00:00+08:00", "2026-09-25T00:00:00+08:00"] {
        let ticks = (0..4).map(|_| engine.tick(at(now)));
        let ticked = futures::future::join_all(ticks).await;
        assert!(
            ticked
                .iter()
                .all(|ticked| ticked.as_ref().is_ok_and(|t| t.failed == 0))
        );
    }
    assert_eq!(reminders(&engine).await, 20);
    assert_eq!(ratings(&engine).await.len(), 20);
    engine.verify_records(|_| ()).await.unwrap().unwrap();
}

async fn a_matter_told_again_changes_nothing_and_told_otherwise_is_refused(place: Place) {
    let engine = centre(&place).await;
    let register = async |matter: Matter| engine.register_matter(&matter, "test", friday()).await;
    assert_eq!(register(matter(None)).await.unwrap(), Registered::New);
    assert_eq!(register(matter(None)).await.unwrap(), Registered::Known);
    let done = matter(Some(friday()));
    assert_eq!(
        engine.try_matter(&done, friday()).await.unwrap(),
        Registered::Completed
    );
    assert_eq!(register(done.clone()).await.unwrap(), Registered::Completed);
    assert_eq!(register(done.clone()).await.unwrap(), Registered::Known);
    assert_eq!(
        register(matter(None)).await.unwrap(),
        Registered::Known,
        "it stays completed"
    );
    for (other, why) in [
        (
            Matter {
                completed_at: Some(friday().plus_millis(-1)),
                ..done.clone()
            },
            "another completion",
        ),
        (
            Matter {
                item: "x".into(),
                ..done.clone()
            },
            "another item",
        ),
        (
            Matter {
                unit: UnitId("centre".into()),
                ..done.clone()
            },
            "another unit",
        ),
        (
            Matter {
                number: "N-2".into(),
                unit: UnitId("nowhere".into()),
                ..done.clone()
            },
            "no unit nowhere",
        ),
        (
            Matter {
                number: "N 2".into(),
                ..done.clone()
            },
            "1 to 64",
        ),
        (
            Matter {
                number: "N-2".into(),
                completed_at: Some(friday().plus_millis(400_000)),
                ..done
            },
            "future",
        ),
    ] {
        let refused = register(other).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    let mut tx = engine.read().await.unwrap();
    let sql = "SELECT COUNT(*) AS n FROM deadlines WHERE subject = 'matter:SQ-1'";
    let row = tx.row(sql, Vec::new()).await.unwrap().unwrap();
    assert_eq!(row.count("n").unwrap(), 2);
}
