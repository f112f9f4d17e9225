//! Calls that the house makes: revisits, results with the second rating, callbacks, and whom it does not call.

mod asking;
mod handing;
mod page;
mod results;

use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};

use gradeline::acts::{Act, Assessment, Attribution, Checked, Extent, Reached, Span, Way};
use gradeline::domain::{
    By, Calendar, Grade, Hand, Moment, PersonId, Post, Role, TicketNumber, UnitId,
};
use gradeline::engine::{CallId, Doing, EndedCall, Engine, HungUpBy, KeyedGrade, NewCall};
use gradeline::errands::{Numbers, OrderId};
use gradeline::outward::{Allowing, Plans, Wish, WishFor};
use gradeline::store::Store;
use serde_json::Value;

use crate::clock_steps::{put_under, set};
use crate::desks::Desk;
use crate::gateway::{Fault, Habits};
use crate::place::{self, sleep_until, wait_for};
use crate::server::{House, Server, Setup, lines, timeline};
use crate::wav::Stereo;

const PATIENCE: Duration = Duration::from_secs(60);

/// A house that may call out through `trunk`, under a clock of its own.
struct Centre {
    house: House,
    clock: PathBuf,
}

/// Friday, a working day, in the hours of calls out.
const AFTERNOON: &str = "2026-09-18T14:00:00+08:00";

impl Centre {
    fn open(desk: &Desk, trunk: &Desk, lines: &str) -> Centre {
        let house = House::new(Setup {
            desks: vec![desk.address.clone()],
            ..Setup::default()
        });
        for plan in ["result", "revisit", "callback"] {
            let path = place::repository().join(format!("dialplans/{plan}.toml"));
            let text = std::fs::read_to_string(path).unwrap();
            let quick = text
                .replace("silence_s = 8\n", "silence_s = 2\n")
                .replace("window_s = 5\n", "window_s = 1.5\n");
            std::fs::write(house.path(&format!("dialplans/{plan}.toml")), quick).unwrap();
        }
        let (_, target) = trunk.address.split_once('@').unwrap();
        let mut text = std::fs::read_to_string(house.config()).unwrap();
        text.push_str(&format!(
            "[outward]\ntrunk = \"sip:{target}\"\ncaller_id = \"01066554433\"\nring_s = 20\n{lines}"
        ));
        std::fs::write(house.config(), text).unwrap();
        let clock = house.path("clock");
        let centre = Centre { house, clock };
        centre.is(AFTERNOON);
        centre
    }

    /// Sets its clock; it goes on from there.
    fn is(&self, moment: &str) {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        let offset_s = moment.as_second() - jiff::Timestamp::now().as_second();
        set(&self.clock, offset_s);
    }

    fn start(&self) -> Server<'_> {
        self.house
            .start_as(|command| put_under(command, &self.clock))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.house.command(arguments);
        put_under(&mut command, &self.clock);
        command.output().unwrap()
    }

    /// Waits until `call-out list` says all of this in one line.
    fn wait_list(&self, said: &[&str]) -> String {
        wait_for(&format!("{said:?} in the list"), PATIENCE, || {
            let output = self.run(&["call-out", "list"]);
            let text = String::from_utf8(output.stdout).unwrap();
            let found = text
                .lines()
                .any(|line| said.iter().all(|word| line.contains(word)));
            found.then_some(text)
        })
    }

    fn engine(&self) -> (tokio::runtime::Runtime, Engine) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let url = format!("sqlite:{}", self.house.path("gradeline.db").display());
        let text =
            std::fs::read_to_string(place::repository().join("calendars/2026.toml")).unwrap();
        let calendar = Calendar::from_texts(&[("2026.toml", text)]).unwrap();
        let engine = runtime.block_on(async {
            let store = Store::open(&url).await.unwrap();
            Engine::start(store, calendar)
        });
        (runtime, engine)
    }
}

fn at(time: &str) -> Moment {
    format!("2026-09-18T{time}:00+08:00").parse().unwrap()
}

fn of(person: &str, role: Role, unit: &str) -> By {
    By::Person(hand(person, role, unit))
}

fn hand(person: &str, role: Role, unit: &str) -> Hand {
    Hand {
        person: PersonId(person.into()),
        staff: None,
        posts: vec![Post {
            role,
            unit: UnitId(unit.into()),
        }],
    }
}

async fn does(engine: &Engine, ticket: TicketNumber, by: By, act: Act, when: &str) {
    let what = format!("{act:?}");
    let doing = Doing {
        ticket,
        act,
        by,
        seen: None,
        key: None,
    };
    let acted = engine.act(doing, at(when)).await;
    acted.unwrap_or_else(|error| panic!("{what}: {error}"));
}

