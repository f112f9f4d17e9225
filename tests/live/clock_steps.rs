//! The civil clock is set while calls go on, an hour and ten days, forth and back: no call notices,
//! nothing happens early or twice.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::crowd::{Act, Crowd, crowd_house};
use crate::kills::{grade_of, list};
use crate::place::{self, nightly, sleep_until, wait_for};
use crate::server::{House, Setup, lines, timeline};

const SECOND: Duration = Duration::from_secs(1);
const HOUR_S: i64 = 3600;
const TEN_DAYS_S: i64 = 864_000;

/// libfaketime, with the offset in a file; the monotonic clock goes on as it is.
pub fn put_under(command: &mut Command, clock: &Path) {
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    folders
        .map(|entry| entry.unwrap().path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists())
        .expect("libfaketime: the package of that name")
}

/// In one step, so that nobody reads half a number.
pub fn set(clock: &Path, offset_s: i64) {
    let new = clock.with_extension("new");
    std::fs::write(&new, format!("{offset_s:+}\n")).unwrap();
    std::fs::rename(new, clock).unwrap();
}

/// Houses side by side, each with its own clock: a step mostly waits, and a thousand one after another
/// would take hours.
fn houses() -> usize {
    nightly(1, 16)
}

#[test]
fn a_clock_that_is_set_changes_no_call() {
    let begun = Instant::now();
    let steps = nightly(4, 1000);
    std::thread::scope(|scope| {
        for nth in 0..houses() {
            // Every house takes each offset and, later, each moment of a call.
            let share = (nth..steps).step_by(houses()).count();
            scope.spawn(move || set_clocks(share));
        }
    });
    println!(
        "{steps} steps, {} houses side by side, {:.0} s: every call undisturbed",
        houses(),
        begun.elapsed().as_secs_f64()
    );
}

/// A house whose clock is set so often, in a call each time.
fn set_clocks(steps: usize) {
    let crowd = Crowd::open(8);
    let house = crowd_house(&crowd, Setup::default());
    let clock = house.path("clock");
    set(&clock, 0);
    let server = house.start_as(|command| put_under(command, &clock));
    let offsets = [HOUR_S, -HOUR_S, TEN_DAYS_S, -TEN_DAYS_S];
    for (n, offset_s) in offsets.into_iter().cycle().take(steps).enumerate() {
        // A good grade: after a bad one the plan asks for its reason and waits.
        let key = char::from(b'1' + (n % 3) as u8);
        let number = place::number();
        let press = Act::Press(Duration::from_millis(600), key);
        crowd.dial(&house, &number, &[press]);
        // In the notice, in the talk, in the offer, in the window for a change.
        let answered = wait_for("the answer", 30 * SECOND, || crowd.seen()[0].answered);
        sleep_until(answered + SECOND / 4 * (n % 8 + n / 8 % 4) as u32);
        set(&clock, offset_s);
        let ended = wait_for("the end", 60 * SECOND, || crowd.seen()[0].ended);
        crowd.forget();
        let call = house.wait_end(&number, 30 * SECOND);
        assert_undisturbed(&call, grade_of(key), ended - answered);
        // And back to where the next step begins.
        set(&clock, 0);
    }
    assert_eq!(list(&house, "ratings").len(), steps);
    server.stop();
}

fn assert_undisturbed(call: &Value, grade: &str, lasted: Duration) {
    let what = timeline(call);
    assert_eq!(call["state"], "ended", "{what}");
    assert_eq!(call["grade"], grade, "{what}");
    assert_eq!(call["keyed_grades"].as_array().unwrap().len(), 1, "{what}");
    // A timer that ran out would have said so: nobody was asked twice.
    assert!(
        lines(call, "silent").is_empty() && lines(call, "rtp_timeout").is_empty(),
        "{what}"
    );
    assert_eq!(lines(call, "offer").len(), 1, "{what}");
    let at = |field: &str| -> Timestamp { call[field].as_str().unwrap().parse().unwrap() };
    let told = at("ended_at")
        .duration_since(at("started_at"))
        .as_secs_f64();
    assert!(
        (told - lasted.as_secs_f64()).abs() < 3.0,
        "{told} s of {lasted:?}: {what}"
    );
    let recorded = call["recording"]["length_ms"].as_f64().unwrap() / 1000.0;
    assert!(
        (recorded - lasted.as_secs_f64()).abs() < 3.0,
        "{recorded} s: {what}"
    );
    let offsets = call["timeline"].as_array().unwrap();
    let offsets: Vec<f64> = offsets
        .iter()
        .map(|l| l["offset_ms"].as_f64().unwrap())
        .collect();
    assert!(
        offsets.last().unwrap() / 1000.0 - lasted.as_secs_f64() < 3.0,
        "{what}"
    );
}

/// Killed in a call, and the clock is an hour earlier, or ten days, when it starts again.
#[test]
fn a_start_before_the_crash_closes_its_calls_once() {
    for offset_s in [-HOUR_S, -TEN_DAYS_S, TEN_DAYS_S] {
        let crowd = Crowd::open(2);
        let house: House = crowd_house(&crowd, Setup::default());
        let clock = house.path("clock");
        set(&clock, 0);
        let server = house.start_as(|command| put_under(command, &clock));
        let number = place::number();
        crowd.dial(&house, &number, &[Act::Press(SECOND / 2, '5')]);
        wait_for("the echo", 60 * SECOND, || crowd.seen()[0].echoed);
        server.kill();
        crowd.forget();
        set(&clock, offset_s);
        for _ in 0..2 {
            let server = house.start_as(|command| put_under(command, &clock));
            let call = house.wait_end(&number, 30 * SECOND);
            assert_eq!(call["state"], "interrupted", "{}", timeline(&call));
            assert_eq!(call["grade"], "very_dissatisfied", "{}", timeline(&call));
            assert_eq!(list(&house, "ratings").len(), 1);
            assert_eq!(list(&house, "tickets").len(), 1);
            let begun: Timestamp = call["started_at"].as_str().unwrap().parse().unwrap();
            let ended: Timestamp = call["ended_at"].as_str().unwrap().parse().unwrap();
            let lasted = ended.duration_since(begun).as_secs_f64();
            assert!((0.0..60.0).contains(&lasted), "{lasted} s");
            server.stop();
        }
    }
}
