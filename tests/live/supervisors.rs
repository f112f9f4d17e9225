//! Supervisors in a browser: they listen, whisper, join and take over.

use std::time::Duration;

use serde_json::Value;

use crate::browser::Browser;
use crate::calls::{Caller, SOON};
use crate::consoles::{DESK, LOUD, heard_by, microphone, state};
use crate::desks::Desk;
use crate::gateway::{Fault, Gateway, Habits};
use crate::outages::Holder;
use crate::pages::log_in_as;
use crate::place::wait_for;
use crate::server::{House, Server, Setup, line, lines, offset_ms, timeline};
use crate::tone;
use crate::wav::Stereo;

const CALLER: f64 = 700.0;
const PERSON: &str = "zhao";
const REASON: &str = "新坐席第一天";
/// What the supervisor's microphone hears.
const SUPERVISOR: f64 = DESK;
const HEARD: Duration = Duration::from_secs(20);

/// A desk that is a telephone and a supervisor whose page is open, away from his own desk.
fn house(desk: &Desk) -> House {
    House::new(Setup {
        desks: vec![format!("browser:{PERSON}"), desk.address.clone()],
        desk_ring_timeout_s: 20,
        ..Setup::default()
    })
}

fn supervisor(house: &House) -> Browser {
    let added = house.run(&["user", "add", PERSON]);
    let printed = String::from_utf8(added.stdout).unwrap();
    let once = printed.split_whitespace().last().expect("a password");
    let granted = house.run(&["user", "grant", PERSON, "centre_supervisor"]);
    assert!(granted.status.success(), "{granted:?}");
    let browser = Browser::with_microphone(&microphone(house));
    log_in_as(&browser, house, PERSON, once);
    browser.go(&house.page("/desk"));
    state(&browser, "offline");
    browser
}

/// By the form, from another tab; then his page has the sound.
fn supervises(browser: &Browser, caller: &Caller<'_>) {
    let call = caller.house.find(&caller.number).unwrap();
    let form = format!("/board/supervise?call={}", call["id"].as_str().unwrap());
    browser.run(&format!("window.form = open('{form}'); return true"));
    browser.wait(
        "the form",
        "return !!window.form.document.querySelector('textarea[name=reason]')",
    );
    browser.run(&format!(
        "const form = window.form.document.querySelector('form[action=\"/board/supervise\"]'); \
         form.querySelector('textarea').value = '{REASON}'; form.requestSubmit(); return true"
    ));
    mode(browser, "listen");
    caller.nth_line("supervised listen", 1);
}

/// The beginning of each story: caller and desk talk, and the supervisor listens.
fn supervised<'a>(house: &'a House, desk: &Desk) -> (Server<'a>, Browser, Caller<'a>) {
    let server = house.start();
    let browser = supervisor(house);
    let caller = Caller::dial(house);
    desk.talks();
    caller.line("joined");
    supervises(&browser, &caller);
    (server, browser, caller)
}

fn mode(browser: &Browser, mode: &str) {
    let script = format!(
        "const {{ call }} = document.querySelector('desk-console'); \
         return call?.talk && call.supervises == '{mode}'"
    );
    browser.wait(mode, &script);
}

/// From where on this side is listened to.
fn from_here(gateway: &Gateway) -> usize {
    gateway.heard_sound().0.len()
}

/// How often the supervisor's tone came since then.
fn tones(gateway: &Gateway, since: usize) -> usize {
    let (sound, _) = gateway.heard_sound();
    tone::spans(sound.get(since..).unwrap_or_default(), SUPERVISOR, LOUD).len()
}

/// So much sound has come since then.
fn passes(gateway: &Gateway, since: usize, ms: usize) {
    wait_for("some seconds of sound", HEARD, || {
        (from_here(gateway) > since + ms * 8).then_some(())
    });
}

fn hears_the_supervisor(who: &str, gateway: &Gateway, since: usize) {
    wait_for(
        &format!("the supervisor's tone at the {who}"),
        HEARD,
        || (tones(gateway, since) >= 2).then_some(()),
    );
}

