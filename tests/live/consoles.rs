//! Desks that are pages: Chromium with a fake microphone takes calls, is lost, comes again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::browser::Browser;
use crate::calls::{Caller, SOON};
use crate::desks::Desk;
use crate::gateway::{Fault, Habits};
use crate::pages::log_in_as;
use crate::place::{tone_of, wait_for};
use crate::server::{House, Setup, line, lines, timeline};
use crate::tone;
use crate::wav::Stereo;

/// What the caller says, and what the desk's microphone hears.
const CALLER: f64 = 700.0;
pub const DESK: f64 = 860.0;
/// By which the person at the desk logs in.
pub const PERSON: &str = "chen";
/// The loudness of a microphone's tone: browsers turn it up and down on their way.
pub const LOUD: f64 = 3000.0;

fn house(desks: &[&str], ring_s: u32) -> House {
    House::new(Setup {
        desks: desks.iter().map(|desk| format!("browser:{desk}")).collect(),
        desk_ring_timeout_s: ring_s,
        ..Setup::default()
    })
}

/// Tones with pauses between them: what never pauses is noise to a browser, and is taken out.
pub fn microphone(house: &House) -> PathBuf {
    let file = house.path("microphone.wav");
    let mut sound = Vec::new();
    for _ in 0..20 {
        sound.extend(tone::sine(DESK, 300, 10_000.0));
        sound.extend(vec![0; 200 * 8]);
    }
    tone::write_wav(&file, &sound);
    file
}

/// An agent's page with a headset, ready.
pub fn ready(house: &House) -> Browser {
    ready_with(house, &microphone(house))
}

/// The same whose microphone hears what this file holds.
pub fn ready_with(house: &House, microphone: &Path) -> Browser {
    let added = house.run(&["user", "add", PERSON]);
    let printed = String::from_utf8(added.stdout).unwrap();
    let once = printed
        .split_whitespace()
        .last()
        .expect("a one-time password");
    let granted = house.run(&["user", "grant", PERSON, "agent"]);
    assert!(granted.status.success(), "{granted:?}");
    let browser = Browser::with_microphone(microphone);
    log_in_as(&browser, house, PERSON, once);
    browser.go(&house.page("/desk"));
    go_ready(&browser);
    browser
}

fn go_ready(browser: &Browser) {
    state(browser, "offline");
    browser.click("[data-do=ready]");
    state(browser, "ready");
}

pub fn state(browser: &Browser, state: &str) {
    let script =
        format!("return document.querySelector('desk-console')?.dataset.state == '{state}'");
    browser.wait(state, &script);
}

/// Its state is told by the floor and its ring by the call: either may come first.
fn rings(browser: &Browser) {
    state(browser, "ringing");
    browser.wait(
        "what rings",
        "return document.querySelector('[data-do=accept]').offsetParent !== null",
    );
}

pub fn accept(browser: &Browser) {
    rings(browser);
    browser.click("[data-do=accept]");
    state(browser, "talking");
}

/// The strongest tone in what the browser plays.
pub fn heard_by(browser: &Browser) -> f64 {
    let script = "const level = document.querySelector('desk-console').levelOfCaller; if (!level) return 0; \
        const bins = new Float32Array(level.analyser.frequencyBinCount); level.analyser.getFloatFrequencyData(bins); \
        let best = 0; for (let at = 4; at < bins.length; at++) if (bins[at] > bins[best || 4]) best = at; \
        return bins[best] > -50 ? best * level.analyser.context.sampleRate / level.analyser.fftSize : 0";
    browser.run(script).as_f64().unwrap_or(0.0)
}

/// Both hear each other, one after the other: what the browser plays it takes out of its microphone.
fn both_hear(browser: &Browser, caller: &Caller<'_>) {
    caller.gateway.say_tone(CALLER);
    wait_for(
        "the caller's tone in the browser",
        Duration::from_secs(20),
        || ((heard_by(browser) - CALLER).abs() < 40.0).then_some(()),
    );
    let begun = caller.gateway.heard_sound().0.len();
    wait_for(
        "the desk's tone at the caller",
        Duration::from_secs(20),
        || {
            let (sound, _) = caller.gateway.heard_sound();
            let spans = tone::spans(sound.get(begun..)?, DESK, LOUD);
            (spans.len() >= 2).then_some(())
        },
    );
}

pub fn settled_grade(caller: &Caller<'_>, key: char) -> Value {
    caller.wait_offer(SOON);
    caller.gateway.press(key, Fault::None);
    caller.end()
}

