//! How a listing ends: by itself, by an objection, after a stop too.

use super::*;

stories![
    a_listing_ends_by_itself_after_a_stop_too,
    an_objection_that_nobody_decides_is_reminded_of_and_missed_once,
    an_objection_that_is_allowed_gives_the_ratings_back,
    a_review_that_a_stopped_server_missed_is_on_record_before_the_listing_ends,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn a_listing_ends_by_itself_after_a_stop_too(place: Place) {
    let engine = engine(&place).await;
    listed(&engine).await;
    let last = at("2027-09-19T23:59:00+08:00");
    engine.tick(last).await.unwrap();
    let whole = engine.whole_listing(1, &officer(), last).await.unwrap();
    assert_eq!(whole.unwrap().listing.state, ListState::Listed);
    // The server stood still for three months; a rating of the last day comes in late.
    let late = at("2027-12-20T10:00:00+08:00");
    for _ in 0..3 {
        engine.tick(late).await.unwrap();
    }
    let whole = engine.whole_listing(1, &officer(), late).await.unwrap();
    let whole = whole.unwrap();
    assert_eq!(whole.listing.state, ListState::Expired);
    let expired = whole.records.iter();
    let expired = expired.filter(|record| record.act == OnList::Expire {});
    assert_eq!(expired.count(), 1, "however often it is looked at");
    assert!(
        whole
            .clocks
            .iter()
            .all(|clock| clock.met_at.is_some() || clock.void_at.is_some())
    );
    rates(&engine, 20, Grade::Satisfied, late).await;
    assert_eq!(standing(&engine, 20).await, Standing::Valid);
    fits(&engine).await;
}

async fn an_objection_that_nobody_decides_is_reminded_of_and_missed_once(place: Place) {
    let engine = engine(&place).await;
    listed(&engine).await;
    let objected = on_list(&engine, revisitor(), object(), day("09-21T09:00")).await;
    assert_eq!(objected.unwrap().state, ListState::UnderReview);
    let clocks = async |engine: &Engine| {
        let whole = engine.whole_listing(1, &officer(), friday()).await;
        whole.unwrap().unwrap().clocks
    };
    let review = |clocks: Vec<ListingClock>| {
        let review = clocks
            .into_iter()
            .find(|clock| clock.kind == DeadlineKind::ListingReview);
        review.expect("a review")
    };
    let due_at = review(clocks(&engine).await).due_at;
    for _ in 0..2 {
        engine.tick(due_at.day().at(9, 0, 0)).await.unwrap();
    }
    let store = &engine.inner.store;
    let reminded = notices(store, "due_soon").await;
    assert!(reminded >= 1);
    for _ in 0..2 {
        engine.tick(due_at.plus_millis(1_000)).await.unwrap();
    }
    let review = review(clocks(&engine).await);
    assert!(review.missed_at.is_some() && review.met_at.is_none());
    // A target that is missed is decided late, and by somebody else.
    let late = due_at.plus_millis(86_400_000);
    let uphold = || OnList::Uphold { reason: reason() };
    let own = on_list(&engine, signer("4"), uphold(), late).await;
    assert_eq!(why(own), Why::Hindered(Hindrance::TwiceInOneChain));
    let upheld = on_list(&engine, signer("9"), uphold(), late).await;
    assert_eq!(upheld.unwrap().state, ListState::Listed);
    fits(&engine).await;
}

async fn an_objection_that_is_allowed_gives_the_ratings_back(place: Place) {
    let engine = engine(&place).await;
    listed(&engine).await;
    let monday = day("09-21T10:00");
    rates(&engine, 10, Grade::Satisfied, monday).await;
    let verdict = Verdict::Invalid;
    rates(&engine, 11, Grade::Satisfied, monday).await;
    let judged = engine
        .verify_rating(&rating_id(11), verdict, "代为评价", &signer("4"), monday)
        .await;
    let invalid = Standing::NotAdopted(NotAdopted::Invalid);
    assert_eq!(judged.unwrap(), Some(invalid));
    on_list(&engine, revisitor(), object(), monday)
        .await
        .unwrap();
    let allow = OnList::Allow { reason: reason() };
    let lifted = on_list(&engine, signer("9"), allow, day("09-22T10:00")).await;
    assert_eq!(lifted.unwrap().state, ListState::Lifted);
    assert_eq!(standing(&engine, 10).await, Standing::Valid);
    assert_eq!(
        standing(&engine, 11).await,
        invalid,
        "what was judged stays"
    );
    rates(&engine, 12, Grade::Satisfied, day("09-22T11:00")).await;
    assert_eq!(standing(&engine, 12).await, Standing::Valid);
    fits(&engine).await;
}

async fn a_review_that_a_stopped_server_missed_is_on_record_before_the_listing_ends(place: Place) {
    let engine = engine(&place).await;
    listed(&engine).await;
    on_list(&engine, revisitor(), object(), day("09-21T09:00"))
        .await
        .unwrap();
    let late = at("2027-12-20T10:00:00+08:00");
    for _ in 0..2 {
        engine.tick(late).await.unwrap();
    }
    let whole = engine.whole_listing(1, &officer(), late).await.unwrap();
    let whole = whole.unwrap();
    assert_eq!(whole.listing.state, ListState::Expired);
    let review = whole.clocks.iter();
    let review = review.filter(|clock| clock.kind == DeadlineKind::ListingReview);
    let missed: Vec<bool> = review.map(|clock| clock.missed_at.is_some()).collect();
    assert_eq!(missed, [true]);
    let mut tx = engine.read().await.unwrap();
    let told = tx.notices_about("overdue", "listing:1").await.unwrap();
    assert_eq!(told, 1, "once");
    drop(tx);
    fits(&engine).await;
}
