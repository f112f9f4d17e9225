//! The blocklist over the databases: three rulings, a listing, what it marks, and how it ends.

use super::casework::{assign, day, does, fits, notices, supervisor};
use super::*;
use crate::acts::*;
use crate::blocklist::{Act as OnList, State as ListState, Verdict, Why};
use crate::domain::{
    Applicant, By, Channel, Choices, Hand, Hindrance, Identity, NotAdopted, PersonId, Post,
    RatingId, Role, Standing, State, TicketNumber, UnitId,
};

stories![
    three_rulings_list_a_proven_identity_and_what_it_rates_waits,
    a_number_alone_is_never_listed,
    a_listing_ends_by_itself_after_a_stop_too,
    an_objection_that_nobody_decides_is_reminded_of_and_missed_once,
    an_objection_that_is_allowed_gives_the_ratings_back,
    two_people_cannot_list_one_person_twice_or_overwrite_each_other,
    a_listing_whose_row_says_something_else_is_found,
    a_good_grade_that_was_pending_becomes_its_tickets_once_verified,
    a_review_that_a_stopped_server_missed_is_on_record_before_the_listing_ends,
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

fn revisitor() -> By {
    of("3", Role::CentreRevisitor, "centre")
}

fn signer(person: &str) -> By {
    of(person, Role::OfficeSigner, "general_office")
}

fn head() -> By {
    of("6", Role::UnitHead, "forest")
}

/// An act at a counter of 森林司, rated by one whose identity is as sure as that.
fn window(act: u32, grade: Grade, identity: Identity, when: Moment) -> Intake {
    let applicant = identity.is_real_name().then(|| Applicant("digest".into()));
    Intake {
        key: IntakeKey(format!("act-{act}")),
        channel: Channel::WindowDevice,
        service: Service::WindowAct {
            window: "3".into(),
            act: format!("a-{act}"),
            item: None,
            unit: None,
            staff: vec!["8001".into()],
            served_at: when.plus_millis(-60_000),
        },
        rater: Rater {
            number: Some("13812345678".into()),
            identity,
            applicant,
        },
        grade,
        graded_at: when,
        reasons: Vec::new(),
        choices: Choices::default(),
        remark: None,
        evidence: Default::default(),
        rehearsal: false,
    }
}

async fn rates(engine: &Engine, act: u32, grade: Grade, when: Moment) -> Submitted {
    let intake = window(act, grade, Identity::I3, when);
    engine.submit(intake, when).await.unwrap()
}

async fn standing(engine: &Engine, act: u32) -> Standing {
    let mut tx = engine.read().await.unwrap();
    let service = window(act, Grade::Satisfied, Identity::I3, friday()).service;
    let ratings = tx.ratings_of(&service.key()).await.unwrap();
    ratings.last().expect("a rating").standing
}

fn rating_id(act: u32) -> RatingId {
    RatingId {
        service: window(act, Grade::Satisfied, Identity::I3, friday())
            .service
            .key(),
        sequence: 1,
    }
}

/// A 差评 that goes all the way to 恶意.
async fn malicious(engine: &Engine, act: u32, identity: Identity) -> TicketNumber {
    let when = day("09-18T10:00");
    let bad = window(act, Grade::VeryDissatisfied, identity, when);
    let taken = engine.submit(bad, when).await.unwrap();
    let ticket: TicketNumber = taken.ticket.unwrap().parse().unwrap();
    found_true_or(engine, ticket, false).await;
    let propose = Act::ProposeMalicious {
        order: None,
        contradiction: "录音证明未发生".into(),
        intent: Intent::Bargaining,
        reason: "以差评要求加急".into(),
    };
    let judge = Act::JudgeMalicious {
        order: None,
        reason: "条件齐备".into(),
    };
    let later = day("09-18T16:00");
    let reviewer = of("5", Role::CentreSupervisor, "centre");
    does(engine, ticket, reviewer, propose, later).await;
    let end = does(engine, ticket, signer("4"), judge, later).await;
    assert_eq!(end, State::ClosedMalicious);
    ticket
}

/// To the unit, which finds it true or appeals.
async fn found_true_or(engine: &Engine, ticket: TicketNumber, is_true: bool) -> State {
    let when = engine.whole_case(ticket).await.unwrap().unwrap();
    let when = when.case.ticket.opened_at.plus_millis(3_600_000);
    let revisit = Act::Revisit {
        result: Reached::Connected,
        call: None,
        answers: "要求加急".into(),
        slip: false,
        no_more_calls: false,
    };
    let draft = Act::Draft(Assessment {
        cause: "态度".into(),
        items: vec![2],
        invalid: None,
        units: vec![Attribution {
            unit: UnitId("forest".into()),
            rule: 6,
        }],
        contact: "010-00000000".into(),
    });
    let dispatch = Act::Dispatch {
        order: None,
        workdays: Span::Normal,
        unit: None,
    };
    let finding = match is_true {
        true => Act::FindTrue {
            order: None,
            extent: Extent::Whole,
            facts: "属实".into(),
            evidence: vec!["录音".into()],
        },
        false => Act::Appeal {
            order: None,
            ground: Ground::Malicious,
            facts: "未发生".into(),
            evidence: vec!["录音".into()],
        },
    };
    does(engine, ticket, supervisor(), assign(), when).await;
    does(engine, ticket, revisitor(), revisit, when).await;
    does(engine, ticket, officer(), draft, when).await;
    does(engine, ticket, supervisor(), Act::Report {}, when).await;
    does(engine, ticket, signer("4"), dispatch, when).await;
    does(engine, ticket, head(), Act::Receive { order: None }, when).await;
    does(engine, ticket, head(), finding, when).await
}

async fn on_list(
    engine: &Engine,
    by: By,
    act: OnList,
    when: Moment,
) -> Result<crate::blocklist::Listing, Error> {
    let doing = DoingToListing {
        listing: 1,
        act,
        by,
        seen: None,
        key: None,
    };
    engine.act_on_listing(doing, when).await
}

fn reason() -> String {
    "三次以差评要挟加急".into()
}

fn sign() -> OnList {
    OnList::Sign { reason: reason() }
}

fn tell() -> OnList {
    OnList::Tell {
        way: Way::Phone,
        text: reason(),
    }
}

fn object() -> OnList {
    OnList::Object {
        way: Way::Letter,
        text: "确有其事".into(),
    }
}

/// Three rulings of Friday, 2026-09-18, put forward and signed on Saturday, told on Sunday (which is worked).
async fn listed(engine: &Engine) -> TicketNumber {
    let mut last = None;
    for act in 1..=3 {
        last = Some(malicious(engine, act, Identity::I3).await);
    }
    let ticket = last.unwrap();
    let proposed = engine
        .propose_listing(ticket, reason(), &officer(), day("09-19T10:00"))
        .await
        .unwrap();
    assert_eq!((proposed.number, proposed.state), (1, ListState::Proposed));
    assert_eq!(proposed.evidence.len(), 3);
    let signed = on_list(engine, signer("4"), sign(), day("09-19T11:00")).await;
    assert_eq!(signed.unwrap().state, ListState::Listed);
    on_list(engine, revisitor(), tell(), day("09-20T10:00"))
        .await
        .unwrap();
    ticket
}

fn why(refused: Result<crate::blocklist::Listing, Error>) -> Why {
    match refused {
        Err(Error::OffList(refusal)) => refusal.why,
        other => panic!("{other:?}"),
    }
}

async fn three_rulings_list_a_proven_identity_and_what_it_rates_waits(place: Place) {
    let engine = engine(&place).await;
    listed(&engine).await;
    let monday = day("09-21T10:00");
    rates(&engine, 10, Grade::Satisfied, monday).await;
    assert_eq!(standing(&engine, 10).await, Standing::Pending);
    let bad = rates(&engine, 11, Grade::Dissatisfied, monday).await;
    assert_eq!(standing(&engine, 11).await, Standing::Pending);
    let ticket: TicketNumber = bad.ticket.expect("a ticket as ever").parse().unwrap();
    assert!(
        engine
            .whole_case(ticket)
            .await
            .unwrap()
            .unwrap()
            .case
            .listed
    );
    // Somebody else's is as ever, and what was given before the signature too.
    let other = Intake {
        rater: Rater::caller(Some("13812345678".into())),
        ..window(12, Grade::Satisfied, Identity::I1, monday)
    };
    engine.submit(other, monday).await.unwrap();
    assert_eq!(standing(&engine, 12).await, Standing::Valid);
    let before = window(13, Grade::Satisfied, Identity::I3, day("09-19T10:30"));
    engine.submit(before, monday).await.unwrap();
    assert_eq!(standing(&engine, 13).await, Standing::Valid);

    // The unit finds it true: it counts from then.
    found_true_or(&engine, ticket, true).await;
    assert_eq!(standing(&engine, 11).await, Standing::Valid);

    // A good one is looked at by somebody who is not of the rated unit.
    let tuesday = day("09-22T10:00");
    let verify = async |by: By| {
        let id = rating_id(10);
        engine
            .verify_rating(&id, Verdict::Valid, "窗口记录相符", &by, tuesday)
            .await
    };
    let own = verify(supervisor()).await;
    assert!(
        matches!(&own, Err(Error::OffList(no)) if no.why == Why::Hindered(Hindrance::Recused)),
        "{own:?}"
    );
    assert_eq!(verify(signer("4")).await.unwrap(), Some(Standing::Valid));
    assert_eq!(standing(&engine, 10).await, Standing::Valid);
    let again = verify(signer("4")).await;
    assert!(
        matches!(&again, Err(Error::OffList(no)) if no.why == Why::Hindered(Hindrance::NotPending)),
        "{again:?}"
    );
    assert_eq!(fits(&engine).await.listings, 1);
}

async fn a_number_alone_is_never_listed(place: Place) {
    let engine = engine(&place).await;
    let mut ticket = None;
    for act in 1..=4 {
        // By number only, and by a number that is somebody's.
        let identity = if act % 2 == 0 {
            Identity::I1
        } else {
            Identity::I2
        };
        ticket = Some(malicious(&engine, act, identity).await);
        let now = day("09-19T10:00");
        let proposed = engine
            .propose_listing(ticket.unwrap(), reason(), &officer(), now)
            .await;
        assert_eq!(why(proposed), Why::Hindered(Hindrance::NotProven));
    }
    let unknown = "T2026-999999".parse().unwrap();
    let now = day("09-19T10:00");
    let nothing = engine
        .propose_listing(unknown, reason(), &officer(), now)
        .await;
    assert!(matches!(nothing, Err(Error::NoSuchTicket(_))));
    // Two that are proven are too few, whatever the number did.
    malicious(&engine, 5, Identity::I3).await;
    let last = malicious(&engine, 6, Identity::I3).await;
    let few = engine
        .propose_listing(last, reason(), &officer(), now)
        .await;
    assert_eq!(why(few), Why::Hindered(Hindrance::TooFew));
    assert_eq!(fits(&engine).await.listings, 0);
    assert!(ticket.is_some());
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
