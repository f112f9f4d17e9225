//! A process that dies between any two statements: each write of the channels, the matters, the ticket, the calendars and
//! the bulletins is cut off before its first statement, its second, and so on to its commit. What was cut left nothing;
//! what is told again is done once.

use std::cell::Cell;

use super::*;
use crate::domain::{Stage, State};
use crate::engine::{Applicants, Error, Matter, NewSlip};
use crate::store::Store;
use crate::store::testing::STATEMENTS_LEFT;

fn alone(story: impl AsyncFnOnce(Place)) {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(story(place));
}

/// Cuts `write` off at each of its statements in turn, until it goes through; how many there were.
async fn cut_everywhere<T: std::fmt::Debug>(
    store: &Store,
    what: &str,
    write: impl AsyncFn() -> Result<T, Error>,
) -> (u32, T) {
    let before = store.everything().await;
    for left in 0..500 {
        let done = STATEMENTS_LEFT.scope(Cell::new(left), write()).await;
        match done {
            Ok(done) => return (left, done),
            Err(Error::Store(crate::store::Error::Gone)) => {
                let after = store.everything().await;
                let differs: Vec<_> = before.symmetric_difference(&after).collect();
                assert!(
                    differs.is_empty(),
                    "{what} cut before statement {left} left {differs:#?}"
                );
            }
            Err(error) => panic!("{what} cut before statement {left}: {error}"),
        }
    }
    panic!("{what} comes to no end")
}

/// As [`cut_everywhere`], and told again it changes nothing.
async fn cut_and_told_again<T: std::fmt::Debug + PartialEq>(
    store: &Store,
    what: &str,
    write: impl AsyncFn() -> Result<T, Error>,
) -> T {
    let (statements, first) = cut_everywhere(store, what, &write).await;
    assert!(statements > 2, "{what} was cut {statements} times");
    let before = store.everything().await;
    let again = write().await;
    assert_eq!(again.as_ref().ok(), Some(&first), "{what}: {again:?}");
    let after = store.everything().await;
    let differs: Vec<_> = before.symmetric_difference(&after).collect();
    assert!(differs.is_empty(), "{what} told again left {differs:#?}");
    first
}

/// A tick in several transactions: what was cut is done by a later one.
async fn cut_ticks(store: &Store, engine: &Engine, now: Moment) {
    for left in 0..500 {
        let ticked = STATEMENTS_LEFT
            .scope(Cell::new(left), engine.tick(now))
            .await;
        match ticked {
            Ok(ticked) if ticked.failed == 0 => break,
            Ok(_) | Err(Error::Store(crate::store::Error::Gone)) => {}
            Err(error) => panic!("cut before statement {left}: {error}"),
        }
        assert!(left < 499, "the tick comes to no end");
    }
    let before = store.everything().await;
    engine.tick(now).await.unwrap();
    assert_eq!(before, store.everything().await, "a tick more does nothing");
}

fn matter() -> Matter {
    Matter {
        number: "SQ-1".into(),
        item: "lq-001".into(),
        item_name: "林木采伐许可".into(),
        unit: UnitId("wetland".into()),
        applicants: Applicants::default(),
        completed_at: Some(friday()),
        rehearsal: false,
    }
}

fn intake(key: &str, channel: Channel, service: Service, grade: Grade) -> Intake {
    Intake {
        channel,
        service,
        ..rating(key, "unused", grade)
    }
}

#[test]
fn ratings_of_every_channel_and_what_is_done_about_them_are_whole_or_not_at_all() {
    alone(ratings_and_acts);
}

async fn ratings_and_acts(place: Place) {
    let engine = centre(&place).await;
    let store = place.open().await;
    let now = friday().plus_millis(70_000);
    let question = Service::WebConsultation {
        code: "q-9".into(),
        unit: Some(UnitId("wetland".into())),
        staff: Vec::new(),
        served_at: friday(),
    };
    let told = [
        (
            "web",
            intake("w", Channel::WebConsultation, question, Grade::Dissatisfied),
        ),
        ("window", rating("d", "a1", Grade::VeryDissatisfied)),
        // One more on the same act, which joins the ticket.
        (
            "again",
            intake("q", Channel::WindowQr, window_act("a1"), Grade::Satisfied),
        ),
    ];
    let mut ticket = None;
    for (what, intake) in told {
        let write = async || engine.submit(intake.clone(), now).await;
        let submitted = cut_and_told_again(&store, what, write).await;
        ticket = submitted.ticket;
    }
    let slip = NewSlip {
        slip: "s1".into(),
        opened_on: friday().day(),
        text: "排队太久".into(),
        grade: Some(Grade::Dissatisfied),
        scan: None,
        items: Vec::new(),
    };
    let write = async || engine.enter_slip(&slip, "test", now).await;
    cut_everywhere(&store, "a slip of the box", write).await;

    let doing = Doing {
        ticket: ticket.unwrap().parse().unwrap(),
        act: Act::Assign {
            officer: PersonId("1".into()),
            staff: None,
            handling_unit: None,
        },
        by: By::Person(Hand {
            person: PersonId("2".into()),
            staff: None,
            posts: vec![Post {
                role: Role::CentreSupervisor,
                unit: UnitId::centre(),
            }],
        }),
        seen: None,
        key: Some("k1".into()),
    };
    let write = async || engine.act(doing.clone(), now).await;
    let acted = cut_and_told_again(&store, "an act", write).await;
    assert_eq!(acted.state, State::Assessing);
    // Reminders, a breach, what was not uploaded.
    for when in ["09-21T09:00", "09-22T09:00", "09-23T00:01", "09-30T09:00"] {
        cut_ticks(&store, &engine, at(when)).await;
    }
    engine.verify_records(|_| {}).await.unwrap().unwrap();
}

