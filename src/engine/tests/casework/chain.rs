//! The chain of the records: what was changed or cut off is found and named.

use super::*;

stories![
    a_changed_line_is_found_and_named,
    a_row_that_says_something_else_than_its_records_is_found,
    a_day_that_ended_keeps_its_head,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn a_changed_line_is_found_and_named(place: Place) {
    let engine = engine(&place).await;
    let store = place.open().await;
    bad(&engine, "c1").await;
    fits(&engine).await;
    let (off, on) = match place.is_sqlite() {
        true => ("DROP TRIGGER trail_no_update", ""),
        false => (
            "ALTER TABLE trail DISABLE TRIGGER trail_no_update",
            "ALTER TABLE trail ENABLE TRIGGER trail_no_update",
        ),
    };
    store.raw(off).await.unwrap();
    let change = "UPDATE trail SET detail = 'nothing happened' WHERE seq = 2";
    store.raw(change).await.unwrap();
    if !on.is_empty() {
        store.raw(on).await.unwrap();
    }
    let misfit = engine.verify_records(|_| {}).await.unwrap().unwrap_err();
    let told = misfit.to_string();
    assert!(told.starts_with("line 2 of the trail ("), "{told}");
    assert!(told.contains("is not the one that was written"), "{told}");
}

async fn a_row_that_says_something_else_than_its_records_is_found(place: Place) {
    let engine = engine(&place).await;
    let store = place.open().await;
    let ticket = bad(&engine, "c1").await;
    store
        .raw("UPDATE tickets SET state = 'closed_invalid'")
        .await
        .unwrap();
    let misfit = engine.verify_records(|_| {}).await.unwrap().unwrap_err();
    let told = misfit.to_string();
    let (named, rest) = told.split_once(": its records say ").unwrap();
    assert_eq!(named, format!("ticket {ticket}"));
    let (records, row) = rest.split_once("its row says").unwrap();
    assert!(records.contains("state new") && row.contains("state closed_invalid"));
}

async fn a_day_that_ended_keeps_its_head(place: Place) {
    let engine = engine(&place).await;
    let store = place.open().await;
    bad(&engine, "c1").await;
    for _ in 0..3 {
        engine.tick(day("09-19T00:00")).await.unwrap();
    }
    assert_eq!(notices(&store, "daily_head").await, 1);
    assert_eq!(fits(&engine).await.days, 1);
    engine.tick(day("09-20T00:00")).await.unwrap();
    assert_eq!(fits(&engine).await.days, 2);
    // The end of the chain cut off shows against the head.
    let cut = match place.is_sqlite() {
        true => "DROP TRIGGER trail_no_delete; DELETE FROM trail WHERE seq > 1",
        false => {
            "ALTER TABLE trail DISABLE TRIGGER trail_no_delete; DELETE FROM trail WHERE seq > 1"
        }
    };
    store.raw(cut).await.unwrap();
    let misfit = engine.verify_records(|_| {}).await.unwrap().unwrap_err();
    let told = misfit.to_string();
    assert!(
        told.starts_with("the trail ends at line 1, but on "),
        "{told}"
    );
}
