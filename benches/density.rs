//! How much of one core a concurrent recorded call costs: RTP both ways, a prompt playing, the
//! whole call recorded, the in-band detector listening; beside it a bare UDP reflector that moves
//! the same packets, in the same run. The packets come from a second process, whose CPU does not
//! count. `cargo bench --bench density [-- CALLS…]`
//!
//! CPU is what the kernel charged to the threads (`/proc/self/task/*/schedstat`).

#![allow(clippy::disallowed_methods)] // A measurement is a shell: it keeps time by the clock.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gradeline::media::{CallMedia, Clip, Codecs, Event, Media, Settings};

type Outcome<T> = Result<T, Box<dyn Error>>;

const BEAT: Duration = Duration::from_millis(20);
const SETTLING: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(8);
const SOURCE: &str = "--packet-source";

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == SOURCE) {
        return send_packets(arguments[at + 1].parse()?);
    }
    let mut steps: Vec<usize> = arguments
        .iter()
        .filter_map(|word| word.parse().ok())
        .collect();
    if steps.is_empty() {
        steps = vec![50, 200];
    }
    println!("CPU of one core per call, {} s each", MEASURED.as_secs());
    println!(
        "calls  recorded call  (media + writer)  bare reflector  ratio  packets/s in, out a call  KiB a call, after"
    );
    for calls in steps {
        let bare = measure_reflector(calls)?;
        let full = measure_calls(calls)?;
        let per_call =
            |cpu: Duration| 100.0 * cpu.as_secs_f64() / MEASURED.as_secs_f64() / calls as f64;
        let rate = |packets: u64| packets as f64 / full.length.as_secs_f64() / calls as f64;
        println!(
            "{calls:>5}  {:>12.4}%  ({:.4}% + {:.4}%)  {:>13.4}%  {:>5.2}  {:.1}, {:.1}  {:.0}, {:.0}",
            per_call(full.media + full.writer),
            per_call(full.media),
            per_call(full.writer),
            per_call(bare),
            (full.media + full.writer).as_secs_f64() / bare.as_secs_f64(),
            rate(full.received),
            rate(full.sent),
            full.memory_kib.0 / calls as f64,
            full.memory_kib.1 / calls as f64,
        );
    }
    // The second figure of `make bench`, key press to durable grade, is measured through the
    // whole house and stands in its own benchmark.
    Ok(())
}

struct Measured {
    media: Duration,
    writer: Duration,
    received: u64,
    sent: u64,
    length: Duration,
    /// More than before the first call: with all of them, and after them.
    memory_kib: (f64, f64),
}

fn measure_calls(calls: usize) -> Outcome<Measured> {
    let folder = tempfile::tempdir()?;
    let media = Media::start(Settings {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports: 42000..=48999,
        threads: 1,
        rtp_timeout: Duration::from_secs(60),
        srtp: gradeline::media::Srtp::Accept.into(),
        levels: Default::default(),
        learn_address: false,
        trunk_codecs: Codecs::G711,
        desk_codecs: Codecs::G711,
        browser_codecs: Codecs::G711,
    })?;
    let mut source = Source::start(calls)?;
    let prompt = prompt();
    let without = rss_kib();
    let mut running: Vec<(CallMedia, tokio::sync::mpsc::Receiver<Event>)> = Vec::new();
    let mut ports = Vec::new();
    for (index, port) in source.ports()?.into_iter().enumerate() {
        let leg = media.answer_to(offer(port).as_bytes())?;
        let answer = leg
            .description()
            .split("m=audio ")
            .nth(1)
            .ok_or("no audio in the answer")?;
        ports.push(answer.split(' ').next().ok_or("no port")?.parse()?);
        let path = folder.path().join(format!("{index}.wav"));
        let call = media.start_call(leg, Some(&path))?;
        call.0.play(1, vec![Arc::clone(&prompt)], false);
        running.push(call);
    }
    let began = Instant::now();
    source.go(&ports)?;
    pause(SETTLING);
    let before = (cpu_of("media-"), cpu_of("recording"));
    pause(MEASURED);
    let after = (cpu_of("media-"), cpu_of("recording"));
    let length = began.elapsed();
    let with = rss_kib();
    let (mut received, mut sent) = (0, 0);
    for (call, _) in &running {
        call.finish();
    }
    for (_, events) in &mut running {
        while let Some(event) = events.blocking_recv() {
            if let Event::Finished(recorded) = event {
                received += recorded.caller.received;
                sent += recorded.caller.sent;
            }
        }
    }
    source.stop()?;
    drop(running);
    give_back();
    Ok(Measured {
        media: after.0 - before.0,
        writer: after.1 - before.1,
        received,
        sent,
        length,
        memory_kib: (with - without, rss_kib() - without),
    })
}

