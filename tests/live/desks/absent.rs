//! Desks that are not there, or vanish in the talk.

use super::*;

#[test]
fn with_no_desk_the_caller_leaves_a_voice_message() {
    let busy = Desk::open("desk-busy", "8001", Habits::default());
    let silent = Desk::open("desk-silent", "8002", Habits::default());
    let house = house_with(&[&busy, &silent]);
    let server = house.start();
    let caller = Caller::dial(&house);
    let asked = caller.nth_line("prompt P25", 1);
    sleep_until(asked + SOON);
    caller.gateway.press('2', Fault::None);
    let speaks_from = caller.nth_line("message", 1) + Duration::from_millis(500);
    sleep_until(speaks_from);
    caller.gateway.say_tone(440.0);
    sleep_until(speaks_from + Duration::from_secs(2));
    caller.hang_up();
    let call = caller.end();
    assert_eq!(call["outcome"], "message", "{}", timeline(&call));
    assert!(call["grade"].is_null() && call["ticket"].is_null());
    assert_eq!(call["clips"][0]["kind"], "voice");
    assert!(call["clips"][0]["length_ms"].as_f64().unwrap() >= 1900.0);
    caller.settled();
    server.stop();
}

/// linphonec is the only telephone of two desks: it lets the first caller ring, talks with the second,
/// and is busy for the third.
#[test]
fn a_linphonec_that_is_not_to_be_had_leads_to_a_voice_message() {
    let mut phone = Linphone::start("8001", KeysBy::Events, "PCMA");
    let house = House::new(Setup {
        desks: ["8001", "8002"]
            .map(|desk| format!("sip:{desk}@127.0.0.1:{}", phone.port))
            .into(),
        desk_ring_timeout_s: 2,
        ..Setup::default()
    });
    let server = house.start();
    let unanswered = Caller::dial(&house);
    let unanswered = speaks_to_nobody(&unanswered);
    let what = timeline(&unanswered);
    assert_eq!(lines(&unanswered, "desk_ringing").len(), 2, "{what}");
    let why = |call: &serde_json::Value| lines(call, "desk_unavailable")[0]["detail"].clone();
    assert_eq!(why(&unanswered), "no_answer", "{what}");

    // The second desk may have found it busy with the first one's CANCEL: then it rang once.
    let rung = phone.calls();
    let talks = Caller::dial(&house);
    talks.nth_line("desk_ringing 8001", 1);
    phone.wait_call(rung + 1, Duration::from_secs(10));
    phone.type_in("answer");
    talks.line("joined");
    let busy = Caller::dial(&house);
    let busy = speaks_to_nobody(&busy);
    let what = timeline(&busy);
    assert_eq!(lines(&busy, "desk_ringing").len(), 1, "{what}");
    assert_eq!(why(&busy), "busy", "{what}");
    talks.hang_up();
    assert_eq!(talks.end()["outcome"], "left_before_offer");
    talks.settled();
    server.stop();
}

/// P25 is heard, key 2 pressed, and something said.
fn speaks_to_nobody(caller: &Caller) -> serde_json::Value {
    let asked = caller.nth_line("prompt P25", 1);
    sleep_until(asked + SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.leaves_a_message();
    let what = timeline(&call);
    assert_eq!(call["outcome"], "message", "{what}");
    assert_eq!(call["clips"][0]["kind"], "voice", "{what}");
    let heard = crate::wav::Stereo::read(&caller.house.recording(&call));
    assert_eq!(heard.heard(tone_of("P25")).len(), 1, "{what}");
    assert!(!heard.caller(440.0).is_empty(), "{what}");
    call
}

/// A desk from which nothing comes any more is given up; its caller is asked for his grade.
#[test]
fn a_desk_that_vanishes_leaves_its_caller_to_the_rating() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = House::new(Setup {
        desks: vec![desk.address.clone()],
        rtp_timeout_s: 3,
        ..Setup::default()
    });
    let server = house.start();
    let caller = Caller::dial(&house);
    desk.talks();
    caller.line("joined");
    desk.gateway.vanish();
    caller.nth_line("rtp_timeout desk", 1);
    desk.sipp.wait_log("bye", Duration::from_secs(5));
    caller.wait_offer(SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "satisfied", "{}", timeline(&call));
    assert_eq!(call["hung_up_by"], "desk", "{}", timeline(&call));
    caller.settled();
    server.stop();
}
