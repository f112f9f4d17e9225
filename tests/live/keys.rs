//! One press is one digit, whatever the gateway does; and what each key does in the rating.

use std::net::UdpSocket;
use std::time::Duration;

use serde_json::Value;

use crate::calls::{Caller, SOON};
use crate::gateway::{Fault, Gateway, Habits, Line};
use crate::peers::Plan;
use crate::server::{House, line, lines, timeline};

/// How a key is sent.
#[derive(Debug, Clone, Copy)]
enum By {
    Event(Fault),
    Relay,
    Plain,
    InBand,
    EventAndRelay,
    EventAndInBand,
    RelayAndInBand,
}

impl By {
    fn press(self, key: char, caller: &Caller) {
        let held = Duration::from_millis(120);
        let gateway: &Gateway = &caller.gateway;
        match self {
            By::Event(fault) => gateway.press(key, fault),
            By::Relay => caller.sipp.tell_key("RELAY", key),
            By::Plain => caller.sipp.tell_key("PLAIN", key),
            By::InBand => gateway.press_in_band(key, held),
            By::EventAndRelay => {
                gateway.press(key, Fault::None);
                caller.sipp.tell_key("RELAY", key);
            }
            By::EventAndInBand => {
                gateway.press_in_band(key, held);
                gateway.press_over_sound(key);
            }
            By::RelayAndInBand => {
                gateway.press_in_band(key, held);
                caller.sipp.tell_key("RELAY", key);
            }
        }
    }
}

#[test]
fn one_press_is_one_digit_by_every_way_and_with_every_fault() {
    let house = House::new(Default::default());
    let server = house.start();
    let weather = |seed, loss, doubled, jitter_ms| Line {
        seed,
        loss,
        doubled,
        jitter_ms,
    };
    let clear = Line::default();
    let cases = [
        (By::Event(Fault::None), 8, 10, clear),
        (By::Event(Fault::None), 8, 30, clear),
        (By::Event(Fault::None), 0, 40, clear),
        (By::Event(Fault::EndsLost), 8, 20, clear),
        (By::Event(Fault::OnlyEnds), 8, 20, clear),
        (By::Event(Fault::Reordered), 8, 20, clear),
        (By::Event(Fault::Doubled), 8, 20, clear),
        (By::Event(Fault::MovingTimestamp), 8, 20, clear),
        (By::Event(Fault::Short), 8, 20, clear),
        (By::Event(Fault::None), 8, 20, weather(7, 20, 10, 60)),
        (By::Event(Fault::None), 8, 20, weather(11, 5, 50, 200)),
        (By::Relay, 8, 20, clear),
        (By::Plain, 0, 20, clear),
        (By::InBand, 8, 20, clear),
        (By::InBand, 0, 20, weather(3, 5, 0, 20)),
        (By::EventAndRelay, 8, 20, clear),
        (By::EventAndInBand, 8, 20, clear),
        (By::RelayAndInBand, 8, 20, clear),
    ];
    std::thread::scope(|scope| {
        for (by, payload_type, ptime_ms, line) in cases {
            let house = &house;
            scope.spawn(move || {
                let habits = Habits {
                    payload_type,
                    ptime_ms,
                    line,
                };
                let formats = format!("{payload_type} 101");
                let plan = Plan {
                    formats: &formats,
                    ..Plan::default()
                };
                let caller = Caller::dial_as(house, habits, plan);
                caller.wait_offer(SOON);
                by.press('3', &caller);
                let call = caller.end();
                let what = format!("{by:?} {habits:?}\n{}", timeline(&call));
                assert_eq!(call["outcome"], "graded", "{what}");
                assert_eq!(call["grade"], "basically_satisfied", "{what}");
                assert_eq!(lines(&call, "key").len(), 1, "{what}");
                assert_eq!(call["rating_detail"]["keys"], "3", "{what}");
                caller.settled();
            });
        }
    });
    server.stop();
}

/// The live part of `tests/digits/calls.rs`: sockets, threads and the database between key and grade.
#[test]
fn ratings_on_a_bad_line_are_each_the_grade_that_was_pressed() {
    let house = House::new(Default::default());
    let server = house.start();
    const GRADES: [(char, &str); 5] = [
        ('1', "very_satisfied"),
        ('2', "satisfied"),
        ('3', "basically_satisfied"),
        ('4', "dissatisfied"),
        ('5', "very_dissatisfied"),
    ];
    let (batches, at_once) = crate::place::nightly((1u64, 4u64), (6, 8));
    for batch in 0..batches {
        std::thread::scope(|scope| {
            for index in 0..at_once {
                let (house, seed) = (&house, batch * at_once + index);
                scope.spawn(move || {
                    let line = Line {
                        seed,
                        loss: 5,
                        doubled: 5,
                        jitter_ms: 60,
                    };
                    let habits = Habits {
                        line,
                        ..Habits::default()
                    };
                    let caller = Caller::dial_as(house, habits, Plan::default());
                    caller.wait_offer(SOON);
                    let (key, grade) = GRADES[(seed * 3 % 5) as usize];
                    caller.gateway.press(key, Fault::None);
                    let call = caller.end();
                    assert_eq!(call["grade"], grade, "seed {seed}: {}", timeline(&call));
                    assert_eq!(
                        lines(&call, "key").len(),
                        1,
                        "seed {seed}: {}",
                        timeline(&call)
                    );
                    caller.settled();
                });
            }
        });
    }
    println!(
        "{} ratings at 5 % loss: 0 lost, 0 wrong, 0 doubled",
        batches * at_once
    );
    server.stop();
}

