//! Figures, bulletins and signs over the databases.

use std::collections::BTreeMap;

use super::*;
use crate::acts::{Act, Assessment, Attribution, Checked, Extent, Reached, Span as Workdays, Way};
use crate::domain::{
    By, Calendar, Channel, Choices, Day, Evidence, Grade, Hand, Identity, Intake, IntakeKey,
    Moment, PersonId, Post, Rater, Reason, Role, Service, TicketNumber, UnitId,
};
use crate::engine::{
    CallId, CallState, Doing, EndedCall, Engine, HungUpBy, KeyedGrade, NewCall, RatingFilter,
    Settings,
};
use crate::figures::{Count, Period, Tally, Thresholds, TypicalCase};
use crate::staff::{By as Keeper, NewAccount, Person};
use crate::store::testing::{Place, stories, understood};

mod cuts;

stories![
    every_statement_is_understood,
    figures_follow_what_is_rated_and_can_be_opened,
    figures_equal_a_recount_of_all_ratings,
    two_that_count_at_once_count_everything_once,
    a_call_counts_when_it_is_over,
    sums_made_anew_from_the_rows_are_the_sums_that_were_kept,
    a_ticket_counts_on_the_days_on_which_something_of_it_was_due,
    a_bulletin_needs_three_people_and_then_never_changes,
    what_changes_after_a_bulletin_is_told_beside_it,
    a_case_that_names_somebody_is_refused,
    a_bulletin_that_was_changed_is_found,
    signs_are_listed_with_their_evidence,
    signs_of_more_than_one_answer_holds_are_refused_and_not_cut,
    only_what_was_issued_is_public,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn every_statement_is_understood(place: Place) {
    understood(place, crate::tallies::statements()).await;
}

fn at(text: &str) -> Moment {
    format!("2026-{text}:00+08:00").parse().unwrap()
}

/// Friday, 2026-09-18 16:00 in Beijing.
fn friday() -> Moment {
    at("09-18T16:00")
}

/// When September is over, and every term that began in it.
fn november() -> Moment {
    at("11-02T09:00")
}

fn september() -> Span {
    Span {
        from: "2026-09-01".parse().ok(),
        until: "2026-09-30".parse().ok(),
        ..Span::default()
    }
}

const MONTH: Period = Period::Month(2026, 9);

async fn centre(place: &Place) -> Engine {
    let text = include_str!("../../calendars/2026.toml");
    let calendar = Calendar::from_texts(&[("calendars/2026.toml", text)]).unwrap();
    let settings = Settings {
        thresholds: Thresholds {
            burst_ratings: 3,
            refused_looks: 1,
            looks: 1,
            ..Thresholds::default()
        },
        ..Settings::default()
    };
    let store = place.open().await;
    let sql = "INSERT INTO units (id, kind, name, created_at) VALUES \
        ('wetland', 'handling_unit', '湿地中心', 0), ('forest', 'bureau', '森林司', 0) \
        ON CONFLICT (id) DO NOTHING";
    store.raw(sql).await.unwrap();
    Engine::start_with(store, calendar, settings)
}

fn window_act(act: &str) -> Service {
    Service::WindowAct {
        window: "3".into(),
        act: act.into(),
        item: Some("lq-001".into()),
        unit: Some(UnitId("wetland".into())),
        staff: vec!["8001".into()],
        served_at: friday(),
    }
}

fn rating(key: &str, act: &str, grade: Grade) -> Intake {
    Intake {
        key: IntakeKey(key.to_owned()),
        channel: Channel::WindowDevice,
        service: window_act(act),
        rater: Rater::caller(None),
        grade,
        graded_at: friday().plus_millis(60_000),
        reasons: vec![Reason::Progress],
        choices: Choices::default(),
        remark: None,
        evidence: Evidence::default(),
        rehearsal: false,
    }
}

async fn rate(engine: &Engine, key: &str, act: &str, grade: Grade) -> Option<TicketNumber> {
    let taken = engine
        .submit(rating(key, act, grade), friday().plus_millis(70_000))
        .await;
    taken.unwrap().ticket.map(|number| number.parse().unwrap())
}

async fn whole(engine: &Engine, span: &Span) -> (Tally, BTreeMap<&'static str, (i64, i64)>) {
    let figures = engine
        .figures_of(span, Split::Whole, november())
        .await
        .unwrap();
    let (_, tally, values) = figures.lines.into_iter().next().unwrap();
    let values = values.into_iter();
    let numbers = values.map(|value| (value.figure.word, (value.numerator, value.denominator)));
    (tally, numbers.collect())
}

async fn things(engine: &Engine, count: Count, without: Option<Count>) -> Vec<String> {
    let scope = engine.scope_of(&september(), november()).unwrap();
    let mut found: Vec<String> = Vec::new();
    let mut after = None;
    // In pages of two, as a reader with a small limit would.
    loop {
        let things = Things {
            scope: scope.clone(),
            count,
            without,
            after: after.clone(),
        };
        let page = engine.things(&things, 2).await.unwrap();
        let Some(last) = page.last() else {
            return found;
        };
        after = Some((last.part.cell.day, last.thing.clone(), last.part_number));
        found.extend(page.into_iter().map(|row| row.thing));
    }
}

async fn figures_follow_what_is_rated_and_can_be_opened(place: Place) {
    let engine = centre(&place).await;
    for (number, grade) in Grade::ALL.into_iter().enumerate() {
        rate(&engine, &format!("k{number}"), &format!("a{number}"), grade).await;
    }
    let (tally, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["satisfaction"], (3, 5));
    assert_eq!(figures["score"], (10 + 8 + 6 + 3, 5));
    assert_eq!(figures["first_bad_share"], (2, 5));
    assert_eq!(tally.get(Count::Opened), 2);
    let worst = Count::Graded(Grade::VeryDissatisfied);
    assert_eq!(things(&engine, worst, None).await, ["act:window-3-a4"]);
    assert_eq!(things(&engine, Count::Rated, None).await.len(), 5);
    assert_eq!(
        things(&engine, Count::Rated, Some(Count::FirstBad))
            .await
            .len(),
        3
    );

    // The last one counts, wherever the first one was counted.
    rate(&engine, "again", "a4", Grade::Satisfied).await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["satisfaction"], (4, 5));
    assert_eq!(figures["first_bad_share"], (2, 5));
    assert!(things(&engine, worst, None).await.is_empty());
    assert_eq!(
        engine.count_anew().await.unwrap(),
        0,
        "nothing is left to count"
    );

    let of_unit = |unit: &str| Span {
        unit: Some(UnitId(unit.into())),
        ..september()
    };
    assert_eq!(
        whole(&engine, &of_unit("wetland")).await.1["satisfaction"],
        (4, 5)
    );
    assert_eq!(
        whole(&engine, &of_unit("forest")).await.1["satisfaction"],
        (0, 0)
    );
    for (split, key) in [
        (Split::Unit, "wetland"),
        (Split::Channel, "window_device"),
        (Split::Item, "lq-001"),
        (Split::Day, "2026-09-18"),
    ] {
        let table = engine
            .figures_of(&september(), split, november())
            .await
            .unwrap();
        let line = table.lines.iter().find(|(of, ..)| of == key).unwrap();
        assert_eq!(line.1.get(Count::Rated), 5, "{split:?}");
    }
    // Of days that are over.
    let same_day = engine
        .figures_of(&september(), Split::Whole, friday())
        .await
        .unwrap();
    assert_eq!(same_day.lines[0].1.get(Count::Rated), 0);
    let ahead = Span {
        from: Some(friday().day()),
        ..Span::default()
    };
    let ahead = engine.figures_of(&ahead, Split::Whole, friday()).await;
    assert!(matches!(ahead, Err(Error::Refused(_))), "{ahead:?}");
}

