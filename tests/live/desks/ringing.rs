//! Which desk rings, and who waits where none is free.

use super::*;

#[test]
fn a_busy_and_a_silent_desk_are_passed_over() {
    let busy = Desk::open("desk-busy", "8001", Habits::default());
    let silent = Desk::open("desk-silent", "8002", Habits::default());
    let ready = Desk::open("desk-brief", "8003", Habits::default());
    let house = house_with(&[&busy, &silent, &ready]);
    let server = house.start();
    let caller = Caller::dial(&house);
    caller.wait_offer(SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "satisfied", "{}", timeline(&call));
    assert_eq!(call["staff"], "8003");
    let rung: Vec<_> = lines(&call, "desk_ringing")
        .iter()
        .map(|line| line["detail"].as_str().unwrap())
        .collect();
    assert_eq!(rung, ["8001", "8002", "8003"], "{}", timeline(&call));
    silent.sipp.wait_log("cancelled", Duration::from_secs(2));
    caller.settled();
    server.stop();
}

/// The first waits until the desk is free, hearing how many are before him; another one would rather be called back.
#[test]
fn who_finds_every_desk_taken_waits_is_told_his_position_and_is_served_or_called_back() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = house_with(&[&desk]);
    let plan = house.path("dialplans/consultation.toml");
    let text = std::fs::read_to_string(&plan).unwrap();
    let queue = "wait_at_most_s = 300\nposition_prompt = \"P02\"\nposition_again = \"P03\"\n\
                 position_first_s = 1\nposition_each_s = 3\nkeys = { 1 = \"callback\", 2 = \"voice\" }\ntalk_at_most_s";
    let queueing = text.replacen("talk_at_most_s", queue, 1);
    assert_ne!(text, queueing);
    std::fs::write(&plan, queueing).unwrap();
    let server = house.start();
    let talks = Caller::dial(&house);
    talks.line("joined");
    let waits = Caller::dial(&house);
    waits.nth_line("position 0 ahead", 1);
    waits.nth_line("prompt P03", 1);
    let leaves = Caller::dial(&house);
    leaves.nth_line("position 1 ahead", 1);
    sleep_until(leaves.nth_line("prompt P03", 1) + SOON);
    leaves.gateway.press('1', Fault::None);
    sleep_until(leaves.nth_line("prompt P26", 1) + SOON);
    leaves.gateway.press('1', Fault::None);
    let left = leaves.end();
    assert_eq!(left["outcome"], "callback", "{}", timeline(&left));
    assert!(
        lines(&left, "desk_ringing").is_empty(),
        "{}",
        timeline(&left)
    );
    desk.sipp.tell_desk("HANGUP");
    waits.line("joined");
    talks.hang_up();
    waits.hang_up();
    let waited = waits.end();
    assert_eq!(waited["staff"], "8001", "{}", timeline(&waited));
    assert_eq!(lines(&waited, "waited").len(), 1, "{}", timeline(&waited));
    assert_eq!(
        lines(&waited, "desk_ringing").len(),
        1,
        "{}",
        timeline(&waited)
    );
    server.stop();
}

fn two_desks() -> [Desk; 2] {
    ["8001", "8002"].map(|user| Desk::open("desk", user, Habits::default()))
}

#[test]
fn by_itself_the_program_rings_the_desk_that_has_been_idle_for_longest() {
    let desks = two_desks();
    let house = House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        desk_strategy: None,
        ..Setup::default()
    });
    let server = house.start();
    for expected in ["8001", "8002", "8001", "8002"] {
        let caller = Caller::dial(&house);
        caller.line("joined");
        caller.hang_up();
        let call = caller.end();
        assert_eq!(call["staff"], expected, "{}", timeline(&call));
    }
    server.stop();
}

#[test]
fn where_all_desks_ring_who_answers_first_has_the_caller() {
    let desks = two_desks();
    let house = House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        desk_strategy: Some("ring_all"),
        ..Setup::default()
    });
    let server = house.start();
    for _ in 0..2 {
        let caller = Caller::dial(&house);
        caller.line("joined");
        caller.hang_up();
        let call = caller.end();
        let what = timeline(&call);
        assert_eq!(lines(&call, "desk_ringing").len(), 2, "{what}");
        assert_eq!(lines(&call, "desk_answered").len(), 1, "{what}");
        caller.settled();
    }
    server.stop();
}
