//! The power goes at every stage of a call; and the house is closed while calls go on.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::calls::{ANSWER, Caller, END, OFFER, SOON};
use crate::desks::Desk;
use crate::gateway::{Fault, Habits};
use crate::peers::{Plan, Sipp};
use crate::place::sleep_until;
use crate::server::{House, Setup, instant, line, timeline};
use crate::wav::{Stereo, soxi_s};

/// Six calls, each at another stage; one kill; what the next start makes of them.
#[test]
fn after_a_kill_at_any_stage_nothing_that_was_said_is_lost() {
    let talking: Vec<Desk> = (0..3)
        .map(|n| Desk::open("desk", &format!("800{n}"), Habits::default()))
        .collect();
    let silent = Desk::open("desk-silent", "8009", Habits::default());
    let desks = talking.iter().chain([&silent]);
    let house = House::new(Setup {
        desks: desks.map(|desk| desk.address.clone()).collect(),
        desk_ring_timeout_s: 60,
        ..Setup::default()
    });
    let server = house.start();
    // One after another, so that each call has the first desk that is free.
    let joined = || {
        let caller = Caller::dial(&house);
        caller.gateway.say_tone(440.0);
        caller.line("joined");
        caller
    };
    let message = joined();
    talking[0].sipp.tell_desk("HANGUP");
    message.wait_offer(SOON);
    message.gateway.press('4', Fault::None);
    let asked = message.nth_line("prompt P16", 1);
    sleep_until(asked + SOON);
    message.gateway.press('3', Fault::None);
    message.gateway.say_tone(440.0);
    message.line("message");
    // The desk that is free again, and the next ones.
    let (keyed, offered, talked) = (joined(), joined(), joined());
    let ringing = Caller::dial(&house);
    ringing.nth_line("desk_ringing 8009", 1);
    talking[0].sipp.tell_desk("HANGUP");
    talking[1].sipp.tell_desk("HANGUP");
    offered.line("offer");
    keyed.wait_offer(SOON);
    keyed.gateway.press('5', Fault::None);
    house.wait(&keyed.number, "the grade", OFFER, |call| {
        call["keyed_grades"].get(0).map(|_| ())
    });
    let notice = Caller::dial(&house);
    notice.line("answered");
    let before: Vec<Value> = [&message, &keyed, &offered, &talked, &ringing, &notice]
        .map(|caller| house.find(&caller.number).unwrap())
        .into();
    let killed = Instant::now();
    server.kill();

    let server = house.start();
    let restarted = |caller: &Caller| house.wait_end(&caller.number, ANSWER);
    let expected = [
        (&message, "graded", Some("dissatisfied")),
        (&keyed, "graded", Some("very_dissatisfied")),
        (&offered, "fault", None),
        (&talked, "fault", None),
        (&ringing, "fault_before_talk", None),
        (&notice, "fault_before_talk", None),
    ];
    for ((caller, outcome, grade), before) in expected.into_iter().zip(before) {
        let call = restarted(caller);
        let what = format!("{}{}", timeline(&before), timeline(&call));
        assert_eq!(call["state"], "interrupted", "{what}");
        assert_eq!(call["outcome"], outcome, "{what}");
        assert_eq!(call["grade"].as_str(), grade, "{what}");
        assert_eq!(call["ticket"].is_string(), grade.is_some(), "{what}");
        let file = house.recording(&call);
        // The recording begins with the answer, which on a busy machine is some time after the INVITE.
        let answered = line(&call, "answered").expect("it was answered");
        let lasted = killed - instant(&answered["at"]);
        let lost = lasted.as_secs_f64() - soxi_s(&file);
        assert!(lost < 1.0, "{lost} s of {lasted:?} lost: {what}");
        let recording = Stereo::read(&file);
        let digest = sha256(&file);
        assert_eq!(call["recording"]["sha256"], digest, "{what}");
        if lasted > Duration::from_secs(3) && grade.is_none() && outcome == "fault" {
            assert!(!recording.caller(440.0).is_empty(), "{what}");
        }
    }
    let tickets = house.api("tickets");
    assert_eq!(tickets["items"].as_array().unwrap().len(), 2);
    // A call that comes now is served as ever.
    let caller = Caller::dial(&house);
    caller.hang_up();
    assert_eq!(caller.end()["outcome"], "abandoned");
    caller.settled();
    let calls = house.api("calls");
    server.stop();

    let server = house.start();
    assert!(!server.log().contains("interrupted"), "{}", server.log());
    assert_eq!(house.api("calls"), calls);
    assert_eq!(house.api("tickets"), tickets);
    server.stop();
}