#[test]
fn a_browser_takes_a_call_both_hear_each_other_and_the_grade_arrives() {
    let house = house(&[PERSON], 20);
    let server = house.start();
    let browser = ready(&house);
    let caller = Caller::dial(&house);
    rings(&browser);
    let page = browser.text();
    let masked = format!("{}****{}", &caller.number[..3], &caller.number[7..]);
    assert!(page.contains(&masked), "{masked}: {page}");
    assert!(!page.contains(&caller.number), "{page}");
    browser.shot("desk-ringing");
    accept(&browser);
    caller.line("joined");
    both_hear(&browser, &caller);
    browser.shot("desk-talking");
    browser.resize(820, 1180);
    browser.shot("desk-talking-tablet");
    let wide = "return document.documentElement.scrollWidth > innerWidth";
    assert_eq!(browser.run(wide), Value::Bool(false), "wider than a tablet");
    browser.resize(1280, 1000);

    // On hold the caller hears P05 and not the desk.
    browser.press("h");
    caller.line("hold");
    browser.wait(
        "the hold",
        "return document.querySelector('[data-do=hold]').getAttribute('aria-pressed') == 'true'",
    );
    let begun = caller.gateway.heard_sound().0.len();
    wait_for("a second of hold", Duration::from_secs(20), || {
        (caller.gateway.heard_sound().0.len() > begun + 8000).then_some(())
    });
    let held = caller.gateway.heard_sound().0[begun + 1600..].to_vec();
    assert!(tone::spans(&held, DESK, LOUD).is_empty());
    assert!(!tone::spans(&held, tone_of("P05"), 8000.0).is_empty());
    browser.press("h");
    caller.line("resumed");
    both_hear(&browser, &caller);

    // The desk's keys are told and grade nothing.
    browser.click("[data-do=keys]");
    browser.click("[data-key='5']");
    caller.line("desk_key");
    browser.shot("desk-keys");
    browser.click("[data-do=to_rating]");
    let call = settled_grade(&caller, '4');
    let what = timeline(&call);
    assert_eq!(call["grade"], "dissatisfied", "{what}");
    assert_eq!(call["hung_up_by"], "desk", "{what}");
    assert!(line(&call, "sent_to_rating").is_some(), "{what}");
    assert_eq!(lines(&call, "desk_key").len(), 1, "{what}");
    state(&browser, "ready");
    browser.type_into("[data-part=note_text]", "问林木采伐许可，已告知窗口");
    browser.click("[data-part=note] [type=submit]");
    browser.wait_text("已保存");
    browser.shot("desk-after");
    // An agent may not open it; whoever may see calls reads it there.
    let linked = browser.run("return document.querySelectorAll('[data-part=last] a').length");
    assert_eq!(linked, 0);
    let granted = house.run(&["user", "grant", PERSON, "centre_revisitor"]);
    assert!(granted.status.success(), "{granted:?}");
    let call_page = format!("/calls/{}", call["id"].as_str().unwrap());
    browser.go(&house.page(&call_page));
    browser.wait_text("问林木采伐许可，已告知窗口");
    browser.shot("call-noted");
    let recording = Stereo::read(&house.recording(&call));
    assert!(!recording.caller(CALLER).is_empty(), "{what}");
    assert!(recording.caller(DESK).is_empty(), "{what}");
    let said = tone::spans(&recording.right, DESK, LOUD);
    assert!(said.len() >= 4, "{said:?} {what}");
    assert!(recording.heard(CALLER).is_empty(), "{what}");
    caller.settled();
    server.stop();
}

/// A reload, and a page that does not come again: the caller hears the notice and is kept, or goes on to his grade.
#[test]
fn a_page_that_is_loaded_again_takes_its_call_up_and_one_that_is_gone_does_not() {
    let house = house(&[PERSON], 20);
    let server = house.start();
    let browser = ready(&house);
    let caller = Caller::dial(&house);
    accept(&browser);
    caller.line("joined");
    both_hear(&browser, &caller);
    browser.reload();
    caller.line("desk_away");
    caller.line("desk_back");
    state(&browser, "talking");
    both_hear(&browser, &caller);
    let (sound, _) = caller.gateway.heard_sound();
    let notice = tone::spans(&sound, tone_of("P05"), 8000.0);
    assert!(!notice.is_empty(), "the caller was told nothing");
    browser.shot("desk-again");

    browser.go("about:blank");
    caller.nth_line("desk_away", 2);
    caller.line("desk_lost");
    let call = settled_grade(&caller, '1');
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert_eq!(lines(&call, "desk_back").len(), 1, "{what}");
    let kept = crate::server::offset_ms(&call, "desk_lost")
        - lines(&call, "desk_away")[1]["offset_ms"].as_f64().unwrap();
    assert!((9_000.0..15_000.0).contains(&kept), "{kept} ms: {what}");
    // It goes on all the time, and both stand in it before and after.
    let recording = Stereo::read(&house.recording(&call));
    let back = crate::server::offset_ms(&call, "desk_back");
    let said = tone::spans(&recording.right, DESK, LOUD);
    assert!(said.iter().any(|span| span.to_ms < back), "{said:?} {what}");
    assert!(
        said.iter().any(|span| span.from_ms > back),
        "{said:?} {what}"
    );
    caller.settled();
    server.stop();
}

