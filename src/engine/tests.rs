use super::*;
use crate::domain::{Day, DeadlineKind, Grade, Intake, IntakeKey, Moment, Rater, Service};
use crate::store::testing::{
    Place, statements, stories, the_schema_is_the_one_of_sqlite, understood,
};

stories![
    every_statement_is_understood,
    the_schema_is_the_one_of_sqlite,
    a_call_that_was_cut_by_a_crash_is_closed_with_what_it_had,
    calls_that_end_at_once_get_numbers_without_holes,
    a_callback_is_noted_at_the_number_of_the_caller,
    a_sitting_of_listening_leaves_one_line_however_many_parts_it_asks_for,
    what_was_said_cannot_be_changed,
    bytes_from_outside_are_stored_or_refused,
    rows_read_as_the_interface_says,
];

mod adoption;
mod blocklist;
mod casework;
mod channels;
mod desks;
mod faults;
mod grades;
mod ledger;
mod lists;
mod spans;
mod waits;

/// What a start does with what an earlier run left.
async fn recover(engine: &Engine, saved: Vec<Salvage>, now: Moment) -> Vec<CallId> {
    let mut closed = Vec::new();
    for (id, _) in engine.unfinished_calls().await.unwrap() {
        let sound = saved.iter().find(|sound| sound.call == id);
        assert!(engine.close_interrupted(&id, sound, now).await.unwrap());
        closed.push(id);
    }
    for sound in saved.iter().filter(|sound| !closed.contains(&sound.call)) {
        engine.add_sound(sound).await.unwrap();
    }
    closed
}

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn every_statement_is_understood(place: Place) {
    let all = [statements(), crate::register::statements()].concat();
    understood(place, all).await;
}

