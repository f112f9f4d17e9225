//! A call out whose desk hands the called person on: one call, of its ticket or its first call, and one rating.

use super::*;

/// A centre with a second desk.
fn centre(desks: &[Desk; 2], outside: &Desk, lines: &str) -> Centre {
    let centre = Centre::open(&desks[0], outside, lines);
    let text = std::fs::read_to_string(centre.house.config()).unwrap();
    let first = format!("{:?}", desks[0].address);
    let both = format!("{first}, {:?}", desks[1].address);
    std::fs::write(centre.house.config(), text.replacen(&first, &both, 1)).unwrap();
    centre
}

fn desks_of(call: &Value) -> Vec<&str> {
    let desks = call["desks"].as_array().unwrap().iter();
    desks.filter_map(|desk| desk["desk"].as_str()).collect()
}

/// Hands him from the first desk to the second by REFER.
fn hands_on(desks: &[Desk; 2], house: &House, number: &str) {
    let patience = Duration::from_secs(15);
    wait_line(house, number, "joined");
    desks[0].sipp.tell_desk_with("TRANSFER", "8002");
    desks[0].sipp.wait_log("refer 202", patience);
    desks[1].talks();
    desks[0].sipp.wait_log("notify 200 terminated", patience);
    desks[0].sipp.wait_log("bye", patience);
    wait_line(house, number, "handed_over");
}

#[test]
fn a_revisit_that_is_handed_on_stays_one_call_of_its_ticket() {
    let desks = ["8001", "8002"].map(|user| Desk::open("desk", user, Habits::default()));
    let outside = Desk::open("desk", "citizen", Habits::default());
    let centre = centre(&desks, &outside, "");
    let number = "13812345678";
    let ticket = with_a_revisit(&centre, number);
    let server = centre.start();
    desks[0].talks();
    outside.talks();
    wait_line(&centre.house, number, "called_out");
    outside.gateway.press('1', Fault::None);
    hands_on(&desks, &centre.house, number);
    // Nobody is silent to him while he waits.
    let call = centre.house.find(number).unwrap();
    let waits = lines(&call, "prompt");
    let waits = waits.iter().any(|line| line["detail"] == "P05");
    assert!(waits, "{}", timeline(&call));
    desks[1].sipp.tell_desk("HANGUP");
    let call = centre.house.wait_end(number, PATIENCE);
    let what = timeline(&call);
    assert_eq!(desks_of(&call), ["8001", "8002"], "{what}");
    // It is about a rating that there is, and is none to be rated itself.
    assert!(lines(&call, "offer").is_empty(), "{what}");
    centre.wait_list(&[&ticket, "revisit", "answered"]);
    let detail = centre.house.api(&format!("tickets/{ticket}")).to_string();
    assert_eq!(detail.matches("call_out_ended").count(), 1, "{detail}");
    let heard = outside.sipp.log().matches("call ").count();
    assert_eq!(heard, 1, "{}", outside.sipp.log());
    server.stop();
}

#[test]
fn a_callback_that_is_handed_on_is_rated_once() {
    let desks = ["8001", "8002"].map(|user| Desk::open("desk", user, Habits::default()));
    let outside = Desk::open("desk", "citizen", Habits::default());
    let centre = centre(&desks, &outside, "callbacks = true\n");
    let number = "13812345678";
    let (runtime, engine) = centre.engine();
    runtime.block_on(async {
        let call = CallId("20260918-100000-000000".into());
        dissatisfied(&engine, &call.0, number).await;
        engine
            .request_callback(&call, None, at("10:05"))
            .await
            .unwrap();
        engine.close().await.unwrap();
    });
    centre.is("2026-09-20T09:00:05+08:00");
    let server = centre.start();
    desks[0].talks();
    outside.talks();
    wait_line(&centre.house, number, "called_out");
    outside.gateway.press('1', Fault::None);
    hands_on(&desks, &centre.house, number);
    desks[1].sipp.tell_desk("HANGUP");
    wait_line(&centre.house, number, "offer");
    outside.gateway.press('2', Fault::None);
    let call = centre.house.wait_end(number, PATIENCE);
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "offer").len(), 1, "{what}");
    assert_eq!(desks_of(&call), ["8001", "8002"], "{what}");
    let ratings = centre.house.api("ratings");
    let of_it = ratings["items"].as_array().unwrap().iter();
    let of_it = of_it.filter(|rating| rating["call_id"] == call["id"]);
    assert_eq!(of_it.count(), 1, "{ratings:#}");
    centre.wait_list(&["callback", "answered"]);
    server.stop();
}
