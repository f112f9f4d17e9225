//! Ratings of every channel, matters with their reminder and default, and what is turned away.

use super::*;
use crate::channels::{Applicants, Matter, QuietHours, Reminding};
use crate::domain::{Channel, Choices, ContentItem, Identity, Remark, Stage, UnitId};
use crate::engine::{NewSlip, Registered, Settings, applicant_of};
use crate::register::NewPerson;

stories![
    each_channel_hands_in_and_told_twice_is_told_once,
    the_last_rating_of_a_window_act_counts_whatever_the_channel,
    a_matter_without_a_rating_is_reminded_once_and_then_graded_by_default,
    a_rating_of_a_matter_leaves_neither_reminder_nor_default,
    a_real_rating_takes_the_place_of_a_default_and_a_bad_one_opens_a_ticket,
    a_reminder_waits_for_the_morning_and_may_be_switched_off,
    a_default_waits_for_a_year_whose_notice_is_not_there,
    two_ticks_at_once_remind_and_default_once,
    a_matter_told_again_changes_nothing_and_told_otherwise_is_refused,
    a_caller_whose_number_is_an_applicants_is_known,
    staff_who_rate_are_counted_and_refused,
    a_tester_counts_for_nothing,
    what_was_before_the_regulation_starts_nothing,
    a_slip_of_the_box_is_a_rating_where_it_has_a_grade,
    what_cannot_be_a_rating_is_refused_with_its_article,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn with(place: &Place, settings: Settings, calendar: Calendar) -> Engine {
    let engine = Engine::start_with(place.open().await, calendar, settings);
    let sql = "INSERT INTO units (id, kind, name, created_at) VALUES \
        ('wetland', 'handling_unit', '湿地中心', 0)";
    engine.inner.store.raw(sql).await.unwrap();
    engine
}

async fn centre(place: &Place) -> Engine {
    with(place, Settings::default(), calendar()).await
}

fn act(number: u32) -> Service {
    Service::WindowAct {
        window: "3".into(),
        act: format!("a-{number}"),
        item: None,
        unit: Some(UnitId("wetland".into())),
        staff: vec!["8001".into()],
        served_at: friday(),
    }
}

fn matter_service(stage: Stage) -> Service {
    Service::Matter {
        number: "SQ-1".into(),
        stage,
        item: String::new(),
        unit: UnitId(String::new()),
        staff: Vec::new(),
        served_at: friday(),
    }
}

fn rating(key: &str, channel: Channel, service: Service, grade: Grade) -> Intake {
    Intake {
        key: IntakeKey(key.to_owned()),
        channel,
        service,
        rater: Rater::caller(None),
        grade,
        graded_at: friday().plus_millis(60_000),
        reasons: Vec::new(),
        choices: Choices::default(),
        remark: None,
        evidence: Default::default(),
        rehearsal: false,
    }
}

fn matter(completed: Option<Moment>) -> Matter {
    Matter {
        number: "SQ-1".into(),
        item: "lq-001".into(),
        item_name: "林木采伐许可".into(),
        unit: UnitId("wetland".into()),
        applicants: Applicants {
            name: "王芳".into(),
            phone: Some("13812345678".into()),
            applicant: applicant_of("platform-77"),
        },
        completed_at: completed,
        rehearsal: false,
    }
}

async fn completed_on_friday(engine: &Engine) {
    let done = matter(Some(friday()));
    let known = engine.register_matter(&done, "test", friday()).await;
    assert_eq!(known.unwrap(), Registered::New);
}

async fn ticket_of(engine: &Engine, number: &str) -> TicketDetail {
    let ticket = engine.ticket(number, Numbers::Masked).await.unwrap();
    ticket.unwrap()
}

async fn ratings(engine: &Engine) -> Vec<RatingRow> {
    let all = RatingFilter::default();
    engine.ratings(&all, None, 50).await.unwrap().items
}

/// Kinds of the notices that wait in the outbox about the matter.
async fn reminders(engine: &Engine) -> usize {
    let mut tx = engine.read().await.unwrap();
    let sql = "SELECT COUNT(*) AS n FROM notices WHERE kind = 'rate_reminder'";
    let row = tx.row(sql, Vec::new()).await.unwrap().unwrap();
    row.count("n").unwrap() as usize
}

async fn whats(engine: &Engine) -> Vec<String> {
    let mut tx = engine.read().await.unwrap();
    let notes = tx.notes(100).await.unwrap();
    notes.into_iter().map(|line| line.what).collect()
}

async fn each_channel_hands_in_and_told_twice_is_told_once(place: Place) {
    let engine = centre(&place).await;
    completed_on_friday(&engine).await;
    let question = Service::WebConsultation {
        code: "q-9".into(),
        unit: None,
        staff: Vec::new(),
        served_at: friday(),
    };
    let now = friday().plus_millis(120_000);
    for (key, channel, service) in [
        ("k1", Channel::WebFiling, matter_service(Stage::Filed)),
        ("k2", Channel::WebConsultation, question),
        ("k3", Channel::WindowDevice, act(1)),
        ("k4", Channel::WindowQr, act(2)),
        ("k5", Channel::Sms, matter_service(Stage::Completed)),
    ] {
        let mut intake = rating(key, channel, service, Grade::Dissatisfied);
        intake.choices = Choices {
            items: vec![ContentItem::Staff],
            options: vec![214, 213],
            dictionary: Some("2".into()),
        };
        intake.remark = Some(Remark::Text("等了两个小时".into()));
        let first = engine.submit(intake.clone(), now).await.unwrap();
        assert!(first.ticket.is_some(), "{channel:?}");
        let second = engine.submit(intake, now.plus_millis(1)).await.unwrap();
        assert_eq!(first, second, "{channel:?}");
    }
    let rows = ratings(&engine).await;
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.choices.options == [214, 213]));
    assert!(
        rows.iter()
            .all(|row| row.sequence == 1 && row.call_id.is_none())
    );
    let all = TicketFilter::default();
    let tickets = engine
        .tickets(&all, None, 50, Numbers::Masked)
        .await
        .unwrap();
    assert_eq!(tickets.items.len(), 5);
    let window = tickets
        .items
        .iter()
        .find(|ticket| ticket.rating_id.contains("window"));
    assert_eq!(window.unwrap().staff.as_deref(), Some("8001"));
    engine.verify_records(|_| ()).await.unwrap().unwrap();
}