/// Somebody called in the morning and was not satisfied; his ticket is being assessed.
async fn dissatisfied(engine: &Engine, id: &str, number: &str) -> TicketNumber {
    let call = CallId(id.to_owned());
    let new = NewCall {
        id: call.clone(),
        sip_call_id: format!("{id}@trunk"),
        caller: Some(number.to_owned()),
        callee: "consult".into(),
        source: "127.0.0.1:5080".into(),
        started_at: at("10:00"),
        dialplan: "consultation".into(),
        dialplan_digest: "d1".into(),
        rehearsal: false,
    };
    engine.open_call(new).await.unwrap();
    engine
        .desk_answered(&call, Some("8009"), at("10:01"))
        .await
        .unwrap();
    let grade = KeyedGrade {
        grade: Grade::Dissatisfied,
        key: '4',
        at: at("10:05"),
        offset_ms: 300_000,
    };
    engine.key_grade(&call, grade).await.unwrap();
    let ended = EndedCall {
        id: call,
        ended_at: at("10:06"),
        hung_up_by: HungUpBy::Caller,
        outcome: "graded".into(),
        outcome_after_ms: None,
    };
    let submitted = engine.end_call(ended).await.unwrap().unwrap();
    let ticket = submitted.ticket.unwrap().parse().unwrap();
    let assign = Act::Assign {
        officer: PersonId("1".into()),
        staff: None,
        handling_unit: None,
    };
    let supervisor = of("2", Role::CentreSupervisor, "centre");
    does(engine, ticket, supervisor, assign, "10:10").await;
    ticket
}

/// The same, and it was put right; he may rate again.
async fn answered(engine: &Engine, id: &str, number: &str) -> TicketNumber {
    let ticket = dissatisfied(engine, id, number).await;
    let revisitor = || of("3", Role::CentreRevisitor, "centre");
    let supervisor = of("2", Role::CentreSupervisor, "centre");
    let signer = of("4", Role::OfficeSigner, "general_office");
    let head = || of("6", Role::UnitHead, "forest");
    let revisit = Act::Revisit {
        result: Reached::Connected,
        call: None,
        answers: "等待太久".into(),
        slip: false,
        no_more_calls: false,
    };
    does(engine, ticket, revisitor(), revisit, "10:20").await;
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
    let officer = of("1", Role::CentreOfficer, "centre");
    does(engine, ticket, officer, draft, "10:30").await;
    does(engine, ticket, supervisor, Act::Report {}, "10:40").await;
    let dispatch = Act::Dispatch {
        order: None,
        workdays: Span::Normal,
        unit: None,
    };
    does(engine, ticket, signer, dispatch, "10:50").await;
    does(
        engine,
        ticket,
        head(),
        Act::Receive { order: None },
        "11:00",
    )
    .await;
    let found = Act::FindTrue {
        order: None,
        extent: Extent::Whole,
        facts: "属实".into(),
        evidence: vec!["sha256:aa".into()],
    };
    does(engine, ticket, head(), found, "11:10").await;
    let filed = Act::FileRectification {
        order: None,
        measures: "改正".into(),
        result: "已改".into(),
        responsible: "处长".into(),
        done_on: "2026-09-18".parse().unwrap(),
        evidence: vec!["sha256:bb".into()],
        systemic: String::new(),
    };
    does(engine, ticket, head(), filed, "11:20").await;
    let accepted = Act::AcceptRectification {
        order: None,
        reason: String::new(),
    };
    let reviewer = of("5", Role::CentreSupervisor, "centre");
    does(engine, ticket, reviewer, accepted, "11:30").await;
    let told = Act::Answer {
        way: Way::Web,
        text: "已改正".into(),
        checked: Checked::OwnAddress,
    };
    does(engine, ticket, revisitor(), told, "11:40").await;
    ticket
}

/// Puts tickets of these numbers on record, all waiting for the second rating.
fn tickets(centre: &Centre, numbers: &[&str]) -> Vec<String> {
    let (runtime, engine) = centre.engine();
    runtime.block_on(async {
        let mut tickets = Vec::new();
        for (nth, number) in numbers.iter().enumerate() {
            let id = format!("20260918-100000-00000{nth}");
            tickets.push(answered(&engine, &id, number).await.to_string());
        }
        engine.close().await.unwrap();
        tickets
    })
}

/// Waits for a line of the call out to this number.
fn wait_line(house: &House, number: &str, kind: &str) -> Value {
    house.wait(number, kind, PATIENCE, |call| {
        (!lines(call, kind).is_empty()).then(|| call.clone())
    })
}

