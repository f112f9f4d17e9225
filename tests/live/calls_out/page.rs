//! The list of calls out (外呼), as a revisitor sees it.

use super::*;
use crate::browser::Browser;
use crate::pages::log_in_as;

const PERSON: &str = "chen";

/// What is wider than the window, which nothing of the page may be: tables scroll in their own place.
const TOO_WIDE: &str = "const wide = document.documentElement.clientWidth; \
     const needed = document.documentElement.scrollWidth; return needed > wide ? needed : 'fits'";

#[test]
fn a_revisitor_sees_what_was_called_and_takes_back_what_waits() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let outside = Desk::open("desk", "citizen", Habits::default());
    let centre = Centre::open(&desk, &outside, "results = true\nat_once = 1\n");
    let ticket = &tickets(&centre, &["13812345678"])[0];
    let server = centre.start();
    outside.talks();
    wait_line(&centre.house, "13812345678", "called_out");
    outside.gateway.press('1', Fault::None);
    wait_line(&centre.house, "13812345678", "offer");
    outside.gateway.press('2', Fault::None);
    centre.house.wait_end("13812345678", PATIENCE);
    centre.wait_list(&[ticket, "result", "answered"]);
    centre.is("2026-09-18T20:30:00+08:00");
    let first = "20260918-100000-000000";
    let asked = centre.run(&["call-out", "back", first, "--number", "13912345678"]);
    assert!(asked.status.success(), "{asked:?}");

    let added = centre.run(&["user", "add", PERSON]);
    let printed = String::from_utf8(added.stdout).unwrap();
    let once = printed.split_whitespace().last().expect("a password");
    let granted = centre.run(&["user", "grant", PERSON, "centre_revisitor"]);
    assert!(granted.status.success(), "{granted:?}");
    let browser = Browser::open();
    log_in_as(&browser, &centre.house, PERSON, once);
    browser.go(&centre.house.page("/outward"));
    browser.wait_text("外呼");
    browser.wait_text("…5678");
    browser.wait_text("已接通");
    browser.wait_text("取消");
    for (width, height, name) in [(1280, 800, "outward"), (820, 1180, "outward-tablet")] {
        browser.resize(width, height);
        browser.shot(name);
        let wide = browser.wait("the width", TOO_WIDE);
        assert_eq!(wide, "fits", "at {width}: {wide} wide");
    }
    browser.click("form[action$='/withdraw'] button");
    browser.wait(
        "nothing that waits",
        "return location.pathname == '/outward' && !document.querySelector('form[action$=\"/withdraw\"]')",
    );
    browser.wait_text("已取消");
    browser.shot("outward-withdrawn");
    drop(browser);
    assert_eq!(outside.sipp.log().matches("call ").count(), 1);
    server.stop();
}
