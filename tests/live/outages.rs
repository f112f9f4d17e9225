//! Database and volumes fail while calls go on: no call notices it by its sound, every grade is
//! acknowledged and kept, the operator is told within five seconds, and nobody has to lend a hand.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::crowd::{Act, Crowd, Seen, crowd_house};
use crate::disk::Disk;
use crate::kills::{grade_of, list};
use crate::place::{self, nightly, sleep_until, wait_for};
use crate::server::{House, Server, Setup};

const SECOND: Duration = Duration::from_secs(1);
/// The operator is told.
const TOLD: Duration = Duration::from_secs(5);
/// What a busy machine may add to any bound.
const GRACE: Duration = Duration::from_secs(10);

fn health(house: &House) -> String {
    health_of(&house.page("/healthz"))
}

fn health_of(page: &str) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(20 * SECOND))
        .build()
        .into();
    let mut response = agent.get(page).call().unwrap();
    response.body_mut().read_to_string().unwrap()
}

/// How many of the media threads' ticks came in all, and how many at most 10 ms late.
fn ticks(house: &House) -> (f64, f64) {
    let name = "gradeline_media_tick_lateness_seconds";
    let text = house
        .get("/metrics", &[])
        .body_mut()
        .read_to_string()
        .unwrap();
    let value = |start: String| {
        let line = text.lines().find(|line| line.starts_with(&start));
        let value = line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok());
        value.unwrap_or(0.0)
    };
    let all = value(format!("{name}_count"));
    (all, value(format!("{name}_bucket{{le=\"0.01\"}}")))
}

/// Waits beside the calls until `/healthz` says this word; how long that took.
fn watch(house: &House, word: &'static str) -> JoinHandle<Duration> {
    let page = house.page("/healthz");
    let since = Instant::now();
    std::thread::spawn(move || {
        wait_for(&format!("`{word}` in /healthz"), TOLD + GRACE, || {
            health_of(&page).contains(word).then(|| since.elapsed())
        })
    })
}

/// A fault with calls before, in and after it.
struct Story<'a> {
    house: &'a House,
    crowd: &'a Crowd,
    /// `(share late before, share late while it lasted)`
    late: Vec<f64>,
    mark: (f64, f64),
    numbers: Vec<(String, char)>,
}

impl<'a> Story<'a> {
    fn begin(house: &'a House, crowd: &'a Crowd) -> Self {
        let mut story = Story {
            house,
            crowd,
            late: Vec::new(),
            mark: (0.0, 0.0),
            numbers: Vec::new(),
        };
        // Some calls as ever: what this machine makes of them is the measure.
        story.call_for(4 * SECOND);
        story
    }

    /// New calls for so long, three a second, each of which grades.
    fn call_for(&mut self, length: Duration) {
        self.mark = ticks(self.house);
        let until = Instant::now() + length;
        while Instant::now() < until {
            let (number, key) = (
                place::number(),
                char::from(b'1' + (self.numbers.len() % 5) as u8),
            );
            let press = Act::Press(Duration::from_millis(500), key);
            self.crowd.dial(self.house, &number, &[press]);
            self.numbers.push((number, key));
            sleep_until(Instant::now() + SECOND / 3);
        }
        let (all, in_time) = ticks(self.house);
        let (all, in_time) = (all - self.mark.0, in_time - self.mark.1);
        self.late.push(1.0 - in_time / all.max(1.0));
    }

