//! Calls while nobody is there: outside the service hours, and in a holiday.

use std::time::Duration;

use serde_json::Value;

use crate::browser::Browser;
use crate::calls::{Caller, SOON};
use crate::gateway::Fault;
use crate::pages;
use crate::place::{sleep_until, tone_of};
use crate::server::{House, Open, Setup, lines, timeline};
use crate::wav::Stereo;

/// Who says in a closed house that he wants to be called back at another number.
const OTHER_NUMBER: &str = "13712345678";

#[test]
fn outside_the_service_hours_a_caller_leaves_a_message_or_a_wish() {
    let house = closed(Open::NotNow);
    let server = house.start();
    let [message, own, other, silent] = everybody_calls(&house, "P23");
    assert_eq!(message["outcome"], "message", "{}", timeline(&message));
    assert_eq!(own["outcome"], "callback", "{}", timeline(&own));
    assert_eq!(silent["outcome"], "closed", "{}", timeline(&silent));

    // A number that was keyed is told nowhere, neither whole nor key by key.
    assert_eq!(other["callback"]["number"], "137****5678");
    let keys = lines(&other, "key");
    let hidden = keys.iter().filter(|line| line["detail"] == "• (event)");
    assert_eq!(
        hidden.count(),
        OTHER_NUMBER.len() + 1,
        "{}",
        timeline(&other)
    );
    assert_eq!(keys.len(), OTHER_NUMBER.len() + 3, "{}", timeline(&other));
    assert!(!other.to_string().contains(OTHER_NUMBER));
    assert!(!server.log().contains(OTHER_NUMBER), "{}", server.log());

    let browser = Browser::open();
    pages::log_in(&browser, &house, &server);
    browser.go(&house.page("/calls?outcome=message"));
    let id = message["id"].as_str().unwrap();
    browser.click(&format!("a[href='/calls/{id}']"));
    browser.wait(
        "the message's player",
        &format!(
            "return !!document.querySelector('audio[src=\"/api/v1/calls/{id}/clips/voice\"]')"
        ),
    );
    browser.wait_text("语音留言");
    browser.wait_text("非工作时间");
    browser.go(&house.page("/calls?outcome=callback"));
    let id = other["id"].as_str().unwrap();
    browser.click(&format!("a[href='/calls/{id}']"));
    browser.wait_text("登记回电");
    browser.wait_text("137****5678");
    drop(browser);
    server.stop();
}

#[test]
fn in_a_holiday_a_caller_hears_of_it_and_leaves_a_message_or_a_wish() {
    let house = closed(Open::NotToday);
    let server = house.start();
    let [message, own, other, silent] = everybody_calls(&house, "P24");
    assert_eq!(message["outcome"], "message", "{}", timeline(&message));
    assert_eq!(own["outcome"], "callback", "{}", timeline(&own));
    assert_eq!(other["callback"]["number"], "137****5678");
    assert_eq!(silent["outcome"], "closed", "{}", timeline(&silent));
    server.stop();
}

fn closed(open: Open) -> House {
    House::new(Setup {
        open,
        ..Setup::default()
    })
}

/// Four callers at once: one leaves a message, one wants to be called back, one at another number,
/// and one says nothing. Each hears `prompt` and no notice of a desk.
fn everybody_calls(house: &House, prompt: &str) -> [Value; 4] {
    let does: [fn(&Caller); 4] = [
        leaves_a_message,
        wants_a_call,
        wants_a_call_elsewhere,
        |_| {},
    ];
    std::thread::scope(|scope| {
        let calls = does.map(|act| {
            scope.spawn(move || {
                let caller = Caller::dial(house);
                let asked = caller.nth_line(&format!("prompt {prompt}"), 1);
                sleep_until(asked + SOON);
                act(&caller);
                let call = caller.end();
                let what = timeline(&call);
                assert!(lines(&call, "desk_ringing").is_empty(), "{what}");
                assert!(
                    call["grade"].is_null() && call["ticket"].is_null(),
                    "{what}"
                );
                let heard = Stereo::read(&house.recording(&call));
                let tone = tone_of(&format!("{prompt}.1"));
                assert!(
                    !heard.heard(tone).is_empty(),
                    "{prompt} is not heard: {what}"
                );
                caller.settled();
                call
            })
        });
        calls.map(|call| call.join().unwrap())
    })
}

fn leaves_a_message(caller: &Caller) {
    caller.gateway.press('1', Fault::None);
    let call = caller.leaves_a_message();
    let what = timeline(&call);
    assert_eq!(call["clips"][0]["kind"], "voice", "{what}");
    assert!(
        call["clips"][0]["length_ms"].as_f64().unwrap() >= 1900.0,
        "{what}"
    );
    let id = call["id"].as_str().unwrap();
    let file = caller.house.path(&format!("{id}.voice.wav"));
    let mut clip = caller
        .house
        .get(&format!("/api/v1/calls/{id}/clips/voice"), &[]);
    std::fs::write(&file, clip.body_mut().read_to_vec().unwrap()).unwrap();
    let said = Stereo::read_mono(&file);
    let spans = crate::tone::spans(&said, 440.0, 14_000.0);
    assert!(
        spans.iter().any(|span| span.length_ms() > 1500.0),
        "{spans:?} {what}"
    );
}

fn wants_a_call(caller: &Caller) {
    caller.gateway.press('2', Fault::None);
    let asked = caller.nth_line("prompt P26", 1);
    sleep_until(asked + SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    let masked = format!("139****{}", &caller.number[7..]);
    assert_eq!(call["callback"]["number"], masked, "{}", timeline(&call));
    caller.nth_line("prompt P28", 1);
}

fn wants_a_call_elsewhere(caller: &Caller) {
    caller.gateway.press('2', Fault::None);
    let asked = caller.nth_line("prompt P26", 1);
    sleep_until(asked + SOON);
    caller.gateway.press('2', Fault::None);
    let mut next = caller.nth_line("prompt P27", 1) + SOON;
    for key in OTHER_NUMBER.chars().chain(['#']) {
        sleep_until(next);
        caller.gateway.press(key, Fault::None);
        next += Duration::from_millis(350);
    }
}
