//! Callers handed to a group, taken back, and handed outside: by linphonec, by keys and by the buttons of a page.

use std::time::Duration;

use serde_json::Value;

use crate::browser::Browser;
use crate::calls::Caller;
use crate::consoles::{DESK, LOUD, PERSON, accept, heard_by, ready, settled_grade, state};
use crate::desks::Desk;
use crate::gateway::Habits;
use crate::outsiders::{ALLOWED, NUMBER, SHOWN, goes_out};
use crate::peers::{KeysBy, Linphone};
use crate::place::wait_for;
use crate::server::{House, Setup, lines, timeline};
use crate::tone;
use crate::transfers::{CALLER, FIRST, SECOND, STEP, details, keys, talking, wait_hears};

const GROUP: &str = "audit";

fn desk(user: &str) -> Desk {
    Desk::open("desk", user, Habits::default())
}

/// A house with these desks, of which the later ones are a group.
fn house_with_group(desks: &[String]) -> House {
    let house = House::new(Setup {
        desks: desks.to_vec(),
        desk_ring_timeout_s: 20,
        ..Setup::default()
    });
    let mut text = std::fs::read_to_string(house.config()).unwrap();
    for desk in &desks[1..] {
        let in_group = format!("{{ address = {desk:?}, groups = [{GROUP:?}] }}");
        text = text.replace(&format!("{desk:?}"), &in_group);
    }
    std::fs::write(house.config(), text).unwrap();
    house
}

fn addresses(desks: &[Desk]) -> Vec<String> {
    desks.iter().map(|desk| desk.address.clone()).collect()
}

