//! Calls that the house makes: revisits, results with the second rating, callbacks, and whom it does not call.

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

use crate::calls::Caller;
use crate::clock_steps::{put_under, set};
use crate::desks::Desk;
use crate::gateway::{Fault, Habits};
use crate::peers::{Plan, Sipp};
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
    let (runtime, engine) = centre.engine();
    let ticket = runtime.block_on(async {
        let ticket = dissatisfied(&engine, "20260918-100000-000000", "13812345678").await;
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
        engine
            .ask_for_call(&id, wish, &allowing, at("13:50"))
            .await
            .unwrap();
        engine.close().await.unwrap();
        ticket.to_string()
    });
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

#[test]
fn what_the_network_says_is_the_result() {
    let desk = Desk::open("desk", "8001", Habits::default());
    for (scenario, result, status) in [
        ("desk-busy", "busy", "(486)"),
        ("outside-404", "wrong_number", "(404)"),
        // A redirection is followed by nobody: it names a number that costs.
        ("outside-302", "network", "(302)"),
    ] {
        let outside = Desk::open(scenario, "citizen", Habits::default());
        let centre = Centre::open(&desk, &outside, "");
        let ticket = &tickets(&centre, &["13812345678"])[0];
        let server = centre.start();
        let asked = centre.run(&["call-out", "result", ticket]);
        assert!(asked.status.success(), "{asked:?}");
        let list = centre.wait_list(&[result, status]);
        let closed = list.lines().next().unwrap().ends_with(result);
        assert_eq!(closed, result == "wrong_number", "{list}");
        let log = outside.sipp.log();
        assert_eq!(log.matches("call ").count(), 1, "{log}");
        server.stop();
    }
}

#[test]
fn whoever_lets_it_ring_is_cancelled_and_was_not_reached() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let outside = Desk::open("desk-silent", "citizen", Habits::default());
    let centre = Centre::open(&desk, &outside, "");
    let ticket = &tickets(&centre, &["13812345678"])[0];
    let server = centre.start();
    let asked = centre.run(&["call-out", "result", ticket]);
    assert!(asked.status.success(), "{asked:?}");
    outside.sipp.wait_log("cancelled", PATIENCE);
    let list = centre.wait_list(&["1 ", "no_answer"]);
    assert!(
        list.contains("waiting, not before 2026-09-18T18:"),
        "{list}"
    );
    server.stop();
}

#[test]
fn a_kill_while_it_rings_uses_up_nothing_and_a_kill_while_he_talks_is_not_called_again() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let silent = Desk::open("desk-silent", "citizen", Habits::default());
    let centre = Centre::open(&desk, &silent, "");
    let ticket = &tickets(&centre, &["13812345678"])[0];
    let server = centre.start();
    let asked = centre.run(&["call-out", "result", ticket]);
    assert!(asked.status.success(), "{asked:?}");
    silent.sipp.wait_log("call ", PATIENCE);
    server.kill();
    let server = centre.start();
    centre.wait_list(&["1 ", "interrupted"]);
    centre.wait_list(&["2 ", "calling"]);
    server.kill();

    let outside = Desk::open("desk", "citizen", Habits::default());
    let centre = Centre::open(&desk, &outside, "");
    let ticket = &tickets(&centre, &["13812345678"])[0];
    let server = centre.start();
    let asked = centre.run(&["call-out", "result", ticket]);
    assert!(asked.status.success(), "{asked:?}");
    outside.talks();
    wait_line(&centre.house, "13812345678", "called_out");
    server.kill();
    let server = centre.start();
    let call = centre.house.wait_end("13812345678", PATIENCE);
    assert_eq!(call["state"], "interrupted", "{}", timeline(&call));
    let list = centre.wait_list(&["1 ", "failed", "call "]);
    assert!(list.lines().next().unwrap().ends_with("failed"), "{list}");
    assert_eq!(outside.sipp.log().matches("call ").count(), 1);
    server.stop();
}

#[test]
fn outside_the_hours_and_beyond_the_number_at_once_calls_wait() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let outside = Desk::open("desk", "citizen", Habits::default());
    let centre = Centre::open(&desk, &outside, "results = true\nat_once = 1\n");
    tickets(&centre, &["13812345678", "13812345679"]);
    centre.is("2026-09-18T20:30:00+08:00");
    let server = centre.start();
    wait_for("two that wait", PATIENCE, || {
        (centre.house.metric("gradeline_calls_out_open", "") == 2.0).then_some(())
    });
    assert_eq!(centre.house.metric("gradeline_calls_out_active", ""), 0.0);
    assert_eq!(outside.sipp.log().matches("call ").count(), 0);
    // The next working day is a Sunday that is worked.
    centre.is("2026-09-20T09:00:05+08:00");
    outside.sipp.wait_log("talking", PATIENCE);
    // The other one waits for as long as the first talks; the room is asked every second.
    wait_for("one at a time", PATIENCE, || {
        (centre.house.metric("gradeline_calls_out_active", "") == 1.0).then_some(())
    });
    assert_eq!(outside.sipp.log().matches("talking").count(), 1);
    outside.sipp.tell_desk("HANGUP");
    wait_for("the second", PATIENCE, || {
        (outside.sipp.log().matches("talking").count() == 2).then_some(())
    });
    outside.sipp.tell_desk("HANGUP");
    server.stop();
}

