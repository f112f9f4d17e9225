//! The blocklist over the databases: three rulings, a listing, what it marks, and how it ends.

mod keeping;
mod reviews;

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
