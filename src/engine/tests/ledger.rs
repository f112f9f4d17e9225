//! The ledger after the fact: calendars that change, words said late, writes told twice.

mod due_dates;
mod sound;

use super::*;
use crate::domain::Remark;

stories![
    what_is_said_after_the_confirmation_stands_in_the_rating,
    what_comes_after_the_end_still_completes_the_rating,
    lines_whose_commit_was_not_answered_are_written_once,
    a_second_engine_is_refused_until_the_first_one_is_closed,
    rehearsals_tear_no_holes_into_the_real_numbers,
    a_write_told_twice_is_written_once,
    an_end_told_twice_is_one_end,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

/// A call that began at `start` and was graded badly at once; its ticket.
async fn bad_call(engine: &Engine, id: &str, start: Moment) -> String {
    engine.open_call(new_call(id, start)).await.unwrap();
    let id = CallId(id.to_owned());
    let grade = KeyedGrade {
        at: start,
        ..keyed(Grade::Dissatisfied, 0)
    };
    engine.key_grade(&id, grade).await.unwrap();
    let end = EndedCall {
        ended_at: start.plus_millis(9_000),
        ..ended(&id, "graded")
    };
    engine.end_call(end).await.unwrap().unwrap().ticket.unwrap()
}

async fn ticket_of(engine: &Engine, number: &str) -> TicketDetail {
    let ticket = engine.ticket(number, Numbers::Masked).await.unwrap();
    ticket.unwrap()
}

fn reason(code: &str, offset_ms: i64) -> KeyedReason {
    KeyedReason {
        code: code.to_owned(),
        key: code.chars().last().unwrap(),
        at: friday().plus_millis(offset_ms),
        offset_ms,
    }
}

async fn remark(engine: &Engine, id: &CallId) {
    let path = format!("2026/09/18/{}.remark.wav", id.0);
    let kind = ClipKind::Remark;
    let clip = engine.add_clip(id, kind, &path, 4_000, "ab");
    clip.await.unwrap();
}

/// The rating as it is stored, not as its list shows it.
async fn stored(engine: &Engine, id: &CallId) -> crate::domain::Rating {
    let service = Service::Consultation {
        call_id: id.0.clone(),
        staff: vec![],
        served_at: friday(),
    };
    let mut tx = engine.read().await.unwrap();
    tx.ratings_of(&service.key()).await.unwrap().remove(0)
}

fn keys(rating: &crate::domain::Rating) -> String {
    let keys = rating.intake.evidence.keys.iter();
    keys.map(|pressed| pressed.key).collect()
}

async fn completions(engine: &Engine, number: &str) -> Vec<String> {
    let trail = ticket_of(engine, number).await.trail.into_iter();
    let lines = trail.filter(|line| line.what == "rating_completed");
    lines.map(|line| line.detail).collect()
}

async fn what_is_said_after_the_confirmation_stands_in_the_rating(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let now = friday().plus_millis(63_000);
    let submitted = engine.confirm_grade(&id, now).await.unwrap().unwrap();
    let before = stored(&engine, &id).await;
    engine.key_reason(&id, reason("T2", 66_000)).await.unwrap();
    remark(&engine, &id).await;
    let end = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(end.as_ref(), Some(&submitted));
    let rating = stored(&engine, &id).await;
    assert_eq!(
        rating.intake.reasons,
        [crate::domain::Reason::UnclearAnswer]
    );
    assert_eq!(keys(&rating), "42");
    let clip = "2026/09/18/c1.remark.wav".to_owned();
    assert_eq!(rating.intake.remark, Some(Remark::Clip(clip.clone())));
    assert_eq!(
        (rating.intake.grade, rating.intake.graded_at),
        (before.intake.grade, before.intake.graded_at)
    );
    let number = submitted.ticket.unwrap();
    let lines = completions(&engine, &number).await;
    assert_eq!(
        lines,
        ["评价后补充：原因“答复不清楚或不准确”，语音留言，按键2"]
    );
    let shown = ticket_of(&engine, &number).await.rating.unwrap();
    assert_eq!(
        (shown.keys.as_str(), shown.reasons.join(" ")),
        ("42", "T2".to_owned())
    );
    let length_ms = 4_000;
    let clip = RemarkRow::Clip {
        path: clip,
        length_ms,
    };
    assert_eq!(shown.remark, Some(clip));
    engine.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(completions(&engine, &number).await.len(), 1);
}

async fn what_comes_after_the_end_still_completes_the_rating(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::VeryDissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    let number = submitted.unwrap().ticket.unwrap();
    assert!(completions(&engine, &number).await.is_empty());
    for _ in 0..2 {
        remark(&engine, &id).await;
        engine.key_reason(&id, reason("T1", 89_000)).await.unwrap();
    }
    let rating = stored(&engine, &id).await;
    assert!(rating.intake.remark.is_some());
    assert_eq!(keys(&rating), "51");
    assert_eq!(completions(&engine, &number).await.len(), 2);
}

async fn lines_whose_commit_was_not_answered_are_written_once(place: Place) {
    let engine = engine(&place).await;
    let id = open(&engine, "c1").await;
    // Without a pen, so that the story decides when it writes.
    let timeline = super::timeline::Timeline::new(place.open().await);
    timeline.push(&id, (1..4).map(line));
    // Committed, and nobody learned of it.
    assert_eq!(timeline.write_pending().await.unwrap(), 3);
    timeline.push(&id, (4..6).map(line));
    assert_eq!(timeline.write_pending().await.unwrap(), 5);
    timeline.flush().await.unwrap();
    timeline.push(&id, [line(6)]);
    timeline.flush().await.unwrap();
    let lines = detail(&engine, &id).await.timeline;
    let offsets: Vec<_> = lines.iter().map(|line| line.offset_ms).collect();
    assert_eq!(offsets, [1, 2, 3, 4, 5, 6]);
}

async fn a_second_engine_is_refused_until_the_first_one_is_closed(place: Place) {
    let (first, second) = (engine(&place).await, engine(&place).await);
    first.claim().await.unwrap();
    first.claim().await.unwrap();
    let refused = second.claim().await;
    assert!(
        matches!(refused, Err(Error::Store(store::Error::Claimed))),
        "{refused:?}"
    );
    first.close().await.unwrap();
    second.claim().await.unwrap();
}

async fn rehearsals_tear_no_holes_into_the_real_numbers(place: Place) {
    let engine = engine(&place).await;
    for (id, rehearsal, number) in [
        ("c1", true, "R2026-000001"),
        ("c2", false, "T2026-000001"),
        ("c3", true, "R2026-000002"),
        ("c4", false, "T2026-000002"),
    ] {
        let call = NewCall {
            rehearsal,
            ..new_call(id, friday())
        };
        engine.open_call(call).await.unwrap();
        assert_eq!(bad_call(&engine, id, friday()).await, number);
        let ticket = ticket_of(&engine, number).await;
        assert_eq!(ticket.row.rehearsal, rehearsal);
    }
}

/// What a reader can see of a call.
async fn seen(engine: &Engine, id: &CallId) -> serde_json::Value {
    let call = engine.call(id, Numbers::Shown).await.unwrap();
    serde_json::to_value(call.unwrap()).unwrap()
}

/// Runs a write as a retry does whose first answer was lost, and holds that nothing changed.
macro_rules! told_twice {
    ($engine:expr, $id:expr, $write:expr) => {{
        $write.await.unwrap();
        let once = seen($engine, $id).await;
        $write.await.unwrap();
        assert_eq!(seen($engine, $id).await, once, stringify!($write));
    }};
}

async fn a_write_told_twice_is_written_once(place: Place) {
    let engine = &engine(&place).await;
    let id = &CallId("c1".to_owned());
    told_twice!(engine, id, engine.open_call(new_call("c1", friday())));
    let desk = || engine.desk_answered(id, Some("8001"), friday());
    told_twice!(engine, id, desk());
    // The call went on meanwhile: its row is not begun anew.
    engine.set_state(id, CallState::Talking).await.unwrap();
    told_twice!(engine, id, engine.open_call(new_call("c1", friday())));
    assert_eq!(seen(engine, id).await["state"], "talking");

    let bad = keyed(Grade::VeryDissatisfied, 60_000);
    told_twice!(engine, id, engine.key_grade(id, bad.clone()));
    let back = friday().plus_millis(62_000);
    told_twice!(engine, id, engine.withdraw_grade(id, back));
    let grade = keyed(Grade::Dissatisfied, 64_000);
    told_twice!(engine, id, engine.key_grade(id, grade.clone()));
    // Told again out of turn, they take nothing back either.
    told_twice!(engine, id, engine.withdraw_grade(id, back));
    told_twice!(engine, id, engine.key_grade(id, bad.clone()));
    let call = detail(engine, id).await;
    assert_eq!(call.row.grade, Some(Grade::Dissatisfied));
    assert_eq!(call.keyed_grades.len(), 2);

    let confirmed = friday().plus_millis(67_000);
    told_twice!(engine, id, engine.confirm_grade(id, confirmed));
    told_twice!(engine, id, engine.key_grade(id, grade.clone()));
    told_twice!(engine, id, engine.key_reason(id, reason("T2", 70_000)));
    told_twice!(engine, id, engine.key_reason(id, reason("T2", 71_000)));
    assert_eq!(detail(engine, id).await.reasons.len(), 2);
    let clip = || engine.add_clip(id, ClipKind::Remark, "c1.remark.wav", 4_000, "ab");
    told_twice!(engine, id, clip());
    let (first, second) = (friday().plus_millis(80_000), friday().plus_millis(85_000));
    let wish = |number, at| engine.request_callback(id, Some(number), at);
    told_twice!(engine, id, wish("13912345678", first));
    told_twice!(engine, id, wish("13987654321", second));
    wish("13912345678", first).await.unwrap();
    let number = &seen(engine, id).await["callback"]["whole_number"];
    assert_eq!(number, "13987654321");
    let recording = ArchivedRecording {
        path: "2026/09/18/c1.wav".to_owned(),
        length_ms: 90_000,
        bytes: 2_880_044,
        sha256: "ef".to_owned(),
        gaps: vec![],
    };
    let archived = || engine.add_recording(id, recording.clone());
    told_twice!(engine, id, archived());
    told_twice!(engine, id, engine.end_call(ended(id, "graded")));
    told_twice!(engine, id, archived());
    told_twice!(engine, id, clip());
}

async fn an_end_told_twice_is_one_end(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let first = engine.end_call(ended(&id, "graded")).await.unwrap();
    let number = first.clone().unwrap().ticket.unwrap();
    let trail = ticket_of(&engine, &number).await.trail.len();
    let later = EndedCall {
        ended_at: friday().plus_millis(99_000),
        ..ended(&id, "fault")
    };
    assert_eq!(engine.end_call(later).await.unwrap(), first);
    assert_eq!(ticket_of(&engine, &number).await.trail.len(), trail);
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.ended_at, Some(friday().plus_millis(90_000)));
    assert_eq!(call.row.outcome.as_deref(), Some("graded"));
}