/// The page of one desk, and the telephone of another.
fn with_colleague(colleague: &Desk) -> House {
    House::new(Setup {
        desks: vec![format!("browser:{PERSON}"), colleague.address.clone()],
        desk_ring_timeout_s: 20,
        ..Setup::default()
    })
}

/// The same while it asks a colleague: the caller waits on, and the page finds its colleague.
#[test]
fn a_page_that_is_loaded_again_in_a_consultation_finds_its_colleague() {
    let colleague = Desk::open("desk", "8002", Habits::default());
    let house = with_colleague(&colleague);
    let server = house.start();
    let browser = ready(&house);
    let caller = Caller::dial(&house);
    accept(&browser);
    caller.line("joined");
    keyed(&browser, "*28002#");
    colleague.talks();
    caller.line("consulting");
    hears_desk(&colleague, "asked");
    browser.reload();
    caller.line("desk_away");
    caller.line("desk_back");
    state(&browser, "talking");
    hears_desk(&colleague, "asked again");
    let call = house.find(&caller.number).unwrap();
    assert_eq!(call["ended_at"], Value::Null, "{call}");
    keyed(&browser, "*1");
    caller.line("handed_over");
    // Its desk is free, and its page may be rung: at once.
    state(&browser, "ready");
    let next = Caller::dial(&house);
    accept(&browser);
    next.line("joined");
    next.hang_up();
    next.end();
    colleague.sipp.tell_desk("HANGUP");
    let call = settled_grade(&caller, '1');
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert!(line(&call, "desk_lost").is_none(), "{what}");
    assert_eq!(lines(&call, "consulting").len(), 1, "{what}");
    caller.settled();
    server.stop();
}

/// By its buttons: nobody outside is named, a colleague's telephone gets the caller, and one grade counts.
#[test]
fn a_page_hands_its_caller_to_a_telephone_and_one_grade_counts() {
    let colleague = Desk::open("desk", "8002", Habits::default());
    let house = with_colleague(&colleague);
    let server = house.start();
    let browser = ready(&house);
    let caller = Caller::dial(&house);
    accept(&browser);
    caller.line("joined");
    both_hear(&browser, &caller);
    browser.run(
        "const desk = document.querySelector('desk-console'); \
         desk.say({ say: 'hand_on', line: desk.call.line, step: 'transfer', whom: '13900000000' })",
    );
    let shown =
        "const e = document.querySelector('[data-part=error]'); return !e.hidden && e.textContent";
    let error = browser.wait("the refusal", shown);
    assert!(error.as_str().unwrap().contains("没有这个坐席"), "{error}");
    browser.wait(
        "the colleague in the list",
        "const list = document.querySelector('[data-part=colleagues]'); list.value = '8002'; \
         list.dispatchEvent(new Event('change')); \
         return list.value == '8002' && !document.querySelector('[data-do=transfer]').disabled",
    );
    browser.shot("desk-hand-on");
    browser.click("[data-do=transfer]");
    colleague.talks();
    caller.line("handed_over");
    state(&browser, "ready");
    let page = browser.text();
    assert!(page.contains("已转接给同事"), "{page}");
    colleague.sipp.tell_desk("HANGUP");
    let call = settled_grade(&caller, '2');
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "offer").len(), 1, "{what}");
    assert_eq!(lines(&call, "transfer_refused").len(), 1, "{what}");
    assert_eq!(call["desks"].as_array().unwrap().len(), 2, "{what}");
    assert_eq!(call["desks"][1]["staff"], "8002", "{what}");
    caller.settled();
    server.stop();
}

/// Keys of the page, as fast as nobody clicks them.
pub fn keyed(browser: &Browser, keys: &str) {
    browser.run(&format!(
        "for (const key of '{keys}') document.querySelector('desk-console').key(key)"
    ));
}

/// A colleague hears the desk's tone from now on.
fn hears_desk(colleague: &Desk, when: &str) {
    let begun = colleague.gateway.heard_sound().0.len();
    wait_for(
        &format!("the desk's tone at its colleague, {when}"),
        Duration::from_secs(20),
        || {
            let (sound, _) = colleague.gateway.heard_sound();
            let spans = tone::spans(sound.get(begun..)?, DESK, LOUD);
            (spans.len() >= 2).then_some(())
        },
    );
}

