//! Databases that fail: gone, locked, full, slow. Each is a fault in its time and loses no line.

use super::*;

stories![
    a_database_whose_file_is_gone_is_not_well,
    a_database_that_fails_is_a_fault_and_leaves_no_half_rows,
    lines_wait_for_the_database_and_keep_their_order,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn a_database_whose_file_is_gone_is_not_well(place: Place) {
    let engine = engine(&place).await;
    engine.check().await.unwrap();
    match place.url.strip_prefix("sqlite:") {
        // The open file goes on answering, and what is written to it is lost with it.
        Some(path) => std::fs::remove_file(path).unwrap(),
        None => engine.inner.store.close().await,
    }
    assert!(engine.check().await.is_err());
}

async fn a_database_that_fails_is_a_fault_and_leaves_no_half_rows(place: Place) {
    let engine = engine(&place).await;
    talking(&engine, "c1").await;
    let id = CallId("c1".to_owned());
    let grade = keyed(Grade::Dissatisfied, 1);
    engine.key_grade(&id, grade).await.unwrap();
    let store = &engine.inner.store;
    // The last thing that a call's end writes cannot be written.
    let away = "ALTER TABLE trail RENAME TO trail_away";
    store.raw(away).await.unwrap();
    let end = engine.end_call(ended(&id, "graded")).await;
    assert!(matches!(end, Err(Error::Store(_))), "{end:?}");
    if !place.is_sqlite() {
        // The server goes away in the middle of a grade.
        let mut tx = store.write().await.unwrap();
        let grade = keyed(Grade::Satisfied, 2);
        tx.append_grade(&id, &grade).await.unwrap();
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        place.open().await.raw(cut).await.unwrap();
        assert!(tx.commit().await.is_err());
    }
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.ended_at, None);
    assert_eq!(call.row.grade, Some(Grade::Dissatisfied));
    assert_eq!((call.keyed_grades.len(), call.rating.is_some()), (1, false));
    let back = "ALTER TABLE trail_away RENAME TO trail";
    store.raw(back).await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(submitted.unwrap().ticket.as_deref(), Some("T2026-000001"));
}

async fn lines_wait_for_the_database_and_keep_their_order(place: Place) {
    let engine = engine(&place).await;
    let id = open(&engine, "c1").await;
    engine.mark(&id, [line(1), line(2)]);
    engine.inner.timeline.flush().await.unwrap();
    engine.mark(&id, (3..200).map(line));
    engine.mark(&CallId("unknown".to_owned()), [line(0)]);
    let lines = detail(&engine, &id).await.timeline;
    let offsets: Vec<_> = lines.iter().map(|line| line.offset_ms).collect();
    assert_eq!(offsets, (1..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_locked_database_is_a_fault_within_its_time_and_loses_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::sqlite(dir);
    let store = crate::store::Store::open_impatient(&place).await;
    let engine = Engine::start(store, calendar());
    let id = talking(&engine, "c1").await;
    let other = place.open().await;
    let hold = other.write().await.unwrap();
    let grade = keyed(Grade::Dissatisfied, 1);
    let locked = engine.key_grade(&id, grade.clone()).await;
    assert!(matches!(locked, Err(Error::Store(_))), "{locked:?}");
    engine.mark(&id, [line(1), line(2)]);
    assert!(engine.inner.timeline.flush().await.is_err());
    hold.commit().await.unwrap();
    engine.key_grade(&id, grade).await.unwrap();
    let call = detail(&engine, &id).await;
    assert_eq!(call.keyed_grades.len(), 1);
    assert_eq!(call.timeline.len(), 2);
}

#[tokio::test]
async fn a_full_disk_is_a_fault_and_leaves_no_half_rows() {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let store = &engine.inner.store;
    let pages = store.number("PRAGMA page_count").await;
    let limit = format!("PRAGMA max_page_count = {pages}");
    store.raw(&limit).await.unwrap();
    let mut written = 0;
    let full = loop {
        match engine
            .key_grade(&id, keyed(Grade::Dissatisfied, written))
            .await
        {
            Ok(()) => written += 1,
            Err(error) => break error.to_string(),
        }
        assert!(written < 10_000, "the disk never fills");
    };
    assert!(full.contains("full"), "{full}");
    let call = detail(&engine, &id).await;
    assert_eq!(call.keyed_grades.len() as i64, written);
    store.raw("PRAGMA max_page_count = 1000000").await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert!(submitted.unwrap().ticket.is_some());
}

/// The migrations open one; it would lend its pages to the caches of all connections.
#[tokio::test]
async fn the_writer_has_no_temporary_database_and_a_small_cache() {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    let engine = engine(&place).await;
    let store = &engine.inner.store;
    let databases = "SELECT count(*) FROM pragma_database_list";
    assert_eq!(store.number(databases).await, 1);
    assert_eq!(store.number("PRAGMA cache_size").await, -1024);
}

/// `cargo test --release --lib -- --ignored --nocapture how_long_a_durable_grade_takes`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
#[allow(clippy::disallowed_methods)] // it measures real time
async fn how_long_a_durable_grade_takes() {
    use std::time::Instant;
    // Where the build is: a temporary folder may be memory, which syncs in no time.
    let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let place = Place::sqlite(dir);
    let engine = engine(&place).await;
    for callers in [1_usize, 8, 64] {
        let mut ids = Vec::new();
        for n in 0..callers {
            ids.push(open(&engine, &format!("c{callers}-{n}")).await);
        }
        let each = 1024 / callers;
        let began = Instant::now();
        let keyed_by = async |id: &CallId| {
            let mut took = Vec::new();
            for n in 0..each {
                let pressed = Instant::now();
                let grade = keyed(Grade::Satisfied, n as i64);
                engine.key_grade(id, grade).await.unwrap();
                took.push(pressed.elapsed());
            }
            took
        };
        let took = futures::future::join_all(ids.iter().map(keyed_by)).await;
        let seconds = began.elapsed().as_secs_f64();
        let mut took = took.concat();
        took.sort();
        assert_eq!(took.len(), each * callers);
        println!(
            "{callers} callers: {:.0} grades/s, p50 {:?}, p99 {:?}",
            took.len() as f64 / seconds,
            took[took.len() / 2],
            took[took.len() * 99 / 100],
        );
    }
}
