//! Figures, bulletins and signs over the databases.

use std::collections::BTreeMap;

use super::*;
use crate::acts::{
    Act, Assessment, Attribution, Checked, Extent, Ground, Reached, Span as Workdays, Way,
};
use crate::domain::{
    By, Calendar, Channel, Choices, Day, Evidence, Grade, Hand, Identity, Intake, IntakeKey,
    Moment, NotAdopted, PersonId, Post, Rater, Reason, Role, Service, TicketNumber, UnitId,
};
use crate::engine::{
    CallId, CallState, Doing, EndedCall, Engine, HungUpBy, KeyedGrade, NewCall, RatingFilter,
    Settings,
};
use crate::figures::{Count, Period, Reviewer, Tally, Thresholds, TypicalCase};
use crate::staff::{By as Keeper, NewAccount, Person};
use crate::store::testing::{Place, stories, understood};

mod counting;
mod cuts;
mod issuing;
mod people;
mod publishing;
mod reconciling;
mod signs;
mod terms;

use people::*;

stories![every_statement_is_understood];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn every_statement_is_understood(place: Place) {
    understood(place, crate::tallies::statements()).await;
}

/// What is asked for each rating that comes in and each act that is counted costs the same after ten years.
#[tokio::test]
async fn what_is_asked_of_one_act_walks_through_no_other() {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    let store = place.open().await;
    let all = [crate::tallies::statements(), crate::register::statements()].concat();
    for (name, entry) in [
        (
            "UPLOADS",
            "d USING INDEX deadlines_by_name (subject=? AND kind=?)",
        ),
        (
            "ANSWERED_AT",
            "d USING INDEX deadlines_by_rating (rating_id=?)",
        ),
    ] {
        let (_, sql) = all.iter().find(|(of, _)| *of == name).expect(name);
        let plan = store.plan(sql).await;
        let [acts, deadlines, ..] = plan.as_slice() else {
            panic!("{name}: {plan:#?}")
        };
        assert!(
            acts.contains("r USING INDEX ratings_by_instance"),
            "{name}: {plan:#?}"
        );
        assert!(deadlines.ends_with(entry), "{name}: {plan:#?}");
    }
    store.close().await;
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
    engine.count_anew().await.unwrap();
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
    engine.count_anew().await.unwrap();
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
