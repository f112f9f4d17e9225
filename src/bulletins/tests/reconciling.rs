//! The figures against the records they were counted from (对账).

use super::*;

stories![
    what_was_counted_aright_differs_nowhere,
    a_sum_a_thing_and_a_thing_left_out_are_each_found_and_named,
    what_waits_to_be_counted_is_told_and_not_compared,
    a_datum_that_the_platform_never_acknowledged_is_a_difference,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

fn day() -> Day {
    friday().day()
}

/// Acts of two channels, a ticket that was closed late; all of it counted.
async fn counted(place: &Place) -> Engine {
    let engine = centre(place).await;
    let ticket = named_and_sent(&engine).await;
    rate(&engine, "k1", "a1", Grade::Dissatisfied).await;
    let id = call(&engine, "c1", Some(20_000)).await;
    key(&engine, &id, Grade::Satisfied, 5_000).await;
    end(&engine, &id, "graded").await;
    engine.tick(at("10-11T09:00")).await.unwrap();
    rectified_late(&engine, ticket).await;
    engine.count_anew().await.unwrap();
    engine
}

async fn what_was_counted_aright_differs_nowhere(place: Place) {
    let engine = counted(&place).await;
    let mut days = Vec::new();
    let found = engine.reconcile_all(november(), |done, of| days.push((done, of)));
    let found = found.await.unwrap();
    assert_eq!(found.differences, []);
    assert_eq!((found.pending, found.left_out), (0, 0));
    let kept = days.len();
    assert!(kept > 4 && days.last() == Some(&(kept, kept)), "{days:?}");
    // Three acts and two tickets on the day itself.
    let of_day = engine.reconcile(day(), november()).await.unwrap();
    assert_eq!((of_day.things, of_day.differences.len()), (5, 0));
    let today = engine.reconcile(day(), friday()).await;
    assert!(refusal(today).contains("days that are over"));
}

async fn a_sum_a_thing_and_a_thing_left_out_are_each_found_and_named(place: Place) {
    let engine = counted(&place).await;
    let store = place.open().await;
    let found = async || {
        let found = engine.reconcile(day(), november()).await.unwrap();
        let told = found.differences.into_iter().map(|it| {
            let thing = it.thing.unwrap_or_else(|| "sum".to_owned());
            format!("{thing} {} {} {}", it.count, it.kept, it.counted)
        });
        told.collect::<Vec<_>>()
    };
    let sum = "UPDATE sums SET many = many + 4 WHERE count = 'talked' AND day = '2026-09-18'";
    store.raw(sum).await.unwrap();
    assert_eq!(found().await, ["sum talked 5 1"]);
    let sum = "UPDATE sums SET many = many - 4 WHERE count = 'talked' AND day = '2026-09-18'";
    store.raw(sum).await.unwrap();
    assert_eq!(found().await, Vec::<String>::new());

    let thing = "UPDATE counted SET counts = ' rated given satisfied ' \
        WHERE thing = 'act:window-3-a1' AND day = '2026-09-18'";
    store.raw(thing).await.unwrap();
    let told = found().await;
    for wanted in [
        "act:window-3-a1 satisfied 1 0",
        "act:window-3-a1 dissatisfied 0 1",
        "act:window-3-a1 first_bad 0 1",
        "sum satisfied 0 1",
    ] {
        assert!(told.iter().any(|it| it == wanted), "{wanted}: {told:?}");
    }
    let thing = "DELETE FROM counted WHERE thing = 'act:window-3-a1'";
    store.raw(thing).await.unwrap();
    let told = found().await;
    for wanted in [
        "act:window-3-a1 rated 0 1",
        "act:window-3-a1 dissatisfied 0 1",
    ] {
        assert!(told.iter().any(|it| it == wanted), "{wanted}: {told:?}");
    }
    // Counted anew from the records nothing differs.
    let anew = "INSERT INTO uncounted (thing) SELECT DISTINCT thing FROM counted \
        UNION SELECT 'act:window-3-a1'; DELETE FROM counted; DELETE FROM sums";
    store.raw(anew).await.unwrap();
    engine.count_anew().await.unwrap();
    assert_eq!(found().await, Vec::<String>::new());
}

async fn what_waits_to_be_counted_is_told_and_not_compared(place: Place) {
    let engine = counted(&place).await;
    // One that is counted otherwise, and one that was never counted.
    rate(&engine, "again", "a1", Grade::Satisfied).await;
    rate(&engine, "new", "new", Grade::Satisfied).await;
    let found = engine.reconcile(day(), november()).await.unwrap();
    assert_eq!(found.differences, []);
    assert!(found.pending >= 2, "{found:?}");
    let before = found.things;
    engine.count_anew().await.unwrap();
    let found = engine.reconcile(day(), november()).await.unwrap();
    assert_eq!((found.things, found.pending), (before, 0));
    assert_eq!(found.differences, []);
}

async fn a_datum_that_the_platform_never_acknowledged_is_a_difference(place: Place) {
    let engine = centre(&place).await;
    for (key, act) in [("k1", "a1"), ("k2", "a2"), ("k3", "a3")] {
        rate(&engine, key, act, Grade::Satisfied).await;
    }
    let store = place.open().await;
    // One in time, one late, one never.
    for (act, after) in [("a1", -1), ("a2", 1)] {
        let sql = format!(
            "UPDATE deadlines SET met_at = due_at + {after} WHERE rating_id = 'window-3-{act}-1'; \
            INSERT INTO uncounted (thing) VALUES ('act:window-3-{act}')"
        );
        store.raw(&sql).await.unwrap();
    }
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["uploaded_in_time"], (1, 3));
    assert_eq!(figures["upload_differences"], (1, 3));
    let missing = things(&engine, Count::UploadMissing, None).await;
    assert_eq!(missing, ["act:window-3-a3"]);
}
