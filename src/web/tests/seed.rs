//! A centre's morning: calls of each kind, through the engine's own functions.

use std::path::Path;

use crate::archive::Archive;
use crate::domain::{Calendar, Grade, Moment};
use crate::engine::{
    CallId, CallState, ClipKind, EndedCall, Engine, HungUpBy, KeyedGrade, KeyedReason, NewCall,
    TimelineEntry,
};

pub const CALENDAR_2026: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/calendars/2026.toml"));

/// A text that must reach a page only as text.
pub const MARKUP: &str = "<script>alert(1)</script>\"'&";

pub async fn engine(folder: &Path) -> Engine {
    let calendar = Calendar::from_texts(&[("calendars/2026.toml", CALENDAR_2026)]).unwrap();
    let url = format!("sqlite:{}", folder.join("rows.db").display());
    Engine::open(&url, calendar).await.unwrap()
}

pub fn id(number: u32) -> CallId {
    CallId(format!("20260918-10{number:02}00-7f3a9c"))
}

fn new_call(number: u32, started_at: Moment, caller: &str) -> NewCall {
    NewCall {
        id: id(number),
        sip_call_id: format!("{number}@192.0.2.7"),
        caller: Some(caller.to_owned()),
        callee: "consult".to_owned(),
        source: "127.0.0.1:5070".to_owned(),
        started_at,
        dialplan: "consultation".to_owned(),
        dialplan_digest: "9f".repeat(32),
        rehearsal: false,
    }
}

fn line(start: Moment, offset_ms: i64, kind: &str, detail: &str) -> TimelineEntry {
    TimelineEntry {
        at: start.plus_millis(offset_ms),
        offset_ms,
        kind: kind.to_owned(),
        detail: detail.to_owned(),
    }
}

/// A call that is answered, talked in and offered the rating.
async fn talk(engine: &Engine, call: NewCall) -> (CallId, Moment) {
    let (id, start) = (call.id.clone(), call.started_at);
    engine.open_call(call).await.unwrap();
    engine.mark(
        &id,
        [
            line(start, 0, "answered", ""),
            line(start, 10, "step", "notice"),
            line(start, 20, "prompt", "P01"),
            line(start, 30, "desk_ringing", "8001"),
            line(start, 3_200, "desk_answered", "8001"),
            line(start, 4_700, "joined", ""),
            line(start, 7_100, "key_ignored", "5"),
            line(start, 9_000, "hold", "desk"),
            line(start, 12_000, "renegotiated", "desk"),
        ],
    );
    engine
        .desk_answered(&id, Some("8001"), start.plus_millis(3_200))
        .await
        .unwrap();
    engine.set_state(&id, CallState::Talking).await.unwrap();
    engine.talked(&id, 15_300).await.unwrap();
    (id, start)
}

async fn offer(engine: &Engine, id: &CallId, start: Moment) {
    engine.set_state(id, CallState::Rating).await.unwrap();
    engine.offered(id, start.plus_millis(20_000)).await.unwrap();
    engine.mark(
        id,
        [
            line(start, 19_900, "sent_to_rating", ""),
            line(start, 20_000, "offer", ""),
        ],
    );
}

pub async fn graded(engine: &Engine, archive: &Archive, call: NewCall, grade: Grade, key: char) {
    let (id, start) = talk(engine, call).await;
    offer(engine, &id, start).await;
    let keyed = KeyedGrade {
        grade,
        key,
        at: start.plus_millis(23_400),
        offset_ms: 23_400,
    };
    engine.key_grade(&id, keyed).await.unwrap();
    engine.mark(
        &id,
        [
            line(start, 23_400, "key", &format!("{key} (event)")),
            line(start, 23_460, "grade", &format!("{grade} by key {key}")),
            line(start, 23_500, "prompt", "P14b"),
        ],
    );
    if key > '3' {
        let reason = KeyedReason {
            code: "T2".to_owned(),
            key: '2',
            at: start.plus_millis(30_000),
            offset_ms: 30_000,
        };
        engine.key_reason(&id, reason).await.unwrap();
        engine.mark(&id, [line(start, 30_000, "reason", "T2 by key 2")]);
        let clip = archive.place_clip(&id, ClipKind::Remark, start).unwrap();
        std::fs::write(&clip, wav(4_000)).unwrap();
        let finished = archive.finish(&clip).unwrap();
        engine
            .add_clip(
                &id,
                ClipKind::Remark,
                &finished.path,
                finished.length_ms,
                &finished.sha256,
            )
            .await
            .unwrap();
        engine.mark(&id, [line(start, 33_000, "message", "4.0 s")]);
    }
    let recording = archive.place(&id, start).unwrap();
    std::fs::write(&recording, wav(40_000)).unwrap();
    engine
        .add_recording(&id, archive.finish(&recording).unwrap())
        .await
        .unwrap();
    engine.mark(
        &id,
        [
            line(start, 39_900, "hung_up", "caller"),
            line(start, 39_950, "outcome", "graded"),
        ],
    );
    end(engine, id, start.plus_millis(40_000), "graded", None).await;
}