/// 9 s are more than the 8.19 s that a duration field can say at 8 kHz. The key is a reason, too: a
/// segment taken for a press would answer the next question.
#[test]
fn a_long_press_in_segments_is_one_press() {
    let house = House::new(Default::default());
    let server = house.start();
    let caller = Caller::dial(&house);
    caller.wait_offer(SOON);
    caller.gateway.press('5', Fault::Segments);
    let call = caller.end();
    assert_eq!(call["grade"], "very_dissatisfied");
    assert_eq!(lines(&call, "key").len(), 1, "{}", timeline(&call));
    assert_eq!(call["reasons"].as_array().unwrap().len(), 0);
    server.stop();
}

#[test]
fn a_key_that_is_down_when_the_caller_leaves_counts() {
    let house = House::new(Default::default());
    let server = house.start();
    std::thread::scope(|scope| {
        for after_ms in [30, 60, 150, 400] {
            let house = &house;
            scope.spawn(move || {
                let caller = Caller::dial(house);
                caller.wait_offer(SOON);
                let at = std::time::Instant::now() + Duration::from_millis(after_ms);
                caller.gateway.press('4', Fault::StaysDown);
                crate::place::sleep_until(at);
                caller.hang_up();
                let call = caller.end();
                assert_eq!(call["outcome"], "graded", "{}", timeline(&call));
                assert_eq!(call["grade"], "dissatisfied");
                assert!(call["ticket"].is_string());
                caller.settled();
            });
        }
    });
    assert_eq!(house.api("tickets")["items"].as_array().unwrap().len(), 4);
    server.stop();
}

/// What is pressed one after another, each some time after the line of the timeline that it answers.
struct Story {
    name: &'static str,
    presses: &'static [(&'static str, usize, u64, char)],
    check: fn(&Value),
}

#[test]
fn each_key_of_the_rating_does_what_it_says() {
    let house = House::new(Default::default());
    let server = house.start();
    let stories = [
        Story {
            name: "0 asks again",
            presses: &[("offer", 1, 700, '0'), ("prompt P10", 2, 700, '2')],
            check: |call| {
                assert_eq!(call["grade"], "satisfied");
                assert_eq!(prompts(call, "P10"), 2);
            },
        },
        Story {
            name: "9 declines",
            presses: &[("offer", 1, 700, '9')],
            check: |call| {
                assert_eq!(call["outcome"], "declined");
                assert!(call["grade"].is_null() && call["rating"].is_null());
                assert_eq!(prompts(call, "P13"), 1);
            },
        },
        Story {
            name: "* takes a grade back",
            presses: &[
                ("offer", 1, 700, '4'),
                ("prompt P14b", 1, 900, '*'),
                ("prompt P15", 1, 700, '1'),
            ],
            check: |call| {
                assert_eq!(call["grade"], "very_satisfied");
                assert_eq!(call["rating_detail"]["keys"], "4*1");
                assert!(call["ticket"].is_null());
                let keyed = call["keyed_grades"].as_array().unwrap();
                assert_eq!(keyed.len(), 2);
                assert!(keyed[0]["withdrawn_at"].is_string());
            },
        },
        Story {
            name: "invalid keys only",
            presses: &[
                ("offer", 1, 700, '7'),
                ("prompt P11", 1, 600, '#'),
                ("prompt P11", 2, 600, '8'),
            ],
            check: |call| {
                assert_eq!(call["outcome"], "invalid_only");
                assert_eq!(lines(call, "key_invalid").len(), 3);
            },
        },
        Story {
            name: "an invalid key, then a grade",
            presses: &[("offer", 1, 700, '6'), ("prompt P11", 1, 600, '2')],
            check: |call| assert_eq!(call["grade"], "satisfied"),
        },
        Story {
            name: "silence",
            presses: &[],
            check: |call| {
                assert_eq!(call["outcome"], "silent");
                assert_eq!(prompts(call, "P10") + prompts(call, "P12"), 3);
            },
        },
        Story {
            name: "a key before the offer never grades",
            presses: &[("joined", 1, 300, '5'), ("offer", 1, 700, '2')],
            check: |call| {
                assert_eq!(call["grade"], "satisfied");
                assert_eq!(lines(call, "key_ignored").len(), 1);
            },
        },
        Story {
            name: "a key before the offer, and none in it",
            presses: &[("joined", 1, 300, '1')],
            check: |call| {
                assert_eq!(call["outcome"], "silent");
                assert!(call["rating"].is_null());
            },
        },
        Story {
            name: "a key in the stretch that may not be interrupted is kept",
            presses: &[("offer", 1, 60, '3')],
            check: |call| assert_eq!(call["grade"], "basically_satisfied"),
        },
    ];
    std::thread::scope(|scope| {
        for story in stories {
            let house = &house;
            scope.spawn(move || {
                let caller = Caller::dial(house);
                for (kind, nth, after_ms, key) in story.presses {
                    let at = caller.nth_line(kind, *nth);
                    crate::place::sleep_until(at + Duration::from_millis(*after_ms));
                    caller.gateway.press(*key, Fault::None);
                }
                let call = caller.end();
                println!("{}: {}", story.name, timeline(&call));
                (story.check)(&call);
                caller.settled();
            });
        }
    });
    server.stop();
}

