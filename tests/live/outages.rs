//! Database and volumes fail while calls go on: no call notices it by its sound, every grade is
//! acknowledged and kept, the operator is told within five seconds, and nobody has to lend a hand.

mod postgres;
mod volumes;

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
