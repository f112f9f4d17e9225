//! Calls out that are asked for: when they wait, when they are refused, and a callback.

use super::*;
use crate::calls::Caller;
use crate::peers::{Plan, Sipp};

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
    // Its hour has come, and there is no line, however often it is asked for.
    centre.is("2026-09-20T09:00:05+08:00");
    wait_for("two looks without a line", PATIENCE, || {
        let looks = "gradeline_calls_out_without_line_total";
        (centre.house.metric(looks, "") >= 2.0).then_some(())
    });
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
