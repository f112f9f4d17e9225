//! Listings kept whole: two people at once, a row that was changed, a grade that was pending.

use super::*;

stories![
    two_people_cannot_list_one_person_twice_or_overwrite_each_other,
    a_listing_whose_row_says_something_else_is_found,
    a_good_grade_that_was_pending_becomes_its_tickets_once_verified,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn two_people_cannot_list_one_person_twice_or_overwrite_each_other(place: Place) {
    let engine = engine(&place).await;
    let mut ticket = None;
    for act in 1..=3 {
        ticket = Some(malicious(&engine, act, Identity::I3).await);
    }
    let ticket = ticket.unwrap();
    let now = day("09-19T10:00");
    let (one, two) = (officer(), signer("4"));
    let both = tokio::join!(
        engine.propose_listing(ticket, reason(), &one, now),
        engine.propose_listing(ticket, reason(), &two, now)
    );
    let refused = match both {
        (Ok(_), refused) | (refused, Ok(_)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(refused), Why::Hindered(Hindrance::AlreadyListed));

    let doing = |key: &str, seen| DoingToListing {
        listing: 1,
        act: OnList::Decline { reason: reason() },
        by: signer("9"),
        seen: Some(seen),
        key: Some(key.to_owned()),
    };
    let stale = engine.act_on_listing(doing("k0", 7), now).await;
    assert!(matches!(stale, Err(Error::Stale)), "{stale:?}");
    let done = engine.act_on_listing(doing("k1", 1), now).await.unwrap();
    let again = engine.act_on_listing(doing("k1", 1), now).await.unwrap();
    assert_eq!(done, again, "its answer was lost");
    let gone = DoingToListing {
        listing: 9,
        ..doing("k2", 1)
    };
    let gone = engine.act_on_listing(gone, now).await;
    assert!(matches!(gone, Err(Error::NoSuchListing(9))), "{gone:?}");
    // What was declined may be put forward again.
    let anew = engine.propose_listing(ticket, reason(), &one, now).await;
    assert_eq!(anew.unwrap().number, 2);
    fits(&engine).await;
}

async fn a_listing_whose_row_says_something_else_is_found(place: Place) {
    let engine = engine(&place).await;
    listed(&engine).await;
    fits(&engine).await;
    let store = &engine.inner.store;
    store
        .raw("UPDATE listings SET state = 'lifted' WHERE number = 1")
        .await
        .unwrap();
    let misfit = engine.verify_records(|_| {}).await.unwrap().unwrap_err();
    let told = misfit.to_string();
    assert!(told.starts_with("listing 1: its records say"), "{told}");
    let gone = store.raw("DELETE FROM listings").await;
    assert!(gone.is_err(), "it stays on record");
}

/// An act of somebody listed that was rated bad, then good: both wait.
async fn rated_bad_then_good(engine: &Engine, act: u32) -> TicketNumber {
    listed(engine).await;
    let monday = day("09-21T10:00");
    let bad = rates(engine, act, Grade::VeryDissatisfied, monday).await;
    let again = Intake {
        key: IntakeKey("again".into()),
        ..window(act, Grade::Satisfied, Identity::I3, day("09-21T11:00"))
    };
    engine.submit(again, day("09-21T11:00")).await.unwrap();
    bad.ticket.expect("a ticket as ever").parse().unwrap()
}

async fn counts(engine: &Engine, ticket: TicketNumber) -> (Grade, Vec<Standing>) {
    let case = engine.whole_case(ticket).await.unwrap().unwrap().case;
    let standings = case.ratings.iter().map(|rating| rating.standing);
    (case.ticket.grade, standings.collect())
}

async fn a_good_grade_that_was_pending_becomes_its_tickets_once_verified(place: Place) {
    let engine = engine(&place).await;
    let ticket = rated_bad_then_good(&engine, 11).await;
    let waiting = vec![Standing::Pending, Standing::Pending];
    assert_eq!(counts(&engine, ticket).await.1, waiting);
    let second = RatingId {
        sequence: 2,
        ..rating_id(11)
    };
    let tuesday = day("09-22T10:00");
    let verify = async |engine: &Engine| {
        let by = signer("4");
        let verdict = Verdict::Valid;
        engine
            .verify_rating(&second, verdict, "窗口记录相符", &by, tuesday)
            .await
    };
    assert_eq!(verify(&engine).await.unwrap(), Some(Standing::Valid));
    let verified = vec![Standing::Pending, Standing::Valid];
    assert_eq!(counts(&engine, ticket).await, (Grade::Satisfied, verified));
    assert!(verify(&engine).await.is_err(), "once");
    // What is given back with the listing is the ticket's too.
    let first = Act::Assign {
        officer: PersonId("1".into()),
        staff: None,
        handling_unit: None,
    };
    does(&engine, ticket, supervisor(), first, tuesday).await;
    on_list(&engine, revisitor(), object(), tuesday)
        .await
        .unwrap();
    let allow = OnList::Allow { reason: reason() };
    on_list(&engine, signer("9"), allow, day("09-23T10:00"))
        .await
        .unwrap();
    let both = vec![Standing::Valid, Standing::Valid];
    assert_eq!(counts(&engine, ticket).await, (Grade::Satisfied, both));
    fits(&engine).await;
}