fn path_of(place: &Place) -> std::path::PathBuf {
    place.url.strip_prefix("sqlite:").unwrap().into()
}

#[tokio::test]
async fn a_closed_database_is_one_file_even_where_somebody_else_looks_on() {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let log = path_of(&place).with_extension("db-wal");
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    let onlooker = place.open().await;
    engine.close().await.unwrap();
    let left = std::fs::metadata(&log).map_or(0, |log| log.len());
    assert_eq!(left, 0, "the log was taken into the file");
    onlooker.close().await;
    assert!(!log.exists());
    let copy = path_of(&place).with_file_name("copy.db");
    std::fs::copy(path_of(&place), &copy).unwrap();
    let url = format!("sqlite:{}", copy.display());
    let copied = Engine::open(&url, calendar()).await.unwrap();
    assert!(detail(&copied, &id).await.row.talked_ms.is_some());
    copied.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_grades_come_in_is_whole() {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    engine
        .key_grade(&id, keyed(Grade::Satisfied, 0))
        .await
        .unwrap();
    let copy = path_of(&place).with_file_name("backup.db");
    let keying = async {
        for n in 1..50 {
            engine
                .key_grade(&id, keyed(Grade::Satisfied, n))
                .await
                .unwrap();
        }
    };
    let copying = async {
        let other = place.open().await;
        let backup = format!("VACUUM INTO '{}'", copy.display());
        other.raw(&backup).await.unwrap();
        other.close().await;
    };
    tokio::join!(keying, copying);
    assert_eq!(detail(&engine, &id).await.keyed_grades.len(), 50);
    let url = format!("sqlite:{}", copy.display());
    let backup = Engine::open(&url, calendar()).await.unwrap();
    let kept = detail(&backup, &id).await.keyed_grades.len();
    assert!((1..=50).contains(&kept), "{kept}");
    let submitted = backup.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(submitted.unwrap().grade, Grade::Satisfied);
    backup.close().await.unwrap();
}