/// By the list of ratings, each act by itself, as on paper.
async fn recounted(engine: &Engine) -> (i64, i64) {
    let all = RatingFilter::default();
    let mut last: BTreeMap<String, (i64, Grade)> = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = engine.ratings(&all, cursor.as_deref(), 50).await.unwrap();
        for row in page.items {
            if row.rehearsal || row.standing != "valid" {
                continue;
            }
            let act = row.id.rsplit_once('-').unwrap().0.to_owned();
            let known = last.entry(act).or_insert((row.sequence, row.grade));
            if known.0 < row.sequence {
                *known = (row.sequence, row.grade);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let good = last
        .values()
        .filter(|(_, grade)| grade.is_positive())
        .count();
    (good as i64, last.len() as i64)
}

async fn figures_equal_a_recount_of_all_ratings(place: Place) {
    let engine = centre(&place).await;
    let mut seed = 42_u64;
    let mut next = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % bound
    };
    for number in 0..60 {
        let act = format!("a{}", next(25));
        let intake = Intake {
            rehearsal: act == "a7",
            graded_at: friday().plus_millis(60_000 + number),
            ..rating(&format!("k{number}"), &act, Grade::ALL[next(5)])
        };
        engine
            .submit(intake, friday().plus_millis(70_000 + number))
            .await
            .unwrap();
        if number % 7 == 0 {
            engine.count_anew().await.unwrap();
        }
    }
    let (_, figures) = whole(&engine, &september()).await;
    let wanted = recounted(&engine).await;
    assert_eq!(figures["satisfaction"], wanted);
    assert!(wanted.1 > 15, "{wanted:?}");
}

async fn two_that_count_at_once_count_everything_once(place: Place) {
    let first = centre(&place).await;
    let second = centre(&place).await;
    for number in 0..30 {
        rate(
            &first,
            &format!("k{number}"),
            &format!("a{number}"),
            Grade::Satisfied,
        )
        .await;
    }
    let both = [first.count_anew(), second.count_anew(), second.count_anew()];
    let done: u64 = futures::future::join_all(both)
        .await
        .into_iter()
        .map(|counted| counted.unwrap())
        .sum();
    assert_eq!(done, 30);
    assert_eq!(
        whole(&second, &september()).await.1["satisfaction"],
        (30, 30)
    );
}

async fn a_call_counts_when_it_is_over(place: Place) {
    let engine = centre(&place).await;
    let id = call(&engine, "c1", Some(9_000)).await;
    assert_eq!(whole(&engine, &september()).await.0, Tally::default());
    key(&engine, &id, Grade::Satisfied, 500).await;
    end(&engine, &id, "graded").await;
    let lost = call(&engine, "c2", None).await;
    end(&engine, &lost, "abandoned").await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["answered"], (1, 2));
    assert_eq!(figures["answered_soon"], (1, 2));
    assert_eq!(figures["mean_wait"], (9_000, 1));
    assert_eq!(figures["participation"], (1, 1));
    assert_eq!(figures["keyed"], (1, 1));
    assert_eq!(
        things(&engine, Count::Abandoned, None).await,
        ["act:call-c2"]
    );
}

