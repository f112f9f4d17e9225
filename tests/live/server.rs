//! The program in a process of its own, with a folder, ports and a database of its own.

use std::fs::File;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::{certificates, place};

/// What a server is started with.
pub struct Setup {
    pub trunks: String,
    pub max_calls: u32,
    pub session_expires_s: u32,
    pub drain_s: u32,
    pub rtp_timeout_s: u32,
    /// SIP addresses, or `account:8001`, or `browser:admin`; none: the rehearsal desk.
    pub desks: Vec<String>,
    pub desk_ring_timeout_s: u32,
    /// Which desk is rung; none: as the program has it by itself.
    pub desk_strategy: Option<&'static str>,
    /// Lines of `[desks]` beside the usual ones.
    pub desk_lines: String,
    pub rehearsal_talk_s: u32,
    /// The shipped prompts and dialplans instead of the quick ones.
    pub shipped: bool,
    /// A database of its own on the PostgreSQL of the tests.
    pub postgres: bool,
    pub media_address: String,
    pub open: Open,
    /// Listens for TLS too, with a certificate of the house's own.
    pub tls: bool,
    /// Listens for WebSocket too, with TLS where it listens for that, for pages of this origin.
    pub websocket: Option<String>,
    /// Lines of `[media]` beside the usual ones.
    pub media: String,
    /// Lines of `[trunk]`, or several `[[trunk]]` with their heads; none: no such table.
    pub trunk: String,
}

/// When the centre of a house is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    Always,
    /// At other hours of the day.
    NotNow,
    /// On working days, and today is a holiday.
    NotToday,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            trunks: "127.0.0.0/8".into(),
            max_calls: 50,
            session_expires_s: 1800,
            drain_s: 20,
            rtp_timeout_s: 30,
            desks: Vec::new(),
            desk_ring_timeout_s: 8,
            // By their order, so that tests know who rings.
            desk_strategy: Some("linear"),
            desk_lines: String::new(),
            rehearsal_talk_s: 1,
            shipped: false,
            postgres: false,
            media_address: "127.0.0.1".into(),
            open: Open::Always,
            tls: false,
            websocket: None,
            media: String::new(),
            trunk: String::new(),
        }
    }
}

/// A house: its folder outlives the processes that are started in it.
pub struct House {
    dir: TempDir,
    pub sip: u16,
    /// Where TLS is listened for, if it is.
    pub tls: u16,
    /// Where WebSocket is listened for, if it is: without TLS, and on it.
    pub ws: (u16, u16),
    pub web: u16,
    pub rtp: (u16, u16),
    _rtp_hold: UnixListener,
    token: OnceLock<String>,
    starts: AtomicU32,
}

/// A running server; dropped, it is killed by its id.
pub struct Server<'a> {
    pub house: &'a House,
    child: Child,
    log: PathBuf,
}

/// How long a start may take in a debug build on a busy machine.
const START: Duration = Duration::from_secs(90);

impl House {
    pub fn new(setup: Setup) -> House {
        let dir = tempfile::Builder::new().prefix("live-").tempdir().unwrap();
        let (sip, tls, web) = (place::port(), place::port(), place::port());
        let (rtp, rtp_hold) = place::media_ports();
        let house = House {
            dir,
            sip,
            tls,
            ws: (place::port(), place::port()),
            web,
            rtp,
            _rtp_hold: rtp_hold,
            token: OnceLock::new(),
            starts: AtomicU32::new(0),
        };
        if !setup.shipped {
            place::quick_plans(&house.path("dialplans"));
            place::short_prompts(&house.path("prompts"));
        }
        if setup.open != Open::Always {
            place::calendars(&house.path("calendars"), setup.open == Open::NotToday);
        }
        if setup.tls {
            certificates::issue(&house);
        }
        std::fs::write(house.config(), house.configuration(&setup)).unwrap();
        house
    }

