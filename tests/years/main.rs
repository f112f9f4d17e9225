//! Random centres live for years: raters of every channel, some of them with malice, officials who act late, wrongly,
//! twice or never, bulletins and listings, calendars revised, clocks set forth and back, houses stopped and started,
//! ticks at odd times and two at once. What they leave is held against a second, small reading of the regulation
//! (`law`, `days`; of the bulletins' terms in `bulletins`, of the blocklist in `listings`) that shares no code with the
//! program. It follows the house's own clock: what fell due by it is done, once, and nothing sooner.
//!
//!     cargo nextest run --test years --no-capture            one fixed seed, one random one, one on PostgreSQL
//!     GRADELINE_NIGHTLY=1 tests/nightly years                many years
//!     GRADELINE_TEST_POSTGRES=postgres://user@host:port/postgres     a server for the last, and every third of many
//!     GRADELINE_SEED=7 cargo nextest run --test years ...    the years of one seed again

#![allow(
    clippy::disallowed_methods,
    reason = "the harness stands outside the years it tells, and times them"
)]

mod bulletins;
mod centre;
mod checks;
mod days;
mod law;
mod ledger;
mod listings;

use std::time::{Duration, Instant};

use centre::Centre;
use checks::Found;
use listings::Listed;

/// One centre's life.
struct Life {
    seed: u64,
    from: i64,
    until: i64,
    events_a_day: usize,
    /// The PostgreSQL server on which it is lived; else a SQLite file.
    server: Option<String>,
}

fn live(life: &Life) -> (Centre, Found) {
    let dir = place();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let url = match &life.server {
            Some(server) => ledger::created(server).await,
            None => format!("sqlite:{}", dir.path().join("ledger.db").display()),
        };
        let mut centre = Centre::open(url.clone(), life.seed, life.from).await;
        let end = days::start_of(days::day_number(life.until, 10, 1));
        centre.live_until(end, life.events_a_day).await;
        centre.finish().await;
        let found = checks::all(&centre).await;
        centre.close().await;
        if let Some(server) = &life.server {
            ledger::dropped(server, &url).await;
        }
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
        "seed {} on {}: {} to {}, {} ratings, {} matters, {} tickets ({} closed), {} acts, {} refusals, {} stale, {} told twice, \
         {} ticks ({} doubled), {} starts ({} revisions), {} deadlines ({} missed, {} moved), {} reminders, {} defaults, \
         {} bulletins drafted and {} issued in {} terms ({} missed), {} malicious, {} proposals ({} listed, {} expired, {} lifted), \
         {} ratings pending and {} verified by hand, {} clock steps ({} beats left out), {} lines, {} counts compared; \
         {} s; violations: {}",
        life.seed,
        life.server.as_ref().map_or("SQLite", |_| "PostgreSQL"),
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
        done.drafts,
        centre.issued.len(),
        found.terms.0,
        found.terms.1,
        found.listings.malicious,
        found.listings.proposed,
        found.listings.signed,
        found.listings.expired,
        found.listings.lifted,
        found.listings.pending,
        centre.verified.len(),
        done.clock_steps,
        done.beats_left_out,
        found.lines,
        found.figures,
        took.as_secs(),
        found.wrongs.len()
    );
}

/// Lives it and says what is wrong, the first things of it.
fn lives_by_the_law(life: Life) -> Found {
    let began = Instant::now();
    let (centre, found) = live(&life);
    tell(&life, &centre, &found, began.elapsed());
    assert_eq!(found.tickets, centre.count(), "every ticket has records");
    assert!(
        found.closed > 0 && found.missed > 0 && found.reminders > 0 && found.terms.0 > 0,
        "nothing happened"
    );
    let first: Vec<_> = found.wrongs.iter().take(60).collect();
    assert!(found.wrongs.is_empty(), "seed {}: {first:#?}", life.seed);
    found
}

fn is_nightly() -> bool {
    std::env::var_os("GRADELINE_NIGHTLY").is_some()
}

/// As the tests of the store have it.
fn postgres() -> Option<String> {
    std::env::var("GRADELINE_TEST_POSTGRES").ok()
}

fn chosen_seed() -> Option<u64> {
    std::env::var("GRADELINE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
}

#[test]
fn a_centre_lives_by_the_law() {
    let found = lives_by_the_law(Life {
        seed: 20_260_918,
        from: 2024,
        until: 2026,
        events_a_day: 4,
        server: None,
    });
    let Listed {
        signed, pending, ..
    } = found.listings;
    assert!(signed > 0 && pending > 0, "nobody was listed");
}

#[test]
fn a_centre_of_a_random_seed_lives_by_the_law() {
    let seed = chosen_seed().unwrap_or_else(rand::random);
    lives_by_the_law(Life {
        seed,
        from: 2025,
        until: 2026,
        events_a_day: 4,
        server: None,
    });
}

/// Where a server is named, as `tests/run` does; the same acts on the other database come to the same.
#[test]
fn a_centre_lives_by_the_law_on_postgresql() {
    let Some(server) = postgres() else {
        println!("GRADELINE_TEST_POSTGRES names no server");
        return;
    };
    lives_by_the_law(Life {
        seed: chosen_seed().unwrap_or(20_261_127),
        from: 2026,
        until: 2026,
        events_a_day: 2,
        server: Some(server),
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
            // Every third where there is one.
            server: postgres().filter(|_| seed.is_multiple_of(3)),
        });
        seed += 1;
    }
}
