//! Places of our own: free ports, and the operator's files as copies to be changed.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{self as unix, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::tone;

/// The repository's root.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Below the ephemeral range, so that no other program's client socket takes one meanwhile.
const PORTS: std::ops::Range<u16> = 10_000..19_000;

/// Where houses have their RTP ports, and how many each has.
const MEDIA_PORTS: std::ops::Range<u16> = 20_000..31_000;
const MEDIA_PORTS_OF_ONE: u16 = 200;

/// The first of four ports that are free for UDP and TCP, and ours until this process ends: other
/// processes of these tests see the name by which it is held. The kernel is asked and nothing is bound:
/// a socket bound for a look lives on in every child that is forked meanwhile, until it runs its program.
pub fn port() -> u16 {
    static HELD: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());
    loop {
        let port = rand::random_range(PORTS.start / 4..PORTS.end / 4) * 4;
        let Some(hold) = hold(&format!("gradeline-live-{port}")) else {
            continue;
        };
        HELD.lock().unwrap().push(hold);
        let taken = ["udp", "udp6", "tcp", "tcp6"].map(bound).concat();
        if !(port..port + 4).any(|port| taken.contains(&port)) {
            return port;
        }
    }
}

/// A range of RTP ports that no other house has while the listener lives: the first, the last.
pub fn media_ports() -> ((u16, u16), UnixListener) {
    let ranges = (MEDIA_PORTS.end - MEDIA_PORTS.start) / MEDIA_PORTS_OF_ONE;
    let taken = wait_for("a range of ports", Duration::from_secs(600), || {
        let first = MEDIA_PORTS.start + rand::random_range(0..ranges) * MEDIA_PORTS_OF_ONE;
        let hold = hold(&format!("gradeline-live-media-{first}"))?;
        Some((first, hold))
    });
    let (first, hold) = taken;
    ((first, first + MEDIA_PORTS_OF_ONE - 1), hold)
}

/// Holds a name; none where another process does.
fn hold(name: &str) -> Option<UnixListener> {
    let name = unix::SocketAddr::from_abstract_name(name).unwrap();
    UnixListener::bind_addr(&name).ok()
}

/// Whether somebody has bound this UDP port.
pub fn is_bound(port: u16) -> bool {
    bound("udp").contains(&port)
}

/// The ports in the kernel's list of a kind of sockets; none where the kernel has no such kind.
fn bound(list: &str) -> Vec<u16> {
    let list = std::fs::read_to_string(format!("/proc/net/{list}")).unwrap_or_default();
    let locals = list
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().nth(1));
    locals
        .filter_map(|local| u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok())
        .collect()
}

/// A caller's number that no other call of this run has: its last eight digits find the call.
pub fn number() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("139{:04}{:04}", std::process::id() % 10_000, next % 10_000)
}

/// How often something is done: in `make test`, and in `make nightly`.
pub fn nightly<T>(quick: T, long: T) -> T {
    match std::env::var_os("GRADELINE_NIGHTLY") {
        Some(_) => long,
        None => quick,
    }
}

/// Waits until `look` sees something, at most `bound`.
pub fn wait_for<T>(what: &str, bound: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + bound;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < until, "not within {bound:?}: {what}");
        // Between two looks at what another process does; nothing is taken to have happened.
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Sleeps until a time that matters itself: when a key is to go down, when a packet is due.
pub fn sleep_until(at: Instant) {
    std::thread::sleep(at.saturating_duration_since(Instant::now()));
}

/// The dialplans of the repository in a folder of their own, with the waits shortened so that a
/// silent caller is not waited for as long as in life. Steps and their order stay as they are.
pub fn quick_plans(into: &Path) {
    std::fs::create_dir_all(into).unwrap();
    let text = std::fs::read_to_string(repository().join("dialplans/consultation.toml")).unwrap();
    std::fs::write(into.join("consultation.toml"), quick(&text)).unwrap();
}