/// Every packet goes back where it came from; nothing else happens.
fn measure_reflector(calls: usize) -> Outcome<Duration> {
    let mut source = Source::start(calls)?;
    let mut sockets = Vec::new();
    let mut ports = Vec::new();
    for port in source.ports()? {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nonblocking(true)?;
        ports.push(socket.local_addr()?.port());
        sockets.push(socket);
    }
    source.go(&ports)?;
    let over = Arc::new(AtomicBool::new(false));
    let moved = Arc::new(AtomicU64::new(0));
    let reflect = {
        let (over, moved) = (Arc::clone(&over), Arc::clone(&moved));
        move || {
            let mut octets = [0u8; 1500];
            let mut next = Instant::now();
            while !over.load(Ordering::Relaxed) {
                for socket in &sockets {
                    while let Ok(length) = socket.recv(&mut octets) {
                        moved.fetch_add(1, Ordering::Relaxed);
                        // A lost packet here is a lost packet.
                        let _ = socket.send(&octets[..length]);
                    }
                }
                next += BEAT;
                pause(next.saturating_duration_since(Instant::now()));
            }
        }
    };
    let thread = std::thread::Builder::new()
        .name("reflector".into())
        .spawn(reflect)?;
    pause(SETTLING);
    let (before, moved_before) = (cpu_of("reflector"), moved.load(Ordering::Relaxed));
    pause(MEASURED);
    let (after, moved_after) = (cpu_of("reflector"), moved.load(Ordering::Relaxed));
    over.store(true, Ordering::Relaxed);
    thread.join().map_err(|_| "the reflector fell over")?;
    source.stop()?;
    let rate = (moved_after - moved_before) as f64 / MEASURED.as_secs_f64() / calls as f64;
    if rate < 45.0 {
        eprintln!(
            "the source sent only {rate:.1} packets a second a call: this machine is too busy"
        );
    }
    Ok(after - before)
}

/// The second process, with one socket a call.
struct Source {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Source {
    fn start(calls: usize) -> Outcome<Source> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([SOURCE, &calls.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = child.stdin.take().ok_or("no stdin")?;
        let from = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        Ok(Source { child, to, from })
    }

    fn ports(&mut self) -> Outcome<Vec<u16>> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?)
    }

    fn go(&mut self, ports: &[u16]) -> Outcome<()> {
        let words: Vec<String> = ports.iter().map(u16::to_string).collect();
        writeln!(self.to, "{}", words.join(" "))?;
        Ok(())
    }

    /// It ends when its input does.
    fn stop(mut self) -> Outcome<()> {
        drop(self.to);
        self.child.wait()?;
        Ok(())
    }
}

/// The second process: 50 packets a second from each socket, and what comes is read away.
fn send_packets(calls: usize) -> Outcome<()> {
    let mut sockets = Vec::new();
    for _ in 0..calls {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        sockets.push(socket);
    }
    let ports: Result<Vec<String>, std::io::Error> = sockets
        .iter()
        .map(|socket| Ok(socket.local_addr()?.port().to_string()))
        .collect();
    println!("{}", ports?.join(" "));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    for (socket, port) in sockets.iter().zip(line.split_whitespace()) {
        socket.connect((Ipv4Addr::LOCALHOST, port.parse()?))?;
    }
    let over = Arc::new(AtomicBool::new(false));
    let watch = Arc::clone(&over);
    std::thread::spawn(move || {
        // The end of the input, or its loss, is the end of the work.
        let _ = std::io::stdin().read_line(&mut String::new());
        watch.store(true, Ordering::Relaxed);
    });
    let mut packet = [0u8; 172];
    let mut next = Instant::now();
    let mut chance = 1u32;
    for beat in 0u32.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        packet[0] = 0x80;
        packet[1] = 8;
        packet[2..4].copy_from_slice(&(beat as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&beat.wrapping_mul(160).to_be_bytes());
        for octet in &mut packet[12..] {
            // Loud noise: the detector gets no rest.
            chance = chance.wrapping_mul(1664525).wrapping_add(1013904223);
            *octet = (chance >> 24) as u8;
        }
        let mut away = [0u8; 1500];
        for socket in &sockets {
            // What is lost is lost; the other side counts.
            let _ = socket.send(&packet);
            while socket.recv(&mut away).is_ok() {}
        }
        next += BEAT;
        pause(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

fn offer(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    )
}

/// A minute of something that is not silence.
fn prompt() -> Arc<Clip> {
    let pcm = (0..60 * 8000i32)
        .map(|n| ((n * 37 % 8000) - 4000) as i16)
        .collect();
    Arc::new(Clip::from_pcm(pcm))
}

/// Memory of this process that is in use, as the kernel counts it.
fn rss_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    rss.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(f64::NAN)
}

/// What the server does some seconds after its calls.
fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim locks the allocator for itself.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// What the kernel charged so far to the threads whose name begins so.
fn cpu_of(name: &str) -> Duration {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return Duration::ZERO;
    };
    tasks
        .flatten()
        .filter(|task| {
            std::fs::read_to_string(task.path().join("comm"))
                .is_ok_and(|comm| comm.starts_with(name))
        })
        .filter_map(|task| {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            stat.split(' ').next()?.parse().ok()
        })
        .map(Duration::from_nanos)
        .sum()
}

fn pause(length: Duration) {
    let until = Instant::now() + length;
    while let left = until.saturating_duration_since(Instant::now())
        && !left.is_zero()
    {
        std::thread::park_timeout(left);
    }
}