#[test]
fn matters_their_reminder_and_their_default_are_whole_or_not_at_all() {
    alone(matters);
}

async fn matters(place: Place) {
    let engine = centre(&place).await;
    let store = place.open().await;
    let write = async || engine.register_matter(&matter(), "test", friday()).await;
    cut_everywhere(&store, "a matter", write).await;
    cut_ticks(&store, &engine, at("09-20T09:00")).await;
    cut_ticks(&store, &engine, at("09-25T00:00")).await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.notices_of("rate_reminder").await.unwrap(), 1);
    drop(tx);
    let all = engine.ratings(&RatingFilter::default(), None, 10).await;
    let all = all.unwrap().items;
    assert_eq!((all.len(), all[0].channel), (1, Channel::Default));
    // Somebody rates after all.
    let service = Service::Matter {
        number: "SQ-1".into(),
        stage: Stage::Completed,
        item: String::new(),
        unit: UnitId(String::new()),
        staff: Vec::new(),
        served_at: friday(),
    };
    let real = intake("r", Channel::Sms, service, Grade::Dissatisfied);
    let late = Intake {
        graded_at: at("09-26T10:00"),
        ..real
    };
    let write = async || engine.submit(late.clone(), at("09-26T10:01")).await;
    cut_and_told_again(&store, "a rating after the default", write).await;
    engine.verify_records(|_| {}).await.unwrap().unwrap();
}

#[test]
fn calendars_and_bulletins_are_whole_or_not_at_all() {
    alone(calendars_and_bulletins);
}

async fn calendars_and_bulletins(place: Place) {
    let engine = centre(&place).await;
    let store = place.open().await;
    let people = three(&engine).await;
    rate(&engine, "k1", "a1", Grade::Dissatisfied).await;
    let text = include_str!("../../../calendars/2026.toml");
    let text = text.replace("\"2026-10-01\", ", "\"2026-09-30\", \"2026-10-01\", ");
    let propose = async || {
        let by = &people.reviewer;
        engine.propose_calendar(2026, &text, by, friday()).await
    };
    let (_, id) = cut_everywhere(&store, "a calendar put forward", propose).await;
    let approve = async || engine.approve_calendar(id, &people.signer, friday()).await;
    cut_everywhere(&store, "a calendar approved", approve).await;

    let now = november();
    let start = async || engine.start_bulletin_terms(now).await;
    let (_, started) = cut_everywhere(&store, "the terms of bulletins", start).await;
    assert_eq!(started, 2, "October's and the third quarter's");
    cut_ticks(&store, &engine, at("11-02T09:01")).await;
    // The counting and the drafting are two transactions: the first may be done already.
    engine.count_anew().await.unwrap();
    let draft = async || {
        let new = NewBulletin::default();
        engine
            .draft_bulletin(MONTH, new, &people.drafter, now)
            .await
    };
    let (_, drafted) = cut_everywhere(&store, "a draft", draft).await;
    let digest = &drafted.digest;
    let review = async || {
        engine
            .review_bulletin(MONTH, digest, &people.reviewer, now)
            .await
    };
    cut_everywhere(&store, "a review", review).await;
    let issue = async || {
        engine
            .issue_bulletin(MONTH, digest, &people.signer, now)
            .await
    };
    cut_everywhere(&store, "an issue", issue).await;
    assert_eq!(engine.verify_bulletins().await.unwrap(), Ok(1));
    engine.verify_records(|_| {}).await.unwrap().unwrap();
}

#[test]
fn what_is_counted_is_counted_once_wherever_the_counting_was_cut() {
    alone(counting);
}

async fn counting(place: Place) {
    let engine = centre(&place).await;
    let store = place.open().await;
    for number in 0..5 {
        rate(
            &engine,
            &format!("k{number}"),
            &format!("a{number}"),
            Grade::Dissatisfied,
        )
        .await;
    }
    let count = async || engine.count_anew().await;
    cut_everywhere(&store, "the counting", count).await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["satisfaction"], (0, 5));
}
