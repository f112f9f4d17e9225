//! What falls due is done once, in order, by the calendar that holds.

use super::*;

stories![
    what_falls_due_is_done_once_however_often_it_is_looked_at,
    two_ticks_at_once_double_nothing,
    after_a_stop_everything_is_caught_up_in_order,
    a_revised_calendar_is_a_record_of_its_ticket,
    a_revised_calendar_moves_the_reminder_where_the_end_stays,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn what_falls_due_is_done_once_however_often_it_is_looked_at(place: Place) {
    let engine = engine(&place).await;
    let store = place.open().await;
    bad(&engine, "c1").await;
    assert_eq!(engine.tick(day("09-18T17:00")).await.unwrap().looked, 0);
    // Due on Tuesday 22: told on Monday and on Tuesday at nine, and when it has passed.
    for (when, soon, overdue) in [
        ("09-21T08:59", 0, 0),
        ("09-21T09:00", 1, 0),
        ("09-21T09:01", 1, 0),
        ("09-22T09:00", 2, 0),
        ("09-22T23:59", 2, 0),
        ("09-23T00:00", 2, 2),
        ("09-23T00:01", 2, 2),
        ("09-25T12:00", 2, 2),
    ] {
        for _ in 0..3 {
            engine.tick(day(when)).await.unwrap();
        }
        let told = (
            notices(&store, "due_soon").await,
            notices(&store, "overdue").await,
        );
        assert_eq!(told, (soon, overdue), "{when}");
    }
    fits(&engine).await;
}

async fn two_ticks_at_once_double_nothing(place: Place) {
    let first = engine(&place).await;
    let tickets = 20;
    for number in 0..tickets {
        bad(&first, &format!("c{number}")).await;
    }
    // Another process, as far as the database can tell.
    let second = engine(&place).await;
    let store = place.open().await;
    let now = day("09-23T09:00");
    let ticks = [
        first.tick(now),
        second.tick(now),
        first.tick(now),
        second.tick(now),
    ];
    for ticked in futures::future::join_all(ticks).await {
        assert_eq!(ticked.unwrap().failed, 0);
    }
    assert_eq!(notices(&store, "overdue").await, 2 * tickets);
    let verified = fits(&first).await;
    assert_eq!(verified.tickets as usize, tickets);
}

async fn after_a_stop_everything_is_caught_up_in_order(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    reported(&engine, ticket).await;
    does(&engine, ticket, signer(), dispatch(), day("09-18T18:00")).await;
    // Down for two weeks: deemed received on Sunday 20, verification missed on 23, rectification on 28.
    engine.tick(day("10-09T09:00")).await.unwrap();
    let case = engine.whole_case(ticket).await.unwrap().unwrap().case;
    let order = case.primary().unwrap();
    assert!(order.deemed);
    assert_eq!(
        order.received_at.unwrap().civil_text(),
        "2026-09-20 23:59:59"
    );
    let missed = |kind| case.last(Some(1), kind).unwrap().missed_at;
    assert!(missed(DeadlineKind::Verify).is_some() && missed(DeadlineKind::Rectify).is_some());
    let trail = engine
        .ticket(&ticket.to_string(), Numbers::Masked)
        .await
        .unwrap()
        .unwrap()
        .trail;
    let done: Vec<_> = trail
        .iter()
        .filter(|line| {
            line.actor == "system" && line.detail.contains("超期") || line.what == "deem_received"
        })
        .map(|line| {
            (
                line.what.as_str(),
                line.detail.split('；').next().unwrap().to_owned(),
            )
        })
        .collect();
    let order: Vec<_> = done.iter().map(|(_, detail)| detail.as_str()).collect();
    assert!(
        order.iter().position(|d| d.starts_with("视为收到"))
            < order.iter().position(|d| *d == "超期：核实反馈")
            && order.iter().position(|d| *d == "超期：核实反馈")
                < order.iter().position(|d| *d == "超期：整改反馈"),
        "{order:?}"
    );
    fits(&engine).await;
}

async fn a_revised_calendar_is_a_record_of_its_ticket(place: Place) {
    let before = engine(&place).await;
    let ticket = bad(&before, "c1").await;
    before.close().await.unwrap();
    // The Sunday is not worked after all.
    let revised = calendar().toggled("2026-09-20".parse().unwrap());
    let after = Engine::start(place.open().await, revised);
    assert!(after.recount(day("09-18T17:00")).await.unwrap().moved >= 1);
    let case = after.whole_case(ticket).await.unwrap().unwrap().case;
    let assess = case.running(None, DeadlineKind::Assess).unwrap();
    assert_eq!(assess.due_at.civil_text(), "2026-09-23 23:59:59");
    assert_eq!(case.version, 2);
    fits(&after).await;
    assert_eq!(after.recount(day("09-18T17:01")).await.unwrap().moved, 0);
    assert_eq!(after.tick(day("09-23T00:01")).await.unwrap().failed, 0);
    let case = after.whole_case(ticket).await.unwrap().unwrap().case;
    assert!(
        case.running(None, DeadlineKind::Assess)
            .unwrap()
            .missed_at
            .is_none()
    );
}

async fn a_revised_calendar_moves_the_reminder_where_the_end_stays(place: Place) {
    let before = engine(&place).await;
    bad(&before, "c1").await;
    before.close().await.unwrap();
    // Saturday is worked for Monday: still due on Tuesday 22, and the working day before is the Sunday.
    let day_of = |text: &str| text.parse().unwrap();
    let revised = calendar()
        .toggled(day_of("2026-09-19"))
        .toggled(day_of("2026-09-21"));
    let after = Engine::start(place.open().await, revised);
    let store = place.open().await;
    assert_eq!(after.recount(day("09-18T17:00")).await.unwrap().moved, 0);
    for (when, told) in [
        ("09-20T08:59", 0),
        ("09-20T09:00", 1),
        ("09-21T09:00", 1),
        ("09-22T09:00", 2),
    ] {
        after.tick(day(when)).await.unwrap();
        assert_eq!(notices(&store, "due_soon").await, told, "{when}");
    }
}
