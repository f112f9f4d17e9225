//! How much the whole server carries on this machine, with the callers' side beside it: the release
//! build in a process of its own, real INVITEs, RTP both ways, recordings, keyed grades, the rows
//! looked at afterwards. `make capacity`, or `cargo bench --bench capacity -- [WORDS]`:
//!
//! - `at-once N…`: calls at once, each with its recording and its grade;
//! - `per-second N…`: calls set up, answered and hung up, a second, for five seconds;
//! - `refusal N`: a house of N seats to which one and a half times as many call.
//!
//! Without words it climbs each ladder until a step is not clean, and ends within ten minutes. Clean:
//! every call answered without a retransmission, every grade the one that was keyed, every recording
//! as long as its call ± 0.1 s, and between two packets of a prompt less than 40 ms at p99.9.

#![allow(clippy::disallowed_methods)] // A measurement is a shell: it keeps time by the clock.

mod callers;
mod house;
mod message;
mod sound;

use std::error::Error;
use std::time::{Duration, Instant};

use callers::{Callers, Heard, Work};
use house::{House, Setup};

type Outcome<T> = Result<T, Box<dyn Error>>;

const AT_ONCE: [usize; 7] = [50, 100, 200, 400, 600, 800, 1000];
const PER_SECOND: [usize; 7] = [25, 50, 100, 200, 400, 800, 1500];
const REFUSAL: usize = 50;
/// Together, whatever the ladders still hold.
const BOUND: Duration = Duration::from_secs(600);
/// All calls of a step are up for so long.
const TOGETHER: Duration = Duration::from_secs(8);
/// How far the sound of a recording may differ from what the caller saw of the call.
const LENGTH_OFF_MS: f64 = 100.0;
const GAP_MS: f64 = 40.0;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let kind = words.iter().find(|word| KINDS.contains(&word.as_str()));
    let until = Instant::now() + BOUND;
    match kind.map(String::as_str) {
        Some("at-once") => climb(&numbers, until, at_once)?,
        Some("per-second") => climb(&numbers, until, per_second)?,
        Some("refusal") => climb(&numbers, until, refusal)?,
        _ => {
            climb(&AT_ONCE, until, at_once)?;
            climb(&PER_SECOND, until, per_second)?;
            climb(&[REFUSAL], until, refusal)?;
        }
    }
    Ok(())
}

const KINDS: [&str; 3] = ["at-once", "per-second", "refusal"];

/// Step after step, while they are clean and there is time.
fn climb(steps: &[usize], until: Instant, run: fn(usize) -> Outcome<bool>) -> Outcome<()> {
    for step in steps {
        if Instant::now() >= until {
            println!("{step}: not tried, the time is over");
            return Ok(());
        }
        if !run(*step)? {
            break;
        }
    }
    Ok(())
}

/// So many calls, all up together; then each keys its grade.
fn at_once(calls: usize) -> Outcome<bool> {
    // Slow enough that the ladder measures calls and not their setting up.
    let ramp = Duration::from_secs_f64((calls as f64 / 50.0).max(1.0));
    let hold = ramp + TOGETHER;
    let house = House::start(&Setup {
        seats: calls,
        offer: hold + Duration::from_secs(6),
    })?;
    let before = house.use_of()?;
    let mut callers = Callers::open(house.sip(), calls, Work::Grade { hold })?;
    callers.run_for(ramp + Duration::from_secs(3), ramp)?;
    let (up, load) = (house.use_of()?, callers.own_cpu());
    callers.run_for(Duration::from_secs(4), ramp)?;
    let (steady, own) = (house.use_of()?, callers.own_cpu() - load);
    callers.run_for(hold + Duration::from_secs(20), ramp)?;
    let after = house.settled(before)?;
    let heard = callers.heard();
    let per_call = |kib: u64| kib.saturating_sub(before.rss_kib) as f64 / calls as f64;
    let cpu = (steady.cpu - up.cpu).as_secs_f64() / (steady.at - up.at).as_secs_f64();
    let rows = house.stop()?.rows()?;
    let verdict = verdict(&heard, &rows, calls);
    println!(
        "at once {calls:>5}: {:<9} gap p99.9 {:.1} ms, answer p99 {:.0} ms, length off {:+.0} to {:+.0} ms; \
         CPU a call {:.3} % (callers {:.0} % in all), KiB a call {:.0}, given back to {:.0}, \
         descriptors {}",
        verdict.word(),
        heard.gap_ms(0.999),
        heard.answer_ms(0.99),
        verdict.length_off_ms.0,
        verdict.length_off_ms.1,
        100.0 * cpu / calls as f64,
        100.0 * own.as_secs_f64() / (steady.at - up.at).as_secs_f64(),
        per_call(steady.rss_kib),
        per_call(after.rss_kib),
        steady.descriptors,
    );
    verdict.explain();
    Ok(verdict.clean())
}