#[test]
fn a_call_out_waits_for_a_line_and_takes_one_of_those_that_there_are() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let outside = Desk::open("desk", "citizen", Habits::default());
    let centre = Centre::open(&desk, &outside, "results = true\nat_once = 1\n");
    let text = std::fs::read_to_string(centre.house.config()).unwrap();
    assert!(text.contains("max_calls = 50"), "{text}");
    let one = text.replace("max_calls = 50", "max_calls = 1");
    std::fs::write(centre.house.config(), one).unwrap();
    tickets(&centre, &["13812345678"]);
    centre.is("2026-09-18T20:30:00+08:00");
    let server = centre.start();
    wait_for("one that waits", PATIENCE, || {
        (centre.house.metric("gradeline_calls_out_open", "") == 1.0).then_some(())
    });
    let caller = Caller::dial(&centre.house);
    desk.talks();
    // Its hour has come, and there is no line: the room is asked every second.
    centre.is("2026-09-20T09:00:05+08:00");
    sleep_until(Instant::now() + Duration::from_secs(4));
    assert_eq!(outside.sipp.log().matches("call ").count(), 0);
    assert_eq!(centre.house.metric("gradeline_calls_out_open", ""), 1.0);
    desk.sipp.tell_desk("HANGUP");
    caller.line("offer");
    caller.gateway.press('1', Fault::None);
    caller.end();
    outside.talks();
    // Now it is a caller for whom there is none.
    let refused = Sipp::call(
        &centre.house.sip_address(),
        Plan {
            scenario: "refused-503",
            ..Plan::default()
        },
    );
    refused.wait_log("retry after ", PATIENCE);
    refused.wait_success(PATIENCE);
    outside.sipp.tell_desk("HANGUP");
    centre.wait_list(&["1 ", "no_answer"]);
    server.stop();
}

#[test]
fn whom_the_house_does_not_call_is_refused_when_it_is_asked() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let outside = Desk::open("desk", "citizen", Habits::default());
    let centre = Centre::open(&desk, &outside, "barred = [\"170\"]\n");
    tickets(&centre, &["13812345678"]);
    let server = centre.start();
    for (number, said) in [
        ("16812345", "premium numbers"),
        ("110", "emergency numbers"),
        ("+12125550100", "numbers abroad"),
        ("17012345678", "barred"),
        ("sip:1@x", "no telephone number"),
    ] {
        let call = "20260918-100000-000000";
        let output = centre.run(&["call-out", "back", call, "--number", number]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && text.contains(said),
            "{number}: {text}"
        );
    }
    assert_eq!(outside.sipp.log().matches("call ").count(), 0);
    server.stop();
}

#[test]
fn a_callback_rings_a_desk_and_then_whoever_asked_for_it() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let outside = Desk::open("desk", "citizen", Habits::default());
    let centre = Centre::open(&desk, &outside, "callbacks = true\n");
    let (runtime, engine) = centre.engine();
    runtime.block_on(async {
        let call = CallId("20260918-100000-000000".into());
        dissatisfied(&engine, &call.0, "13812345678").await;
        engine
            .request_callback(&call, None, at("10:05"))
            .await
            .unwrap();
        engine.close().await.unwrap();
    });
    let server = centre.start();
    // He was told: the next working day, which is Sunday the 20th.
    centre.wait_list(&["callback", "waiting", "2026-09-20T09:00"]);
    centre.is("2026-09-20T09:00:05+08:00");
    desk.talks();
    outside.talks();
    wait_line(&centre.house, "13812345678", "called_out");
    outside.gateway.press('1', Fault::None);
    wait_line(&centre.house, "13812345678", "joined");
    // It is a consultation, and so it is rated.
    desk.sipp.tell_desk("HANGUP");
    wait_line(&centre.house, "13812345678", "offer");
    outside.gateway.press('2', Fault::None);
    let call = centre.house.wait_end("13812345678", PATIENCE);
    assert_eq!(call["grade"], "satisfied", "{}", timeline(&call));
    centre.wait_list(&["callback", "answered"]);
    server.stop();
}