    fn configuration(&self, setup: &Setup) -> String {
        let (plans, prompts) = match setup.shipped {
            true => (
                place::repository().join("dialplans"),
                place::repository().join("prompts"),
            ),
            false => (self.path("dialplans"), self.path("prompts")),
        };
        let (hours, calendars) = match setup.open {
            Open::Always => ("\"always\"".into(), place::repository().join("calendars")),
            Open::NotNow => (place::other_hours(), self.path("calendars")),
            Open::NotToday => ("[\"workdays 00:00-24:00\"]".into(), self.path("calendars")),
        };
        let store = match setup.postgres {
            true => postgres_database(),
            false => format!("sqlite:{}", self.path("gradeline.db").display()),
        };
        let (tls_listen, tls_files) = match setup.tls {
            false => Default::default(),
            true => (
                format!(", \"tls:127.0.0.1:{}\"", self.tls),
                format!(
                    "tls_certificate = {:?}\ntls_key = {:?}\ntls_authorities = {:?}\n",
                    self.path("tls.crt"),
                    self.path("tls.key"),
                    certificates::issuer(self)
                ),
            ),
        };
        let (ws_listen, ws_lines) = match &setup.websocket {
            None => Default::default(),
            Some(origin) => (
                match setup.tls {
                    false => format!(", \"ws:127.0.0.1:{}\"", self.ws.0),
                    true => format!(
                        ", \"ws:127.0.0.1:{}\", \"wss:127.0.0.1:{}\"",
                        self.ws.0, self.ws.1
                    ),
                },
                format!("websocket_origins = [{origin:?}]\n"),
            ),
        };
        let trunk = match setup.trunk.as_str() {
            "" => String::new(),
            several if several.starts_with("[[trunk]]") => several.to_owned(),
            lines => format!("[trunk]\n{lines}\n"),
        };
        let desks = setup.desks.iter();
        let desks: Vec<_> = desks
            .map(|desk| match desk.split_once(':') {
                Some(("account", account)) => format!("{{ account = {account:?} }}"),
                Some(("browser", login)) => format!("{{ browser = {login:?} }}"),
                _ => format!("{desk:?}"),
            })
            .collect();
        format!(
            "[sip]\nlisten = [\"udp:127.0.0.1:{sip}\", \"tcp:127.0.0.1:{sip}\"{tls_listen}{ws_listen}]\n{tls_files}{ws_lines}trunks = [{trunks:?}]\n\
             max_calls = {max_calls}\nsession_expires_s = {expires}\ndrain_s = {drain}\n\
             {trunk}[media]\naddress = {media_address:?}\nports = \"{first}-{last}\"\nrtp_timeout_s = {rtp_timeout}\n{media}\n\
             [web]\nlisten = \"127.0.0.1:{web}\"\n[store]\nurl = {store:?}\n\
             [recordings]\ndir = {recordings:?}\n[journal]\ndir = {journal:?}\n\
             [desks]\naddresses = [{desks}]\n{desk_lines}{strategy}ring_timeout_s = {ring}\nrehearsal_talk_s = {talk}\n\
             [dialplans]\ndir = {plans:?}\n[prompts]\ndir = {prompts:?}\n[calendars]\ndir = {calendars:?}\n\
             [centre]\nservice_hours = {hours}\n",
            sip = self.sip,
            trunks = setup.trunks,
            max_calls = setup.max_calls,
            expires = setup.session_expires_s,
            drain = setup.drain_s,
            media_address = setup.media_address,
            first = self.rtp.0,
            last = self.rtp.1,
            rtp_timeout = setup.rtp_timeout_s,
            media = setup.media,
            web = self.web,
            recordings = self.recordings(),
            journal = self.path("journal"),
            desks = desks.join(", "),
            desk_lines = setup.desk_lines,
            strategy = setup
                .desk_strategy
                .map(|word| format!("strategy = {word:?}\n"))
                .unwrap_or_default(),
            ring = setup.desk_ring_timeout_s,
            talk = setup.rehearsal_talk_s,
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn config(&self) -> PathBuf {
        self.path("gradeline.toml")
    }

    pub fn recordings(&self) -> PathBuf {
        self.path("recordings")
    }

    pub fn sip_address(&self) -> String {
        format!("127.0.0.1:{}", self.sip)
    }

    pub fn tls_address(&self) -> String {
        format!("127.0.0.1:{}", self.tls)
    }

    pub fn page(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.web)
    }

    /// Before the first start: the database is this file of the house.
    pub fn move_database(&self, name: &str) {
        self.serve_database(&format!("sqlite:{}", self.path(name).display()));
    }

    /// Before the first start: RTP ports for hundreds of calls, above those of the other houses.
    pub fn take_many_ports(&self) {
        self.change_line("ports = ", "ports = \"31000-32599\"");
    }

    /// Before the first start: the database has this address.
    pub fn serve_database(&self, url: &str) {
        self.change_line("url = ", &format!("url = {url:?}"));
    }

    fn change_line(&self, begins: &str, new: &str) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let lines = text.lines().map(|line| match line.starts_with(begins) {
            true => format!("{new}\n"),
            false => format!("{line}\n"),
        });
        std::fs::write(self.config(), lines.collect::<String>()).unwrap();
    }

