//! The ledger after the fact: calendars that change, words said late, writes told twice.

use super::*;
use crate::domain::Remark;

stories![
    a_revised_calendar_moves_open_due_dates_once_and_says_so,
    met_and_past_due_dates_stay_where_they_were,
    more_due_dates_than_a_batch_are_all_recounted,
    provisional_due_dates_are_listed_until_their_year_is_known,
    what_is_said_after_the_confirmation_stands_in_the_rating,
    what_comes_after_the_end_still_completes_the_rating,
    a_message_cut_by_a_crash_stands_in_call_and_rating,
    sound_of_a_call_that_ended_as_the_server_was_killed_gets_its_rows,
    gaps_told_before_a_crash_stand_in_the_recovered_recording,
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

fn of_years(years: &[i16]) -> Calendar {
    let files = years.iter().map(|year| {
        let path = format!("{}/calendars/{year}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    });
    Calendar::from_texts(&files.collect::<Vec<_>>()).unwrap()
}

/// The calendar before Sunday 2026-09-20 was made a working day.
fn before_the_notice() -> Calendar {
    calendar().toggled("2026-09-20".parse().unwrap())
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

fn due_days(ticket: &TicketDetail) -> Vec<String> {
    let deadlines = ticket.row.deadlines.iter();
    deadlines
        .map(|deadline| deadline.due_at.day().to_string())
        .collect()
}

async fn a_revised_calendar_moves_open_due_dates_once_and_says_so(place: Place) {
    let before = Engine::start(place.open().await, before_the_notice());
    let number = bad_call(&before, "c1", friday()).await;
    let ticket = ticket_of(&before, &number).await;
    assert_eq!(due_days(&ticket), ["2026-09-23", "2026-09-28"]);
    let now = friday().plus_millis(3_600_000);
    let same = before.recount(now).await.unwrap();
    assert_eq!(same.moved, 0, "its own calendar moves nothing");
    drop(before);

    let after = engine(&place).await;
    assert!(ticket_of(&after, &number).await.counted[0].differs);
    assert_eq!(after.recount(now).await.unwrap().moved, 2);
    let moved = ticket_of(&after, &number).await;
    assert_eq!(due_days(&moved), ["2026-09-22", "2026-09-24"]);
    assert!(moved.counted.iter().all(|counted| !counted.differs));
    let lines = moved
        .trail
        .iter()
        .filter(|l| l.what == "deadline_recounted");
    let lines: Vec<_> = lines.map(|line| line.detail.as_str()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let told = lines.iter().any(|line| {
        line.contains("原定2026-09-23 23:59:59") && line.contains("现定2026-09-22 23:59:59")
    });
    assert!(told, "{lines:?}");
    assert_eq!(after.recount(now).await.unwrap().moved, 0);
    let again = ticket_of(&after, &number).await;
    assert_eq!(again.trail.len(), moved.trail.len());
}

async fn met_and_past_due_dates_stay_where_they_were(place: Place) {
    let before = Engine::start(place.open().await, before_the_notice());
    let number = bad_call(&before, "c1", friday()).await;
    let was = due_days(&ticket_of(&before, &number).await);
    let store = &before.inner.store;
    let met = "UPDATE deadlines SET met_at = started_at + 1 WHERE kind = 'upload'";
    store.raw(met).await.unwrap();
    drop(before);
    let after = engine(&place).await;
    // The first was missed on the 23rd, the second was met.
    let late = at("2026-09-24T09:00:00+08:00");
    assert_eq!(after.recount(late).await.unwrap().moved, 0);
    // On the 23rd its new time, the 22nd, has gone by: nobody becomes late by a notice.
    let between = at("2026-09-23T09:00:00+08:00");
    assert_eq!(after.recount(between).await.unwrap().moved, 0);
    assert_eq!(due_days(&ticket_of(&after, &number).await), was);
    assert_eq!(after.recount(friday()).await.unwrap().moved, 1);
    let now = due_days(&ticket_of(&after, &number).await);
    assert_eq!(now, ["2026-09-22", was[1].as_str()]);
}

async fn more_due_dates_than_a_batch_are_all_recounted(place: Place) {
    let before = Engine::start(place.open().await, before_the_notice());
    for n in 0..101 {
        bad_call(&before, &format!("c{n:03}"), friday()).await;
    }
    drop(before);
    let after = engine(&place).await;
    assert_eq!(after.recount(friday()).await.unwrap().moved, 202);
    assert_eq!(after.recount(friday()).await.unwrap().moved, 0);
}

async fn provisional_due_dates_are_listed_until_their_year_is_known(place: Place) {
    let before = Engine::start(place.open().await, of_years(&[2025]));
    let now = at("2025-12-30T10:00:00+08:00");
    let sure = bad_call(&before, "c0", at("2025-12-01T10:00:00+08:00")).await;
    let open = bad_call(&before, "c1", now).await;
    let found = before.recount(now).await.unwrap();
    let provisional = found.provisional;
    assert_eq!(
        (found.moved, provisional.deadlines, provisional.tickets),
        (0, 2, 1)
    );
    let listed = async |engine: &Engine, provisional| {
        let filter = TicketFilter {
            provisional: Some(provisional),
            ..TicketFilter::default()
        };
        let tickets = engine.tickets(&filter, None, 10, Numbers::Masked).await;
        let numbers = tickets.unwrap().items.into_iter().map(|t| t.number);
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(listed(&before, true).await, std::slice::from_ref(&open));
    assert_eq!(listed(&before, false).await, std::slice::from_ref(&sure));
    drop(before);

    let after = Engine::start(place.open().await, of_years(&[2025, 2026]));
    let found = after.recount(now).await.unwrap();
    assert_eq!((found.moved, found.provisional.deadlines), (2, 0));
    assert!(listed(&after, true).await.is_empty());
    let ticket = ticket_of(&after, &open).await;
    // 1 to 3 January are off, Sunday the 4th is worked.
    assert_eq!(due_days(&ticket), ["2026-01-05", "2026-01-07"]);
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

async fn a_message_cut_by_a_crash_stands_in_call_and_rating(place: Place) {
    let before = engine(&place).await;
    let id = talking(&before, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 60_000);
    before.key_grade(&id, grade).await.unwrap();
    let now = friday().plus_millis(63_000);
    before.confirm_grade(&id, now).await.unwrap();
    before.key_reason(&id, reason("T3", 66_000)).await.unwrap();
    drop(before);
    let after = engine(&place).await;
    let clip = ArchivedRecording {
        path: "2026/09/18/c1.remark.wav".to_owned(),
        length_ms: 2_500,
        bytes: 40_044,
        sha256: "cd".to_owned(),
        gaps: vec![],
    };
    let saved = Salvage {
        call: id.clone(),
        recording: None,
        clips: vec![(ClipKind::Remark, clip.clone())],
    };
    let restart = friday().plus_millis(3_600_000);
    recover(&after, vec![saved], restart).await;
    let call = detail(&after, &id).await;
    assert_eq!(call.clips[0].sha256, "cd");
    let (path, length_ms) = (clip.path, clip.length_ms);
    let remark = RemarkRow::Clip { path, length_ms };
    assert_eq!(call.rating.unwrap().remark, Some(remark));
    let rating = stored(&after, &id).await;
    assert_eq!(keys(&rating), "43");
    assert_eq!(
        rating.intake.reasons,
        [crate::domain::Reason::NotToldAtOnce]
    );
}

fn told(offset_ms: i64, kind: &str, detail: &str) -> TimelineEntry {
    TimelineEntry {
        at: friday().plus_millis(offset_ms),
        offset_ms,
        kind: kind.to_owned(),
        detail: detail.to_owned(),
    }
}

fn archived(path: &str, length_ms: u64) -> ArchivedRecording {
    ArchivedRecording {
        path: path.to_owned(),
        length_ms,
        bytes: 44 + 32 * length_ms,
        sha256: "ef".to_owned(),
        gaps: vec![],
    }
}

async fn sound_of_a_call_that_ended_as_the_server_was_killed_gets_its_rows(place: Place) {
    let before = engine(&place).await;
    let id = talking(&before, "c1").await;
    let whole = talking(&before, "c2").await;
    // Left before it was answered: there is no sound to look for.
    let unanswered = open(&before, "c3").await;
    let going_on = talking(&before, "c4").await;
    for answered in [&id, &whole, &going_on] {
        before.mark(answered, [told(0, "answered", "")]);
    }
    before.mark(&id, [told(20, "gap", "40 ms from 980 ms")]);
    let grade = keyed(Grade::Dissatisfied, 60_000);
    before.key_grade(&id, grade).await.unwrap();
    for ends in [&id, &whole, &unanswered] {
        before.end_call(ended(ends, "declined")).await.unwrap();
    }
    let recording = archived("2026/09/18/c2.wav", 90_000);
    before.add_recording(&whole, recording).await.unwrap();
    drop(before);

    let after = engine(&place).await;
    assert_eq!(
        after.unrecorded_calls().await.unwrap(),
        [(id.clone(), friday())]
    );
    let remark = archived("2026/09/18/c1.remark.wav", 2_500);
    let saved = Salvage {
        call: id.clone(),
        recording: Some(archived("2026/09/18/c1.wav", 90_000)),
        clips: vec![(ClipKind::Remark, remark)],
    };
    let restart = friday().plus_millis(3_600_000);
    for closed in [vec![going_on], vec![]] {
        let recovered = recover(&after, vec![saved.clone()], restart).await;
        assert_eq!(recovered, closed);
        let call = detail(&after, &id).await;
        assert_eq!(call.row.state, CallState::Ended);
        assert_eq!(call.recording.unwrap().gaps, [(980, 40)]);
        assert_eq!(call.clips.len(), 1);
        assert!(stored(&after, &id).await.intake.remark.is_some());
    }
    // What was closed as interrupted was looked for then, and is not looked for again.
    assert_eq!(after.unrecorded_calls().await.unwrap(), []);
}

async fn gaps_told_before_a_crash_stand_in_the_recovered_recording(place: Place) {
    let before = engine(&place).await;
    let id = talking(&before, "c1").await;
    let lines = [
        told(4_100, "gap", "260 ms from 3760 ms"),
        told(5_000, "prompt", "10 ms from 20 ms"),
        told(6_000, "gap", "something else"),
        told(9_500, "gap", "500 ms from 8000 ms"),
        told(70_000, "gap", "500 ms from 65000 ms"),
    ];
    before.mark(&id, lines);
    before.inner.timeline.flush().await.unwrap();
    drop(before);
    let after = engine(&place).await;
    let saved = Salvage {
        call: id.clone(),
        recording: Some(archived("2026/09/18/c1.wav", 65_000)),
        clips: vec![],
    };
    let restart = friday().plus_millis(3_600_000);
    recover(&after, vec![saved], restart).await;
    let recording = detail(&after, &id).await.recording.unwrap();
    assert_eq!(recording.gaps, [(3760, 260), (8000, 500)]);
}

#[test]
fn a_gap_reads_as_it_is_written() {
    let gap = Gap {
        from_ms: 3760,
        length_ms: 260,
    };
    assert_eq!(gap.to_string(), "260 ms from 3760 ms");
    assert_eq!(gap.to_string().parse(), Ok(gap));
    for bad in [
        "",
        "260 ms",
        "ms from 1 ms",
        "-1 ms from 1 ms",
        "1 ms from 1",
    ] {
        assert_eq!(bad.parse::<Gap>(), Err(()), "{bad}");
    }
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
