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

// On PostgreSQL one centre is enough, since it is the one that SQLite holds: thousands of commits each.
mod both {
    use super::*;

    stories![
        the_same_seed_is_the_same_centre_in_either_database,
        a_database_that_holds_anything_is_refused_with_what_to_do,
    ];

    #[test]
    fn every_story_holds_on_postgresql() {
        crate::store::testing::on_postgresql(STORIES);
    }
}

/// A centre in a SQLite file of its own, which goes with the folder.
async fn apart() -> (tempfile::TempDir, Engine) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/example.db", dir.path().display());
    let engine = Engine::open(&url, Calendar::shipped()).await.unwrap();
    (dir, engine)
}

/// An autumn evening: the National Day holiday and two worked weekend days lie before it.
fn evening() -> Moment {
    "2026-10-21T18:00:00+08:00".parse().unwrap()
}

async fn empty(place: &Place) -> Engine {
    Engine::start(place.open().await, Calendar::shipped())
}

async fn made(engine: &Engine, seed: u64, daily: u16) -> Example {
    let plan = Plan {
        seed,
        now: evening(),
        daily,
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

#[tokio::test]
async fn every_state_and_every_channel_occurs_and_all_of_it_holds() {
    let (_dir, engine) = apart().await;
    let made = made(&engine, SEED, 3).await;
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
            &Span {
                from: Some(made.first),
                until: Some(made.last),
                ..Span::default()
            },
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

#[tokio::test]
async fn everything_in_it_says_that_it_is_an_example() {
    let (_dir, engine) = apart().await;
    let made = made(&engine, 11, 1).await;
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

async fn the_same_seed_is_the_same_centre_in_either_database(place: Place) {
    let (_dir, again) = apart().await;
    let mut heads = Vec::new();
    for engine in [&empty(&place).await, &again] {
        let done = made(engine, 5, 1).await.done;
        let verified = engine.verify_records(|_| {}).await.unwrap().unwrap();
        assert_eq!(verified.tickets, done.tickets);
        heads.push((done, verified.lines, verified.head));
    }
    assert_eq!(heads[0], heads[1]);
}

#[tokio::test]
async fn another_seed_is_another_centre() {
    let mut heads = Vec::new();
    for seed in [5, 6] {
        let (_dir, engine) = apart().await;
        made(&engine, seed, 1).await;
        let verified = engine.verify_records(|_| {}).await.unwrap().unwrap();
        heads.push(verified.head);
    }
    assert_ne!(heads[0], heads[1]);
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
    let (_dir, engine) = apart().await;
    engine.begin_example(1, evening()).await.unwrap();
    let told = make(&engine, plan, &mut |_| {})
        .await
        .unwrap_err()
        .to_string();
    assert!(told.contains("cut short"), "{told}");
}
