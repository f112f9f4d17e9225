//! The desks of a call, and whose call it is.

use super::*;

stories![
    every_desk_of_a_call_is_listed_and_the_last_that_spoke_has_it,
    who_left_the_caller_last_has_the_call_in_whatever_order_it_is_told,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

fn span(seq: u64, staff: &str, to_ms: Option<i64>, talked_ms: u64) -> DeskSpan {
    DeskSpan {
        seq,
        desk: format!("desk-{staff}"),
        staff: Some(staff.to_owned()),
        from_ms: i64::try_from(seq).unwrap() * 1000,
        to_ms,
        talked_ms,
    }
}

async fn staff(engine: &Engine, id: &CallId) -> Option<String> {
    detail(engine, id).await.row.staff
}

async fn every_desk_of_a_call_is_listed_and_the_last_that_spoke_has_it(place: Place) {
    let engine = &engine(&place).await;
    let id = &talking(engine, "c1").await;
    let first = span(0, "8001", None, 0);
    engine.desk_span(id, first.clone()).await.unwrap();
    assert_eq!(staff(engine, id).await.as_deref(), Some("8001"));
    let first_left = span(0, "8001", Some(40_000), 39_000);
    engine.desk_span(id, first_left.clone()).await.unwrap();
    // A colleague who said a word in passing.
    let passing = span(1, "8002", Some(45_000), 3_000);
    engine.desk_span(id, passing).await.unwrap();
    assert_eq!(staff(engine, id).await.as_deref(), Some("8001"));
    let last = span(2, "8003", Some(60_000), 15_000);
    engine.desk_span(id, last.clone()).await.unwrap();
    assert_eq!(staff(engine, id).await.as_deref(), Some("8003"));
    // Told again, or late, nothing is taken back.
    for again in [last, first_left.clone(), first] {
        engine.desk_span(id, again).await.unwrap();
    }
    let call = detail(engine, id).await;
    assert_eq!(call.row.staff.as_deref(), Some("8003"));
    assert_eq!(call.desks.len(), 3);
    assert_eq!(call.desks[0], first_left);
    let nobody = CallId("nobody".to_owned());
    assert!(
        engine
            .desk_span(&nobody, span(0, "1", None, 0))
            .await
            .is_err()
    );
}

/// A colleague was asked, heard by the caller for longer than a word, and let go of: the call stays with who had it.
async fn who_left_the_caller_last_has_the_call_in_whatever_order_it_is_told(place: Place) {
    let engine = &engine(&place).await;
    let had = span(0, "8001", Some(90_000), 60_000);
    let asked = span(1, "8002", Some(40_000), 15_000);
    // Three were in the talk when it ended.
    let with_him = span(1, "8002", Some(90_000), 15_000);
    let still_there = span(1, "8002", None, 15_000);
    for (call, second, whose) in [
        ("asked", asked, "8001"),
        ("three", with_him, "8001"),
        ("there", still_there, "8002"),
    ] {
        for (order, spans) in [
            ("a", [had.clone(), second.clone()]),
            ("b", [second.clone(), had.clone()]),
        ] {
            let id = &talking(engine, &format!("{call}-{order}")).await;
            for span in spans {
                engine.desk_span(id, span).await.unwrap();
            }
            assert_eq!(staff(engine, id).await.as_deref(), Some(whose), "{call}");
        }
    }
}
