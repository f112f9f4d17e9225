//! Random centres live for years: raters of every channel, officials who act late, wrongly, twice or never, calendars
//! revised, houses stopped and started, ticks at odd times and two at once. What they leave is held against a second,
//! small reading of the regulation's terms (`law`, `days`) that shares no code with the program.
//!
//!     cargo nextest run --test years --no-capture            one fixed seed, one random one
//!     GRADELINE_NIGHTLY=1 tests/nightly years                many years
//!     GRADELINE_SEED=7 cargo nextest run --test years ...    the years of one seed again

#![allow(
    clippy::disallowed_methods,
    reason = "the harness stands outside the years it tells, and times them"
)]

mod centre;
mod checks;
mod days;
mod law;

use std::time::{Duration, Instant};

use centre::Centre;
use checks::Found;

/// One centre's life.
struct Life {
    seed: u64,
    from: i64,
    until: i64,
    events_a_day: usize,
}

fn live(life: &Life) -> (Centre, Found) {
    let dir = place();
    let path = dir.path().join("ledger.db");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut centre = Centre::open(path.clone(), life.seed, life.from).await;
        let end = days::start_of(days::day_number(life.until, 10, 1));
        centre.live_until(end, life.events_a_day).await;
        centre.finish().await;
        let url = format!("sqlite:{}", path.display());
        let pool = sqlx::SqlitePool::connect(&url).await.expect("the file");
        let found = checks::all(&centre, &pool).await;
        pool.close().await;
        (centre, found)
    })
}

/// In memory where there is a place for it: years sync their disk a great many times.
fn place() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).expect("a folder"),
        false => tempfile::tempdir().expect("a folder"),
    }
}

fn tell(life: &Life, centre: &Centre, found: &Found, took: Duration) {
    let done = &centre.done;
    println!(
        "seed {}: {} to {}, {} ratings, {} matters, {} tickets ({} closed), {} acts, {} refusals, {} stale, {} told twice, \
         {} ticks ({} doubled), {} starts ({} revisions), {} deadlines ({} missed, {} moved), {} reminders, {} defaults, \
         {} lines, {} counts compared; {} s; violations: {}",
        life.seed,
        life.from,
        life.until,
        done.ratings,
        done.matters,
        found.tickets,
        found.closed,
        done.acts,
        done.refusals,
        done.stale,
        done.told_twice,
        done.ticks,
        done.double_ticks,
        done.starts,
        done.revisions,
        found.deadlines,
        found.missed,
        found.moved,
        found.reminders,
        found.defaults,
        found.lines,
        found.figures,
        took.as_secs(),
        found.wrongs.len()
    );
}

/// Lives it and says what is wrong, the first things of it.
fn lives_by_the_law(life: Life) {
    let began = Instant::now();
    let (centre, found) = live(&life);
    tell(&life, &centre, &found, began.elapsed());
    assert_eq!(found.tickets, centre.count(), "every ticket has records");
    assert!(
        found.closed > 0 && found.missed > 0 && found.reminders > 0,
        "nothing happened"
    );
    let first: Vec<_> = found.wrongs.iter().take(60).collect();
    assert!(found.wrongs.is_empty(), "seed {}: {first:#?}", life.seed);
}

fn is_nightly() -> bool {
    std::env::var_os("GRADELINE_NIGHTLY").is_some()
}

fn chosen_seed() -> Option<u64> {
    std::env::var("GRADELINE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
}

#[test]
fn a_centre_lives_by_the_law() {
    lives_by_the_law(Life {
        seed: 20_260_918,
        from: 2024,
        until: 2026,
        events_a_day: 4,
    });
}

#[test]
fn a_centre_of_a_random_seed_lives_by_the_law() {
    let seed = chosen_seed().unwrap_or_else(rand::random);
    lives_by_the_law(Life {
        seed,
        from: 2025,
        until: 2026,
        events_a_day: 4,
    });
}

/// Seven years each, for as long as `GRADELINE_YEARS_S` seconds say (an hour).
#[test]
fn many_centres_live_by_the_law_for_many_years() {
    if !is_nightly() {
        return;
    }
    let seconds = std::env::var("GRADELINE_YEARS_S")
        .ok()
        .and_then(|s| s.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(3600));
    let mut seed = chosen_seed().unwrap_or(1);
    while Instant::now() < end {
        lives_by_the_law(Life {
            seed,
            from: 2020,
            until: 2026,
            events_a_day: 4,
        });
        seed += 1;
    }
}