#[test]
fn reason_and_message_follow_a_bad_grade() {
    let house = House::new(Default::default());
    let server = house.start();
    let caller = Caller::dial(&house);
    caller.wait_offer(SOON);
    caller.gateway.press('5', Fault::None);
    let asked = caller.nth_line("prompt P16", 1);
    crate::place::sleep_until(asked + SOON);
    caller.gateway.press('2', Fault::None);
    let speaks_from = caller.nth_line("message", 1) + Duration::from_millis(600);
    crate::place::sleep_until(speaks_from);
    caller.gateway.say_tone(440.0);
    crate::place::sleep_until(speaks_from + Duration::from_millis(2500));
    caller.gateway.say_nothing();
    caller.gateway.press('#', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "very_dissatisfied", "{}", timeline(&call));
    assert_eq!(call["ticket_detail"]["reasons"], serde_json::json!(["T2"]));
    let clips = call["clips"].as_array().unwrap();
    assert_eq!(clips.len(), 1, "{}", timeline(&call));
    assert_eq!(clips[0]["kind"], "remark");
    let length = clips[0]["length_ms"].as_f64().unwrap();
    assert!((2500.0..4500.0).contains(&length), "{length}");
    let id = call["id"].as_str().unwrap();
    let file = house.path("remark.wav");
    let mut response = house.get(&format!("/api/v1/calls/{id}/clips/remark"), &[]);
    std::fs::write(&file, response.body_mut().read_to_vec().unwrap()).unwrap();
    assert!((crate::wav::soxi_s(&file) - length / 1000.0).abs() < 0.05);
    caller.settled();
    server.stop();
}

/// A forged packet is a forged vote: only the negotiated address is heard.
#[test]
fn rtp_from_elsewhere_is_neither_heard_nor_learnt_from() {
    let house = House::new(Default::default());
    let server = house.start();
    let caller = Caller::dial(&house);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let far = UdpSocket::bind("127.0.0.9:0").unwrap();
    far.set_read_timeout(Some(Duration::from_millis(10)))
        .unwrap();
    stranger
        .set_read_timeout(Some(Duration::from_millis(10)))
        .unwrap();
    // Before the caller has sent a packet that could be taken for a proof of who he is, and after.
    caller.gateway.forge('1', &stranger, caller.rtp_port);
    caller.wait_offer(SOON);
    let from = std::time::Instant::now();
    for packet in 0..25 {
        caller.gateway.forge('1', &stranger, caller.rtp_port);
        caller.gateway.forge('1', &far, caller.rtp_port);
        caller.gateway.forge_tone(440.0, &stranger, caller.rtp_port);
        crate::place::sleep_until(from + Duration::from_millis(20 * (packet + 1)));
    }
    caller.gateway.press('4', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "dissatisfied", "{}", timeline(&call));
    assert_eq!(lines(&call, "key").len(), 1, "{}", timeline(&call));
    let mut buffer = [0; 2048];
    assert!(
        stranger.recv(&mut buffer).is_err(),
        "something was sent to a stranger"
    );
    assert!(
        far.recv(&mut buffer).is_err(),
        "something was sent to a stranger"
    );
    let recording = crate::wav::Stereo::read(&house.recording(&call));
    assert!(recording.caller(440.0).is_empty(), "a stranger is recorded");
    let from: Vec<_> = caller
        .gateway
        .heard()
        .iter()
        .map(|packet| packet.from.port())
        .collect();
    assert!(
        from.iter().all(|port| *port == caller.rtp_port),
        "RTP not from the port it is received on"
    );
    assert!(line(&call, "first_media").is_some());
    caller.settled();
    server.stop();
}

fn prompts(call: &Value, prompt: &str) -> usize {
    let played = lines(call, "prompt");
    played
        .iter()
        .filter(|line| line["detail"] == prompt)
        .count()
}
