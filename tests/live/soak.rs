//! Fifty calls at once for long: what a server holds at the end is what it held after the first minute.

use std::time::{Duration, Instant};

use crate::crowd::{Act, Crowd, crowd_house};
use crate::place::{self, nightly, sleep_until, wait_for};
use crate::server::{House, Server, Setup};

const AT_ONCE: usize = 50;
const SECOND: Duration = Duration::from_secs(1);

/// What the process holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    at_s: f64,
    rss_kib: f64,
    /// Of it what the process has written to, and the pages of files: its program, the database's index.
    written_kib: f64,
    files_kib: f64,
    descriptors: f64,
    threads: f64,
}

fn held(server: &Server, begun: Instant) -> Held {
    let process = format!("/proc/{}", server.pid());
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
    let number = |name: &str| -> f64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    Held {
        at_s: begun.elapsed().as_secs_f64(),
        rss_kib: number("VmRSS:"),
        written_kib: number("RssAnon:"),
        files_kib: number("RssFile:") + number("RssShmem:"),
        descriptors: std::fs::read_dir(format!("{process}/fd")).unwrap().count() as f64,
        threads: number("Threads:"),
    }
}

/// By how much a value grows a second: the least squares' line.
fn slope(samples: &[Held], value: impl Fn(&Held) -> f64) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: &dyn Fn(&Held) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (mean_at, mean_value) = (mean(&|held| held.at_s), mean(&value));
    let above: f64 = samples
        .iter()
        .map(|held| (held.at_s - mean_at) * (value(held) - mean_value))
        .sum();
    let below: f64 = samples
        .iter()
        .map(|held| (held.at_s - mean_at).powi(2))
        .sum();
    above / below
}

#[test]
fn fifty_calls_for_long_leave_nothing_behind() {
    let (warm_up, length) = nightly((20 * SECOND, 60 * SECOND), (300 * SECOND, 3600 * SECOND));
    let crowd = Crowd::open(AT_ONCE + 20);
    crowd.talk_for(6 * SECOND);
    let house = crowd_house(&crowd, Setup::default());
    // Two legs a call, and those of calls that have just ended.
    house.take_many_ports();
    let server = house.start();
    let begun = Instant::now();
    let empty = held(&server, begun);
    let (mut calls, mut graded, mut on) = (0, 0, 0);
    let mut samples = Vec::new();
    let mut next_sample = begun + SECOND;
    // Not all in one moment: calls come over the length of one.
    let mut next_call = begun;
    while begun.elapsed() < warm_up + length {
        let now = Instant::now();
        for seen in crowd.take_ended() {
            assert_eq!(seen.refused, None, "{}", server.log());
            on -= 1;
            graded += usize::from(seen.echoed.is_some());
        }
        if on < AT_ONCE && now >= next_call {
            let key = char::from(b'1' + (calls % 5) as u8);
            crowd.dial(&house, &place::number(), &[Act::Press(SECOND / 2, key)]);
            next_call = now + SECOND / 6;
            (calls, on) = (calls + 1, on + 1);
        }
        if now >= next_sample {
            samples.push(held(&server, begun));
            next_sample += SECOND;
            if samples.len() % 60 == 0 {
                let now = samples[samples.len() - 1];
                println!("{calls} calls: {now:?}");
                forget_old_recordings(&house);
            }
        }
        sleep_until(now + SECOND / 50);
    }
    wait_for("every call's end", 60 * SECOND, || {
        crowd
            .seen()
            .iter()
            .all(|seen| seen.ended.is_some())
            .then_some(())
    });
    graded += crowd
        .take_ended()
        .iter()
        .filter(|seen| seen.echoed.is_some())
        .count();
    wait_for("nothing goes on", 60 * SECOND, || {
        let of = |name| house.metric(name, "");
        let over = of("gradeline_calls_active") + of("gradeline_calls_closing") == 0.0;
        over.then_some(())
    });
    // Sockets are closed a little after their call.
    let back = wait_for("descriptors given back", 30 * SECOND, || {
        let now = held(&server, begun);
        (now.descriptors <= empty.descriptors + 12.0).then_some(now)
    });
    samples.retain(|held| held.at_s > warm_up.as_secs_f64());
    let rss_mib_h = slope(&samples, |held| held.rss_kib) * 3600.0 / 1024.0;
    let descriptors_h = slope(&samples, |held| held.descriptors) * 3600.0;
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    println!(
        "soak: {calls} calls, {AT_ONCE} at once, {} s after {} s; {graded} graded; memory {:.1} to {:.1} MiB \
         ({rss_mib_h:+.2} MiB/h; \
         written {:.1} to {:.1}, of files {:.1} to {:.1}), descriptors {} to {} ({descriptors_h:+.1}/h), threads {} to {}; \
         empty: {:.1} MiB, {} descriptors; empty again: {:.1} MiB, {} descriptors",
        length.as_secs(),
        warm_up.as_secs(),
        first.rss_kib / 1024.0,
        last.rss_kib / 1024.0,
        first.written_kib / 1024.0,
        last.written_kib / 1024.0,
        first.files_kib / 1024.0,
        last.files_kib / 1024.0,
        first.descriptors,
        last.descriptors,
        first.threads,
        last.threads,
        empty.rss_kib / 1024.0,
        empty.descriptors,
        back.rss_kib / 1024.0,
        back.descriptors,
    );
    assert_eq!(graded, calls, "every caller heard his echo");
    let whole_run = length.as_secs_f64();
    // Calls come and go: their number in a second is not that of another.
    let grown = slope(&samples, |held| held.descriptors) * whole_run;
    assert!(grown.abs() < 60.0, "descriptors grow by {grown}");
    let grown_mib = slope(&samples, |held| held.rss_kib) * whole_run / 1024.0;
    let most_mib = nightly(12.0, 1.0);
    assert!(grown_mib < most_mib, "memory grows by {grown_mib} MiB");
    assert!(last.threads <= first.threads + 4.0);
    server.stop();
}

/// An hour of fifty calls is several gigabytes; what is older than two minutes has been closed.
fn forget_old_recordings(house: &House) {
    for file in crate::kills::wavs(&house.recordings()) {
        let age = std::fs::metadata(&file).and_then(|file| file.modified());
        if age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > 120 * SECOND)) {
            let _ = std::fs::remove_file(file);
        }
    }
}