/// Calls that are answered and hung up a moment later.
fn per_second(rate: usize) -> Outcome<bool> {
    let length = Duration::from_secs(5);
    let calls = rate * length.as_secs() as usize;
    let house = House::start(&Setup {
        seats: calls.min(4000),
        offer: Duration::from_secs(1),
    })?;
    let mut callers = Callers::open(house.sip(), calls, Work::SetUp)?;
    let before = house.use_of()?;
    callers.run_for(length, length)?;
    let after = house.use_of()?;
    callers.run_for(Duration::from_secs(20), length)?;
    let heard = callers.heard();
    let drained = house.drained(calls)?;
    let rows = house.stop()?.rows()?;
    let closed = rows.values().filter(|row| row.ended).count();
    let clean = heard.answered == calls && heard.retransmissions() == 0 && closed == calls;
    println!(
        "a second {rate:>4}: {:<9} {} of {calls} answered, {} rows closed{}, {} retransmissions, \
         refused {}, answer p50 {:.0} ms, p99 {:.0} ms; server's CPU {:.0} % of a core",
        if clean { "clean" } else { "NOT CLEAN" },
        heard.answered,
        closed,
        drained.map_or(String::new(), |after| format!(
            " {:.1} s after the last",
            after.as_secs_f64()
        )),
        heard.retransmissions(),
        heard.refused,
        heard.answer_ms(0.5),
        heard.answer_ms(0.99),
        100.0 * (after.cpu - before.cpu).as_secs_f64() / (after.at - before.at).as_secs_f64(),
    );
    Ok(clean)
}

/// Half as many callers again as there are seats: who has one is served, who has none is told so.
fn refusal(seats: usize) -> Outcome<bool> {
    let calls = seats * 3 / 2;
    let ramp = Duration::from_secs(2);
    let hold = ramp + TOGETHER;
    let house = House::start(&Setup {
        seats,
        offer: hold + Duration::from_secs(6),
    })?;
    let mut callers = Callers::open(house.sip(), calls, Work::Grade { hold })?;
    callers.run_for(hold + Duration::from_secs(20), ramp)?;
    let heard = callers.heard();
    let rows = house.stop()?.rows()?;
    let verdict = verdict(&heard, &rows, seats);
    let refused = heard.refused == calls - seats && heard.refused_with_retry_after == heard.refused;
    println!(
        "seats {seats:>5}: {:<9} {calls} called, {} answered, {} refused with 503 and Retry-After \
         (p99 {:.0} ms), gap p99.9 {:.1} ms",
        verdict.word(),
        heard.answered,
        heard.refused_with_retry_after,
        heard.refusal_ms(0.99),
        heard.gap_ms(0.999),
    );
    verdict.explain();
    Ok(verdict.clean() && refused)
}

struct Verdict {
    faults: Vec<String>,
    /// The least and the most by which a recording is longer than its caller's call.
    length_off_ms: (f64, f64),
}

impl Verdict {
    fn clean(&self) -> bool {
        self.faults.is_empty()
    }

    fn word(&self) -> &'static str {
        if self.clean() { "clean" } else { "NOT CLEAN" }
    }

    fn explain(&self) {
        for fault in &self.faults {
            println!("                 {fault}");
        }
    }
}

fn verdict(heard: &Heard, rows: &house::Rows, calls: usize) -> Verdict {
    let mut faults = Vec::new();
    let mut length_off_ms = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut wrong_grades, mut wrong_lengths, mut without) = (0, 0, 0);
    for call in &heard.calls {
        let Some(row) = rows.get(&call.number) else {
            without += 1;
            continue;
        };
        wrong_grades += usize::from(row.grade.as_deref() != Some(call.grade));
        let off = row.length_ms.unwrap_or(0) as f64 - call.length_ms;
        length_off_ms = (length_off_ms.0.min(off), length_off_ms.1.max(off));
        wrong_lengths += usize::from(off.abs() > LENGTH_OFF_MS);
    }
    let mut expect = |fine: bool, text: String| {
        if !fine {
            faults.push(text);
        }
    };
    let ended = heard.calls.len();
    expect(
        heard.answered == calls,
        format!("{} answered", heard.answered),
    );
    expect(
        ended == heard.answered,
        format!("{ended} ended by the server"),
    );
    expect(without == 0, format!("{without} calls have no row"));
    expect(wrong_grades == 0, format!("{wrong_grades} grades wrong"));
    expect(
        wrong_lengths == 0,
        format!("{wrong_lengths} recordings of another length"),
    );
    let retransmissions = heard.retransmissions();
    expect(
        retransmissions == 0,
        format!("{retransmissions} retransmissions"),
    );
    let gap = heard.gap_ms(0.999);
    expect(gap < GAP_MS, format!("gap p99.9 {gap:.1} ms"));
    Verdict {
        faults,
        length_off_ms,
    }
}