/// Whatever keeps the page from its call, the next desk is rung and the caller notices nothing.
#[test]
fn a_desk_without_microphone_without_a_way_or_without_its_page_lets_the_next_one_have_the_call() {
    let second = Desk::open("desk", "8002", Habits::default());
    let house = House::new(Setup {
        desks: vec![format!("browser:{PERSON}"), second.address.clone()],
        desk_ring_timeout_s: 20,
        ..Setup::default()
    });
    let server = house.start();
    let browser = ready(&house);
    let taken_by_the_next = |what: &str| {
        let caller = Caller::dial(&house);
        rings(&browser);
        match what {
            "closed" => {
                browser.go("about:blank");
                caller.nth_line("desk_ringing", 2);
                browser.go(&house.page("/desk"));
            }
            _ => browser.click("[data-do=accept]"),
        }
        caller.line("joined");
        if what != "closed" {
            let shown = "const e = document.querySelector('[data-part=error]'); return !e.hidden && e.textContent";
            let error = browser.wait("the reason", shown);
            browser.shot(&format!("desk-{what}"));
            let word = match what {
                "no-microphone" => "没有找到麦克风",
                _ => "没有建立声音通道",
            };
            assert!(error.as_str().unwrap().contains(word), "{what}: {error}");
        }
        caller.hang_up();
        let call = caller.end();
        assert_eq!(call["staff"], "8002", "{what}: {}", timeline(&call));
        assert_eq!(
            lines(&call, "desk_ringing").len(),
            2,
            "{what}: {}",
            timeline(&call)
        );
        caller.settled();
    };
    browser.run(
        "window.was = navigator.mediaDevices.getUserMedia; \
         navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'))",
    );
    taken_by_the_next("no-microphone");

    browser.run(
        "navigator.mediaDevices.getUserMedia = window.was; const of = RTCPeerConnection.prototype; \
         const set = of.setRemoteDescription; of.setRemoteDescription = function (description) { \
         const sdp = description.sdp.replace(/ \\d+ typ host/, ' 9 typ host'); \
         return set.call(this, { type: description.type, sdp }) }",
    );
    browser.click("[data-do=ready]");
    state(&browser, "ready");
    taken_by_the_next("no-way");

    browser.click("[data-do=ready]");
    state(&browser, "ready");
    taken_by_the_next("closed");
    // The page that came again soon is ready as it was.
    state(&browser, "ready");
    server.stop();
}

/// The desk of the page that a script has opened beside the first.
const OTHER: &str = "window.other.document.querySelector('desk-console')";

fn hears_the_desk_again(caller: &Caller<'_>) {
    let begun = caller.gateway.heard_sound().0.len();
    wait_for(
        "the desk's tone at the caller",
        Duration::from_secs(20),
        || {
            let (sound, _) = caller.gateway.heard_sound();
            let spans = tone::spans(sound.get(begun..)?, DESK, LOUD);
            (spans.len() >= 2).then_some(())
        },
    );
}

/// The page that came last has the talk, whatever crosses: the one before lets go of the microphone and says why.
#[test]
fn a_second_tab_takes_the_talk_over_and_only_its_latest_offer_counts() {
    let house = house(&[PERSON], 20);
    let server = house.start();
    let browser = ready(&house);
    let caller = Caller::dial(&house);
    accept(&browser);
    caller.line("joined");
    both_hear(&browser, &caller);
    browser.run("window.other = open('/desk'); return true");
    state(&browser, "displaced");
    browser.wait(
        "the first tab's microphone is free",
        "return document.querySelector('desk-console').mic === null",
    );
    let page = browser.text();
    assert!(page.contains("另一个页面接管"), "{page}");
    caller.line("desk_back");
    hears_the_desk_again(&caller);

    // Two offers cross: the answer to the first one comes while the second stands.
    browser.run(&format!(
        "const desk = {OTHER}; desk.again(); desk.again(); return true"
    ));
    caller.nth_line("desk_back", 2);
    hears_the_desk_again(&caller);

    // Nothing comes by its line any more, and nothing says that it is gone.
    browser.run(&format!(
        "const desk = {OTHER}; window.silent = desk.socket; desk.socket.onmessage = () => {{}}; return true"
    ));
    browser.wait(
        "another line",
        &format!("const desk = {OTHER}; return desk.socket && desk.socket !== window.silent && desk.call?.talk"),
    );
    caller.nth_line("desk_back", 3);
    hears_the_desk_again(&caller);

    browser.run(&format!("{OTHER}.act('to_rating'); return true"));
    let call = settled_grade(&caller, '2');
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    caller.settled();
    server.stop();
}
