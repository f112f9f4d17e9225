//! Tickets of a database that an older version left (schema before 0011).

use super::casework::{assign, day, does, fits, notices, supervisor};
use super::*;
use crate::domain::State;
use crate::store::testing::older;

stories![a_ticket_of_an_older_version_gets_its_records_and_is_acted_on];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

/// As the version before 0011 wrote it: a bad grade of a call on Friday 2026-09-18 16:00, its ticket, its terms.
fn rows() -> String {
    let graded = friday().millis();
    let (assess, upload) = (
        day("09-22T23:59").millis() + 59_000,
        day("09-24T23:59").millis() + 59_000,
    );
    let service = r#"{"kind":"consultation","call_id":"c1","staff":["8001"],"served_at":"2026-09-18T15:58:00+08:00"}"#;
    let evidence = r#"{"keys":[],"recording":"c1","dialplan":null}"#;
    format!(
        "INSERT INTO calls (id, sip_call_id, caller, callee, source, dialplan, dialplan_digest, started_at, rehearsal, \
            state, staff, desk_answered_at, talked_ms, ended_at, hung_up_by, outcome, grade) VALUES ('c1', 'c1@trunk', \
            '13800000000', 'consult', '127.0.0.1:5080', 'consultation', 'd1', {graded} - 120000, FALSE, 'ended', '8001', \
            {graded} - 120000, 60000, {graded} + 9000, 'caller', 'graded', 'dissatisfied'); \
        INSERT INTO ratings VALUES ('call-c1-1', 'call-c1', 1, 'c1', 'phone:c1', 'phone', '{service}', '13800000000', \
            'I1', 'dissatisfied', {graded}, '[]', NULL, '{evidence}', 'valid', {graded} + 9000, FALSE); \
        INSERT INTO tickets VALUES ('T2026-000001', 'call-c1-1', 'new', 1, 'dissatisfied', {graded} + 9000, FALSE); \
        INSERT INTO ticket_series VALUES ('T', 2026, 1); \
        INSERT INTO deadlines VALUES \
            ('call-c1-1', 'T2026-000001', 'ticket', 'assess', '第九条', {graded}, {assess}, NULL, FALSE, 'old'), \
            ('call-c1-1', 'T2026-000001', 'rating', 'upload', '第十六条', {graded}, {upload}, NULL, FALSE, 'old'); \
        INSERT INTO trail (at, actor, what, subject, article, detail, rehearsal, rating_id, ticket) VALUES \
            ({graded} + 9000, 'system', 'ticket_opened', 'ticket:T2026-000001', '第九条', '受理差评', FALSE, \
            'call-c1-1', 'T2026-000001');"
    )
}

async fn a_ticket_of_an_older_version_gets_its_records_and_is_acted_on(place: Place) {
    older(&place, 3, &rows()).await;
    let engine = engine(&place).await;
    let store = place.open().await;
    let ticket = "T2026-000001".parse().unwrap();
    // A tick that ran before finds no ticket behind the term that has passed.
    engine.tick(day("09-23T09:00")).await.unwrap();
    assert!(engine.whole_case(ticket).await.unwrap().is_none());
    assert_eq!(engine.adopt_tickets(day("09-23T10:00")).await.unwrap(), 1);
    assert_eq!(engine.adopt_tickets(day("09-23T10:00")).await.unwrap(), 0);
    let case = engine.whole_case(ticket).await.unwrap().unwrap().case;
    assert_eq!((case.version, case.ticket.state), (1, State::New));
    assert_eq!(case.ticket.opened_at, friday().plus_millis(9_000));
    assert_eq!(
        (case.staff.as_slice(), case.clocks.len()),
        (["8001".to_owned()].as_slice(), 1)
    );
    let assess = &case.clocks[0];
    assert_eq!(assess.started_at, friday());
    assert_eq!(assess.due_at.civil_text(), "2026-09-22 23:59:59");
    fits(&engine).await;
    // What time has done is noted now, once, and the ticket is acted on like any other.
    for _ in 0..2 {
        engine.tick(day("09-23T10:01")).await.unwrap();
        assert_eq!(notices(&store, "overdue").await, 2);
    }
    let state = does(&engine, ticket, supervisor(), assign(), day("09-23T10:02")).await;
    assert_eq!(state, State::Assessing);
    fits(&engine).await;
    engine.close().await.unwrap();
}
