//! The pages as a person uses them, in Chromium.

use crate::browser::Browser;
use crate::calls::{Caller, SOON};
use crate::gateway::Fault;
use crate::server::{House, Server};

/// Chooses a password of one's own in place of the one-time password, and is in.
pub fn log_in(browser: &Browser, house: &House, server: &Server) {
    let log = server.log();
    let once = log.split("admin / ").nth(1).expect("a one-time password");
    let once = once.split_whitespace().next().unwrap();
    log_in_as(browser, house, "admin", once);
}

/// Whoever this is, with his one-time password.
pub fn log_in_as(browser: &Browser, house: &House, name: &str, once: &str) {
    browser.go(&house.page("/login"));
    browser.type_into("input[name=name]", name);
    browser.type_into("input[name=password]", once);
    browser.click("main form button");
    browser.wait(
        "a new password",
        "return !!document.querySelector('input[name=again]')",
    );
    browser.type_into("input[name=old]", once);
    browser.type_into("input[name=new]", PASSWORD);
    browser.type_into("input[name=again]", PASSWORD);
    browser.click("main form button");
    browser.wait("the overview", "return location.pathname == '/'");
}

const PASSWORD: &str = "a horse that plays the lute";

#[test]
fn a_person_logs_in_finds_the_call_plays_it_and_sees_the_ticket() {
    let house = House::new(Default::default());
    let server = house.start();
    let log = server.log();
    let once = log.split("admin / ").nth(1).expect("a one-time password");
    let once = once.split_whitespace().next().unwrap().to_owned();

    let caller = Caller::dial(&house);
    let browser = Browser::open();
    // Nobody is let in without the password.
    browser.go(&house.page("/calls"));
    assert_eq!(browser.address(), "/login");
    browser.type_into("input[name=name]", "admin");
    browser.type_into("input[name=password]", "not the password");
    browser.click("main form button");
    browser.wait(
        "a refusal",
        "return !!document.querySelector('main [role=alert]')",
    );
    browser.type_into("input[name=name]", "admin");
    browser.type_into("input[name=password]", &once);
    browser.click("main form button");
    // The one-time password opens nothing but its own change.
    browser.wait(
        "a new password",
        "return !!document.querySelector('input[name=again]')",
    );
    browser.go(&house.page("/calls"));
    assert_eq!(browser.address(), "/password");
    browser.type_into("input[name=old]", &once);
    browser.type_into("input[name=new]", PASSWORD);
    browser.type_into("input[name=again]", PASSWORD);
    browser.click("main form button");
    browser.wait("the overview", "return location.pathname != '/password'");

    caller.wait_offer(SOON);
    caller.gateway.press('4', Fault::None);
    // A live call stands in the list and on its page.
    let id = house.find(&caller.number).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    browser.go(&house.page("/calls?live=true"));
    browser.wait(
        "the live call",
        &format!("return !!document.querySelector('a[href=\"/calls/{id}\"]')"),
    );
    let call = caller.end();
    let ticket = call["ticket"].as_str().unwrap();

    browser.go(&house.page("/calls"));
    browser.wait_text("不满意");
    browser.click(&format!("a[href='/calls/{id}']"));
    browser.wait(
        "the player",
        "return document.querySelector('call-player canvas')?.clientWidth > 0",
    );
    player(&browser, &call);

    browser.click(&format!("a[href='/tickets/{ticket}']"));
    browser.wait(
        "the days counted",
        "return !!document.querySelector('.days li.last')",
    );
    let page = browser.text();
    assert!(page.contains(ticket), "{page}");
    let deadlines = call["ticket_detail"]["deadlines"].as_array().unwrap();
    assert_eq!(deadlines.len(), 2);
    for deadline in deadlines {
        let due = deadline["due_at"].as_str().unwrap();
        let days = browser.run(
            "return [...document.querySelectorAll('.days li.last time')].map(t => t.dateTime)",
        );
        let days = days.as_array().unwrap();
        assert!(days.iter().any(|day| day == &due[..10]), "{due} {days:?}");
        assert!(
            page.contains(deadline["article"].as_str().unwrap()),
            "{page}"
        );
    }

    browser.click("form[action='/language'] button");
    browser.wait("English", "return document.documentElement.lang == 'en'");
    browser.wait_text("Dissatisfied");
    assert!(browser.text().contains(ticket));
    caller.settled();
    drop(browser);
    server.stop();
}

/// It really plays, and a click in the waveform's middle seeks by a range.
fn player(browser: &Browser, call: &serde_json::Value) {
    let recorded = call["recording"]["length_ms"].as_f64().unwrap() / 1000.0;
    // A row of the timeline plays from there.
    browser.click("tr.offer a.seek, tr[data-at] a.seek");
    let playing = "const a = document.querySelector('audio'); return !a.paused && a.currentTime";
    let from = browser.wait("the sound", playing).as_f64().unwrap();
    let further = format!("return document.querySelector('audio').currentTime > {from} + 0.5");
    browser.wait("its going on", &further);
    browser.wait(
        "the sound's length",
        "return document.querySelector('audio').duration > 0",
    );
    let length = browser.run("return document.querySelector('audio').duration");
    assert!(
        (length.as_f64().unwrap() - recorded).abs() < 0.1,
        "{length} {recorded}"
    );
    browser.run("document.querySelector('audio').pause()");
    browser.click("call-player canvas");
    let at = browser.wait(
        "the seek",
        "const a = document.querySelector('audio'); return a.currentTime > 0 && !a.seeking && a.currentTime",
    );
    let at = at.as_f64().unwrap();
    assert!(
        (at - recorded / 2.0).abs() < recorded * 0.05,
        "{at} of {recorded}"
    );
    let statuses = browser.run(
        "return performance.getEntriesByType('resource').filter(e => e.name.endsWith('/recording')).map(e => e.responseStatus)",
    );
    let partial = browser.run(&format!(
        "const r = new XMLHttpRequest(); r.open('GET', '/api/v1/calls/{}/recording', false); \
         r.setRequestHeader('Range', 'bytes=44-143'); r.send(); return [r.status, r.responseText.length > 0]",
        call["id"].as_str().unwrap()
    ));
    assert_eq!(partial, serde_json::json!([206, true]));
    let asked = statuses.as_array().unwrap();
    assert!(asked.iter().any(|status| status == 206), "{statuses}");
    browser.run("document.querySelector('audio').pause()");
}