async fn the_last_rating_of_a_window_act_counts_whatever_the_channel(place: Place) {
    let engine = centre(&place).await;
    let device = rating("k1", Channel::WindowDevice, act(1), Grade::Dissatisfied);
    let now = friday().plus_millis(120_000);
    engine.submit(device.clone(), now).await.unwrap();
    // The device sends it again under another key: the same event, counted and answered like the first.
    let echo = Intake {
        key: IntakeKey("k1-again".into()),
        ..device.clone()
    };
    let first = engine.submit(device, now).await.unwrap();
    assert_eq!(engine.submit(echo, now).await.unwrap().rating, first.rating);
    let later = Intake {
        graded_at: friday().plus_millis(90_000),
        ..rating("k2", Channel::WindowQr, act(1), Grade::Satisfied)
    };
    let second = engine.submit(later.clone(), now).await.unwrap();
    assert!(second.rating.ends_with("-2"), "{}", second.rating);
    assert_eq!(second.ticket, first.ticket, "a complaint made is answered");
    assert_eq!(engine.submit(later, now).await.unwrap(), second);
    let mut tx = engine.read().await.unwrap();
    let away = tx
        .turned_away(friday(), friday().plus_millis(1_000_000))
        .await
        .unwrap();
    assert_eq!(away, [("duplicate".to_owned(), 1)]);
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

async fn a_caller_whose_number_is_an_applicants_is_known(place: Place) {
    let engine = centre(&place).await;
    completed_on_friday(&engine).await;
    let call = NewCall {
        caller: Some("13812345678".into()),
        ..new_call("c1", friday())
    };
    engine.open_call(call).await.unwrap();
    let id = CallId("c1".into());
    engine
        .desk_answered(&id, Some("8001"), friday())
        .await
        .unwrap();
    engine
        .key_grade(&id, keyed(Grade::Dissatisfied, 60_000))
        .await
        .unwrap();
    engine.end_call(ended(&id, "graded")).await.unwrap();
    let mut tx = engine.read().await.unwrap();
    let key = crate::domain::ServiceKey("call-c1".into());
    let known = tx.ratings_of(&key).await.unwrap().remove(0).intake.rater;
    assert_eq!(known.identity, Identity::I2);
    assert_eq!(known.applicant, applicant_of("platform-77"));
    assert!(known.identity.is_real_name());
    drop(tx);
    // A number of two applicants proves neither.
    let mut other = matter(None);
    other.number = "SQ-9".into();
    other.applicants.applicant = applicant_of("platform-78");
    engine
        .register_matter(&other, "test", friday())
        .await
        .unwrap();
    let mut tx = engine.read().await.unwrap();
    assert_eq!(tx.applicant_by_phone("13812345678").await.unwrap(), None);
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

async fn a_slip_of_the_box_is_a_rating_where_it_has_a_grade(place: Place) {
    let engine = centre(&place).await;
    let slip = |slip: &str, grade: Option<Grade>| NewSlip {
        slip: slip.to_owned(),
        opened_on: "2026-09-17".parse().unwrap(),
        text: "大厅太热".to_owned(),
        scan: Some("scans/2026/17.pdf".to_owned()),
        grade,
        items: vec![ContentItem::Premises],
    };
    let now = friday();
    let only_text = engine
        .enter_slip(&slip("B-1", None), "li", now)
        .await
        .unwrap();
    assert_eq!(only_text, None);
    let bad = slip("B-2", Some(Grade::Dissatisfied));
    let submitted = engine.enter_slip(&bad, "li", now).await.unwrap().unwrap();
    let ticket = ticket_of(&engine, submitted.ticket.as_deref().unwrap()).await;
    assert_eq!(
        ticket.row.deadlines[0].started_at, now,
        "from its entry (A37)"
    );
    assert_eq!(
        ratings(&engine).await[0].choices.items,
        [ContentItem::Premises]
    );
    for (again, why) in [
        (bad, "entered before"),
        (
            NewSlip {
                text: " ".into(),
                ..slip("B-3", None)
            },
            "says nothing",
        ),
        (
            NewSlip {
                opened_on: "2026-09-19".parse().unwrap(),
                ..slip("B-3", None)
            },
            "not opened yet",
        ),
    ] {
        let refused = engine
            .enter_slip(&again, "li", now)
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains(why), "{refused}");
    }
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
