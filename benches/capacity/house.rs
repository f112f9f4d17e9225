//! The server: the release build with a folder, ports and a database of its own.

use std::collections::HashMap;
use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

/// What is played as P10: one octet of A-law, so that its beginning is seen in a packet.
pub const OFFER_OCTET: u8 = 0x8A;
/// Desks, each of whom has one caller for about a second.
pub const DESKS: usize = 150;

pub struct Setup {
    pub seats: usize,
    /// Length of the prompt that offers the rating.
    pub offer: Duration,
}

pub struct House {
    folder: tempfile::TempDir,
    child: Child,
    sip: SocketAddr,
}

/// What the server has used so far.
#[derive(Clone, Copy)]
pub struct Use {
    pub at: Instant,
    pub cpu: Duration,
    pub rss_kib: u64,
    pub descriptors: usize,
}

/// What a call's row says.
pub struct Row {
    pub grade: Option<String>,
    pub length_ms: Option<i64>,
    pub ended: bool,
}

/// By the caller's number.
pub type Rows = HashMap<String, Row>;

/// A server that has stopped.
pub struct Stopped {
    folder: tempfile::TempDir,
}

impl House {
    pub fn start(setup: &Setup) -> Outcome<House> {
        let folder = tempfile::tempdir()?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (sip, web) = (free_port()?, free_port()?);
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("dialplans"))?;
        fs::write(at("dialplans/graded.toml"), GRADED)?;
        fs::write(at("dialplans/setup.toml"), SETUP)?;
        prompts(
            &root.join("prompts/zh-CN"),
            &at("prompts/zh-CN"),
            setup.offer,
        )?;
        // The desks are the harness's: one address past the callers' own.
        let desk = free_port()?;
        fs::write(at("desk"), desk.to_string())?;
        let desks: Vec<String> = (0..DESKS)
            .map(|seat| format!("\"sip:{}@127.0.0.1:{desk}\"", 8000 + seat))
            .collect();
        let text = format!(
            "[sip]\nlisten = [\"udp:127.0.0.1:{sip}\"]\nmax_calls = {}\ndrain_s = 20\n\
             [media]\nports = \"20000-29999\"\n[web]\nlisten = \"127.0.0.1:{web}\"\n\
             [store]\nurl = \"sqlite:{}\"\n[recordings]\ndir = {:?}\n[journal]\ndir = {:?}\n[desks]\naddresses = [{}]\n\
             [dialplans]\ndir = {:?}\n[prompts]\ndir = {:?}\n[calendars]\ndir = {:?}\n",
            setup.seats,
            at("gradeline.db").display(),
            at("recordings"),
            at("journal"),
            desks.join(", "),
            at("dialplans"),
            at("prompts"),
            root.join("calendars"),
        );
        fs::write(at("gradeline.toml"), text)?;
        let log = fs::File::create(at("log"))?;
        let child = Command::new(env!("CARGO_BIN_EXE_gradeline"))
            .args(["serve", "--config"])
            .arg(at("gradeline.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut house = House {
            folder,
            child,
            sip: SocketAddr::from(([127, 0, 0, 1], sip)),
        };
        let until = Instant::now() + Duration::from_secs(60);
        while ureq::get(format!("http://127.0.0.1:{web}/healthz"))
            .call()
            .is_err()
        {
            if house.child.try_wait()?.is_some() || Instant::now() > until {
                return Err(format!("the server does not start:\n{}", house.log()).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(house)
    }

    /// Where to call, and the port at which the desks are expected.
    pub fn sip(&self) -> (SocketAddr, u16) {
        let desk = fs::read_to_string(self.folder.path().join("desk"));
        (
            self.sip,
            desk.ok().and_then(|port| port.parse().ok()).unwrap_or(0),
        )
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub fn use_of(&self) -> Outcome<Use> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = fs::read_to_string(process.join("status"))?;
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let rss_kib = rss.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        let mut cpu = Duration::ZERO;
        for task in fs::read_dir(process.join("task"))? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            let spent = schedstat
                .split(' ')
                .next()
                .and_then(|text| text.parse().ok());
            cpu += Duration::from_nanos(spent.unwrap_or(0));
        }
        Ok(Use {
            at: Instant::now(),
            cpu,
            rss_kib: rss_kib.ok_or("no VmRSS")?,
            descriptors: fs::read_dir(process.join("fd"))?.count(),
        })
    }

    /// When the calls are over: a moment later, or at the latest after five seconds.
    pub fn settled(&self, before: Use) -> Outcome<Use> {
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            let now = self.use_of()?;
            if now.descriptors <= before.descriptors + 4 || Instant::now() > until {
                std::thread::sleep(Duration::from_secs(1));
                return self.use_of();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until so many calls have their last row: what the database could not take at once was kept
    /// in the journal. Returns how long that took, or `None` where it did not come to it.
    pub fn drained(&self, calls: usize) -> Outcome<Option<Duration>> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            let rows = rows(self.folder.path())?;
            if rows.values().filter(|row| row.ended).count() >= calls {
                return Ok(Some(began.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        Ok(None)
    }

    /// Stops it as an operator does.
    pub fn stop(mut self) -> Outcome<Stopped> {
        let pid = i32::try_from(self.child.id())?;
        // SAFETY: a signal to a child that was not reaped yet.
        unsafe { libc::kill(pid, libc::SIGTERM) };
        let until = Instant::now() + Duration::from_secs(60);
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                self.child.kill()?;
                self.child.wait()?;
                return Err("the server did not stop".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = self.log();
        for line in log.lines().filter(|line| line.contains("ERROR")).take(5) {
            println!("                 {line}");
        }
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir()?);
        Ok(Stopped { folder })
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Nothing can be done about a child that cannot be ended.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Stopped {
    pub fn rows(&self) -> Outcome<Rows> {
        rows(self.folder.path())
    }
}

fn rows(folder: &Path) -> Outcome<Rows> {
    type Found = (String, Option<String>, Option<i64>, Option<i64>);
    let url = format!("sqlite:{}", folder.join("gradeline.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let found: Vec<Found> = runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&url).await?;
        sqlx::query_as(
            "SELECT caller, grade, length_ms, ended_at FROM calls \
             LEFT JOIN recordings ON call_id = calls.id",
        )
        .fetch_all(&pool)
        .await
    })?;
    let row = |(caller, grade, length_ms, ended_at): Found| {
        let ended = ended_at.is_some();
        let row = Row {
            grade,
            length_ms,
            ended,
        };
        (caller, row)
    };
    Ok(found.into_iter().map(row).collect())
}

fn free_port() -> Outcome<u16> {
    loop {
        let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
}

/// The operator's prompts, with a long P10 and short others.
fn prompts(from: &Path, into: &Path, offer: Duration) -> Outcome<()> {
    fs::create_dir_all(into)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().ok_or("a file without a name")?;
        if path.extension().is_none_or(|ending| ending != "wav") {
            fs::copy(&path, into.join(name))?;
            continue;
        }
        let (length, level) = match name == "P10.wav" {
            true => (offer, OFFER_LEVEL),
            false => (Duration::from_millis(400), 0),
        };
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(into.join(name), spec)?;
        for _ in 0..length.as_millis() * 8 {
            wav.write_sample(level)?;
        }
        wav.finalize()?;
    }
    Ok(())
}

/// Encodes as [`OFFER_OCTET`].
const OFFER_LEVEL: i16 = 8064;

const GRADED: &str = r#"name = "graded"
answers = ["graded"]
start = "connect"
locale = "zh-CN"
play_grace_s = 3
rating_at_most_s = 3000
call_at_most_s = 6000

[steps.connect]
do = "connect"
ring_at_most_s = 20
talk_at_most_s = 600
ended = "rate"
unavailable = "bye"

[steps.rate]
do = "rate"
prompt = "P10"
change_prompt = "P15"
invalid_prompt = "P11"
silent_prompt = "P12"
barge_in_after_s = 0.2
silence_s = 2
plays_at_most = 1
ask_within_s = 1000
store_within_s = 5
again = "0"
decline = "9"
good = "told"
bad = "told"
declined = "bye"
unrated = "bye"
fault = "bye"

[steps.rate.grades]
1 = "very_satisfied"
2 = "satisfied"
3 = "basically_satisfied"
4 = "dissatisfied"
5 = "very_dissatisfied"

[steps.told]
do = "confirm"
prompt = "P14b"
window_s = 1
change_key = "*"
changes_at_most = 1
slip_within_s = 0.1
changed = "rate"
then = "bye"
out_of_time = "bye"

[steps.bye]
do = "end"
"#;

const SETUP: &str = r#"name = "setup"
answers = ["setup"]
start = "told"
locale = "zh-CN"
play_grace_s = 3
rating_at_most_s = 3000
call_at_most_s = 6000

[steps.told]
do = "play"
prompt = "P25"
then = "bye"

[steps.bye]
do = "end"
"#;