fn calendar() -> Calendar {
    let text = include_str!("../../calendars/2026.toml");
    Calendar::from_texts(&[("calendars/2026.toml", text)]).unwrap()
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

/// Friday, 2026-09-18 16:00 in Beijing.
fn friday() -> Moment {
    at("2026-09-18T16:00:00+08:00")
}

async fn engine(place: &Place) -> Engine {
    Engine::start(place.open().await, calendar())
}

fn new_call(id: &str, started_at: Moment) -> NewCall {
    NewCall {
        id: CallId(id.to_owned()),
        sip_call_id: format!("{id}@trunk"),
        caller: Some("13800000000".to_owned()),
        callee: "consult".to_owned(),
        source: "127.0.0.1:5080".to_owned(),
        started_at,
        dialplan: "consultation".to_owned(),
        dialplan_digest: "d1".to_owned(),
        rehearsal: false,
    }
}

async fn open(engine: &Engine, id: &str) -> CallId {
    engine.open_call(new_call(id, friday())).await.unwrap();
    CallId(id.to_owned())
}

async fn talking(engine: &Engine, id: &str) -> CallId {
    let id = open(engine, id).await;
    let joined = friday();
    let desk = engine.desk_answered(&id, Some("8001"), joined).await;
    desk.unwrap();
    engine.set_state(&id, CallState::Talking).await.unwrap();
    engine.talked(&id, 30_000).await.unwrap();
    id
}

fn keyed(grade: Grade, offset_ms: i64) -> KeyedGrade {
    let key = char::from(b'1' + grade as u8);
    KeyedGrade {
        grade,
        key,
        at: friday().plus_millis(offset_ms),
        offset_ms,
    }
}

fn ended(id: &CallId, outcome: &str) -> EndedCall {
    EndedCall {
        id: id.clone(),
        ended_at: friday().plus_millis(90_000),
        hung_up_by: HungUpBy::Caller,
        outcome: outcome.to_owned(),
        outcome_after_ms: None,
    }
}

async fn detail(engine: &Engine, id: &CallId) -> CallDetail {
    let call = engine.call(id, Numbers::Masked).await.unwrap();
    call.unwrap()
}

async fn a_call_that_was_cut_by_a_crash_is_closed_with_what_it_had(place: Place) {
    let before = engine(&place).await;
    open(&before, "c1").await;
    talking(&before, "c2").await;
    let keyed_only = talking(&before, "c3").await;
    let confirmed = talking(&before, "c4").await;
    let taken_back = talking(&before, "c5").await;
    for id in [&keyed_only, &confirmed, &taken_back] {
        before.set_state(id, CallState::Rating).await.unwrap();
        let grade = keyed(Grade::Dissatisfied, 60_000);
        before.key_grade(id, grade).await.unwrap();
    }
    let now = friday().plus_millis(64_000);
    let ticket = before.confirm_grade(&confirmed, now).await.unwrap();
    before.withdraw_grade(&taken_back, now).await.unwrap();
    let over = talking(&before, "c6").await;
    before.end_call(ended(&over, "declined")).await.unwrap();
    let line = TimelineEntry {
        at: friday().plus_millis(61_000),
        offset_ms: 61_000,
        kind: "key".to_owned(),
        detail: "4".to_owned(),
    };
    before.mark(&keyed_only, [line]);
    before.inner.timeline.flush().await.unwrap();
    drop(before);

    let after = engine(&place).await;
    let recording = ArchivedRecording {
        path: "2026/09/18/c3.wav".to_owned(),
        length_ms: 65_000,
        bytes: 2_080_044,
        sha256: "ab".to_owned(),
        gaps: vec![(10, 20)],
    };
    let restart = friday().plus_millis(3_600_000);
    let open: Vec<_> = after.unfinished_calls().await.unwrap();
    assert_eq!(open.len(), 5);
    let saved = Salvage {
        call: keyed_only.clone(),
        recording: Some(recording.clone()),
        clips: vec![],
    };
    let closed = recover(&after, vec![saved], restart).await;
    assert_eq!(closed.len(), 5);
    for (id, outcome, has_ticket) in [
        ("c1", "fault_before_talk", false),
        ("c2", "fault", false),
        ("c3", "graded", true),
        ("c4", "graded", true),
        ("c5", "fault", false),
    ] {
        let call = detail(&after, &CallId(id.to_owned())).await;
        assert_eq!(call.row.state, CallState::Interrupted, "{id}");
        assert_eq!(call.row.outcome.as_deref(), Some(outcome), "{id}");
        assert_eq!(call.row.ticket.is_some(), has_ticket, "{id}");
        assert_eq!(call.timeline.last().unwrap().kind, "outcome");
    }
    let call = detail(&after, &keyed_only).await;
    assert_eq!(call.timeline[0].kind, "key");
    assert_eq!(call.row.ended_at, Some(friday().plus_millis(65_000)));
    assert_eq!(call.recording, Some(recording));
    let call = detail(&after, &confirmed).await;
    assert_eq!(call.row.ticket, ticket.unwrap().ticket);
    let call = detail(&after, &over).await;
    assert_eq!(call.row.outcome.as_deref(), Some("declined"));
    assert!(recover(&after, vec![], restart).await.is_empty());
}

async fn calls_that_end_at_once_get_numbers_without_holes(place: Place) {
    let engine = engine(&place).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        let id = talking(&engine, &format!("c{n:02}")).await;
        let grade = keyed(Grade::Dissatisfied, 1);
        engine.key_grade(&id, grade).await.unwrap();
        ids.push(id);
    }
    let ends = ids.iter().map(|id| engine.end_call(ended(id, "graded")));
    let ends = futures::future::try_join_all(ends).await.unwrap();
    let mut numbers: Vec<_> = ends
        .into_iter()
        .map(|s| s.unwrap().ticket.unwrap())
        .collect();
    numbers.sort();
    let expected: Vec<_> = (1..=20).map(|n| format!("T2026-{n:06}")).collect();
    assert_eq!(numbers, expected);
}

async fn a_callback_is_noted_at_the_number_of_the_caller(place: Place) {
    let engine = engine(&place).await;
    let id = open(&engine, "c1").await;
    engine.request_callback(&id, None, friday()).await.unwrap();
    let callback = detail(&engine, &id).await.callback.unwrap();
    assert_eq!(callback.number.as_deref(), Some("138****0000"));
    assert_eq!(callback.whole_number, None);
    let other = engine.request_callback(&id, Some("13912345678"), friday());
    other.await.unwrap();
    let callback = detail(&engine, &id).await.callback.unwrap();
    assert_eq!(callback.number.as_deref(), Some("139****5678"));
}

async fn what_was_said_cannot_be_changed(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 1);
    engine.key_grade(&id, grade).await.unwrap();
    engine.end_call(ended(&id, "graded")).await.unwrap();
    let listening = Listening {
        call: id,
        sound: Sound::Recording,
        listener: "li".to_owned(),
        door: ListeningDoor::Page,
        look: None,
        ticket: None,
        reason: None,
    };
    engine.listen(&listening, friday()).await.unwrap();
    let store = &engine.inner.store;
    for change in [
        "UPDATE keyed_grades SET grade = 'satisfied'",
        "DELETE FROM keyed_grades",
        "UPDATE trail SET detail = ''",
        "DELETE FROM trail",
        "UPDATE listenings SET listener = ''",
        "DELETE FROM listenings",
    ] {
        let error = store.raw(change).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
}

