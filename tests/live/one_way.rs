//! One-way audio: a caller who sends nothing and a desk whose microphone gives nothing are seen within five seconds.

use std::time::Duration;

use crate::calls::{Caller, SOON};
use crate::consoles::{accept, ready_with};
use crate::desks::Desk;
use crate::gateway::{Fault, Habits};
use crate::place::wait_for;
use crate::server::{House, Setup, offset_ms, timeline};
use crate::tone;

const PERSON: &str = "chen";
const CALLER: f64 = 700.0;
/// Seen within five seconds; the rest is the machine's.
const SEEN_MS: f64 = 5000.0;
const MARGIN: Duration = Duration::from_secs(15);

/// What the board says of the first desk's sound.
fn on_board(house: &House) -> String {
    house.api("board")["desks"][0]["troubles"].to_string()
}

fn wait_board(house: &House, troubles: &str) {
    wait_for(troubles, MARGIN, || {
        (on_board(house) == troubles).then_some(())
    });
}

#[test]
fn a_caller_who_sends_nothing_is_seen_and_it_is_told_when_he_is_heard() {
    let desk = Desk::open("desk", "8001", Habits::default());
    let house = House::new(Setup {
        desks: vec![desk.address.clone()],
        ..Setup::default()
    });
    let server = house.start();
    let caller = Caller::dial(&house);
    caller.gateway.vanish();
    desk.talks();
    desk.gateway.say_tone(CALLER);
    caller.line("joined");
    caller.nth_line("one_way caller_no_packets", 1);
    wait_board(&house, "[\"caller_no_packets\"]");
    server.wait_log("one-way audio", MARGIN);
    assert_eq!(
        house.metric("gradeline_one_way_audio_total", "caller_no_packets"),
        1.0
    );
    caller.gateway.say_tone(440.0);
    caller.nth_line("one_way_over caller_no_packets", 1);
    wait_board(&house, "[]");
    desk.sipp.tell_desk("HANGUP");
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    let seen_ms = offset_ms(&call, "one_way") - offset_ms(&call, "joined");
    println!("a caller without packets was seen after {seen_ms} ms");
    assert!(seen_ms <= SEEN_MS, "{seen_ms}\n{what}");
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    caller.settled();
    server.stop();
}

#[test]
fn a_page_with_a_silent_microphone_is_told_what_to_do_and_muting_is_no_alarm() {
    let house = House::new(Setup {
        desks: vec![format!("browser:{PERSON}")],
        desk_ring_timeout_s: 20,
        ..Setup::default()
    });
    let server = house.start();
    let silence = house.path("silence.wav");
    tone::write_wav(&silence, &vec![0; 8000 * 4]);
    let browser = ready_with(&house, &silence);
    let caller = Caller::dial(&house);
    caller.gateway.say_tone(CALLER);
    accept(&browser);
    caller.line("joined");
    caller.nth_line("one_way desk_silent_microphone", 1);
    let shown = "const piece = document.querySelector('[data-part=troubles]'); \
        return piece.hidden ? '' : piece.textContent";
    wait_for("what to do", MARGIN, || {
        let text = browser.run(shown);
        text.as_str()?.contains("您的麦克风没有声音").then_some(())
    });
    browser.shot("desk-silent-microphone");
    wait_board(&house, "[\"desk_silent_microphone\"]");
    // Muted on purpose it is another thing.
    browser.click("[data-do=mute]");
    caller.nth_line("one_way_over desk_silent_microphone", 1);
    wait_for("nothing more to do", MARGIN, || {
        (browser.run(shown) == "").then_some(())
    });
    wait_board(&house, "[]");
    browser.click("[data-do=to_rating]");
    caller.gateway.say_nothing();
    caller.wait_offer(SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    let seen_ms = offset_ms(&call, "one_way") - offset_ms(&call, "joined");
    println!("a silent microphone was seen after {seen_ms} ms");
    assert!(seen_ms <= SEEN_MS, "{seen_ms}\n{what}");
    assert_eq!(call["grade"], "satisfied", "{what}");
    caller.settled();
    server.stop();
}
