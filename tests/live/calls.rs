//! Whole calls: grades, the other keys, hang-ups, desks, hold.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::desks::Desk;
use crate::gateway::{Fault, Gateway, Habits};
use crate::peers::{Plan, Sipp};
use crate::place::{self, sleep_until};
use crate::server::{House, Setup, instant, line, lines, timeline};

/// A call by SIPp with its sound by the gateway.
pub struct Caller<'a> {
    pub house: &'a House,
    pub number: String,
    pub sipp: Sipp,
    pub gateway: Gateway,
    /// The server's.
    pub rtp_port: u16,
}

/// How long a call may take to be answered.
pub const ANSWER: Duration = Duration::from_secs(10);
/// From the answer to the offer, with short prompts.
pub const OFFER: Duration = Duration::from_secs(20);
/// From the last key to the call's end.
pub const END: Duration = Duration::from_secs(30);

impl<'a> Caller<'a> {
    pub fn dial(house: &'a House) -> Self {
        Caller::dial_as(house, Habits::default(), Plan::default())
    }

    /// `plan.from` and its port are filled in here.
    pub fn dial_as(house: &'a House, habits: Habits, plan: Plan) -> Self {
        let number = place::number();
        let gateway = Gateway::open(habits);
        let sipp = Sipp::call(
            &house.sip_address(),
            Plan {
                rtp_port: gateway.port,
                ptime: habits.ptime_ms,
                from: &number,
                ..plan
            },
        );
        let rtp_port = sipp.answered_port(ANSWER);
        gateway.send_to(rtp_port);
        Caller {
            house,
            number,
            sipp,
            gateway,
            rtp_port,
        }
    }

    /// Waits for a line of the timeline; when it happened.
    pub fn line(&self, kind: &str) -> Instant {
        self.house.wait_line(&self.number, kind, OFFER)
    }

    /// Waits for the nth line of a kind, or of a kind with a detail (`prompt P10`).
    pub fn nth_line(&self, kind: &str, nth: usize) -> Instant {
        let (kind, detail) = kind.split_once(' ').unwrap_or((kind, ""));
        let at = self.house.wait(&self.number, kind, OFFER, |call| {
            let lines = lines(call, kind);
            let mut found = lines.into_iter().filter(|line| {
                let text = line["detail"].as_str().unwrap_or_default();
                detail.is_empty() || text == detail
            });
            found.nth(nth - 1).map(|line| line["at"].clone())
        });
        instant(&at)
    }

    /// Waits for the offer and until so long after its beginning.
    pub fn wait_offer(&self, after: Duration) {
        sleep_until(self.line("offer") + after);
    }

    /// The call's end with all that is stored of it.
    pub fn end(&self) -> Value {
        self.house.wait_end(&self.number, END)
    }

    /// Two seconds of a tone of 440 Hz behind the beep, and `#`; the call's end.
    pub fn leaves_a_message(&self) -> Value {
        let speaks_from = self.nth_line("message", 1) + Duration::from_millis(600);
        sleep_until(speaks_from);
        self.gateway.say_tone(440.0);
        sleep_until(speaks_from + Duration::from_secs(2));
        self.gateway.say_nothing();
        self.gateway.press('#', Fault::None);
        self.end()
    }

    /// The desk hangs up, he rates by this key; the call's end.
    pub fn rates_when_left_by(&self, desk: &Desk, key: char) -> Value {
        self.gateway.say_nothing();
        desk.sipp.tell_desk("HANGUP");
        self.wait_offer(SOON);
        self.gateway.press(key, Fault::None);
        self.end()
    }

    pub fn hang_up(&self) {
        self.sipp.tell("HANGUP");
    }

    /// SIPp's scenario ended as written: what it was sent was right.
    pub fn settled(self) -> String {
        self.sipp.wait_success(Duration::from_secs(10))
    }
}

/// A little over the 0.4 s in which P10 may not be interrupted.
pub const SOON: Duration = Duration::from_millis(700);

