//! A ticket's life over the databases: saved acts, ticks, the chain.

mod chain;
mod due;
mod twice;

use super::*;
use crate::acts::*;
use crate::domain::{By, Hand, PersonId, Post, Refusal, Role, State, TicketNumber, UnitId};
use crate::register::NewPerson;

stories![
    a_ticket_goes_its_whole_way_and_is_replayed_the_same,
    slips_are_numbered_without_holes,
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
