//! What an attempt came to: declined, in vain, cut by a crash, taken back.

use super::*;

stories![
    what_the_network_declines_is_not_the_raters_refusal,
    an_attempt_in_vain_is_one_of_the_tickets_revisits,
    what_is_written_after_midnight_is_one_of_its_days_attempts,
    what_is_not_sure_to_have_begun_is_found_out,
    a_begin_that_is_still_being_written_is_waited_for,
    what_is_taken_back_names_who_did_it,
    what_a_crash_cut_may_be_tried_again_unless_it_was_answered,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn what_the_network_declines_is_not_the_raters_refusal(place: Place) {
    let engine = engine(&place).await;
    let by = revisitor(&engine).await;
    let ticket = dissatisfied(&engine, "c1", Some("13812345678")).await;
    let case = async || engine.whole_case(ticket).await.unwrap().unwrap().case;
    let declined = errands::of_status(603, true);
    ask(&engine, "o1", revisit(ticket, &by)).await.unwrap();
    let (_, attempt) = begun(&engine, 1, "call-1").await;
    let next = Next::Closed(declined);
    engine
        .end_attempt(&attempt, declined, Some(603), next, at("11:01"))
        .await
        .unwrap();
    assert!(!case().await.no_more_calls());
    assert!(!case().await.is_revisited());
    // He may be asked again; this time he answers and presses 3.
    ask(&engine, "o2", revisit(ticket, &by)).await.unwrap();
    let (_, attempt) = begun(&engine, 1, "call-2").await;
    let next = Next::Closed(Ended::Refused);
    engine
        .end_attempt(&attempt, Ended::Refused, Some(200), next, at("11:02"))
        .await
        .unwrap();
    assert!(case().await.no_more_calls());
    assert_eq!(
        trouble(ask(&engine, "o3", revisit(ticket, &by)).await),
        Trouble::NoMoreCalls
    );
    engine.close().await.unwrap();
}

async fn an_attempt_in_vain_is_one_of_the_tickets_revisits(place: Place) {
    let engine = engine(&place).await;
    let by = revisitor(&engine).await;
    let ticket = dissatisfied(&engine, "c1", Some("13812345678")).await;
    ask(&engine, "o1", revisit(ticket, &by)).await.unwrap();
    let (order, attempt) = begun(&engine, 1, "call-1").await;
    let twice = engine
        .begin_attempt(&order, 2, &CallId("call-2".into()), at("11:00"))
        .await
        .unwrap();
    assert_eq!(twice, None, "it is being called");
    for _ in 0..2 {
        let next = Next::Closed(Ended::Busy);
        engine
            .end_attempt(&attempt, Ended::Busy, Some(486), next, at("11:01"))
            .await
            .unwrap();
    }
    let case = engine.whole_case(ticket).await.unwrap().unwrap().case;
    assert_eq!(case.revisits.len(), 1);
    let out = engine.calls_out_of_ticket(ticket).await.unwrap();
    assert_eq!(out[0].0.result.as_deref(), Some("busy"));
    assert_eq!((out[0].1.len(), out[0].1[0].status), (1, Some(486)));
    let detail = engine
        .ticket(&ticket.to_string(), Numbers::Masked)
        .await
        .unwrap()
        .unwrap();
    let told = |what: &str| detail.trail.iter().filter(|line| line.what == what).count();
    assert_eq!(
        (
            told("call_out_asked"),
            told("call_out_ended"),
            told("revisit")
        ),
        (1, 1, 1)
    );
    // The records are whole: what was noted is no act.
    let verified = engine.verify_records(|_| {}).await.unwrap();
    assert!(verified.is_ok());
    engine.close().await.unwrap();
}

async fn what_is_written_after_midnight_is_one_of_its_days_attempts(place: Place) {
    let engine = engine(&place).await;
    let by = revisitor(&engine).await;
    let ticket = dissatisfied(&engine, "c1", Some("13812345678")).await;
    ask(&engine, "o1", revisit(ticket, &by)).await.unwrap();
    let (_, attempt) = begun(&engine, 1, "call-1").await;
    // The database was away meanwhile.
    let midnight = "2026-09-19T00:05:00+08:00".parse().unwrap();
    let next = Next::Closed(Ended::Busy);
    engine
        .end_attempt(&attempt, Ended::Busy, Some(486), next, midnight)
        .await
        .unwrap();
    let case = engine.whole_case(ticket).await.unwrap().unwrap().case;
    let days: Vec<_> = case.revisits.iter().map(|made| made.at.day()).collect();
    assert_eq!(days, [at("11:00").day()]);
    let verified = engine.verify_records(|_| {}).await.unwrap();
    assert!(verified.is_ok());
    engine.close().await.unwrap();
}

async fn what_is_not_sure_to_have_begun_is_found_out(place: Place) {
    let engine = engine(&place).await;
    dissatisfied(&engine, "c1", Some("13812345678")).await;
    ask(&engine, "o1", back("13712345678")).await.unwrap();
    let (id, call) = (OrderId("o1".into()), CallId("call-1".into()));
    let settled = async || {
        let settled = engine.end_unmade_attempt(&id, 1, &call, at("11:01"));
        settled.await.unwrap()
    };
    assert!(!settled().await, "nothing is on record");
    begun(&engine, 1, "call-1").await;
    assert!(settled().await);
    assert!(!settled().await, "once");
    // Nobody was called: none of his attempts is used up, and another may be made.
    let (_, attempt) = begun(&engine, 2, "call-2").await;
    assert_eq!((attempt.row.attempts, attempt.row.tried), (2, 0));
    engine.close().await.unwrap();
}

async fn a_begin_that_is_still_being_written_is_waited_for(place: Place) {
    let engine = engine(&place).await;
    let watching = place.open().await;
    dissatisfied(&engine, "c1", Some("13812345678")).await;
    ask(&engine, "o1", back("13712345678")).await.unwrap();
    let (id, call) = (OrderId("o1".into()), CallId("call-1".into()));
    let mut tx = engine.write().await.unwrap();
    tx.lock_errands().await.unwrap();
    let began = tx.begin_errand_attempt("o1", 1, "13712345678", &call, at("11:00"));
    assert!(began.await.unwrap());
    let settling = tokio::spawn({
        let engine = engine.clone();
        async move { engine.end_unmade_attempt(&id, 1, &call, at("11:01")).await }
    });
    // SQLite has one writer, and does not tell who waits for it.
    while !place.is_sqlite() && !watching.has_who_waits_for_a_lock().await {
        assert!(
            !settling.is_finished(),
            "what is being written may yet land"
        );
    }
    tx.commit().await.unwrap();
    assert!(settling.await.unwrap().unwrap());
    let row = engine.call_out("o1").await.unwrap().unwrap();
    assert_eq!(row.state, "waiting");
    watching.close().await;
    engine.close().await.unwrap();
}

async fn what_is_taken_back_names_who_did_it(place: Place) {
    let engine = engine(&place).await;
    let by = revisitor(&engine).await;
    let ticket = dissatisfied(&engine, "c1", Some("13812345678")).await;
    ask(&engine, "o1", revisit(ticket, &by)).await.unwrap();
    let other = hand(&PersonId("77".into()), Role::CentreSupervisor);
    let withdrawn = engine.withdraw_call("o1", Some(&other), at("11:01")).await;
    assert!(withdrawn.unwrap());
    let detail = engine
        .ticket(&ticket.to_string(), Numbers::Masked)
        .await
        .unwrap()
        .unwrap();
    let who = |what: &str| {
        let mut lines = detail.trail.iter().filter(|line| line.what == what);
        lines.next().and_then(|line| line.person.clone())
    };
    assert_eq!(who("call_out_asked"), Some(by.person.0));
    assert_eq!(who("call_out_withdrawn"), Some(other.person.0));
    engine.close().await.unwrap();
}

async fn what_a_crash_cut_may_be_tried_again_unless_it_was_answered(place: Place) {
    let engine = engine(&place).await;
    dissatisfied(&engine, "c1", Some("13812345678")).await;
    let back = Wish {
        what: WishFor::Callback {
            call: CallId("c1".into()),
            number: None,
            not_before: at("11:00"),
        },
        staff: None,
        by: None,
    };
    ask(&engine, "o1", back).await.unwrap();
    begun(&engine, 1, "call-1").await;
    let closed = engine.close_interrupted_calls_out(10, at("11:05")).await;
    assert_eq!(closed.unwrap(), 1);
    begun(&engine, 2, "call-2").await;
    // This time he had answered: the call is on record.
    let answered = NewCall {
        id: CallId("call-2".into()),
        sip_call_id: "x@trunk".into(),
        caller: Some("13812345678".into()),
        callee: "01066554433".into(),
        source: "sip:192.0.2.10".into(),
        started_at: at("11:06"),
        dialplan: "callback".into(),
        dialplan_digest: "d1".into(),
        rehearsal: false,
    };
    engine.open_call(answered).await.unwrap();
    assert_eq!(
        engine
            .close_interrupted_calls_out(10, at("11:07"))
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        engine
            .close_interrupted_calls_out(10, at("11:07"))
            .await
            .unwrap(),
        0
    );
    let out = engine.calls_out(10).await.unwrap();
    let (row, attempts) = &out[0];
    assert_eq!(
        (row.purpose.as_str(), row.state.as_str()),
        (Purpose::Callback.word(), "closed")
    );
    assert_eq!(row.result.as_deref(), Some("failed"));
    let results: Vec<_> = attempts.iter().map(|made| made.result.as_deref()).collect();
    assert_eq!(results, [Some("interrupted"), Some("failed")]);
    assert_eq!((row.attempts, row.tried), (2, 1));
    // Of this day's calls to him only the one counts that he answered.
    let day = at("00:00");
    assert_eq!(engine.attempts_since(day).await.unwrap().len(), 1);
    engine.close().await.unwrap();
}
