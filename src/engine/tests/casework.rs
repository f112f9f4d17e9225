//! A ticket's life over the databases: saved acts, ticks, the chain.

use super::*;
use crate::acts::*;
use crate::domain::{By, Hand, PersonId, Post, Refusal, Role, State, TicketNumber, UnitId};
use crate::register::NewPerson;

stories![
    a_ticket_goes_its_whole_way_and_is_replayed_the_same,
    two_people_cannot_overwrite_each_other,
    an_act_told_twice_is_done_once,
    a_refused_act_leaves_nothing,
    what_falls_due_is_done_once_however_often_it_is_looked_at,
    two_ticks_at_once_double_nothing,
    after_a_stop_everything_is_caught_up_in_order,
    a_revised_calendar_is_a_record_of_its_ticket,
    a_revised_calendar_moves_the_reminder_where_the_end_stays,
    slips_are_numbered_without_holes,
    a_changed_line_is_found_and_named,
    a_row_that_says_something_else_than_its_records_is_found,
    a_day_that_ended_keeps_its_head,
    the_bureau_is_the_one_that_had_sent_him_when_he_served,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

fn of(person: &str, role: Role, unit: &str) -> By {
    By::Person(Hand {
        person: PersonId(person.into()),
        staff: None,
        posts: vec![Post {
            role,
            unit: UnitId(unit.into()),
        }],
    })
}

fn officer() -> By {
    of("1", Role::CentreOfficer, "centre")
}

pub(super) fn supervisor() -> By {
    of("2", Role::CentreSupervisor, "centre")
}

fn revisitor() -> By {
    of("3", Role::CentreRevisitor, "centre")
}

fn signer() -> By {
    of("4", Role::OfficeSigner, "general_office")
}

fn reviewer() -> By {
    of("5", Role::CentreSupervisor, "centre")
}

fn head() -> By {
    of("6", Role::UnitHead, "forest")
}

pub(super) fn day(text: &str) -> Moment {
    at(&format!("2026-{text}:00+08:00"))
}

async fn bad(engine: &Engine, call: &str) -> TicketNumber {
    let id = talking(engine, call).await;
    let grade = keyed(Grade::Dissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    submitted.unwrap().ticket.unwrap().parse().unwrap()
}

fn doing(ticket: TicketNumber, act: Act, by: By) -> Doing {
    Doing {
        ticket,
        act,
        by,
        seen: None,
        key: None,
    }
}

pub(super) async fn does(
    engine: &Engine,
    ticket: TicketNumber,
    by: By,
    act: Act,
    when: Moment,
) -> State {
    let what = format!("{act:?}");
    let acted = engine.act(doing(ticket, act, by), when).await;
    acted
        .unwrap_or_else(|error| panic!("{what}: {error}"))
        .state
}

pub(super) fn assign() -> Act {
    Act::Assign {
        officer: PersonId("1".into()),
        staff: None,
        handling_unit: None,
    }
}

fn revisit() -> Act {
    Act::Revisit {
        result: Reached::Connected,
        call: None,
        answers: "等待太久".into(),
        slip: false,
        no_more_calls: false,
    }
}

fn draft() -> Act {
    Act::Draft(Assessment {
        cause: "办事指南有误".into(),
        items: vec![6],
        invalid: None,
        units: vec![Attribution {
            unit: UnitId("forest".into()),
            rule: 6,
        }],
        contact: "010-00000000".into(),
    })
}

fn dispatch() -> Act {
    Act::Dispatch {
        order: None,
        workdays: Span::Normal,
        unit: None,
    }
}

async fn reported(engine: &Engine, ticket: TicketNumber) {
    let when = day("09-18T17:00");
    does(engine, ticket, supervisor(), assign(), when).await;
    does(engine, ticket, revisitor(), revisit(), when).await;
    does(engine, ticket, officer(), draft(), when).await;
    does(engine, ticket, supervisor(), Act::Report {}, when).await;
}

/// What was walked and fits, in numbers.
pub(super) struct Walked {
    pub(super) lines: u64,
    pub(super) days: u64,
    pub(super) tickets: u64,
    pub(super) listings: u64,
}

pub(super) async fn fits(engine: &Engine) -> Walked {
    let verified = engine.verify_records(|_| {}).await.unwrap();
    let verified = verified.unwrap_or_else(|misfit| panic!("{misfit}"));
    Walked {
        lines: verified.lines,
        days: verified.days,
        tickets: verified.tickets,
        listings: verified.listings,
    }
}

pub(super) async fn notices(store: &Store, kind: &str) -> usize {
    let mut tx = store.read().await.unwrap();
    tx.notices_of(kind).await.unwrap()
}

/// Each line is a person who had, has or will have the number that answers the phone.
async fn the_bureau_is_the_one_that_had_sent_him_when_he_served(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    let bureau = async || {
        let whole = engine.whole_case(ticket).await.unwrap().unwrap();
        whole.seconded_from.map(|unit| unit.0)
    };
    assert_eq!(bureau().await, None, "nobody on record has the number");
    let rows = place.open().await;
    for unit in ["wetland", "grass", "fire"] {
        let sql = format!(
            "INSERT INTO units (id, kind, name, created_at) VALUES ('{unit}', 'bureau', '司', 0)"
        );
        rows.raw(&sql).await.unwrap();
    }
    let (before, after) = (friday().plus_millis(-1), friday().plus_millis(1));
    for (name, sender, from, until, revoked, wanted) in [
        ("own", None, "2026-01-01", None, None, None),
        (
            "past",
            Some("grass"),
            "2026-01-01",
            Some("2026-09-17"),
            None,
            None,
        ),
        (
            "next",
            Some("grass"),
            "2026-09-19",
            Some("2026-12-31"),
            None,
            None,
        ),
        (
            "undone",
            Some("fire"),
            "2026-01-01",
            Some("2026-12-31"),
            Some(before),
            None,
        ),
        (
            "left",
            Some("wetland"),
            "2026-09-18",
            Some("2026-09-18"),
            Some(after),
            Some("wetland"),
        ),
    ] {
        let mut tx = engine.write().await.unwrap();
        let new = NewPerson {
            name,
            full_name: name,
            staff: Some("8001"),
            password_hash: "",
        };
        tx.insert_person(&new, friday()).await.unwrap();
        let person = tx.person_by_name(name).await.unwrap().unwrap().id;
        // The number goes on to the next; an account that is disabled since then had it all the same.
        assert!(tx.disable_person(&person, after).await.unwrap());
        tx.commit().await.unwrap();
        let word = |text: Option<&str>| text.map_or("NULL".to_owned(), |text| format!("'{text}'"));
        let sql = format!(
            "INSERT INTO posts (person_id, role, unit, seconded_from, from_day, until_day, \
            granted_at, granted_by, revoked_at) VALUES ({}, 'agent', 'centre', {}, '{from}', {}, \
            0, 'test', {})",
            person.0,
            word(sender),
            word(until),
            revoked.map_or("NULL".to_owned(), |at| at.millis().to_string()),
        );
        rows.raw(&sql).await.unwrap();
        assert_eq!(bureau().await.as_deref(), wanted, "{name}");
    }
}

async fn a_ticket_goes_its_whole_way_and_is_replayed_the_same(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    reported(&engine, ticket).await;
    does(&engine, ticket, signer(), dispatch(), day("09-20T09:00")).await;
    let state = does(
        &engine,
        ticket,
        head(),
        Act::Receive { order: None },
        day("09-20T10:00"),
    )
    .await;
    assert_eq!(state, State::Verifying);
    let found = Act::FindTrue {
        order: None,
        extent: Extent::Whole,
        facts: "属实".into(),
        evidence: vec!["sha256:aa".into()],
    };
    does(&engine, ticket, head(), found, day("09-21T10:00")).await;
    let filed = Act::FileRectification {
        order: None,
        measures: "改正".into(),
        result: "已改".into(),
        responsible: "处长".into(),
        done_on: "2026-09-22".parse().unwrap(),
        evidence: vec!["sha256:bb".into()],
        systemic: String::new(),
    };
    does(&engine, ticket, head(), filed, day("09-22T10:00")).await;
    let accepted = Act::AcceptRectification {
        order: None,
        reason: String::new(),
    };
    does(&engine, ticket, reviewer(), accepted, day("09-22T11:00")).await;
    let told = Act::Answer {
        way: Way::Web,
        text: "已改正".into(),
        checked: Checked::ReceiptCode,
    };
    let state = does(&engine, ticket, revisitor(), told, day("09-23T10:00")).await;
    assert_eq!(state, State::ToRerate);
    let declined = Act::DeclineRerate { way: Way::Phone };
    let state = does(&engine, ticket, revisitor(), declined, day("09-23T11:00")).await;
    assert_eq!(state, State::ClosedRectified);
    let whole = engine.whole_case(ticket).await.unwrap().unwrap();
    assert_eq!(whole.slips.len(), 1);
    let detail = engine
        .ticket(&ticket.to_string(), Numbers::Masked)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(detail.row.state, State::ClosedRectified);
    assert_eq!(detail.counted.len(), detail.row.deadlines.len());
    assert!(
        detail
            .trail
            .iter()
            .any(|line| line.what == "file_rectification")
    );
    let verified = fits(&engine).await;
    assert_eq!(verified.tickets, 1);
    assert!(verified.lines >= 12, "{} lines", verified.lines);
    engine.close().await.unwrap();
}

async fn two_people_cannot_overwrite_each_other(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    let seen = engine
        .whole_case(ticket)
        .await
        .unwrap()
        .unwrap()
        .case
        .version;
    let both = [supervisor(), reviewer()].map(|by| {
        let doing = Doing {
            seen: Some(seen),
            ..doing(ticket, assign(), by)
        };
        engine.act(doing, day("09-18T17:00"))
    });
    let done = futures::future::join_all(both).await;
    let won = done.iter().filter(|one| one.is_ok()).count();
    let stale = done
        .iter()
        .filter(|one| matches!(one, Err(Error::Stale)))
        .count();
    assert_eq!((won, stale), (1, 1), "{done:?}");
    fits(&engine).await;
}

async fn an_act_told_twice_is_done_once(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    let doing = Doing {
        key: Some("k1".into()),
        ..doing(ticket, assign(), supervisor())
    };
    let first = engine.act(doing.clone(), day("09-18T17:00")).await.unwrap();
    let again = engine.act(doing.clone(), day("09-18T17:05")).await.unwrap();
    assert_eq!(first.version, again.version);
    let other = Doing {
        act: revisit(),
        ..doing
    };
    let reused = engine.act(other, day("09-18T17:06")).await;
    assert!(matches!(reused, Err(Error::KeyReused)), "{reused:?}");
}

async fn a_refused_act_leaves_nothing(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    let before = engine.whole_case(ticket).await.unwrap().unwrap().case;
    let early = engine
        .act(doing(ticket, dispatch(), signer()), day("09-18T17:00"))
        .await;
    let Err(Error::Unlawful(Refusal::NotNow { state, .. })) = early else {
        panic!("{early:?}")
    };
    assert_eq!(state, Some(State::New));
    assert_eq!(
        engine.whole_case(ticket).await.unwrap().unwrap().case,
        before
    );
    let nowhere = TicketNumber {
        serial: 99,
        ..ticket
    };
    let lost = engine
        .act(doing(nowhere, assign(), supervisor()), day("09-18T17:00"))
        .await;
    assert!(matches!(lost, Err(Error::NoSuchTicket(_))), "{lost:?}");
    let twice = engine
        .act(doing(ticket, Act::Report {}, officer()), day("09-18T17:00"))
        .await;
    assert!(matches!(twice, Err(Error::Unlawful(_))), "{twice:?}");
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

async fn slips_are_numbered_without_holes(place: Place) {
    let engine = engine(&place).await;
    let mut tickets = Vec::new();
    for number in 0..6 {
        tickets.push(bad(&engine, &format!("c{number}")).await);
    }
    futures::future::join_all(tickets.iter().map(|ticket| reported(&engine, *ticket))).await;
    let mut numbers = Vec::new();
    for ticket in tickets {
        let whole = engine.whole_case(ticket).await.unwrap().unwrap();
        numbers.push(whole.slips[0].slip.number.serial);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
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
