//! How long a caller waited, and what he got, on both databases.

use super::*;

stories![
    a_wait_and_its_end_stand_with_the_call,
    each_wait_of_a_caller_stands_with_his_call_and_he_is_counted_once,
    who_is_cut_off_while_he_waits_has_abandoned_the_queue,
    what_the_journal_tells_late_replaces_a_supposed_abandonment,
    a_place_that_was_left_is_known_after_a_restart_within_its_time,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn wait(engine: &Engine, id: &CallId) -> (Option<Moment>, Option<u64>, Option<WaitEnd>) {
    let row = detail(engine, id).await.row;
    (row.queued_at, row.queue_waited_ms, row.queue_end)
}

async fn a_wait_and_its_end_stand_with_the_call(place: Place) {
    let engine = &engine(&place).await;
    for (name, how) in [
        ("c1", WaitEnd::Talk),
        ("c2", WaitEnd::Callback),
        ("c3", WaitEnd::Message),
        ("c4", WaitEnd::Abandoned),
    ] {
        let id = &open(engine, name).await;
        assert_eq!(wait(engine, id).await, (None, None, None));
        engine.queued(id, 1, None, friday()).await.unwrap();
        engine
            .queued(id, 1, None, friday().plus_millis(9))
            .await
            .unwrap();
        assert_eq!(wait(engine, id).await, (Some(friday()), None, None));
        engine.wait_ended(id, 1, how, 61_000).await.unwrap();
        engine.end_call(ended(id, "abandoned")).await.unwrap();
        // Told again, it changes nothing.
        engine.wait_ended(id, 1, how, 61_000).await.unwrap();
        let expected = (Some(friday()), Some(61_000), Some(how));
        assert_eq!(wait(engine, id).await, expected, "{name}");
    }
    let nobody = CallId("nobody".to_owned());
    assert!(engine.queued(&nobody, 1, None, friday()).await.is_err());
    let nobody_waits = engine.wait_ended(&nobody, 1, WaitEnd::Talk, 1).await;
    assert!(nobody_waits.is_err());
}

async fn each_wait_of_a_caller_stands_with_his_call_and_he_is_counted_once(place: Place) {
    let before = engine(&place).await;
    let id = open(&before, "c1").await;
    let later = |s: i64| friday().plus_millis(s * 1000);
    before.queued(&id, 1, None, friday()).await.unwrap();
    before
        .wait_ended(&id, 1, WaitEnd::Talk, 5_000)
        .await
        .unwrap();
    // Handed on to a group, and from there, lost by its desk, into the queue once more: the house falls.
    before
        .queued(&id, 2, Some("seeds"), later(20))
        .await
        .unwrap();
    for how in [WaitEnd::Talk, WaitEnd::Abandoned] {
        before.wait_ended(&id, 2, how, 3_000).await.unwrap();
    }
    for _ in 0..2 {
        before.queued(&id, 3, None, later(40)).await.unwrap();
    }
    before.close().await.unwrap();
    let after = &engine(&place).await;
    recover(after, Vec::new(), later(65)).await;
    let waits = detail(after, &id).await.waits;
    let told: Vec<_> = waits
        .iter()
        .map(|wait| (wait.nth, wait.queue.as_deref(), wait.queued_at, wait.end))
        .collect();
    assert_eq!(
        told,
        [
            (1, None, friday(), Some(WaitEnd::Talk)),
            (2, Some("seeds"), later(20), Some(WaitEnd::Talk)),
            (3, None, later(40), Some(WaitEnd::Abandoned)),
        ]
    );
    assert_eq!(waits[1].waited_ms, Some(3_000));
    assert!(waits[2].waited_ms.is_some());
    // The caller has one end, which is that of his first wait.
    assert_eq!(
        wait(after, &id).await,
        (Some(friday()), Some(5_000), Some(WaitEnd::Talk))
    );
    // What the journal tells late replaces a supposed abandonment, of that wait alone.
    after
        .wait_ended(&id, 3, WaitEnd::Callback, 9_000)
        .await
        .unwrap();
    let last = detail(after, &id).await.waits.pop().unwrap();
    assert_eq!(last.end, Some(WaitEnd::Callback));
    assert_eq!(wait(after, &id).await.2, Some(WaitEnd::Talk));
}

async fn who_is_cut_off_while_he_waits_has_abandoned_the_queue(place: Place) {
    let before = engine(&place).await;
    let id = open(&before, "c1").await;
    let never_queued = open(&before, "c2").await;
    before
        .queued(&id, 1, None, friday().plus_millis(5_000))
        .await
        .unwrap();
    before.close().await.unwrap();
    let after = &engine(&place).await;
    let now = friday().plus_millis(65_000);
    assert_eq!(recover(after, Vec::new(), now).await.len(), 2);
    let (queued_at, waited_ms, how) = wait(after, &id).await;
    assert!(queued_at.is_some() && waited_ms.is_some());
    assert_eq!(how, Some(WaitEnd::Abandoned));
    assert_eq!(wait(after, &never_queued).await, (None, None, None));
}

async fn what_the_journal_tells_late_replaces_a_supposed_abandonment(place: Place) {
    let engine = &engine(&place).await;
    let id = &open(engine, "c1").await;
    engine.queued(id, 1, None, friday()).await.unwrap();
    engine.end_call(ended(id, "callback")).await.unwrap();
    let supposed = (Some(friday()), Some(90_000), Some(WaitEnd::Abandoned));
    assert_eq!(wait(engine, id).await, supposed);
    for how in [WaitEnd::Callback, WaitEnd::Abandoned] {
        engine.wait_ended(id, 1, how, 30_000).await.unwrap();
        let told = (Some(friday()), Some(30_000), Some(WaitEnd::Callback));
        assert_eq!(wait(engine, id).await, told);
    }
}

async fn a_place_that_was_left_is_known_after_a_restart_within_its_time(place: Place) {
    let before = engine(&place).await;
    let comes = async |id: &str, number: Option<&str>, s: i64| {
        let at = friday().plus_millis(s * 1000);
        let call = NewCall {
            caller: number.map(str::to_owned),
            ..new_call(id, at)
        };
        before.open_call(call).await.unwrap();
        let id = CallId(id.to_owned());
        before.queued(&id, 1, None, at).await.unwrap();
        id
    };
    let leaves = async |id: &CallId, how: Option<WaitEnd>, s: i64| {
        if let Some(how) = how {
            before.wait_ended(id, 1, how, 1_000).await.unwrap();
        }
        let end = EndedCall {
            ended_at: friday().plus_millis(s * 1000),
            ..ended(id, "abandoned")
        };
        before.end_call(end).await.unwrap();
    };
    let early = comes("c0", Some("13800000000"), 0).await;
    leaves(&early, None, 99).await;
    let _cut_off = comes("c1", Some("13800000001"), 50).await;
    let left = comes("c2", Some("13800000002"), 60).await;
    leaves(&left, Some(WaitEnd::Abandoned), 100).await;
    let served = comes("c3", Some("13800000003"), 70).await;
    leaves(&served, Some(WaitEnd::Talk), 200).await;
    let withheld = comes("c4", None, 80).await;
    leaves(&withheld, None, 200).await;
    let first = comes("c5", Some("13800000005"), 90).await;
    leaves(&first, None, 150).await;
    let again = comes("c6", Some("13800000005"), 160).await;
    leaves(&again, Some(WaitEnd::Callback), 200).await;
    before.close().await.unwrap();
    let after = engine(&place).await;
    let now = friday().plus_millis(400_000);
    let kept = after.left_places(std::time::Duration::from_secs(300), now);
    let kept: Vec<_> = kept.await.unwrap();
    let expected = [
        LeftPlace {
            number: "13800000001".to_owned(),
            left_at: None,
        },
        LeftPlace {
            number: "13800000002".to_owned(),
            left_at: Some(friday().plus_millis(100_000)),
        },
    ];
    assert_eq!(kept, expected);
}
