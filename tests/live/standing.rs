//! The disk stands while people call: those who come are served although those who left wait to be stored, and
//! nothing of these is lost.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::calls::{Caller, END, SOON};
use crate::disk::Disk;
use crate::floods::{Flood, SERVED_AGAIN, flood, served_after, sources};
use crate::gateway::Fault;
use crate::place::{self, nightly, wait_for};
use crate::raw::{Raw, new_call_id};
use crate::server::{House, Setup, timeline};

/// As many as there are places.
const AT_ONCE: usize = 6;
/// What a busy machine may need for what is due within a beat.
const SHORTLY: Duration = Duration::from_secs(20);

/// Waits until so many calls have a line, and so many wait to be stored.
fn wait_counts(house: &House, active: usize, closing: usize) {
    let what = format!("{active} calls in talk, {closing} closing");
    wait_for(&what, SHORTLY, || {
        let now = ["active", "closing"]
            .map(|which| house.metric(&format!("gradeline_calls_{which}"), "") as usize);
        (now == [active, closing]).then_some(())
    });
}

/// Presses a key, if one is due, and hangs up.
fn leave(callers: &[Caller], key: Option<char>) {
    std::thread::scope(|scope| {
        for caller in callers {
            scope.spawn(move || {
                if let Some(key) = key {
                    caller.gateway.press(key, Fault::None);
                    caller.gateway.wait_sent();
                }
                caller.hang_up();
            });
        }
    });
}

/// The recording is whole, and as long as its row says.
fn recorded_as_told(house: &House, call: &Value) {
    let facts = hound::WavReader::open(house.recording(call)).unwrap();
    let length_ms = f64::from(facts.duration()) / 8.0;
    let told_ms = call["recording"]["length_ms"].as_f64().unwrap();
    assert!((length_ms - told_ms).abs() < 1.0, "{length_ms}, {told_ms}");
}

#[test]
fn while_the_disk_stands_the_next_callers_have_the_line_and_nothing_is_lost() {
    let house = House::new(Setup {
        max_calls: AT_ONCE as u32,
        ..Setup::default()
    });
    let disk = Disk::of(&house, false);
    let server = house.start_as(|command| disk.put_under(command));
    let first: Vec<Caller> = (0..AT_ONCE).map(|_| Caller::dial(&house)).collect();
    for caller in &first {
        caller.wait_offer(SOON);
    }
    wait_counts(&house, AT_ONCE, 0);
    disk.stand(true);
    leave(&first, Some('2'));
    wait_counts(&house, 0, AT_ONCE);
    for caller in &first {
        assert!(!place::is_bound(caller.rtp_port), "its ports are free");
    }
    // They wait to be stored, and as many have the line all the same; one more is one too many.
    let next: Vec<Caller> = (0..AT_ONCE).map(|_| Caller::dial(&house)).collect();
    wait_counts(&house, AT_ONCE, AT_ONCE);
    let mut raw = Raw::udp(&house.sip_address());
    let refused = raw.open_call(&new_call_id(), 9).unwrap_err();
    assert_eq!(refused.status, Some(503), "{}", refused.text);
    assert!(refused.header("Retry-After").is_some(), "{}", refused.text);
    leave(&next, None);
    wait_counts(&house, 0, 2 * AT_ONCE);
    disk.stand(false);
    for (callers, graded) in [(first, true), (next, false)] {
        for caller in callers {
            let call = house.wait_end(&caller.number, END);
            let grades = call["keyed_grades"].as_array().unwrap().len();
            assert_eq!(grades, usize::from(graded), "{}", timeline(&call));
            let grade = graded.then_some("satisfied");
            assert_eq!(call["grade"].as_str(), grade, "{}", timeline(&call));
            recorded_as_told(&house, &call);
            caller.settled();
        }
    }
    wait_counts(&house, 0, 0);
    assert_eq!(
        house.api("ratings")["items"].as_array().unwrap().len(),
        AT_ONCE
    );
    assert_eq!(house.metric("gradeline_ledger_lost_total", ""), 0.0);
    assert_eq!(house.metric("gradeline_recordings_failed_total", ""), 0.0);
    server.stop();
}

#[test]
fn a_flood_from_trunks_while_the_disk_stands_keeps_nobody_out_who_comes_after_it() {
    const PLACES: usize = 40;
    let house = House::new(Setup {
        trunks: "127.0.0.0/8".into(),
        max_calls: PLACES as u32,
        drain_s: 1,
        ..Setup::default()
    });
    let disk = Disk::of(&house, false);
    let server = house.start_as(|command| disk.put_under(command));
    let before = server.rss_kib();
    let length = nightly(Duration::from_secs(6), Duration::from_secs(12));
    disk.stand(true);
    let begun = Instant::now();
    let sent = flood(Flood::Invite, &sources(20), &house.sip_address(), length);
    let again = served_after(&house, "127.0.0.1");
    let stood = begun.elapsed();
    let closing = house.metric("gradeline_calls_closing", "");
    println!(
        "{sent} INVITEs in {length:?} while the disk stood: served after {again:?}; {closing} calls wait to be \
         stored in a house of {PLACES}; RSS {} KiB before, {} KiB then; the disk stood for {stood:?}",
        before,
        server.rss_kib()
    );
    disk.stand(false);
    assert!(again < SERVED_AGAIN, "{again:?}");
    // With one bound for all there would have been no place any more.
    assert!(closing as usize > PLACES, "{closing}");
    wait_for("everything is stored", END + SHORTLY, || {
        (house.metric("gradeline_calls_closing", "") == 0.0).then_some(())
    });
    assert_eq!(house.metric("gradeline_ledger_lost_total", ""), 0.0);
    assert_eq!(house.metric("gradeline_recordings_failed_total", ""), 0.0);
    server.stop();
}

#[test]
fn a_recording_whose_disk_stood_for_longer_than_a_minute_is_kept_without_a_start() {
    let house = House::new(Setup::default());
    let disk = Disk::of(&house, false);
    let server = house.start_as(|command| disk.put_under(command));
    let callers: Vec<Caller> = (0..AT_ONCE).map(|_| Caller::dial(&house)).collect();
    for caller in &callers {
        caller.wait_offer(SOON);
    }
    let (graded, silent) = callers.split_at(AT_ONCE / 2);
    disk.stand(true);
    leave(graded, Some('4'));
    leave(silent, None);
    wait_counts(&house, 0, AT_ONCE);
    // Who said nothing gives up his place after a minute; a grade is waited for as long as it takes.
    let minute = Duration::from_secs(60);
    wait_for("the volume is told to hang", minute + SHORTLY, || {
        let told = house.metric("gradeline_recordings_failed_total", "");
        (told as usize == silent.len()).then_some(())
    });
    wait_counts(&house, 0, graded.len());
    disk.stand(false);
    for (place, caller) in callers.into_iter().enumerate() {
        let call = wait_for("its recording has its row", END, || {
            let call = house.find(&caller.number)?;
            call["recording"]["sha256"].is_string().then_some(call)
        });
        let grade = (place < AT_ONCE / 2).then_some("dissatisfied");
        assert_eq!(call["grade"].as_str(), grade, "{}", timeline(&call));
        recorded_as_told(&house, &call);
        caller.settled();
    }
    server.stop();
}