#[test]
fn a_supervisor_listens_whispers_and_joins_and_the_recording_holds_what_the_caller_heard() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = house(&desk);
    let (server, browser, caller) = supervised(&house, &desk);

    caller.gateway.say_tone(CALLER);
    wait_for("the caller's tone at the supervisor", HEARD, || {
        ((heard_by(&browser) - CALLER).abs() < 40.0).then_some(())
    });
    // What the browser plays it takes out of its microphone.
    caller.gateway.say_nothing();
    let (at_caller, at_desk) = (from_here(&caller.gateway), from_here(&desk.gateway));
    passes(&desk.gateway, at_desk, 2000);
    assert_eq!(tones(&desk.gateway, at_desk), 0, "he only listens");
    assert_eq!(tones(&caller.gateway, at_caller), 0, "he only listens");
    browser.shot("supervisor-listens");

    browser.click("[data-do=supervise_whisper]");
    caller.nth_line("supervised whisper", 1);
    let at_desk = from_here(&desk.gateway);
    hears_the_supervisor("desk", &desk.gateway, at_desk);
    assert_eq!(tones(&caller.gateway, at_caller), 0, "a whisper");

    browser.click("[data-do=supervise_join]");
    caller.nth_line("supervised join", 1);
    let (at_caller, at_desk) = (from_here(&caller.gateway), from_here(&desk.gateway));
    hears_the_supervisor("caller", &caller.gateway, at_caller);
    hears_the_supervisor("desk", &desk.gateway, at_desk);

    browser.click("[data-do=stop_supervising]");
    caller.nth_line("supervised end", 1);
    desk.sipp.tell_desk("HANGUP");
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert_eq!(call["staff"], "8001", "{what}");
    let said = &lines(&call, "supervised");
    let at = |detail: &str| {
        let found = said.iter().find(|line| line["detail"] == detail);
        found.unwrap()["offset_ms"].as_f64().unwrap()
    };
    let (joined, ended) = (at("join"), at("end"));
    let recording = Stereo::read(&house.recording(&call));
    let heard = tone::spans(&recording.right, SUPERVISOR, LOUD);
    assert!(heard.len() >= 2, "{heard:?} {what}");
    for span in heard {
        let within = span.from_ms > joined - 100.0 && span.to_ms < ended + 500.0;
        assert!(within, "a whisper is recorded: {span:?} {what}");
    }
    assert!(recording.caller(SUPERVISOR).is_empty(), "{what}");
    on_record(&call, &["live", "live_whisper", "live_join", "live_end"]);
    state(&browser, "offline");
    caller.settled();
    server.stop();
}

/// Who, which act and why, the first first.
fn on_record(call: &Value, acts: &[&str]) {
    let mut lines = call["listenings"].as_array().unwrap().clone();
    lines.reverse();
    let sounds: Vec<_> = lines.iter().map(|line| &line["sound"]).collect();
    assert_eq!(sounds, acts, "{call}");
    for line in lines {
        assert_eq!(line["listener"], PERSON, "{line}");
        assert_eq!(line["reason"], REASON, "{line}");
    }
}

/// One call, one recording, one rating: the supervisor is its desk from then on.
#[test]
fn a_supervisor_takes_the_caller_over_and_sends_him_to_his_grade() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = house(&desk);
    let (server, browser, caller) = supervised(&house, &desk);
    browser.click("[data-do=take_over]");
    caller.line("handed_over");
    desk.sipp.wait_log("bye", Duration::from_secs(10));
    state(&browser, "talking");
    let since = from_here(&caller.gateway);
    hears_the_supervisor("caller", &caller.gateway, since);
    browser.shot("supervisor-took-over");
    browser.click("[data-do=to_rating]");
    caller.wait_offer(SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(call["hung_up_by"], "desk", "{what}");
    assert!(line(&call, "sent_to_rating").is_some(), "{what}");
    let taken = offset_ms(&call, "handed_over");
    let recording = Stereo::read(&house.recording(&call));
    let heard = tone::spans(&recording.right, SUPERVISOR, LOUD);
    let after = heard.iter().filter(|span| span.from_ms > taken - 100.0);
    assert!(after.count() >= 2, "{heard:?} {what}");
    on_record(&call, &["live", "live_take_over"]);
    let desks = call["desks"].as_array().unwrap();
    assert_eq!(desks.len(), 2, "{call}");
    assert_eq!(desks[1]["desk"], "desk-1", "{call}");
    // He was away from his desk before.
    state(&browser, "offline");
    caller.settled();
    server.stop();
}

/// What takes a caller over is put on record first, and while that waits for the database he hangs up: nobody has him.
#[test]
fn a_take_over_that_comes_too_late_gives_the_supervisor_nobody() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = house(&desk);
    let (server, browser, caller) = supervised(&house, &desk);
    let holder = Holder::of(&house);
    browser.click("[data-do=take_over]");
    caller.hang_up();
    desk.sipp.wait_log("bye", Duration::from_secs(10));
    holder.let_go();
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["hung_up_by"], "caller", "{what}");
    assert!(line(&call, "handed_over").is_none(), "{what}");
    assert_eq!(call["desks"].as_array().unwrap().len(), 1, "{call}");
    // He has his desk again, as it was.
    state(&browser, "offline");
    browser.wait(
        "no call at his page",
        "return !document.querySelector('desk-console').call",
    );
    server.stop();
}