    /// `gradeline … --config` in this house.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gradeline"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config())
            .current_dir(self.dir.path())
            .env("NO_COLOR", "1");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the server and waits until it serves.
    pub fn start(&self) -> Server<'_> {
        self.start_as(|_| {})
    }

    /// The same, with what the command needs beside its own.
    pub fn start_as(&self, prepare: impl FnOnce(&mut Command)) -> Server<'_> {
        let mut server = self.launch(prepare);
        let until = Instant::now() + START;
        while ureq::get(self.page("/healthz")).call().is_err() {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended at its start: {}", server.log());
            assert!(Instant::now() < until, "not ready: {}", server.log());
            std::thread::sleep(Duration::from_millis(30));
        }
        self.token.get_or_init(|| {
            let output = self.run(&[
                "token", "create", "--name", "live", "--scope", "read", "--scope", "listen",
            ]);
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{text}");
            text.lines().last().unwrap().to_owned()
        });
        server
    }

    /// Starts the server and waits for nothing.
    pub fn launch(&self, prepare: impl FnOnce(&mut Command)) -> Server<'_> {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let log = self.path(&format!("serve-{number}.log"));
        let out = File::create(&log).unwrap();
        let mut command = self.command(&["serve"]);
        command
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out);
        prepare(&mut command);
        let child = command.spawn().unwrap();
        Server {
            house: self,
            child,
            log,
        }
    }

    /// `GET /api/v1/…`.
    pub fn api(&self, path: &str) -> Value {
        let mut response = self.get(&format!("/api/v1/{path}"), &[]);
        assert_eq!(response.status(), 200, "{path}");
        response.body_mut().read_json().unwrap()
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> ureq::http::Response<ureq::Body> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .into();
        let token = format!("Bearer {}", self.token.get().expect("a server was started"));
        let mut request = agent.get(self.page(path)).header("Authorization", token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.call().unwrap()
    }

    /// A counter of `/metrics`, over all its labels that contain `labels`.
    pub fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self
            .get("/metrics", &[])
            .body_mut()
            .read_to_string()
            .unwrap();
        text.lines()
            .filter(|line| line.starts_with(name) && line.contains(labels))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
            .sum()
    }

    /// The call of this caller's number, if it is there.
    pub fn find(&self, number: &str) -> Option<Value> {
        let tail = &number[number.len() - 8..];
        let calls = self.api(&format!("calls?number_tail={tail}"));
        let id = calls["items"].get(0)?["id"].as_str()?.to_owned();
        Some(self.api(&format!("calls/{id}")))
    }

    /// Waits until the call of this number satisfies `look`.
    pub fn wait<T>(
        &self,
        number: &str,
        what: &str,
        bound: Duration,
        mut look: impl FnMut(&Value) -> Option<T>,
    ) -> T {
        let mut last = None;
        let until = Instant::now() + bound;
        loop {
            if let Some(call) = self.find(number) {
                if let Some(seen) = look(&call) {
                    return seen;
                }
                last = Some(call);
            }
            assert!(
                Instant::now() < until,
                "call of {number}: not within {bound:?}: {what}\n{}\n{}",
                last.as_ref().map(timeline).unwrap_or_default(),
                self.last_log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for a line of the call's timeline; when it happened.
    pub fn wait_line(&self, number: &str, kind: &str, bound: Duration) -> Instant {
        let at = self.wait(number, kind, bound, |call| line(call, kind).cloned());
        instant(&at["at"])
    }

    /// Waits until the call is over and everything of it is stored.
    pub fn wait_end(&self, number: &str, bound: Duration) -> Value {
        self.wait(number, "the call's end", bound, |call| {
            let over = !call["outcome"].is_null() && !call["recording"].is_null();
            over.then(|| call.clone())
        })
    }

    /// The file of a call's recording.
    pub fn recording(&self, call: &Value) -> PathBuf {
        let id = call["id"].as_str().unwrap();
        let day = &id[..8];
        self.recordings()
            .join(&day[..4])
            .join(&day[4..6])
            .join(&day[6..])
            .join(format!("{id}.wav"))
    }

    fn last_log(&self) -> String {
        let last = self.starts.load(Ordering::Relaxed).saturating_sub(1);
        tail(&self.path(&format!("serve-{last}.log")))
    }
}

impl Server<'_> {
    pub fn log_file(&self) -> &Path {
        &self.log
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits for a text in the log.
    pub fn wait_log(&self, text: &str, bound: Duration) {
        place::wait_for(
            &format!("“{text}” in the log\n{}", tail(&self.log)),
            bound,
            || self.log().contains(text).then_some(()),
        );
    }

    /// The memory that its process holds, in KiB.
    pub fn rss_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.pid());
        let text = std::fs::read_to_string(status).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).unwrap();
        // SAFETY: a signal to a child that we have not reaped yet.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// As a power cut of the process: nothing of it runs any more when this returns.
    pub fn kill(mut self) {
        // It may have died by itself just now.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn wait_exit(&mut self, bound: Duration) -> ExitStatus {
        place::wait_for("the server's exit", bound, || {
            self.child.try_wait().unwrap()
        })
    }

    /// Stops it as an operator does, and looks that nothing is left of it: no port, no open call,
    /// no complaint.
    pub fn stop(mut self) {
        self.signal(libc::SIGTERM);
        let status = self.wait_exit(Duration::from_secs(30));
        let log = self.log();
        assert!(status.success(), "{status}: {log}");
        assert!(log.contains("nothing is open"), "{log}");
        assert!(!log.contains("panicked") && !log.contains("a bug"), "{log}");
        let house = self.house;
        for port in [house.sip, house.tls, house.web] {
            std::net::TcpListener::bind(("127.0.0.1", port)).expect("its port is free again");
        }
        std::net::UdpSocket::bind(("127.0.0.1", house.sip)).expect("its port is free again");
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("-- {}\n{}", self.log.display(), tail(&self.log));
        }
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(120)..].join("\n")
}