async fn a_sitting_of_listening_leaves_one_line_however_many_parts_it_asks_for(place: Place) {
    let engine = engine(&place).await;
    let id = open(&engine, "c1").await;
    let of = |listener: &str, sound: Sound, door: ListeningDoor| Listening {
        call: id.clone(),
        sound,
        listener: listener.to_owned(),
        door,
        look: None,
        ticket: None,
        reason: None,
    };
    let li = of("li", Sound::Recording, ListeningDoor::Page);
    let minutes = |n: i64| friday().plus_millis(n * 60_000);
    let parts = (0..20).map(|_| engine.listen(&li, friday()));
    futures::future::try_join_all(parts).await.unwrap();
    engine.listen(&li, minutes(9)).await.unwrap();
    assert_eq!(detail(&engine, &id).await.listenings.len(), 1);
    // Another sitting, another sound, another door, another listener.
    engine.listen(&li, minutes(11)).await.unwrap();
    let clip = of("li", Sound::Remark, ListeningDoor::Page);
    engine.listen(&clip, minutes(12)).await.unwrap();
    let token = of("li", Sound::Recording, ListeningDoor::Api);
    engine.listen(&token, minutes(13)).await.unwrap();
    let wang = of("wang", Sound::Recording, ListeningDoor::Page);
    engine.listen(&wang, minutes(14)).await.unwrap();
    let lines = detail(&engine, &id).await.listenings;
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (line.at, line.listener.as_str(), line.sound, line.door))
        .collect();
    assert_eq!(
        lines,
        [
            (minutes(14), "wang", Sound::Recording, ListeningDoor::Page),
            (minutes(13), "li", Sound::Recording, ListeningDoor::Api),
            (minutes(12), "li", Sound::Remark, ListeningDoor::Page),
            (minutes(11), "li", Sound::Recording, ListeningDoor::Page),
            (minutes(0), "li", Sound::Recording, ListeningDoor::Page),
        ]
    );
}

async fn bytes_from_outside_are_stored_or_refused(place: Place) {
    let engine = engine(&place).await;
    let odd = NewCall {
        caller: Some("1\0'; DROP TABLE calls; --".to_owned()),
        callee: "张\u{202e}三".to_owned(),
        ..new_call("c1", Moment::from_millis(i64::MAX))
    };
    engine.open_call(odd).await.unwrap();
    let id = CallId("c1".to_owned());
    let line = TimelineEntry {
        at: friday(),
        offset_ms: -1,
        kind: "key".to_owned(),
        detail: "\0".to_owned(),
    };
    engine.mark(&id, [line]);
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.callee, "张\u{202e}三");
    assert_eq!(call.timeline[0].detail, "\u{fffd}");
    let unknown = CallId("\0".to_owned());
    assert!(
        engine
            .call(&unknown, Numbers::Masked)
            .await
            .unwrap()
            .is_none()
    );
    let grade = engine.key_grade(&unknown, keyed(Grade::Satisfied, 1)).await;
    assert!(matches!(grade, Err(Error::NoSuchCall(_))));
}

async fn rows_read_as_the_interface_says(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    engine
        .key_grade(&id, keyed(Grade::VeryDissatisfied, 0))
        .await
        .unwrap();
    engine.end_call(ended(&id, "graded")).await.unwrap();
    let ticket = engine
        .ticket("T2026-000001", Numbers::Masked)
        .await
        .unwrap();
    let ticket = serde_json::to_value(ticket.unwrap()).unwrap();
    assert_eq!(ticket["state"], "new");
    assert_eq!(ticket["grade"], "very_dissatisfied");
    let deadline = &ticket["deadlines"][0];
    assert_eq!(deadline["kind"], "assess");
    assert_eq!(deadline["article"], "第九条");
    assert_eq!(deadline["started_at"], "2026-09-18T16:00:00.000+08:00");
    assert_eq!(deadline["due_at"], "2026-09-22T23:59:59.000+08:00");
    assert_eq!(deadline["met_at"], serde_json::Value::Null);
    let rating = &ticket["rating"];
    assert_eq!(rating["channel"], "phone");
    assert_eq!(rating["call_id"], "c1");
    assert_eq!(rating["keys"], "5");
    assert_eq!(rating["outcome"], "graded");
    let all = CallFilter::default();
    let page = engine.calls(&all, None, 1, Numbers::Masked);
    let page = serde_json::to_value(page.await.unwrap()).unwrap();
    assert_eq!(page["next"], serde_json::Value::Null);
    assert_eq!(page["items"][0]["state"], "ended");
    assert_eq!(page["items"][0]["caller"], "138****0000");
}

fn line(n: i64) -> TimelineEntry {
    TimelineEntry {
        at: friday().plus_millis(n),
        offset_ms: n,
        kind: "prompt".to_owned(),
        detail: n.to_string(),
    }
}
