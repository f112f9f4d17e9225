//! Ratings of every channel, matters with their reminder and default, and what is turned away.

mod matters;
mod refusals;

use super::*;
use crate::channels::{Applicants, Matter, QuietHours, Reminding};
use crate::domain::{Channel, Choices, ContentItem, Identity, Remark, Stage, UnitId};
use crate::engine::{NewSlip, Registered, Settings, applicant_of};
use crate::register::NewPerson;

stories![
    each_channel_hands_in_and_told_twice_is_told_once,
    the_last_rating_of_a_window_act_counts_whatever_the_channel,
    a_caller_whose_number_is_an_applicants_is_known,
    a_slip_of_the_box_is_a_rating_where_it_has_a_grade,
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