/// A call answered by 8001 that is graded 不满意 for one reason; the number of its ticket.
pub async fn bad_call(engine: &Engine, number: u32, start: Moment, reason: char) -> String {
    let (id, start) = talk(engine, new_call(number, start, "13812340000")).await;
    offer(engine, &id, start).await;
    let grade = KeyedGrade {
        grade: Grade::Dissatisfied,
        key: '4',
        at: start.plus_millis(23_400),
        offset_ms: 23_400,
    };
    engine.key_grade(&id, grade).await.unwrap();
    let reason = KeyedReason {
        code: format!("T{reason}"),
        key: reason,
        at: start.plus_millis(30_000),
        offset_ms: 30_000,
    };
    engine.key_reason(&id, reason).await.unwrap();
    let ended = EndedCall {
        id,
        ended_at: start.plus_millis(40_000),
        hung_up_by: HungUpBy::Caller,
        outcome: "graded".to_owned(),
        outcome_after_ms: None,
    };
    let submitted = engine.end_call(ended).await.unwrap();
    submitted.unwrap().ticket.unwrap()
}

async fn end(engine: &Engine, id: CallId, at: Moment, outcome: &str, after_ms: Option<u64>) {
    let ended = EndedCall {
        id,
        ended_at: at,
        hung_up_by: HungUpBy::Caller,
        outcome: outcome.to_owned(),
        outcome_after_ms: after_ms,
    };
    engine.end_call(ended).await.unwrap();
}

/// Eight calls, two of them tickets; one goes on. The first starts at `start`.
pub async fn morning(engine: &Engine, archive: &Archive, start: Moment) {
    let at = |minutes: i64| start.plus_millis(minutes * 60_000);
    let numbers = ["13800138000", "13912345678", "01065001234"];
    graded(
        engine,
        archive,
        new_call(0, at(0), numbers[0]),
        Grade::VerySatisfied,
        '1',
    )
    .await;
    graded(
        engine,
        archive,
        new_call(1, at(4), numbers[1]),
        Grade::Dissatisfied,
        '4',
    )
    .await;
    let marked = NewCall {
        callee: MARKUP.to_owned(),
        ..new_call(2, at(9), MARKUP)
    };
    graded(engine, archive, marked, Grade::Satisfied, '2').await;
    let rehearsal = NewCall {
        rehearsal: true,
        ..new_call(3, at(15), numbers[2])
    };
    graded(engine, archive, rehearsal, Grade::VeryDissatisfied, '5').await;

    let (id, began) = talk(engine, new_call(4, at(21), numbers[2])).await;
    offer(engine, &id, began).await;
    end(
        engine,
        id,
        began.plus_millis(23_100),
        "left_in_offer",
        Some(3_100),
    )
    .await;
    let withheld = NewCall {
        caller: None,
        ..new_call(5, at(26), "")
    };
    let (id, began) = talk(engine, withheld).await;
    end(
        engine,
        id,
        began.plus_millis(19_000),
        "left_before_offer",
        None,
    )
    .await;
    let abandoned = new_call(6, at(30), numbers[0]);
    let id = abandoned.id.clone();
    engine.open_call(abandoned).await.unwrap();
    end(engine, id, at(31), "abandoned", None).await;
    talk(engine, new_call(7, at(33), numbers[1])).await;
}

/// Stereo, 16-bit PCM, 8 kHz: speech-like bursts left and right in turn.
pub fn wav(length_ms: u32) -> Vec<u8> {
    let frames = length_ms * 8;
    let mut sound = Vec::with_capacity(frames as usize * 4);
    for frame in 0..frames {
        let second = frame / 8_000;
        let swell = ((frame % 2_400) as f32 / 2_400.0 * std::f32::consts::PI).sin();
        let tone = (frame as f32 * 0.35).sin() * swell * 14_000.0;
        let speaks_left = second % 5 < 2;
        let (left, right) = match speaks_left {
            true => (tone as i16, (tone * 0.05) as i16),
            false => ((tone * 0.03) as i16, tone as i16),
        };
        sound.extend_from_slice(&left.to_le_bytes());
        sound.extend_from_slice(&right.to_le_bytes());
    }
    let bytes = sound.len() as u32;
    let mut file = Vec::with_capacity(sound.len() + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16u32.to_le_bytes());
    for field in [1u16, 2] {
        file.extend_from_slice(&field.to_le_bytes());
    }
    file.extend_from_slice(&8_000u32.to_le_bytes());
    file.extend_from_slice(&32_000u32.to_le_bytes());
    for field in [4u16, 16] {
        file.extend_from_slice(&field.to_le_bytes());
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&bytes.to_le_bytes());
    file.extend_from_slice(&sound);
    file
}