async fn sums_made_anew_from_the_rows_are_the_sums_that_were_kept(place: Place) {
    let engine = centre(&place).await;
    // Counted in between, so that most things are taken out and put in again.
    let ticket = named_and_sent(&engine).await;
    engine.count_anew().await.unwrap();
    rate(&engine, "k1", "a1", Grade::VeryDissatisfied).await;
    let id = call(&engine, "c1", Some(20_000)).await;
    key(&engine, &id, Grade::Dissatisfied, 5_000).await;
    end(&engine, &id, "graded").await;
    engine.count_anew().await.unwrap();
    rate(&engine, "k2", "a1", Grade::Satisfied).await;
    engine.tick(at("10-11T09:00")).await.unwrap();
    engine.count_anew().await.unwrap();
    rectified_late(&engine, ticket).await;
    engine.count_anew().await.unwrap();

    let all = Span {
        from: "2026-01-01".parse().ok(),
        until: "2026-12-31".parse().ok(),
        ..Span::default()
    };
    let later: Moment = "2027-01-01T09:00:00+08:00".parse().unwrap();
    let sums = async || {
        let figures = engine.figures_of(&all, Split::Day, later).await.unwrap();
        let lines = figures
            .lines
            .into_iter()
            .filter(|(_, tally, _)| !tally.is_empty());
        lines
            .map(|(day, tally, _)| (day, tally))
            .collect::<Vec<_>>()
    };
    let kept = sums().await;
    assert!(kept.len() > 4, "{kept:?}");
    let store = place.open().await;
    let anew = "INSERT INTO uncounted (thing) SELECT DISTINCT thing FROM counted; \
        DELETE FROM counted; DELETE FROM sums";
    store.raw(anew).await.unwrap();
    assert_eq!(sums().await, kept);
}

async fn call(engine: &Engine, id: &str, answered_ms: Option<i64>) -> CallId {
    let call = NewCall {
        id: CallId(id.to_owned()),
        sip_call_id: format!("{id}@trunk"),
        caller: Some("13800000000".to_owned()),
        callee: "consult".to_owned(),
        source: "127.0.0.1:5080".to_owned(),
        started_at: friday(),
        dialplan: "consultation".to_owned(),
        dialplan_digest: "d1".to_owned(),
        rehearsal: false,
    };
    let id = call.id.clone();
    engine.open_call(call).await.unwrap();
    if let Some(ms) = answered_ms {
        let joined = friday().plus_millis(ms);
        engine
            .desk_answered(&id, Some("8001"), joined)
            .await
            .unwrap();
        engine.set_state(&id, CallState::Talking).await.unwrap();
        engine.talked(&id, 30_000).await.unwrap();
        engine.offered(&id, offer()).await.unwrap();
    }
    id
}