/// A caller's bad grade, and the revisit that was asked for; the ticket.
fn with_a_revisit(centre: &Centre, number: &str) -> String {
    let (runtime, engine) = centre.engine();
    runtime.block_on(async {
        let ticket = dissatisfied(&engine, "20260918-100000-000000", number).await;
        let wish = Wish {
            what: WishFor::Revisit(ticket),
            staff: Some("8001".into()),
            by: Some(hand("3", Role::CentreRevisitor, "centre")),
        };
        let allowing = Allowing {
            numbers: Numbers::default(),
            open_at_most: 10,
            trunk: true,
            plans: Plans::of(|_| true),
        };
        let id = OrderId("o1".into());
        let asked = engine.ask_for_call(&id, wish, &allowing, at("13:50"));
        asked.await.unwrap();
        engine.close().await.unwrap();
        ticket.to_string()
    })
}

#[test]
fn the_machine_tells_the_result_and_the_second_rating_counts() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let outside = Desk::open("desk", "citizen", Habits::default());
    // Nobody has to ask.
    let centre = Centre::open(&desk, &outside, "results = true\n");
    let ticket = &tickets(&centre, &["13812345678"])[0];
    let server = centre.start();
    outside.talks();
    wait_line(&centre.house, "13812345678", "called_out");
    // He chooses to hear it, then he is very satisfied.
    outside.gateway.press('1', Fault::None);
    wait_line(&centre.house, "13812345678", "offer");
    outside.gateway.press('1', Fault::None);
    let call = centre.house.wait_end("13812345678", PATIENCE);
    assert_eq!(call["outcome"], "graded", "{}", timeline(&call));
    assert_eq!(call["grade"], "very_satisfied");
    centre.wait_list(&[ticket, "result", "answered"]);
    let detail = centre.house.api(&format!("tickets/{ticket}"));
    assert_eq!(detail["state"], "closed_rectified", "{detail:#}");
    let ratings = centre.house.api("ratings");
    let ratings = ratings["items"].as_array().unwrap();
    let of_the_first = |sequence: i64| {
        let rated = ratings.iter().find(|rating| {
            rating["sequence"] == sequence && rating["call_id"] == "20260918-100000-000000"
        });
        rated.unwrap_or_else(|| panic!("{ratings:#?}"))["grade"].clone()
    };
    assert_eq!(of_the_first(1), "dissatisfied");
    assert_eq!(of_the_first(2), "very_satisfied");
    // And nobody is called for it again: by the next morning, when somebody else is, it was looked for many times.
    centre.is("2026-09-20T09:00:05+08:00");
    let first = "20260918-100000-000000";
    let asked = centre.run(&["call-out", "back", first, "--number", "13912345678"]);
    assert!(asked.status.success(), "{asked:?}");
    wait_line(&centre.house, "13912345678", "called_out");
    outside.sipp.tell_desk("HANGUP");
    centre.house.wait_end("13912345678", PATIENCE);
    let heard = |what| outside.sipp.log().matches(what).count();
    // What it logs comes a little later.
    wait_for("both calls are over there", PATIENCE, || {
        (heard("bye") >= 2).then_some(())
    });
    assert_eq!(heard("call "), 2, "{}", outside.sipp.log());
    server.stop();
}

#[test]
fn a_revisit_rings_the_desk_first_and_both_are_recorded() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let outside = Desk::open("outside-early", "citizen", Habits::default());
    let centre = Centre::open(&desk, &outside, "");
    let ticket = with_a_revisit(&centre, "13812345678");
    let server = centre.start();
    desk.talks();
    desk.gateway.say_tone(900.0);
    outside.talks();
    outside.gateway.say_tone(700.0);
    // Before he chose, the desk hears nothing of him; his key is heard.
    let call = wait_line(&centre.house, "13812345678", "called_out");
    assert!(lines(&call, "joined").is_empty(), "{}", timeline(&call));
    outside.gateway.press('1', Fault::None);
    wait_line(&centre.house, "13812345678", "joined");
    sleep_until(Instant::now() + Duration::from_millis(1500));
    desk.sipp.tell_desk("HANGUP");
    let call = centre.house.wait_end("13812345678", PATIENCE);
    assert_eq!(call["staff"], "8001", "{}", timeline(&call));
    centre.wait_list(&[&ticket, "revisit", "answered"]);
    let sound = Stereo::read(&server_recording(&server, &call));
    let longest = |spans: Vec<crate::tone::Span>| {
        let lengths = spans.into_iter().map(|span| span.length_ms());
        lengths.fold(0.0, f64::max)
    };
    assert!(longest(sound.caller(700.0)) > 800.0, "the called person");
    assert!(longest(sound.heard(900.0)) > 800.0, "the desk");
    let detail = centre.house.api(&format!("tickets/{ticket}"));
    assert!(detail.to_string().contains("call_out_ended"), "{detail:#}");
    server.stop();
}

fn server_recording(server: &Server, call: &Value) -> PathBuf {
    server.house.recording(call)
}
