//! What a call out came to: declined by the network, not answered, cut by a kill.

use super::*;

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