fn sha256(file: &std::path::Path) -> String {
    let output = std::process::Command::new("sha256sum")
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().next().unwrap().to_owned()
}

/// Killed some milliseconds round the press, as often as the offsets say: the grade is either there
/// with its one ticket, or was never said to be.
#[test]
fn a_kill_round_the_press_leaves_a_whole_grade_or_none() {
    std::thread::scope(|scope| {
        for after_ms in [0u64, 15, 40, 120] {
            scope.spawn(move || {
                let house = House::new(Setup::default());
                let server = house.start();
                let caller = Caller::dial(&house);
                caller.wait_offer(SOON);
                caller.gateway.press('4', Fault::None);
                let at = Instant::now() + Duration::from_millis(after_ms);
                sleep_until(at);
                let acknowledged = server.log().contains("told_bad");
                server.kill();
                let server = house.start();
                let call = house.wait_end(&caller.number, ANSWER);
                let graded = call["outcome"] == "graded";
                assert!(graded || !acknowledged, "{}", timeline(&call));
                let tickets = house.api("tickets")["items"].as_array().unwrap().len();
                let ratings = house.api("ratings")["items"].as_array().unwrap().len();
                assert_eq!(tickets, usize::from(graded), "{}", timeline(&call));
                assert_eq!(ratings, usize::from(graded), "{}", timeline(&call));
                server.stop();
            });
        }
    });
}

#[test]
fn closing_lets_a_running_call_end_and_takes_no_new_one() {
    let house = House::new(Setup {
        rehearsal_talk_s: 2,
        ..Setup::default()
    });
    let mut server = house.start();
    let caller = Caller::dial(&house);
    caller.line("joined");
    server.signal(libc::SIGINT);
    server.wait_log("closing", END);
    let refused = Sipp::call(
        &house.sip_address(),
        Plan {
            scenario: "refused-503",
            ..Plan::default()
        },
    );
    refused.wait_success(ANSWER);
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let number = caller.number.clone();
    caller.settled();
    let status = server.wait_exit(END);
    assert!(status.success(), "{}", server.log());
    assert!(server.log().contains("nothing is open"), "{}", server.log());
    let server = house.start();
    let call = house.wait_end(&number, ANSWER);
    assert_eq!(call["grade"], "very_satisfied", "{}", timeline(&call));
    assert_eq!(call["state"], "ended");
    server.stop();
}

#[test]
fn a_call_that_does_not_end_is_ended_when_the_grace_is_over() {
    let house = House::new(Setup {
        rehearsal_talk_s: 100,
        drain_s: 2,
        ..Setup::default()
    });
    let mut server = house.start();
    let caller = Caller::dial(&house);
    caller.line("joined");
    let begun = Instant::now();
    server.signal(libc::SIGTERM);
    let status = server.wait_exit(Duration::from_secs(15));
    let took = begun.elapsed().as_secs_f64();
    assert!(
        status.success() && (1.9..9.0).contains(&took),
        "{took} s: {}",
        server.log()
    );
    let number = caller.number.clone();
    caller.settled();
    let server = house.start();
    let call = house.wait_end(&number, ANSWER);
    assert_eq!(call["state"], "ended", "{}", timeline(&call));
    assert!(call["recording"]["sha256"].is_string());
    server.stop();
}
