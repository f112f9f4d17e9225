//! SIGKILL by process id, again and again, by chance and at each named step, with callers at every
//! stage of a call: what was acknowledged is there, once, and what was said plays.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use sha2::Digest as _;

use crate::crowd::{Act, Crowd, Seen, crowd_house};
use crate::outages::Holder;
use crate::place::{self, nightly, sleep_until, wait_for};
use crate::server::{House, Setup, timeline};

/// Calls in each cycle.
const CALLS: usize = 6;
/// A step that is not come to by then is not come to: the cycle ends by hand.
const STEP_BOUND: Duration = Duration::from_secs(6);
const ANSWERED_BOUND: Duration = Duration::from_secs(60);

/// How a cycle ends.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// So long after the first answer.
    ByChance(Duration),
    At(&'static str, u32),
}

/// What a campaign found.
#[derive(Debug, Default)]
pub struct Found {
    pub cycles: usize,
    steps: usize,
    calls: usize,
    pub acknowledged: usize,
    graded: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    unreadable: Vec<String>,
    /// Seconds of sound that are missing at the end, of each call that was cut.
    missing_s: Vec<f64>,
    /// From the start of the process to the first answered INVITE.
    restart_s: Vec<f64>,
}

#[test]
fn a_thousand_kills_lose_no_grade_and_no_sound() {
    let (houses, cycles) = nightly((1, 24), (20, 50));
    let seed: u64 = rand::random();
    let next = AtomicU64::new(0);
    let found = Mutex::new(Found::default());
    // Most of a cycle is waiting: two houses at once, where there are many.
    std::thread::scope(|scope| {
        for _ in 0..2.min(houses) {
            scope.spawn(|| {
                loop {
                    let house = next.fetch_add(1, Ordering::Relaxed);
                    if house >= houses {
                        return;
                    }
                    let of_one =
                        campaign(cycles, house as usize * cycles, seed.wrapping_add(house));
                    found.lock().unwrap().add(of_one);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    println!(
        "kills: {} at named steps; {}",
        found.steps,
        found.told(seed)
    );
    found.assert_nothing_lost(1.0);
    let cycles = found.cycles;
    assert!(found.acknowledged >= cycles / 4, "too few grades to tell");
    assert!(found.steps >= cycles / 5, "too few steps were come to");
}

/// The steps of a call that is stored straight into the database.
const STEPS: [&str; 11] = [
    "key_heard",
    "grade_asked",
    "committing",
    "committed",
    "echo",
    "sound_closed",
    "recording_closing",
    "recording_closed",
    "recording_synced",
    "recording_digested",
    "recovering",
];

/// Killed while the journal takes what the locked database does not, and while it is drained.
#[test]
fn kills_while_the_journal_is_written_or_drained_lose_no_grade() {
    let cycles = nightly(3, 60);
    let seed = rand::random();
    let mut chance = StdRng::seed_from_u64(seed);
    let mut found = Found::default();
    let crowd = Crowd::open(CALLS);
    let house = crowd_house(&crowd, Setup::default());
    let mut all: Vec<(Seen, Instant)> = Vec::new();
    let mut kept = 0.0;
    for cycle in 0..cycles {
        let step = ["journal_written", "journal_synced", "journal_drained"][cycle % 3];
        let times = chance.random_range(1..12);
        let mut server = house.start_as(|command| {
            command.env("GRADELINE_DIE_AT", format!("{step}:{times}"));
        });
        let holder = Holder::of(&house);
        for _ in 0..CALLS {
            crowd.dial(&house, &place::number(), &acts(&mut chance));
        }
        let locked_until = Instant::now() + Duration::from_secs(4);
        while Instant::now() < locked_until && !server.has_ended() {
            sleep_until(Instant::now() + Duration::from_millis(5));
        }
        holder.let_go();
        let until = Instant::now() + STEP_BOUND;
        while Instant::now() < until && !server.has_ended() {
            sleep_until(Instant::now() + Duration::from_millis(5));
        }
        found.steps += usize::from(server.has_ended());
        let killed = Instant::now();
        server.kill();
        all.extend(crowd.forget().into_iter().map(|seen| (seen, killed)));
        found.cycles += 1;
        let server = house.start();
        // What the killed one left in its journal is drained before its calls are closed.
        wait_for("the journal is drained", Duration::from_secs(60), || {
            let waiting = house.metric("gradeline_journal_entries", "");
            (waiting == 0.0).then_some(())
        });
        kept += house.metric("gradeline_journal_drained_total", "");
        server.stop();
    }
    let server = house.start();
    look(&house, &all, Duration::from_secs(1), &mut found);
    server.stop();
    println!(
        "kills with a journal: {} at named steps, {kept} writes drained by the next run; {}",
        found.steps,
        found.told(seed)
    );
    found.assert_nothing_lost(1.0);
    assert!(
        found.steps > cycles / 2 && kept > 0.0,
        "nothing was in the journal"
    );
}

/// As many kills of one house, then a look at everything that it keeps. `before` is how many there were
/// of other houses: each goes on with the steps where the last one stopped.
fn campaign(cycles: usize, before: usize, seed: u64) -> Found {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut found = Found::default();
    let crowd = Crowd::open(CALLS);
    let house = crowd_house(&crowd, Setup::default());
    let mut all: Vec<(Seen, Instant)> = Vec::new();
    for cycle in before..before + cycles {
        let death = match cycle % 2 {
            0 => Death::ByChance(Duration::from_millis(chance.random_range(100..3500))),
            _ => {
                let step = STEPS[cycle / 2 % STEPS.len()];
                let times = match step {
                    "committing" | "committed" => chance.random_range(1..60),
                    "recovering" => chance.random_range(1..4),
                    _ => chance.random_range(1..=CALLS as u32),
                };
                Death::At(step, times)
            }
        };
        let (seen, killed) = one_life(&house, &crowd, death, &mut chance, &mut found);
        all.extend(seen.into_iter().map(|seen| (seen, killed)));
        found.cycles += 1;
    }
    let server = house.start();
    look(&house, &all, Duration::from_secs(1), &mut found);
    server.stop();
    found
}

fn one_life(
    house: &House,
    crowd: &Crowd,
    death: Death,
    chance: &mut StdRng,
    found: &mut Found,
) -> (Vec<Seen>, Instant) {
    let begun = Instant::now();
    let mut server = house.launch(|command| {
        if let Death::At(step, times) = death {
            command.env("GRADELINE_DIE_AT", format!("{step}:{times}"));
        }
    });
    crowd.dial(house, &place::number(), &acts(chance));
    let mut died = false;
    let answered = wait_for("the first answer", ANSWERED_BOUND, || {
        died = server.has_ended();
        let answered = crowd.seen()[0].answered;
        answered.or(died.then(Instant::now))
    });
    // What the last life left is being stored while this one starts: a step of that may be its end.
    assert!(!died || matches!(death, Death::At(..)), "{}", server.log());
    if !died {
        found.restart_s.push((answered - begun).as_secs_f64());
    }
    for n in 1..CALLS as u32 {
        sleep_until(answered + Duration::from_millis(70) * n);
        crowd.dial(house, &place::number(), &acts(chance));
    }
    match death {
        Death::ByChance(after) => sleep_until(answered + after),
        Death::At(..) => {
            let until = Instant::now() + STEP_BOUND;
            while Instant::now() < until && !server.has_ended() {
                sleep_until(Instant::now() + Duration::from_millis(2));
            }
            found.steps += usize::from(server.has_ended());
        }
    }
    let killed = Instant::now();
    server.kill();
    (crowd.forget(), killed)
}

/// Most callers grade once; some take it back, some leave in the middle.
pub fn acts(chance: &mut StdRng) -> Vec<Act> {
    let ms = Duration::from_millis;
    let mut key = || char::from(b'1' + chance.random_range(0..5u8));
    let (first, second) = (key(), key());
    let at = 450 + chance.random_range(0..300);
    let mut acts = vec![Act::Press(ms(at), first)];
    match chance.random_range(0..10) {
        0 | 1 => {
            acts.push(Act::Press(ms(at + 1000), '*'));
            acts.push(Act::Press(ms(at + 1700), second));
        }
        2 => acts.push(Act::HangUp(ms(chance.random_range(200..3000)))),
        _ => {}
    }
    acts
}

/// Holds what is kept beside what the callers saw. A call of less than `shortest` may have no sound.
pub fn look(house: &House, all: &[(Seen, Instant)], shortest: Duration, found: &mut Found) {
    let rows = wait_for("everything is closed", Duration::from_secs(120), || {
        let rows = list(house, "calls");
        let is_closed = |row: &Value| !row["ended_at"].is_null();
        rows.iter().all(is_closed).then_some(rows)
    });
    let ratings = count_by(&list(house, "ratings"), "call_id");
    let tickets = list(house, "tickets").len();
    let mut by_call_id = HashMap::new();
    for row in &rows {
        let call = with_its_sound(house, row["id"].as_str().unwrap());
        by_call_id.insert(call["sip_call_id"].as_str().unwrap().to_owned(), call);
    }
    let bad = |call: &&Value| {
        let grade = call["grade"].as_str().unwrap_or_default();
        grade.ends_with("dissatisfied")
    };
    assert_eq!(by_call_id.values().filter(bad).count(), tickets);
    let mut files = HashSet::new();
    for (seen, killed) in all {
        found.calls += usize::from(seen.answered.is_some());
        match by_call_id.get(&seen.call_id) {
            Some(call) => {
                let id = call["id"].as_str().unwrap();
                let ratings = ratings.get(id).copied().unwrap_or(0);
                let cut = Cut {
                    killed: *killed,
                    shortest,
                };
                look_at(house, call, ratings, seen, cut, &mut files, found);
            }
            None if seen.answered.is_some() => {
                found
                    .lost
                    .push(format!("an answered call has no row: {seen:?}"));
            }
            None => {}
        }
    }
    for file in wavs(&house.recordings()) {
        if !files.contains(&file) {
            let why = format!("no row knows {}", file.display());
            found.unreadable.push(why);
        }
    }
}

/// A call whose end was stored before its recording is closed already while recovery still looks for its sound.
fn with_its_sound(house: &House, id: &str) -> Value {
    let what = format!("the recording of {id} is found");
    wait_for(&what, Duration::from_secs(120), || {
        let call = house.api(&format!("calls/{id}"));
        let file = std::fs::metadata(house.recording(&call));
        let has_sound = file.is_ok_and(|file| file.len() > 44);
        (!has_sound || !call["recording"].is_null()).then_some(call)
    })
}

#[derive(Clone, Copy)]
struct Cut {
    killed: Instant,
    shortest: Duration,
}

fn look_at(
    house: &House,
    call: &Value,
    ratings: usize,
    seen: &Seen,
    cut: Cut,
    files: &mut HashSet<PathBuf>,
    found: &mut Found,
) {
    let what = || format!("{seen:?}\n{}", timeline(call));
    let keyed = call["keyed_grades"].as_array().unwrap();
    let graded = call["outcome"] == "graded";
    let pressed: Vec<char> = seen
        .pressed
        .iter()
        .copied()
        .filter(|key| *key != '*')
        .collect();
    found.graded += usize::from(graded);
    found.acknowledged += usize::from(seen.echoed.is_some());
    if ratings != usize::from(graded) || keyed.len() > pressed.len() {
        found.doubled.push(what());
    }
    let keys: Vec<String> = keyed
        .iter()
        .map(|k| k["key"].as_str().unwrap().to_owned())
        .collect();
    let as_pressed = pressed.iter().map(char::to_string);
    if !as_pressed.take(keys.len()).eq(keys.iter().cloned()) {
        found.doubled.push(format!("keys {keys:?}: {}", what()));
    }
    // Who took his grade back may have been cut before the next one.
    let took_back = seen.pressed.contains(&'*');
    let kept = graded && call["grade"] == grade_of(seen.pressed[0]);
    if seen.echoed.is_some() && !kept && !took_back {
        found.lost.push(what());
    }
    if seen.answered.is_none() {
        return;
    }
    let recording = &call["recording"];
    let file = house.recording(call);
    files.insert(file.clone());
    let digest = std::fs::read(&file).map(|octets| hex::encode(sha2::Sha256::digest(octets)));
    let plays = hound::WavReader::open(&file).is_ok_and(|wav| wav.duration() > 0);
    // Cut within its first block there may be nothing to play.
    let lasted = seen.ended.unwrap_or(cut.killed) - seen.answered.unwrap();
    if !plays && lasted < cut.shortest {
        return;
    }
    if !plays || digest.ok().as_deref() != recording["sha256"].as_str() {
        found.unreadable.push(what());
        return;
    }
    if seen.ended.is_none() {
        let length_s = recording["length_ms"].as_f64().unwrap() / 1000.0;
        found.missing_s.push(lasted.as_secs_f64() - length_s);
    }
}

pub fn grade_of(key: char) -> &'static str {
    match key {
        '1' => "very_satisfied",
        '2' => "satisfied",
        '3' => "basically_satisfied",
        '4' => "dissatisfied",
        _ => "very_dissatisfied",
    }
}

/// All items of a list of the API.
pub fn list(house: &House, name: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.api(&format!("{name}?limit=200{cursor}"));
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn count_by(items: &[Value], field: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for item in items {
        let name = item[field].as_str().unwrap_or_default().to_owned();
        *counts.entry(name).or_default() += 1;
    }
    counts
}

pub fn wavs(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                wavs(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| {
            let name = path.to_string_lossy();
            name.ends_with(".wav")
                && std::fs::metadata(path).is_ok_and(|file| file.len() > 44)
                && !name.ends_with(".remark.wav")
        })
        .collect()
}

/// The value below which so many hundredths lie.
pub fn percentile(values: &[f64], hundredths: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = (values.len() * hundredths).div_ceil(100).max(1) - 1;
    values.get(at).copied().unwrap_or(f64::NAN)
}

impl Found {
    fn add(&mut self, other: Found) {
        self.cycles += other.cycles;
        self.steps += other.steps;
        self.calls += other.calls;
        self.acknowledged += other.acknowledged;
        self.graded += other.graded;
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
        self.unreadable.extend(other.unreadable);
        self.missing_s.extend(other.missing_s);
        self.restart_s.extend(other.restart_s);
    }

    pub fn assert_nothing_lost(&self, most_missing_s: f64) {
        assert!(self.lost.is_empty(), "lost: {:#?}", self.lost);
        assert!(self.doubled.is_empty(), "doubled: {:#?}", self.doubled);
        assert!(self.unreadable.is_empty(), "{:#?}", self.unreadable);
        let worst = self.missing_s.iter().copied().fold(0.0, f64::max);
        assert!(worst <= most_missing_s, "{worst} s of sound are missing");
    }

    pub fn told(&self, seed: u64) -> String {
        format!(
            "cycles: {}, seed {seed}; {} answered calls, {} grades acknowledged, {} graded; \
             lost {}, doubled {}, unreadable {}; sound missing at the end: worst {:.2} s, \
             median {:.2} s of {} cut calls; start to first answer: p50 {:.2} s, p95 {:.2} s",
            self.cycles,
            self.calls,
            self.acknowledged,
            self.graded,
            self.lost.len(),
            self.doubled.len(),
            self.unreadable.len(),
            self.missing_s.iter().copied().fold(0.0, f64::max),
            percentile(&self.missing_s, 50),
            self.missing_s.len(),
            percentile(&self.restart_s, 50),
            percentile(&self.restart_s, 95),
        )
    }
}