fn offer() -> Moment {
    friday().plus_millis(60_000)
}

async fn key(engine: &Engine, id: &CallId, grade: Grade, after_ms: i64) {
    let keyed = KeyedGrade {
        grade,
        key: '2',
        at: offer().plus_millis(after_ms),
        offset_ms: 60_000 + after_ms,
    };
    engine.key_grade(id, keyed).await.unwrap();
}

async fn end(engine: &Engine, id: &CallId, outcome: &str) {
    let ended = EndedCall {
        id: id.clone(),
        ended_at: friday().plus_millis(90_000),
        hung_up_by: HungUpBy::Caller,
        outcome: outcome.to_owned(),
        outcome_after_ms: None,
    };
    engine.end_call(ended).await.unwrap();
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

async fn does(engine: &Engine, ticket: TicketNumber, by: (&str, Role, &str), act: Act, when: &str) {
    let what = format!("{act:?}");
    let doing = Doing {
        ticket,
        act,
        by: of(by.0, by.1, by.2),
        seen: None,
        key: None,
    };
    let done = engine.act(doing, at(when)).await;
    done.unwrap_or_else(|error| panic!("{what}: {error}"));
}

const OFFICER: (&str, Role, &str) = ("1", Role::CentreOfficer, "centre");
const SUPERVISOR: (&str, Role, &str) = ("2", Role::CentreSupervisor, "centre");
const REVISITOR: (&str, Role, &str) = ("3", Role::CentreRevisitor, "centre");
const SIGNER: (&str, Role, &str) = ("4", Role::OfficeSigner, "general_office");
const REVIEWER: (&str, Role, &str) = ("5", Role::CentreSupervisor, "centre");
const HEAD: (&str, Role, &str) = ("6", Role::UnitHead, "forest");

/// A 差评 of somebody whose name is proven, sent to the unit and received.
async fn named_and_sent(engine: &Engine) -> TicketNumber {
    let intake = Intake {
        rater: Rater {
            number: Some("13812345678".into()),
            identity: Identity::I3,
            applicant: crate::engine::applicant_of("platform-77"),
        },
        ..rating("named", "named", Grade::Dissatisfied)
    };
    let taken = engine
        .submit(intake, friday().plus_millis(70_000))
        .await
        .unwrap();
    let ticket = taken.ticket.unwrap().parse().unwrap();
    let assign = Act::Assign {
        officer: PersonId("1".into()),
        staff: None,
        handling_unit: None,
    };
    does(engine, ticket, SUPERVISOR, assign, "09-18T17:00").await;
    let revisit = Act::Revisit {
        result: Reached::Connected,
        call: None,
        answers: "等待太久".into(),
        slip: false,
        no_more_calls: false,
    };
    does(engine, ticket, REVISITOR, revisit, "09-18T17:00").await;
    let draft = Act::Draft(Assessment {
        cause: "办事指南有误".into(),
        items: vec![6],
        invalid: None,
        units: vec![Attribution {
            unit: UnitId("forest".into()),
            rule: 6,
        }],
        contact: "010-00000000".into(),
    });
    does(engine, ticket, OFFICER, draft, "09-18T17:00").await;
    // The handling unit had two days to say something.
    does(engine, ticket, SUPERVISOR, Act::Report {}, "09-22T09:00").await;
    let dispatch = Act::Dispatch {
        order: None,
        workdays: Workdays::Normal,
        unit: None,
    };
    does(engine, ticket, SIGNER, dispatch, "09-22T10:00").await;
    does(
        engine,
        ticket,
        HEAD,
        Act::Receive { order: None },
        "09-22T11:00",
    )
    .await;
    ticket
}

/// The unit files late, and the ticket is closed as rectified.
async fn rectified_late(engine: &Engine, ticket: TicketNumber) {
    let found = Act::FindTrue {
        order: None,
        extent: Extent::Whole,
        facts: "属实".into(),
        evidence: vec!["sha256:aa".into()],
    };
    does(engine, ticket, HEAD, found, "10-12T10:00").await;
    let filed = Act::FileRectification {
        order: None,
        measures: "改正".into(),
        result: "已改".into(),
        responsible: "处长".into(),
        done_on: "2026-10-12".parse().unwrap(),
        evidence: vec!["sha256:bb".into()],
        systemic: String::new(),
    };
    does(engine, ticket, HEAD, filed, "10-12T11:00").await;
    let accepted = Act::AcceptRectification {
        order: None,
        reason: String::new(),
    };
    does(engine, ticket, REVIEWER, accepted, "10-12T12:00").await;
    let told = Act::Answer {
        way: Way::Web,
        text: "已改正".into(),
        checked: Checked::ReceiptCode,
    };
    does(engine, ticket, REVISITOR, told, "10-13T10:00").await;
    let declined = Act::DeclineRerate { way: Way::Phone };
    does(engine, ticket, REVISITOR, declined, "10-13T11:00").await;
}

async fn a_ticket_counts_on_the_days_on_which_something_of_it_was_due(place: Place) {
    let engine = centre(&place).await;
    let ticket = named_and_sent(&engine).await;
    engine.tick(at("10-11T09:00")).await.unwrap();
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["assessed_in_time"], (1, 1));
    assert_eq!(figures["verified_in_time"], (0, 1));
    assert_eq!(figures["rectified_in_time"], (0, 1));
    assert_eq!(figures["named_rectified"], (0, 1));
    let name = format!("ticket:{ticket}");
    let missing = things(&engine, Count::NamedDue, Some(Count::NamedDone)).await;
    assert_eq!(missing, std::slice::from_ref(&name));

    // Done late, it is done, and late all the same; weak, for its term was missed.
    rectified_late(&engine, ticket).await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["rectified_in_time"], (0, 1));
    assert_eq!(figures["named_rectified"], (1, 1));
    assert!(
        things(&engine, Count::NamedDue, Some(Count::NamedDone))
            .await
            .is_empty()
    );
    assert_eq!(things(&engine, Count::Weak, None).await, [name]);
    let flags = engine.flags(&september(), november()).await.unwrap();
    let weak: Vec<_> = flags
        .iter()
        .filter(|flag| flag.kind == "weak_rectification")
        .map(|flag| (flag.of.as_str(), flag.count, flag.evidence.clone()))
        .collect();
    assert_eq!(weak, [("forest", 1, vec![ticket.to_string()])]);
    let october = Span {
        from: "2026-10-01".parse().ok(),
        until: "2026-10-31".parse().ok(),
        unit: Some(UnitId("forest".into())),
        ..Span::default()
    };
    let (tally, figures) = whole(&engine, &october).await;
    assert_eq!(tally.get(Count::Closed), 1);
    assert_eq!(figures["ruled_invalid"], (0, 1));
    assert_eq!(figures["rerated"], (0, 1));
}