    /// Every caller heard his echo and the end, and every grade is in the database, once.
    fn end(self, what: &str) {
        wait_for("every call's end", 30 * SECOND, || {
            let over = self.crowd.seen().iter().all(|seen| seen.ended.is_some());
            over.then_some(())
        });
        let seen = self.crowd.seen();
        for caller in &seen {
            assert!(caller.echoed.is_some(), "{caller:?}");
            assert!(caller.apologised.is_none(), "{caller:?}");
        }
        wait_for("the journal is drained", 30 * SECOND, || {
            let waiting = self.house.metric("gradeline_journal_entries", "");
            (waiting == 0.0).then_some(())
        });
        assert_eq!(health(self.house), "ok\n");
        assert_eq!(self.house.metric("gradeline_ledger_lost_total", ""), 0.0);
        self.assert_stored();
        let echo = |caller: &Seen| (caller.echoed.unwrap() - caller.offered.unwrap()).as_secs_f64();
        let slowest = seen.iter().map(echo).fold(0.0, f64::max) - 0.5;
        let gap = seen.iter().map(|caller| caller.worst_gap.as_millis()).max();
        println!(
            "{what}: {} calls; ticks more than 10 ms late: {:.3} % before, then {}; slowest echo {slowest:.2} s \
             after its key; widest gap at the far ear {} ms",
            seen.len(),
            self.late[0] * 100.0,
            self.late[1..]
                .iter()
                .map(|late| format!("{:.3} %", late * 100.0))
                .collect::<Vec<_>>()
                .join(", "),
            gap.unwrap_or(0),
        );
        // The same machine in the same minute, with the same calls.
        for late in &self.late[1..] {
            assert!(
                late - self.late[0] < 0.10,
                "audio stutters: {:?}",
                self.late
            );
        }
    }

    fn assert_stored(&self) {
        let ratings = list(self.house, "ratings");
        for (number, key) in &self.numbers {
            let call = self.house.wait_end(number, GRACE);
            assert_eq!(call["grade"], grade_of(*key), "{number}");
            assert_eq!(call["keyed_grades"].as_array().unwrap().len(), 1);
            let of_it = |rating: &&Value| rating["call_id"] == call["id"];
            assert_eq!(ratings.iter().filter(of_it).count(), 1, "{number}");
        }
    }
}

fn was_told(word: &str, told: JoinHandle<Duration>) {
    let took = told.join().unwrap().as_secs_f64();
    println!("told `{word}` after {took:.1} s");
}

/// Somebody else holds SQLite's writer.
pub struct Holder {
    child: Child,
    _let_go: ChildStdin,
}

