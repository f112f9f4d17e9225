//! Until when bulletins are due: started when a period ends, reminded of, missed, met.

use super::*;
use crate::store::Store;

stories![
    each_period_that_ends_starts_its_term_once_and_none_is_left_out,
    a_term_is_reminded_of_and_missed_once_and_met_by_the_issue,
    what_was_issued_before_its_term_began_is_no_breach,
    two_that_start_terms_at_once_start_each_once,
    a_revised_calendar_moves_the_terms_that_run,
    no_period_that_was_over_before_the_regulation_has_a_term,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

const QUARTER: Period = Period::Quarter(2026, 3);

/// Something is on record of September.
async fn at_work(place: &Place) -> Engine {
    let engine = centre(place).await;
    rate(&engine, "k1", "a1", Grade::Satisfied).await;
    engine
}

async fn terms(engine: &Engine) -> Vec<(String, String)> {
    let terms = engine.bulletin_terms().await.unwrap();
    let told = |term: &BulletinTerm| (term.period.to_string(), term.due_at.civil_text());
    let mut told: Vec<_> = terms.iter().map(told).collect();
    told.reverse();
    told
}

async fn notices(store: &Store, kind: &str) -> usize {
    let mut tx = store.read().await.unwrap();
    tx.notices_of(kind).await.unwrap()
}

async fn each_period_that_ends_starts_its_term_once_and_none_is_left_out(place: Place) {
    let engine = centre(&place).await;
    assert_eq!(
        engine
            .start_bulletin_terms(at("10-01T00:00"))
            .await
            .unwrap(),
        0
    );
    rate(&engine, "k1", "a1", Grade::Satisfied).await;
    // August ended before anything was on record, September has not ended.
    let eve = engine.start_bulletin_terms(at("09-30T23:59")).await;
    assert_eq!(eve.unwrap(), 0);
    for (when, started) in [("10-01T00:00", 2), ("10-01T00:01", 0), ("10-31T23:59", 0)] {
        let now = at(when);
        assert_eq!(
            engine.start_bulletin_terms(now).await.unwrap(),
            started,
            "{when}"
        );
    }
    // Ten working days of October, one of them a Saturday.
    let due = "2026-10-20 23:59:59";
    let both = [("2026-09", due), ("2026-Q3", due)];
    let both = both.map(|(period, due)| (period.to_owned(), due.to_owned()));
    assert_eq!(terms(&engine).await, both);

    // The house stood still over the winter.
    let spring: Moment = "2027-02-01T08:00:00+08:00".parse().unwrap();
    assert_eq!(engine.start_bulletin_terms(spring).await.unwrap(), 5);
    let known: Vec<_> = terms(&engine).await;
    let known: Vec<_> = known.iter().map(|(period, _)| period.as_str()).collect();
    assert_eq!(
        known,
        [
            "2026-09", "2026-Q3", "2026-10", "2026-11", "2026-12", "2026-Q4", "2027-01"
        ]
    );
    let provisional = engine.bulletin_terms().await.unwrap();
    let provisional = provisional.iter().filter(|term| term.provisional).count();
    assert_eq!(
        provisional, 3,
        "those that reach into a year without a notice"
    );
    engine.verify_records(|_| {}).await.unwrap().unwrap();
}

async fn a_term_is_reminded_of_and_missed_once_and_met_by_the_issue(place: Place) {
    let engine = at_work(&place).await;
    let people = three(&engine).await;
    let store = place.open().await;
    engine
        .start_bulletin_terms(at("10-01T00:00"))
        .await
        .unwrap();
    engine.tick(at("10-18T09:00")).await.unwrap();
    assert_eq!(notices(&store, "due_soon").await, 0);
    for (when, reminders) in [
        ("10-19T09:00", 2),
        ("10-19T09:01", 2),
        ("10-20T09:00", 4),
        ("10-20T23:59", 4),
    ] {
        engine.tick(at(when)).await.unwrap();
        assert_eq!(notices(&store, "due_soon").await, reminders, "{when}");
    }
    issued_on(&engine, &people, MONTH, at("10-20T23:59")).await;
    for when in ["10-21T00:00", "10-21T00:01", "10-30T09:00"] {
        engine.tick(at(when)).await.unwrap();
        assert_eq!(notices(&store, "overdue").await, 1, "{when}");
    }
    let term = async |period: Period| {
        let terms = engine.bulletin_terms().await.unwrap();
        terms.into_iter().find(|it| it.period == period).unwrap()
    };
    let month = term(MONTH).await;
    assert_eq!(
        (month.met_at, month.missed_at),
        (Some(at("10-20T23:59")), None)
    );
    let quarter = term(QUARTER).await;
    assert_eq!(
        (quarter.met_at, quarter.missed_at),
        (None, Some(at("10-21T00:00")))
    );
    // Issued late it is issued, and late all the same.
    issued_on(&engine, &people, QUARTER, at("10-30T10:00")).await;
    let quarter = term(QUARTER).await;
    assert_eq!(quarter.met_at, Some(at("10-30T10:00")));
    assert_eq!(quarter.missed_at, Some(at("10-21T00:00")));
    engine.verify_records(|_| {}).await.unwrap().unwrap();
}

async fn what_was_issued_before_its_term_began_is_no_breach(place: Place) {
    let engine = at_work(&place).await;
    let people = three(&engine).await;
    issued_on(&engine, &people, QUARTER, at("10-10T10:00")).await;
    let started = engine.start_bulletin_terms(at("10-12T09:00")).await;
    assert_eq!(started.unwrap(), 2);
    let terms = engine.bulletin_terms().await.unwrap();
    let quarter = terms.iter().find(|term| term.period == QUARTER).unwrap();
    assert_eq!(quarter.met_at, Some(at("10-10T10:00")));
    engine.tick(at("10-21T00:00")).await.unwrap();
    let store = place.open().await;
    assert_eq!(notices(&store, "overdue").await, 1, "the month's");
}

async fn two_that_start_terms_at_once_start_each_once(place: Place) {
    let first = at_work(&place).await;
    let second = centre(&place).await;
    let now = at("10-01T00:00");
    let all = [&first, &second, &first, &second].map(|engine| engine.start_bulletin_terms(now));
    let started = futures::future::join_all(all).await;
    let started: usize = started.into_iter().map(|started| started.unwrap()).sum();
    assert_eq!(started, 2);
    assert_eq!(terms(&second).await.len(), 2);
}

async fn a_revised_calendar_moves_the_terms_that_run(place: Place) {
    let engine = at_work(&place).await;
    engine
        .start_bulletin_terms(at("10-01T00:00"))
        .await
        .unwrap();
    let revised = include_str!("../../../calendars/2026.toml");
    let revised = revised.replace("\"2026-10-07\"]", "\"2026-10-07\", \"2026-10-08\"]");
    let revised = Calendar::from_texts(&[("calendars/2026.toml", &*revised)]).unwrap();
    let engine = Engine::start(place.open().await, revised);
    let found = engine.recount(at("10-02T09:00")).await.unwrap();
    assert_eq!(found.moved, 2);
    let due: Vec<_> = terms(&engine).await;
    assert!(
        due.iter().all(|(_, due)| due.starts_with("2026-10-21")),
        "{due:?}"
    );
    engine.verify_records(|_| {}).await.unwrap().unwrap();
}

async fn no_period_that_was_over_before_the_regulation_has_a_term(place: Place) {
    drop(at_work(&place).await);
    let settings = Settings {
        in_force_from: Some("2026-10-01".parse().unwrap()),
        ..Settings::default()
    };
    let engine = Engine::start_with(place.open().await, Calendar::shipped(), settings);
    let october = engine.start_bulletin_terms(at("10-31T23:59")).await;
    assert_eq!(october.unwrap(), 0, "September was over before");
    let november = engine.start_bulletin_terms(at("11-01T00:00")).await;
    assert_eq!(november.unwrap(), 1);
    let [(period, _)] = terms(&engine).await.try_into().unwrap();
    assert_eq!(period, "2026-10");
}