/// Somebody who works here with these posts.
async fn person(engine: &Engine, name: &str, posts: &[(Role, &str)]) -> Person {
    let new = NewAccount {
        name: name.to_owned(),
        ..NewAccount::default()
    };
    let added = engine
        .add_person(&new, &Keeper::CommandLine, friday())
        .await;
    let posts = posts.iter().map(|(role, unit)| Post {
        role: *role,
        unit: UnitId((*unit).into()),
    });
    let id = added.unwrap().0;
    Person {
        id: id.clone(),
        name: name.to_owned(),
        full_name: String::new(),
        must_change_password: false,
        hand: Hand {
            person: id,
            staff: None,
            posts: posts.collect(),
        },
    }
}

struct Three {
    drafter: Person,
    reviewer: Person,
    signer: Person,
}

async fn three(engine: &Engine) -> Three {
    Three {
        drafter: person(engine, "wang", &[(Role::CentreOfficer, "centre")]).await,
        reviewer: person(engine, "li", &[(Role::CentreSupervisor, "centre")]).await,
        signer: person(engine, "zhao", &[(Role::OfficeSigner, "general_office")]).await,
    }
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

async fn issued(engine: &Engine, people: &Three, new: NewBulletin) -> BulletinRow {
    let now = november();
    let drafted = engine
        .draft_bulletin(MONTH, new, &people.drafter, now)
        .await
        .unwrap();
    let digest = drafted.digest;
    let reviewed = engine
        .review_bulletin(MONTH, &digest, &people.reviewer, now)
        .await;
    assert!(reviewed.unwrap().reviewed_at.is_some());
    engine
        .issue_bulletin(MONTH, &digest, &people.signer, now)
        .await
        .unwrap()
}

async fn a_bulletin_needs_three_people_and_then_never_changes(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    let all_roles = [
        (Role::CentreOfficer, "centre"),
        (Role::CentreSupervisor, "centre"),
        (Role::OfficeSigner, "general_office"),
    ];
    let everything = person(&engine, "sun", &all_roles).await;
    rate(&engine, "k1", "a1", Grade::Satisfied).await;
    let now = november();
    let early = engine
        .draft_bulletin(
            MONTH,
            NewBulletin::default(),
            &people.drafter,
            at("09-30T23:00"),
        )
        .await;
    assert!(refusal(early).contains("not over"));
    let by_signer = engine
        .draft_bulletin(MONTH, NewBulletin::default(), &people.signer, now)
        .await;
    assert!(refusal(by_signer).contains("drafted by"));

    let drafted = engine
        .draft_bulletin(MONTH, NewBulletin::default(), &everything, now)
        .await;
    let digest = drafted.unwrap().digest;
    let own = engine
        .review_bulletin(MONTH, &digest, &everything, now)
        .await;
    assert!(refusal(own).contains("himself"));
    let unread = engine
        .issue_bulletin(MONTH, &digest, &people.signer, now)
        .await;
    assert!(refusal(unread).contains("not reviewed"));
    let other = engine
        .review_bulletin(MONTH, "0000", &people.reviewer, now)
        .await;
    assert!(matches!(other, Err(Error::Stale)), "{other:?}");
    engine
        .review_bulletin(MONTH, &digest, &people.reviewer, now)
        .await
        .unwrap();
    let own = engine
        .issue_bulletin(MONTH, &digest, &everything, now)
        .await;
    assert!(refusal(own).contains("himself"));

    // Drafted anew it has to be reviewed anew.
    let new = NewBulletin {
        demands: "举一反三".into(),
        ..NewBulletin::default()
    };
    let row = issued(&engine, &people, new).await;
    assert_eq!((row.version, row.issued_by.as_deref()), (2, Some("zhao")));
    let again = engine
        .draft_bulletin(MONTH, NewBulletin::default(), &people.drafter, now)
        .await;
    assert!(refusal(again).contains("issued"));
    let store = place.open().await;
    for sql in [
        "UPDATE bulletins SET content = '{}' WHERE version = 2",
        "DELETE FROM bulletins",
    ] {
        assert!(store.raw(sql).await.is_err(), "{sql}");
    }
    assert_eq!(engine.verify_bulletins().await.unwrap(), Ok(1));
    let trail = engine.verify_records(|_| {}).await.unwrap();
    assert!(trail.is_ok(), "{trail:?}");
    let listed = engine.bulletins().await.unwrap();
    assert_eq!(listed, [row]);
}

async fn what_changes_after_a_bulletin_is_told_beside_it(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    rate(&engine, "k1", "a1", Grade::Dissatisfied).await;
    let ticket = named_and_sent(&engine).await;
    engine.tick(at("10-11T09:00")).await.unwrap();
    let row = issued(&engine, &people, NewBulletin::default()).await;
    let told = engine.bulletin(MONTH, november()).await.unwrap().unwrap();
    assert_eq!(told.adjustments, []);
    assert_eq!(
        told.bulletin.title,
        "关于2026年9月政务服务“好差评”情况的通报"
    );
    let late: Vec<_> = told
        .bulletin
        .overdue
        .iter()
        .map(|it| it.kind.as_str())
        .collect();
    assert_eq!(
        late,
        ["assess", "verify", "rectify"],
        "the other ticket was never assessed"
    );
    assert_eq!(told.bulletin.overdue[1].unit, "forest");
    let missing = &told.bulletin.missing;
    assert_eq!(
        (missing.len(), &missing[0].ticket),
        (1, &ticket.to_string())
    );
    assert_eq!(
        (&missing[0].unit, told.bulletin.hot_spots[0].count),
        (&"forest".to_owned(), 2)
    );

    rectified_late(&engine, ticket).await;
    let later = engine.bulletin(MONTH, november()).await.unwrap().unwrap();
    assert_eq!(later.row, row, "what was signed stays");
    assert_eq!(later.bulletin, told.bulletin);
    let of_all: Vec<_> = later
        .adjustments
        .iter()
        .filter(|it| it.of == "overall")
        .map(|it| (it.count.as_str(), it.issued, it.now))
        .collect();
    assert!(of_all.contains(&("named_done", 0, 1)), "{of_all:?}");
    assert!(of_all.contains(&("bad_done", 0, 1)), "{of_all:?}");
    assert_eq!(engine.verify_bulletins().await.unwrap(), Ok(1));
}

async fn a_case_that_names_somebody_is_refused(place: Place) {
    let engine = centre(&place).await;
    let drafter = person(&engine, "wang", &[(Role::OfficeClerk, "general_office")]).await;
    let case = |problem: &str| NewBulletin {
        cases: vec![TypicalCase {
            ticket: "T2026-000001".into(),
            problem: problem.into(),
            measure: "改了办事指南".into(),
            outcome: "再次评价为满意".into(),
        }],
        ..NewBulletin::default()
    };
    for naming in ["来电13800000000反映", "办件20260918的材料"] {
        let told = engine
            .draft_bulletin(MONTH, case(naming), &drafter, november())
            .await;
        assert!(refusal(told).contains("number"), "{naming}");
    }
    let told = engine
        .draft_bulletin(
            MONTH,
            case("2026年9月18日没有一次告知"),
            &drafter,
            november(),
        )
        .await;
    assert_eq!(told.unwrap().version, 1);
}

async fn a_bulletin_that_was_changed_is_found(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    let row = issued(&engine, &people, NewBulletin::default()).await;
    let store = place.open().await;
    // Somebody with the database's own rights.
    let drop = match place.is_sqlite() {
        true => "DROP TRIGGER bulletins_issued_no_update",
        false => "DROP TRIGGER bulletins_issued_no_update ON bulletins",
    };
    store.raw(drop).await.unwrap();
    let content = row.content.replace("2026年9月", "2026年8月");
    let changed = format!("UPDATE bulletins SET content = '{content}'");
    store.raw(&changed).await.unwrap();
    let found = engine.verify_bulletins().await.unwrap().unwrap_err();
    assert!(
        found.contains("2026-09") && found.contains("digest"),
        "{found}"
    );
    // And with the digest made to fit, the trail knows the one that was signed.
    let digest = crate::secrets::digest(&content);
    let changed = format!("UPDATE bulletins SET digest = '{digest}'");
    store.raw(&changed).await.unwrap();
    let found = engine.verify_bulletins().await.unwrap().unwrap_err();
    assert!(found.contains("on record"), "{found}");
}

async fn signs_of_more_than_one_answer_holds_are_refused_and_not_cut(place: Place) {
    let engine = centre(&place).await;
    let one = call(&engine, "c1", Some(9_000)).await;
    end(&engine, &one, "graded").await;
    let look = async |looks: u32| {
        let sql = format!(
            "INSERT INTO looks (at, call_id, sight, asker, callers_request, reason, verdict) \
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {looks}) \
            SELECT started_at, id, 'identity', 'qian', FALSE, '看看', 'granted' FROM calls, n \
            WHERE id = 'c1'"
        );
        place.open().await.raw(&sql).await.unwrap();
    };
    look(100_000).await;
    let flags = engine.flags(&september(), november()).await.unwrap();
    let many = flags.iter().find(|flag| flag.kind == "many_looks").unwrap();
    assert_eq!((many.count, many.evidence.len()), (100_000, 200));
    look(1).await;
    let told = engine.flags(&september(), november()).await.unwrap_err();
    assert!(told.to_string().contains("ask of fewer days"), "{told}");
    let fewer = Span {
        from: "2026-09-19".parse().ok(),
        ..september()
    };
    assert!(engine.flags(&fewer, november()).await.unwrap().is_empty());
}

async fn signs_are_listed_with_their_evidence(place: Place) {
    let engine = centre(&place).await;
    for number in 1..=3 {
        rate(
            &engine,
            &format!("k{number}"),
            &format!("a{number}"),
            Grade::Dissatisfied,
        )
        .await;
    }
    let fast = call(&engine, "c1", Some(9_000)).await;
    key(&engine, &fast, Grade::VerySatisfied, 400).await;
    end(&engine, &fast, "graded").await;
    let slow = call(&engine, "c2", Some(9_000)).await;
    key(&engine, &slow, Grade::VerySatisfied, 8_000).await;
    end(&engine, &slow, "graded").await;
    let staff = NewAccount {
        name: "qian".into(),
        phones: vec!["8009".into()],
        ..NewAccount::default()
    };
    engine
        .add_person(&staff, &Keeper::CommandLine, friday())
        .await
        .unwrap();
    let own = Intake {
        rater: Rater::caller(Some("8009".into())),
        ..rating("own", "a9", Grade::VerySatisfied)
    };
    let own = engine.submit(own, friday().plus_millis(70_000)).await;
    assert!(matches!(own, Err(Error::Ineligible)), "{own:?}");
    let look = "INSERT INTO looks (at, call_id, sight, asker, callers_request, reason, verdict) \
        SELECT started_at, id, 'identity', 'qian', FALSE, '看看', 'refused' FROM calls WHERE id = 'c1'";
    place.open().await.raw(look).await.unwrap();

    let flags = engine.flags(&september(), november()).await.unwrap();
    let sign = |kind: &str| {
        let found = flags.iter().find(|flag| flag.kind == kind);
        found.unwrap_or_else(|| panic!("{kind} in {flags:?}"))
    };
    let three = ["window-3-a1-1", "window-3-a2-1", "window-3-a3-1"];
    for (kind, of) in [
        ("repeated_unit", "wetland"),
        ("repeated_item", "lq-001"),
        ("repeated_staff", "8001"),
        ("burst", "3"),
    ] {
        let flag = sign(kind);
        assert_eq!(
            (flag.of.as_str(), flag.evidence.as_slice()),
            (of, &three.map(str::to_owned)[..])
        );
    }
    assert_eq!(sign("too_fast").evidence, ["call-c1-1"]);
    assert_eq!(sign("from_staff").evidence, ["window-3-a9"]);
    assert_eq!(
        (sign("refused_looks").of.as_str(), sign("many_looks").count),
        ("qian", 1)
    );
    assert!(!flags.iter().any(|flag| flag.kind == "weak_rectification"));
    let of_unit = Span {
        unit: Some(UnitId("wetland".into())),
        ..september()
    };
    let flags = engine.flags(&of_unit, november()).await.unwrap();
    assert!(
        flags.iter().all(|flag| flag.kind.starts_with("repeated")),
        "{flags:?}"
    );
    let spots = engine.hot_spots(&september(), november()).await.unwrap();
    assert_eq!(
        (spots.len(), spots[0].reason.as_str(), spots[0].count),
        (1, "progress", 3)
    );
    let before: Day = "2026-08-31".parse().unwrap();
    let august = Span {
        from: "2026-08-01".parse().ok(),
        until: Some(before),
        ..Span::default()
    };
    assert_eq!(engine.flags(&august, november()).await.unwrap(), []);
}

async fn only_what_was_issued_is_public(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    for number in 1..=6 {
        rate(
            &engine,
            &format!("k{number}"),
            &format!("a{number}"),
            Grade::Dissatisfied,
        )
        .await;
    }
    let now = november();
    let new = NewBulletin {
        cases: vec![TypicalCase {
            ticket: "T2026-000001".into(),
            problem: "没有一次告知".into(),
            measure: "改了办事指南".into(),
            outcome: "再次评价为满意".into(),
        }],
        ..NewBulletin::default()
    };
    let drafted = engine
        .draft_bulletin(MONTH, new.clone(), &people.drafter, now)
        .await;
    drafted.unwrap();
    assert_eq!(engine.published(MONTH, now).await.unwrap(), None);
    assert_eq!(engine.published_months().await.unwrap(), []);
    issued(&engine, &people, new).await;
    let told = engine.published(MONTH, now).await.unwrap().unwrap();
    assert_eq!((told.rated, told.bad, told.corrections.len()), (6, 6, 0));
    assert_eq!(
        (told.causes[0].reason.as_str(), told.causes[0].count),
        ("progress", 6)
    );
    assert_eq!(told.cases[0].measure, "改了办事指南");
    assert_eq!(engine.published_months().await.unwrap(), [MONTH]);
    rate(&engine, "late", "a1", Grade::Satisfied).await;
    engine.count_anew().await.unwrap();
    let told = engine.published(MONTH, now).await.unwrap().unwrap();
    assert_eq!(told.bad, 6, "what was published stays");
    let corrected: Vec<_> = told
        .corrections
        .iter()
        .map(|it| it.count.as_str())
        .collect();
    assert!(corrected.contains(&"dissatisfied"), "{corrected:?}");
    let quarter = engine
        .published(Period::Quarter(2026, 3), now)
        .await
        .unwrap();
    assert_eq!(quarter, None);
}
