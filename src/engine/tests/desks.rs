//! How soon callers were answered, and what became of the talks at each desk.

use super::*;
use crate::engine::DeskCount;

stories![
    who_was_answered_and_how_soon_is_counted_since_a_moment,
    talks_are_counted_by_desk_with_those_whom_it_outwaited,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

struct Talk {
    id: &'static str,
    after_ms: i64,
    answered_after_ms: Option<i64>,
    staff: &'static str,
    talked_ms: u64,
    offered: bool,
    by: HungUpBy,
    outcome: &'static str,
    rehearsal: bool,
}

const TALK: Talk = Talk {
    id: "",
    after_ms: 0,
    answered_after_ms: Some(5_000),
    staff: "8001",
    talked_ms: 30_000,
    offered: true,
    by: HungUpBy::Desk,
    outcome: "silent",
    rehearsal: false,
};

async fn played(engine: &Engine, talk: Talk) {
    let start = friday().plus_millis(talk.after_ms);
    let call = NewCall {
        rehearsal: talk.rehearsal,
        ..new_call(talk.id, start)
    };
    engine.open_call(call).await.unwrap();
    let id = CallId(talk.id.to_owned());
    if let Some(after_ms) = talk.answered_after_ms {
        let at = start.plus_millis(after_ms);
        let desk = engine.desk_answered(&id, Some(talk.staff), at).await;
        desk.unwrap();
        engine.talked(&id, talk.talked_ms).await.unwrap();
    }
    if talk.offered {
        let at = start.plus_millis(60_000);
        engine.offered(&id, at).await.unwrap();
    }
    if talk.outcome == "graded" {
        let key = keyed(Grade::Satisfied, 70_000);
        engine.key_grade(&id, key).await.unwrap();
    }
    let end = EndedCall {
        hung_up_by: talk.by,
        ..ended(&id, talk.outcome)
    };
    engine.end_call(end).await.unwrap();
}

async fn who_was_answered_and_how_soon_is_counted_since_a_moment(place: Place) {
    let engine = engine(&place).await;
    let talks = [
        Talk {
            id: "before",
            after_ms: -1,
            ..TALK
        },
        Talk {
            id: "at once",
            answered_after_ms: Some(15_000),
            ..TALK
        },
        Talk {
            id: "late",
            answered_after_ms: Some(15_001),
            ..TALK
        },
        Talk {
            id: "gone",
            answered_after_ms: None,
            offered: false,
            outcome: "abandoned",
            ..TALK
        },
        // He wanted no person.
        Talk {
            id: "message",
            answered_after_ms: None,
            offered: false,
            outcome: "message",
            ..TALK
        },
        Talk {
            id: "rehearsal",
            rehearsal: true,
            ..TALK
        },
    ];
    for talk in talks {
        played(&engine, talk).await;
    }
    // One who is talking now was answered, too; one who waits is neither yet.
    open(&engine, "waits").await;
    talking(&engine, "talks").await;
    let lately = engine.answering(friday()).await.unwrap();
    let counted = (lately.wanted, lately.answered, lately.answered_soon);
    assert_eq!(counted, (4, 3, 2));
    assert_eq!(lately.answered_rate(), Some(0.75));
    let tomorrow = engine
        .answering(friday().plus_millis(86_400_000))
        .await
        .unwrap();
    assert_eq!(
        (tomorrow.answered_rate(), tomorrow.soon_rate()),
        (None, None)
    );
}

async fn talks_are_counted_by_desk_with_those_whom_it_outwaited(place: Place) {
    let engine = engine(&place).await;
    let outwaited = Talk {
        offered: false,
        by: HungUpBy::Caller,
        outcome: "left_before_offer",
        ..TALK
    };
    let talks = [
        Talk {
            id: "graded",
            outcome: "graded",
            ..TALK
        },
        Talk {
            id: "outwaited",
            talked_ms: 90_000,
            ..outwaited
        },
        // A desk that hung up and whose line broke before the offer has outwaited nobody.
        Talk {
            id: "broke",
            by: HungUpBy::Desk,
            ..outwaited
        },
        Talk {
            id: "misdialled",
            talked_ms: 9_999,
            ..TALK
        },
        Talk {
            id: "rehearsal",
            rehearsal: true,
            ..TALK
        },
        Talk {
            id: "other",
            staff: "8002",
            ..TALK
        },
        Talk {
            id: "older",
            after_ms: -86_400_000,
            ..TALK
        },
    ];
    for talk in talks {
        played(&engine, talk).await;
    }
    let counts = engine
        .desk_counts(friday().day(), friday().day())
        .await
        .unwrap();
    let first = DeskCount {
        staff: "8001".to_owned(),
        talks: 3,
        talked_ms: 150_000,
        ended_by_desk: 2,
        offered: 1,
        outwaited: 1,
    };
    let second = DeskCount {
        staff: "8002".to_owned(),
        talks: 1,
        talked_ms: 30_000,
        ended_by_desk: 1,
        offered: 1,
        outwaited: 0,
    };
    assert_eq!(first.mean_talk_ms(), Some(50_000));
    assert_eq!(first.outwaited_rate(), Some(1.0 / 3.0));
    assert_eq!(counts, [first, second]);
    let both_days = engine
        .desk_counts(friday().day().previous(), friday().day())
        .await
        .unwrap();
    assert_eq!(both_days[0].talks, 4);
}