/// The first line of a call's timeline of this kind.
pub fn line<'a>(call: &'a Value, kind: &str) -> Option<&'a Value> {
    lines(call, kind).into_iter().next()
}

pub fn lines<'a>(call: &'a Value, kind: &str) -> Vec<&'a Value> {
    let timeline = call["timeline"].as_array().unwrap();
    timeline
        .iter()
        .filter(|line| line["kind"] == kind)
        .collect()
}

/// Milliseconds from the answer.
pub fn offset_ms(call: &Value, kind: &str) -> f64 {
    let line = line(call, kind).unwrap_or_else(|| panic!("no {kind} in\n{}", timeline(call)));
    line["offset_ms"].as_f64().unwrap()
}

/// The timeline as text.
pub fn timeline(call: &Value) -> String {
    let mut text = format!(
        "call {} {} {}\n",
        call["id"], call["state"], call["outcome"]
    );
    for line in call["timeline"].as_array().into_iter().flatten() {
        text += &format!(
            "{:>8} {} {}\n",
            line["offset_ms"],
            line["kind"].as_str().unwrap_or_default(),
            line["detail"].as_str().unwrap_or_default()
        );
    }
    text
}

/// An instant of the API on our own clock.
pub fn instant(text: &Value) -> Instant {
    let at: jiff::Timestamp = text.as_str().unwrap().parse().unwrap();
    let ago = jiff::Timestamp::now().duration_since(at);
    match Duration::try_from(ago) {
        Ok(ago) => Instant::now() - ago,
        Err(_) => Instant::now() + ago.unsigned_abs(),
    }
}

/// A database of its own; it is dropped with the whole PostgreSQL of the tests.
fn postgres_database() -> String {
    let url = std::env::var("GRADELINE_TEST_POSTGRES").expect("tests/run starts a PostgreSQL");
    let name = format!("live_{}_{:08x}", std::process::id(), rand::random::<u32>());
    let (base, _) = url.rsplit_once('/').unwrap();
    let output = Command::new("psql")
        .args([&url, "-qc", &format!("CREATE DATABASE {name}")])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    format!("{base}/{name}")
}
