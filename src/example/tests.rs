//! The example centre over the databases.

use std::collections::BTreeSet;

use super::*;
use crate::bulletins::{Span, Split};
use crate::domain::{Calendar, Channel, State, TicketNumber, UnitId};
use crate::engine::{CallFilter, Numbers, RatingFilter, TicketFilter};
use crate::figures::Count;
use crate::rights::UnitKind;
use crate::staff::By;
use crate::store::testing::{Place, stories};

stories![
    every_state_and_every_channel_occurs_and_all_of_it_holds,
    everything_in_it_says_that_it_is_an_example,
    the_same_seed_is_the_same_centre,
    a_database_that_holds_anything_is_refused_with_what_to_do,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

/// An autumn evening: the National Day holiday and two worked weekend days lie before it.
fn evening() -> Moment {
    "2026-10-21T18:00:00+08:00".parse().unwrap()
}

async fn empty(place: &Place) -> Engine {
    Engine::start(place.open().await, Calendar::shipped())
}

async fn made(engine: &Engine, seed: u64) -> Example {
    let plan = Plan {
        seed,
        now: evening(),
        daily: 3,
    };
    let mut days = Vec::new();
    let made = make(engine, plan, &mut |progress| days.push(progress.day)).await;
    let made = made.unwrap();
    assert_eq!(days.first(), Some(&made.first));
    assert_eq!(days.last(), Some(&made.last));
    assert!(days.is_sorted());
    made
}

async fn states(engine: &Engine) -> Vec<State> {
    let (mut states, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let filter = TicketFilter::default();
        let page = engine
            .tickets(&filter, cursor.as_deref(), 200, Numbers::Masked)
            .await
            .unwrap();
        for ticket in &page.items {
            let number: TicketNumber = ticket.number.parse().unwrap();
            let whole = engine.whole_case(number).await.unwrap().unwrap();
            states.push(whole.case.ticket.state);
        }
        cursor = page.next;
        if cursor.is_none() {
            return states;
        }
    }
}

async fn channels(engine: &Engine) -> Vec<Channel> {
    let (mut channels, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let filter = RatingFilter::default();
        let page = engine
            .ratings(&filter, cursor.as_deref(), 200)
            .await
            .unwrap();
        channels.extend(page.items.iter().map(|rating| rating.channel));
        cursor = page.next;
        if cursor.is_none() {
            return channels;
        }
    }
}

async fn every_state_and_every_channel_occurs_and_all_of_it_holds(place: Place) {
    let engine = empty(&place).await;
    let made = made(&engine, SEED).await;
    assert_eq!(made.first.to_string(), "2026-07-01");
    assert_eq!(made.last.to_string(), "2026-10-21");

    let states = states(&engine).await;
    assert_eq!(states.len() as u64, made.done.tickets);
    let there: BTreeSet<State> = states.into_iter().collect();
    assert_eq!(there, State::ALL.into_iter().collect());
    let channels = channels(&engine).await;
    let there: BTreeSet<Channel> = channels.iter().copied().collect();
    assert_eq!(there, Channel::ALL.into_iter().collect());
    assert!(
        made.done.turned_away > 0,
        "no member of staff rated himself"
    );

    let verified = engine.verify_records(|_| {}).await.unwrap().unwrap();
    assert_eq!(verified.tickets, made.done.tickets);
    assert_eq!(engine.verify_bulletins().await.unwrap(), Ok(3));
    assert_eq!(made.done.bulletins, 3);

    // Nothing that was due by then is left, and everything is counted.
    let end = made.last.at(17, 0, 0);
    assert_eq!(engine.tick(end).await.unwrap().looked, 0);
    assert_eq!(engine.count_anew().await.unwrap(), 0);
    let figures = engine
        .figures_of(
            &Span::default(),
            Split::Whole,
            evening().day().next().start(),
        )
        .await
        .unwrap();
    let given = figures.lines[0].1.get(Count::Given);
    let real = channels
        .iter()
        .filter(|channel| **channel != Channel::Default)
        .count();
    assert_eq!(given, real as i64);
    assert_eq!(given as u64, made.done.ratings);
}

async fn everything_in_it_says_that_it_is_an_example(place: Place) {
    let engine = empty(&place).await;
    let made = made(&engine, 11).await;
    let mark = engine.example_mark().await.unwrap().unwrap();
    assert_eq!(mark.seed, 11);
    assert_eq!(mark.finished_at, Some(made.last.at(17, 0, 0)));
    for unit in engine.units().await.unwrap() {
        assert!(unit.name.starts_with("示例"), "{}", unit.name);
    }
    for person in engine.people().await.unwrap() {
        assert!(person.full_name.starts_with("示例"), "{}", person.name);
        assert!(
            person
                .phones
                .iter()
                .all(|phone| phone.starts_with("1000000"))
        );
    }
    for matter in engine.matters("", 1000).await.unwrap() {
        assert!(matter.number.starts_with("example-"), "{}", matter.number);
        assert!(matter.applicants.name.starts_with("示例"));
    }
    let page = engine
        .calls(&CallFilter::default(), None, 200, Numbers::Shown)
        .await
        .unwrap();
    assert!(!page.items.is_empty());
    for call in page.items {
        assert!(call.id.0.starts_with("example-"), "{}", call.id.0);
        let number = call.caller_number.unwrap_or_else(|| "1000000".to_owned());
        assert!(number.starts_with("1000000"), "{number}");
    }
    // Whoever was told his password can log in.
    let access = &made.access[0];
    let proven = engine
        .proven_person(&access.name, &access.one_time_password, evening())
        .await
        .unwrap();
    assert_eq!(proven.unwrap().full_name, access.full_name);
}

async fn the_same_seed_is_the_same_centre(place: Place) {
    let dir = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("sqlite:{}/{name}.db", dir.path().display());
    let again = Engine::open(&url("again"), Calendar::shipped())
        .await
        .unwrap();
    let other = Engine::open(&url("other"), Calendar::shipped())
        .await
        .unwrap();
    let first = empty(&place).await;
    let mut heads = Vec::new();
    for (engine, seed) in [(&first, 5), (&again, 5), (&other, 6)] {
        let done = made(engine, seed).await.done;
        let verified = engine.verify_records(|_| {}).await.unwrap().unwrap();
        heads.push((done, verified.lines, verified.head));
    }
    assert_eq!(heads[0], heads[1]);
    assert_ne!(heads[0].2, heads[2].2);
}

async fn a_database_that_holds_anything_is_refused_with_what_to_do(place: Place) {
    let engine = empty(&place).await;
    // The administrator of a first start is in every new database.
    engine.ensure_administrator(evening()).await.unwrap();
    let unit = UnitId("forest".to_owned());
    engine
        .add_unit(
            &unit,
            UnitKind::Bureau,
            "森林司",
            &By::CommandLine,
            evening(),
        )
        .await
        .unwrap();
    let plan = Plan {
        seed: 1,
        now: evening(),
        daily: 1,
    };
    let refused = make(&engine, plan, &mut |_| {}).await.unwrap_err();
    let told = refused.to_string();
    assert!(matches!(refused, Error::Refused(_)), "{told}");
    assert!(told.contains("1 units, 1 lines of the trail"), "{told}");
    assert!(told.contains("--config FILE"), "{told}");
    assert_eq!(engine.example_mark().await.unwrap(), None);
    assert_eq!(engine.people().await.unwrap().len(), 1);

    // One that was begun is not begun again, whether it was finished or not.
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/begun.db", dir.path().display());
    let engine = Engine::open(&url, Calendar::shipped()).await.unwrap();
    engine.begin_example(1, evening()).await.unwrap();
    let told = make(&engine, plan, &mut |_| {})
        .await
        .unwrap_err()
        .to_string();
    assert!(told.contains("cut short"), "{told}");
}