impl Holder {
    pub fn of(house: &House) -> Holder {
        let mut child = Command::new("python3")
            .arg(place::repository().join("tests/live/holder.py"))
            .arg(house.path("gradeline.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Holder {
            _let_go: child.stdin.take().unwrap(),
            child,
        }
    }

    pub fn let_go(self) {
        let Holder { mut child, _let_go } = self;
        drop(_let_go);
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_locked_sqlite_is_noticed_by_no_caller() {
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    let server = house.start();
    let mut story = Story::begin(&house, &crowd);
    let holder = Holder::of(&house);
    let told = watch(&house, "database");
    story.call_for(TOLD);
    was_told("database", told);
    story.call_for(nightly(3, 25) * SECOND);
    holder.let_go();
    story.call_for(3 * SECOND);
    story.end("SQLite locked");
    server.stop();
}

#[test]
fn a_slow_disk_is_noticed_by_no_caller() {
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    let disk = Disk::of(&house, false);
    let server = house.start_as(|command| disk.put_under(command));
    let mut story = Story::begin(&house, &crowd);
    disk.slow(400, 20);
    story.call_for(nightly(8, 30) * SECOND);
    disk.slow(0, 0);
    story.call_for(2 * SECOND);
    story.end("slow disk (400 ms a sync, 20 ms a write)");
    server.stop();
}

/// A small volume. Dropped before its house, it lets the house's folder go.
struct SmallVolume(PathBuf);

impl Drop for SmallVolume {
    fn drop(&mut self) {
        // Lazily: where a test broke, its server may still write there.
        let gone = Command::new("umount").arg("--lazy").arg(&self.0).status();
        if !gone.is_ok_and(|gone| gone.success()) {
            eprintln!("{} stays mounted", self.0.display());
        }
    }
}

/// A small volume of its own at a folder of the house, if this process may mount.
#[must_use]
fn small_volume(at: PathBuf, octets: u64) -> SmallVolume {
    std::fs::create_dir_all(&at).unwrap();
    // SAFETY: takes integers; this thread and what it starts see mounts of their own from here on.
    let alone = unsafe { libc::unshare(libc::CLONE_NEWNS) };
    assert_eq!(
        alone,
        0,
        "mounting needs root: {}",
        std::io::Error::last_os_error()
    );
    let mount = |arguments: &[&str]| {
        let status = Command::new("mount")
            .args(arguments)
            .arg(&at)
            .status()
            .unwrap();
        assert!(status.success(), "mount {arguments:?}");
    };
    let private = Command::new("mount")
        .args(["--make-rprivate", "/"])
        .status();
    assert!(private.unwrap().success());
    mount(&["-t", "tmpfs", "-o", &format!("size={octets}"), "none"]);
    SmallVolume(at)
}

fn fill(volume: &std::path::Path) -> PathBuf {
    use std::io::Write as _;
    let filler = volume.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    // To the last octet, in ever smaller pieces.
    for piece in [64 * 1024, 4096, 512] {
        while file.write_all(&vec![0; piece]).is_ok() {}
    }
    filler
}

#[test]
fn a_full_volume_of_the_database_is_noticed_by_no_caller() {
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    let _volume = small_volume(house.path("db"), 24 * 1024 * 1024);
    house.move_database("db/gradeline.db");
    let server = house.start();
    let mut story = Story::begin(&house, &crowd);
    let filler = fill(&house.path("db"));
    let told = watch(&house, "database");
    story.call_for(TOLD);
    was_told("database", told);
    story.call_for(nightly(2, 20) * SECOND);
    std::fs::remove_file(filler).unwrap();
    story.call_for(3 * SECOND);
    story.end("database volume full");
    server.stop();
}

/// The last resort: neither takes a grade, so the caller is told the truth; and who asked for it is not
/// forgotten when they are back.
#[test]
fn with_neither_database_nor_journal_the_caller_is_told() {
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    // Two pages: room for some twenty writes.
    let _volume = small_volume(house.path("journal"), 8192);
    let server = house.start();
    let holder = Holder::of(&house);
    let told = watch(&house, "journal");
    // Their grades alone are more than the volume takes, however few other writes come before them.
    let numbers: Vec<String> = (0..30).map(|_| place::number()).collect();
    for number in &numbers {
        crowd.dial(&house, number, &[Act::Press(SECOND / 2, '2')]);
    }
    wait_for("every call's end", 60 * SECOND, || {
        let over = crowd.seen().iter().all(|seen| seen.ended.is_some());
        over.then_some(())
    });
    let seen = crowd.seen();
    let sorry = seen.iter().filter(|caller| caller.apologised.is_some());
    let echoed = seen.iter().filter(|caller| caller.echoed.is_some());
    println!(
        "{} heard an echo, {} that it could not be stored",
        echoed.count(),
        sorry.clone().count()
    );
    assert!(sorry.count() > 0, "{seen:#?}");
    for caller in &seen {
        assert!(
            caller.echoed.is_some() != caller.apologised.is_some(),
            "{caller:?}"
        );
    }
    was_told("journal", told);
    holder.let_go();
    for number in &numbers {
        let call = house.wait_end(number, 60 * SECOND);
        assert_eq!(call["grade"], "satisfied");
        assert_eq!(call["keyed_grades"].as_array().unwrap().len(), 1);
    }
    assert_eq!(list(&house, "ratings").len(), numbers.len());
    server.stop();
}

#[test]
fn a_full_volume_of_the_recordings_costs_sound_and_nothing_else() {
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    let _volume = small_volume(house.recordings(), 16 * 1024 * 1024);
    let server = house.start();
    let mut story = Story::begin(&house, &crowd);
    let filler = fill(&house.recordings());
    let told = watch(&house, "recordings");
    story.call_for(3 * SECOND);
    was_told("recordings", told);
    // Within the thirty seconds that wait in memory.
    std::fs::remove_file(filler).unwrap();
    story.call_for(3 * SECOND);
    wait_for("recordings are written again", GRACE, || {
        (health(&house) == "ok\n").then_some(())
    });
    let early = crowd.seen();
    assert!(early.iter().all(|caller| caller.refused.is_none()));
    story.numbers.clear();
    story.call_for(2 * SECOND);
    story.end("recordings' volume full");
    server.stop();
}

/// A PostgreSQL that can be killed.
struct Postgres {
    dir: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Postgres {
    fn start() -> Postgres {
        let dir = tempfile::Builder::new()
            .prefix("outage-pg-")
            .tempdir()
            .unwrap();
        let is_root = our_id() == 0;
        if is_root {
            let owner = user_id("postgres");
            std::os::unix::fs::chown(dir.path(), owner, owner).unwrap();
        }
        let data = dir.path().join("data");
        let initdb = Postgres::command("initdb", &dir)
            .args([
                "-U",
                "gradeline",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            initdb.status.success(),
            "{}",
            String::from_utf8_lossy(&initdb.stderr)
        );
        let port = place::port();
        let child = Postgres::launch(&dir, port);
        let postgres = Postgres { dir, port, child };
        postgres.wait_ready();
        postgres
    }

    fn command(name: &str, dir: &tempfile::TempDir) -> Command {
        let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .expect("the package postgresql")
            .map(|entry| entry.unwrap().path().join("bin").join(name))
            .collect();
        folders.sort();
        let program = folders.pop().unwrap();
        let mut command = match our_id() {
            0 => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
                command.arg(program);
                command
            }
            _ => Command::new(program),
        };
        command.current_dir(dir.path());
        command
    }

    fn launch(dir: &tempfile::TempDir, port: u16) -> Child {
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        Postgres::command("postgres", dir)
            .arg("-D")
            .arg(dir.path().join("data"))
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
            .arg(dir.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn url(&self) -> String {
        format!("postgres://gradeline@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_ready(&self) {
        wait_for("PostgreSQL", 60 * SECOND, || {
            let asked = Command::new("psql")
                .args([&self.url(), "-qtc", "SELECT 1"])
                .output();
            asked.unwrap().status.success().then_some(())
        });
    }

    /// SIGKILL to the postmaster, by its id; its children notice and go.
    fn kill(&mut self) {
        let pids = std::fs::read_to_string(self.dir.path().join("data/postmaster.pid")).unwrap();
        let pid: i32 = pids.lines().next().unwrap().trim().parse().unwrap();
        // SAFETY: a signal to the server that this test started.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        // Its shared memory is free when the last child has gone.
        wait_for("PostgreSQL's start", 60 * SECOND, || {
            self.child = Postgres::launch(&self.dir, self.port);
            wait_for("its start or end", 60 * SECOND, || {
                if self.child.try_wait().unwrap().is_some() {
                    return Some(None);
                }
                let asked = Command::new("psql")
                    .args([&self.url(), "-qtc", "SELECT 1"])
                    .output();
                asked.unwrap().status.success().then_some(Some(()))
            })
        });
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let id = self.child.id() as i32;
        // SAFETY: a signal to a child that was not waited for; SIGQUIT is its immediate shutdown.
        unsafe { libc::kill(id, libc::SIGQUIT) };
        let _ = self.child.wait();
    }
}

fn our_id() -> u32 {
    // SAFETY: takes and changes nothing.
    unsafe { libc::getuid() }
}

fn user_id(name: &str) -> Option<u32> {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")))?;
    line.split(':').nth(2)?.parse().ok()
}

#[test]
fn a_killed_postgresql_is_noticed_by_no_caller() {
    let mut postgres = Postgres::start();
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    house.serve_database(&postgres.url());
    let server: Server = house.start();
    let mut story = Story::begin(&house, &crowd);
    postgres.kill();
    let told = watch(&house, "database");
    story.call_for(TOLD);
    was_told("database", told);
    story.call_for(nightly(4, 55) * SECOND);
    postgres.start_again();
    let back = Instant::now();
    story.call_for(2 * SECOND);
    wait_for("the journal is drained", 60 * SECOND, || {
        let waiting = house.metric("gradeline_journal_entries", "");
        (waiting == 0.0).then_some(())
    });
    println!(
        "drained {:.1} s after PostgreSQL was back",
        back.elapsed().as_secs_f64()
    );
    story.end("PostgreSQL killed");
    server.stop();
}
