//! How many bridged and recorded calls a core carries, and how much later each side hears the other because of it: caller
//! and desk by telephone, both G.711; a desk of G.722; a desk as a browser is, Opus within SRTP. Beside them a bare UDP
//! reflector that moves the same number of packets, in the same run. The packets come from a second process, whose CPU
//! does not count. `cargo bench --bench bridge [-- CALLS…]`
//!
//! CPU is what the kernel charged to the media thread and those of the recordings (`/proc/self/task/*/schedstat`). Delay is
//! from the sending of the packet in which a burst begins to the moment at which its first sample could be played at the
//! other side: the packet's own 20 ms are not in it, the jitter buffer's 60 ms are.

#![allow(clippy::disallowed_methods)] // A measurement is a shell: it keeps time by the clock.

mod source;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gradeline::codecs::Codecs;
use gradeline::media::{CallMedia, Event, Leg, Media, Settings, Srtp};
use source::{Delays, Kind, SOURCE, Source};

type Outcome<T> = Result<T, Box<dyn Error>>;

const BEAT: Duration = Duration::from_millis(20);
const SETTLING: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(8);

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == SOURCE) {
        let kind = Kind::from_word(&arguments[at + 2]).ok_or("which kind?")?;
        return source::run(arguments[at + 1].parse()?, kind);
    }
    let words = arguments.iter().filter_map(|word| word.parse().ok());
    let mut steps: Vec<usize> = words.collect();
    if steps.is_empty() {
        steps = vec![50];
    }
    println!("Bridged and recorded calls, {} s each", MEASURED.as_secs());
    println!(
        "calls  {:<26}  CPU of a core a call  calls a core  added delay, ms: p50, p99",
        "legs"
    );
    for calls in steps {
        let (cpu, delays) = measure_reflector(calls)?;
        report(calls, "bare reflector", cpu, &delays);
        for kind in [Kind::Pcma, Kind::G722, Kind::Opus] {
            let (cpu, delays) = measure_calls(calls, kind)?;
            report(calls, kind.shown(), cpu, &delays);
        }
    }
    Ok(())
}

fn report(calls: usize, legs: &str, cpu: Duration, delays: &Delays) {
    let part = cpu.as_secs_f64() / MEASURED.as_secs_f64() / calls as f64;
    println!(
        "{calls:>5}  {legs:<26}  {:>19.4}%  {:>12.0}  {:>15.1}, {:.1} (of {})",
        100.0 * part,
        1.0 / part,
        delays.of_hundred(50),
        delays.of_hundred(99),
        delays.0.len(),
    );
}

fn measure_calls(calls: usize, kind: Kind) -> Outcome<(Duration, Delays)> {
    let folder = tempfile::tempdir()?;
    let media = Media::start(Settings {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports: 42000..=48999,
        threads: 1,
        rtp_timeout: Duration::from_secs(60),
        srtp: Srtp::Accept.into(),
        levels: Default::default(),
        learn_address: false,
        trunk_codecs: Codecs::ALL,
        desk_codecs: Codecs::ALL,
        browser_codecs: Codecs::ALL,
    })?;
    let mut source = Source::start(calls, kind)?;
    let theirs = source.ports()?;
    let (callers, desks) = theirs.split_at(calls);
    let mut running: Vec<(CallMedia, tokio::sync::mpsc::Receiver<Event>)> = Vec::new();
    let (mut to_callers, mut to_desks) = (Vec::new(), Vec::new());
    for (index, (caller, desk)) in callers.iter().zip(desks).enumerate() {
        let caller = media.answer_to(Kind::Pcma.offer(*caller).as_bytes())?;
        let desk = media.answer_to(kind.offer(*desk).as_bytes())?;
        to_callers.push(way_to(&caller)?);
        to_desks.push(way_to(&desk)?);
        let path = folder.path().join(format!("{index}.wav"));
        let call = media.start_call(caller, Some(&path))?;
        call.0.add_desk(desk);
        call.0.join();
        running.push(call);
    }
    source.go(&[to_callers, to_desks].concat())?;
    pause(SETTLING);
    let before = cpu_of("media-") + cpu_of("recording");
    pause(MEASURED);
    let after = cpu_of("media-") + cpu_of("recording");
    for (call, _) in &running {
        call.finish();
    }
    for (_, events) in &mut running {
        while let Some(event) = events.blocking_recv() {
            if let Event::Finished(recorded) = event {
                let least = MEASURED.as_millis() as u64;
                if recorded.length_ms < least || !recorded.gaps.is_empty() {
                    eprintln!("a recording is not whole: {recorded:?}");
                }
            }
        }
    }
    Ok((after - before, source.stop()?))
}

/// Port and key of a leg, as the source is told them.
fn way_to(leg: &Leg) -> Outcome<String> {
    let answer = leg.description();
    let rest = answer.split("m=audio ").nth(1).ok_or("no audio")?;
    let port = rest.split(' ').next().ok_or("no port")?;
    let key = answer.split("inline:").nth(1);
    let key = key.and_then(|rest| rest.split(['|', '\r']).next());
    Ok(format!("{port}/{}", key.unwrap_or("")))
}

/// Every packet goes over to the other side; nothing else happens.
fn measure_reflector(calls: usize) -> Outcome<(Duration, Delays)> {
    let mut source = Source::start(calls, Kind::Pcma)?;
    let mut sockets = Vec::new();
    let mut ways = Vec::new();
    for port in source.ports()? {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nonblocking(true)?;
        ways.push(format!("{}/", socket.local_addr()?.port()));
        sockets.push(socket);
    }
    source.go(&ways)?;
    let over = Arc::new(AtomicBool::new(false));
    let watch = Arc::clone(&over);
    let reflect = move || {
        let mut octets = [0u8; 1500];
        let mut next = Instant::now();
        let (callers, desks) = sockets.split_at(calls);
        while !watch.load(Ordering::Relaxed) {
            for (caller, desk) in callers.iter().zip(desks) {
                for (from, to) in [(caller, desk), (desk, caller)] {
                    while let Ok(length) = from.recv(&mut octets) {
                        // A lost packet here is a lost packet.
                        let _ = to.send(&octets[..length]);
                    }
                }
            }
            next += BEAT;
            pause(next.saturating_duration_since(Instant::now()));
        }
    };
    let thread = std::thread::Builder::new()
        .name("reflector".into())
        .spawn(reflect)?;
    pause(SETTLING);
    let before = cpu_of("reflector");
    pause(MEASURED);
    let after = cpu_of("reflector");
    let delays = source.stop()?;
    over.store(true, Ordering::Relaxed);
    thread.join().map_err(|_| "the reflector fell over")?;
    Ok((after - before, delays))
}

/// What the kernel charged so far to the threads whose name begins so.
fn cpu_of(name: &str) -> Duration {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return Duration::ZERO;
    };
    let named = |task: &std::fs::DirEntry| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.starts_with(name))
    };
    let charged = |task: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse().ok()
    };
    let tasks = tasks.flatten().filter(named).filter_map(charged);
    tasks.map(Duration::from_nanos).sum()
}

pub fn pause(length: Duration) {
    let until = Instant::now() + length;
    while let left = until.saturating_duration_since(Instant::now())
        && !left.is_zero()
    {
        std::thread::park_timeout(left);
    }
}