fn desks_of(call: &Value) -> Vec<String> {
    let desks = call["desks"].as_array().unwrap().iter();
    desks
        .map(|desk| desk["desk"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// By REFER: whoever of the group is free is rung, and the first desk keeps its caller until one answers.
#[test]
fn a_telephone_hands_its_caller_to_a_group() {
    let desks = [
        desk("8001"),
        Desk::open("desk-busy", "8002", Habits::default()),
        desk("8003"),
    ];
    let house = house_with_group(&addresses(&desks));
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    desks[0].sipp.tell_desk_with("TRANSFER", GROUP);
    desks[0].sipp.wait_log("refer 202", STEP);
    desks[2].talks();
    desks[2].gateway.say_tone(SECOND);
    desks[0].sipp.wait_log("notify 200 terminated", STEP);
    wait_hears(&caller.gateway, &[SECOND], "handed on");
    let call = caller.rates_when_left_by(&desks[2], '2');
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(details(&call, "handing_on"), [GROUP], "{what}");
    assert_eq!(desks_of(&call), ["8001", "8003"], "{what}");
    caller.settled();
    server.stop();
}

/// The caller is taken back while a colleague rings, while he is asked, and from three: each time he and his desk hear each
/// other, and nobody else.
#[test]
fn a_telephone_takes_its_caller_back_whatever_goes_on() {
    let desks = [desk("8001"), desk("8002")];
    let house = House::new(Setup {
        desks: addresses(&desks),
        ..Setup::default()
    });
    let server = house.start();
    let caller = talking(&house, &desks[0]);
    // From a consultation.
    keys(&desks[0], "*28002#");
    desks[1].talks();
    desks[1].gateway.say_tone(SECOND);
    caller.line("consulting");
    wait_hears(&caller.gateway, &[], "consulting");
    keys(&desks[0], "*0");
    caller.nth_line("second_released", 1);
    desks[1].sipp.wait_log("bye", STEP);
    wait_hears(&caller.gateway, &[FIRST], "taken back");
    wait_hears(&desks[0].gateway, &[CALLER], "taken back");
    // From a ringing, by a telephone that does not wait for it.
    keys(&desks[0], "*28002#");
    caller.nth_line("desk_ringing 8002", 2);
    keys(&desks[0], "*0");
    caller.line("caller_back");
    wait_hears(&caller.gateway, &[FIRST], "taken back again");
    let call = caller.rates_when_left_by(&desks[0], '1');
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert_eq!(call["staff"], "8001", "{what}");
    assert!(lines(&call, "handed_over").is_empty(), "{what}");
    caller.settled();
    server.stop();
}

/// Its own `transfer` is a REFER to whatever address its person types.
#[test]
fn linphonec_hands_its_caller_to_a_group() {
    let mut phone = Linphone::start("8001", KeysBy::Events, "PCMA");
    let colleague = desk("8002");
    let first = format!("sip:8001@127.0.0.1:{}", phone.port);
    let house = house_with_group(&[first, colleague.address.clone()]);
    let server = house.start();
    let caller = Caller::dial(&house);
    phone.wait_call(1, Duration::from_secs(10));
    phone.type_in("answer");
    caller.line("joined");
    phone.wait_output("Media streams established", Duration::from_secs(15));
    phone.type_in(&format!("transfer sip:{GROUP}@{}", house.sip_address()));
    colleague.talks();
    colleague.gateway.say_tone(SECOND);
    caller.nth_line("handed_over 8002", 1);
    wait_hears(&caller.gateway, &[SECOND], "handed on");
    colleague.sipp.tell_desk("HANGUP");
    let call = settled_grade(&caller, '1');
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert_eq!(desks_of(&call), ["8001", "8002"], "{what}");
    caller.settled();
    server.stop();
}

fn error_of(browser: &Browser) -> String {
    let shown =
        "const e = document.querySelector('[data-part=error]'); return !e.hidden && e.textContent";
    let error = browser.wait("the refusal", shown);
    error.as_str().unwrap().to_owned()
}

fn choose(browser: &Browser, whom: &str) {
    browser.wait(
        "whom to choose in the list",
        &format!(
            "const list = document.querySelector('[data-part=colleagues]'); list.value = '{whom}'; \
             list.dispatchEvent(new Event('change')); \
             return list.value == '{whom}' && !document.querySelector('[data-do=transfer]').disabled"
        ),
    );
}

fn type_number(browser: &Browser, number: &str) {
    browser.run(&format!(
        "const field = document.querySelector('[data-part=outside]'); field.value = '{number}'; \
         field.dispatchEvent(new Event('input'))"
    ));
    browser.wait(
        "the button",
        "return !document.querySelector('[data-do=transfer]').disabled",
    );
}

/// The caller hears the desk's microphone from now on.
fn hears_desk(caller: &Caller<'_>, when: &str) {
    let begun = caller.gateway.heard_sound().0.len();
    wait_for(when, Duration::from_secs(20), || {
        let (sound, _) = caller.gateway.heard_sound();
        let spans = tone::spans(sound.get(begun..)?, DESK, LOUD);
        (spans.len() >= 2).then_some(())
    });
}

/// By its buttons: a colleague is asked and let go of, then the group gets the caller.
#[test]
fn a_page_takes_its_caller_back_and_hands_him_to_a_group() {
    let colleague = desk("8002");
    let house = house_with_group(&[format!("browser:{PERSON}"), colleague.address.clone()]);
    let server = house.start();
    let browser = ready(&house);
    let caller = Caller::dial(&house);
    accept(&browser);
    caller.line("joined");
    hears_desk(&caller, "the desk");
    choose(&browser, "8002");
    browser.click("[data-do=consult]");
    colleague.talks();
    caller.line("consulting");
    browser.wait_text("正在咨询");
    browser.click("[data-do=take_back]");
    caller.nth_line("second_released", 1);
    colleague.sipp.wait_log("bye", STEP);
    hears_desk(&caller, "the desk that has its caller again");
    choose(&browser, GROUP);
    browser.click("[data-do=transfer]");
    caller.nth_line("handed_over 8002", 1);
    state(&browser, "ready");
    colleague.sipp.tell_desk("HANGUP");
    let call = settled_grade(&caller, '2');
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "offer").len(), 1, "{what}");
    assert_eq!(details(&call, "handing_on"), ["8002", GROUP], "{what}");
    assert_eq!(desks_of(&call).len(), 3, "{what}");
    caller.settled();
    server.stop();
}

/// A number outside by the page's field: one that may not be named is refused with those that may; one that may is asked,
/// joined, and gets the caller.
#[test]
fn a_page_names_a_number_outside_and_hands_its_caller_there() {
    let outside = desk("outside");
    let house = House::new(Setup {
        desks: vec![format!("browser:{PERSON}")],
        desk_ring_timeout_s: 20,
        ..Setup::default()
    });
    goes_out(&house, &outside, ALLOWED);
    let server = house.start();
    let browser = ready(&house);
    let caller = Caller::dial(&house);
    accept(&browser);
    caller.line("joined");
    type_number(&browser, "13800138001");
    browser.click("[data-do=transfer]");
    let error = error_of(&browser);
    for word in ["不在允许转出的范围内", "12345", "010…", NUMBER] {
        assert!(error.contains(word), "{word}: {error}");
    }
    browser.shot("desk-outside-refused");
    type_number(&browser, "110");
    browser.click("[data-do=consult]");
    caller.nth_line("transfer_refused outside_emergency", 1);
    type_number(&browser, "138 0013 8000");
    browser.shot("desk-outside");
    browser.click("[data-do=consult]");
    outside.talks();
    caller.line("consulting");
    browser.click("[data-do=join_all]");
    caller.line("three");
    outside.gateway.say_tone(CALLER);
    wait_for(
        "who is outside in the browser",
        Duration::from_secs(20),
        || ((heard_by(&browser) - CALLER).abs() < 40.0).then_some(()),
    );
    browser.click("[data-do=complete]");
    caller.nth_line(&format!("handed_over {SHOWN}"), 1);
    state(&browser, "ready");
    wait_hears(&caller.gateway, &[CALLER], "handed over");
    outside.sipp.tell_desk("HANGUP");
    let call = settled_grade(&caller, '1');
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert_eq!(call["desks"].as_array().unwrap().len(), 1, "{what}");
    assert!(!call.to_string().contains(NUMBER), "{what}");
    caller.settled();
    server.stop();
}