/// See [`quick_plans`].
fn quick(text: &str) -> String {
    let changes = [
        ("silence_s = 8\n", "silence_s = 2\n"),
        ("window_s = 5\n", "window_s = 1.5\n"),
        ("window_s = 3\n", "window_s = 1.5\n"),
        (
            "answers = [\"consult\", \"*\"]",
            "answers = [\"consult\", \"1234*\"]",
        ),
    ];
    changes.iter().fold(text.to_owned(), |text, (long, short)| {
        assert!(text.contains(long), "the plan has no `{}`", long.trim());
        text.replace(long, short)
    })
}

/// What is heard instead of a prompt: a tone of its own, so that an ear can tell which one it is.
pub const TONES: [(&str, f64, u64); 18] = [
    ("P01", 500.0, 1500),
    ("P04.1", 560.0, 400),
    ("P05", 1840.0, 700),
    ("P05r", 1900.0, 500),
    ("P10", 620.0, 3000),
    ("P11", 1000.0, 700),
    ("P12", 1060.0, 700),
    ("P13", 1120.0, 700),
    ("P14.1", 1180.0, 400),
    ("P14b.1", 1240.0, 400),
    ("P15", 1300.0, 700),
    ("P16", 1360.0, 1200),
    ("P17", 1420.0, 600),
    ("P20", 1540.0, 700),
    ("P21", 1600.0, 700),
    ("P23.1", 1720.0, 700),
    ("P24.1", 1780.0, 700),
    ("P25", 1660.0, 1200),
];

/// Every other clip is cut to this length.
const CUT_MS: u64 = 600;

/// The prompts of the repository, each as a short clip: [`TONES`], the others cut.
pub fn short_prompts(into: &Path) {
    let locale = into.join("zh-CN");
    std::fs::create_dir_all(&locale).unwrap();
    for entry in std::fs::read_dir(repository().join("prompts/zh-CN")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.extension().is_none_or(|ending| ending != "wav") {
            std::fs::copy(&path, locale.join(name)).unwrap();
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let tone = TONES.iter().find(|(prompt, ..)| *prompt == stem);
        let samples = match tone {
            Some((_, hertz, ms)) => tone::sine(*hertz, *ms, 8000.0),
            None => {
                let reader = hound::WavReader::open(&path).unwrap();
                assert_eq!(reader.spec().sample_rate, 8000);
                let all = reader.into_samples().take(CUT_MS as usize * 8);
                all.map(Result::unwrap).collect()
            }
        };
        tone::write_wav(&locale.join(name), &samples);
    }
}

/// The frequency of a prompt of [`TONES`].
pub fn tone_of(prompt: &str) -> f64 {
    let (_, hertz, _) = TONES.iter().find(|(name, ..)| *name == prompt).unwrap();
    *hertz
}

/// Day and time in Beijing.
fn beijing() -> jiff::civil::DateTime {
    jiff::tz::Offset::constant(8).to_datetime(jiff::Timestamp::now())
}

/// Service hours of every day, as the configuration writes them, that are hours away from now.
pub fn other_hours() -> String {
    let hours = if beijing().hour() < 12 {
        "18:00-20:00"
    } else {
        "06:00-08:00"
    };
    format!("[\"daily {hours}\"]")
}

/// Calendars of this year and its neighbours, whichever it is: with today a holiday, or with none near.
pub fn calendars(into: &Path, holiday_today: bool) {
    use jiff::ToSpan as _;
    use jiff::civil::{Date, Weekday};
    std::fs::create_dir_all(into).unwrap();
    let today = beijing().date();
    // A weekend within a holiday is off by the weekday beside it.
    let beside = |day: Date| match day.weekday() {
        Weekday::Saturday => day.yesterday().unwrap(),
        Weekday::Sunday => day.tomorrow().unwrap(),
        _ => day,
    };
    let off = match holiday_today {
        true => beside(today),
        false => beside(today.checked_add(6.months()).unwrap()),
    };
    for year in today.year() - 1..=today.year() + 1 {
        let day = match off.year() == year {
            true => off,
            false => beside(Date::new(year, 7, 7).unwrap()),
        };
        let text = format!(
            "year = {year}\n[[notice]]\ntitle = \"of the tests\"\nissued_on = \"{}-11-04\"\n\
             [[off]]\nname = \"国庆节\"\ndays = [\"{day}\"]\n",
            year - 1
        );
        std::fs::write(into.join(format!("{year}.toml")), text).unwrap();
    }
}