#[test]
fn each_grade_is_taken_and_a_bad_one_opens_a_ticket() {
    let house = House::new(Default::default());
    let server = house.start();
    std::thread::scope(|scope| {
        for (key, grade) in [
            ('1', "very_satisfied"),
            ('2', "satisfied"),
            ('3', "basically_satisfied"),
            ('4', "dissatisfied"),
            ('5', "very_dissatisfied"),
        ] {
            let house = &house;
            scope.spawn(move || {
                let caller = Caller::dial(house);
                caller.wait_offer(SOON);
                caller.gateway.press(key, Fault::None);
                let call = caller.end();
                assert_eq!(call["outcome"], "graded");
                assert_eq!(call["grade"], grade);
                assert_eq!(call["keyed_grades"].as_array().unwrap().len(), 1);
                assert_eq!(call["rating_detail"]["keys"], key.to_string());
                let bad = matches!(key, '4' | '5');
                assert_eq!(call["ticket"].is_string(), bad, "{key}");
                assert!(line(&call, "offer").is_some());
                caller.settled();
            });
        }
    });
    assert_eq!(house.api("tickets")["items"].as_array().unwrap().len(), 2);
    assert_eq!(house.api("ratings")["items"].as_array().unwrap().len(), 5);
    server.stop();
}

#[test]
fn a_second_server_started_by_mistake_leaves_running_calls_alone() {
    let house = House::new(Setup::default());
    let server = house.start();
    let caller = Caller::dial(&house);
    caller.line("joined");
    let second = house.run(&["serve"]);
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("[web] listen"), "{said}");
    assert!(!said.contains("interrupted"), "{said}");
    caller.hang_up();
    let call = caller.end();
    assert_eq!(call["state"], "ended", "{}", timeline(&call));
    server.stop();
}

#[test]
fn hanging_up_at_each_stage_has_its_own_outcome() {
    let house = House::new(Setup {
        rehearsal_talk_s: 2,
        ..Setup::default()
    });
    let server = house.start();
    let stages: [(&str, u64, &str); 4] = [
        ("prompt P01", 300, "abandoned"),
        ("joined", 500, "left_before_offer"),
        ("offer", 1500, "left_in_offer"),
        ("prompt P11", 900, "invalid_only"),
    ];
    std::thread::scope(|scope| {
        for (stage, after_ms, outcome) in stages {
            let house = &house;
            scope.spawn(move || {
                let caller = Caller::dial(house);
                if stage == "prompt P11" {
                    caller.wait_offer(SOON);
                    caller.gateway.press('7', Fault::None);
                }
                let at = caller.nth_line(stage, 1);
                sleep_until(at + Duration::from_millis(after_ms));
                caller.hang_up();
                let call = caller.end();
                assert_eq!(call["outcome"], outcome, "{}", timeline(&call));
                // Once a desk has ended the talk it stays the one who ended it.
                let by = if stage.starts_with("prompt P11") || stage == "offer" {
                    "desk"
                } else {
                    "caller"
                };
                assert_eq!(call["hung_up_by"], by, "{}", timeline(&call));
                let last = lines(&call, "hung_up").pop().unwrap();
                assert_eq!(last["detail"], "caller", "{}", timeline(&call));
                assert!(call["grade"].is_null());
                if outcome == "left_in_offer" {
                    let after = call["outcome_after_ms"].as_f64().unwrap();
                    assert!((1450.0..1750.0).contains(&after), "{after}");
                }
                let length = call["recording"]["length_ms"].as_f64().unwrap();
                let ended = last["offset_ms"].as_f64().unwrap();
                // What had arrived by then is still played out and recorded.
                assert!(
                    (-50.0..350.0).contains(&(length - ended)),
                    "{length} of {ended} ms"
                );
                caller.settled();
            });
        }
        let house = &house;
        scope.spawn(move || {
            let caller = Caller::dial(house);
            caller.wait_offer(SOON);
            caller.gateway.press('4', Fault::None);
            let at = caller.nth_line("key", 1);
            sleep_until(at + Duration::from_millis(150));
            caller.hang_up();
            let call = caller.end();
            assert_eq!(call["grade"], "dissatisfied", "{}", timeline(&call));
            assert!(call["ticket"].is_string());
        });
    });
    server.stop();
}
