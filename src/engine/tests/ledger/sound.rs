//! Sound that a crash cut or left without rows.

use super::*;

stories![
    a_message_cut_by_a_crash_stands_in_call_and_rating,
    sound_of_a_call_that_ended_as_the_server_was_killed_gets_its_rows,
    gaps_told_before_a_crash_stand_in_the_recovered_recording,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
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
