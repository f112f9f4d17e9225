//! Ratings taken in, each committed before it is answered, beside bare inserts as durable.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use gradeline::domain::{Channel, Grade, Service, UnitId};
use gradeline::engine::Engine;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::Outcome;
use crate::house::{House, Kind, Place, now};
use crate::pattern::intake;

/// Of each kind and each number at once.
const RATINGS: usize = 2_000;
/// Measured in turns of so many, so that whatever else the machine does falls on both.
const TURN: usize = 100;
const AT_ONCE: [usize; 2] = [1, 32];
/// One of so many is a 差评, whose ticket is part of the taking in.
const BAD: usize = 50;

const BARE_TABLE: &str =
    "CREATE TABLE bare (call_id TEXT NOT NULL, key TEXT NOT NULL, at BIGINT NOT NULL)";
const BARE_INSERT: &str = "INSERT INTO bare (call_id, key, at) VALUES ($1, $2, $3)";

/// One row, one statement, one commit: the floor that the disk sets.
enum Bare {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

/// In houses of their own.
pub async fn measure(place: &Place) -> Outcome<()> {
    println!(
        "\n{}: ratings taken in (one in {BAD} opens a ticket), {RATINGS} of each kind in turns of {TURN}",
        place.kind.word()
    );
    println!("  at once   ratings/s   bare inserts/s   inserts for a rating");
    let house = place.house("taking").await?;
    let floor = place.house("bare").await?;
    let engine = house.engine().await?;
    let bare = Bare::open(&floor).await?;
    // A log that still grows is slower to sync.
    take_in(&engine, "warm", 0..RATINGS, 1).await?;
    bare.insert(3 * RATINGS, 1).await?;
    for at_once in AT_ONCE {
        let (mut taking, mut inserting) = (Duration::ZERO, Duration::ZERO);
        for turn in 0..RATINGS / TURN {
            let numbers = turn * TURN..(turn + 1) * TURN;
            let series = format!("at{at_once}");
            if turn % 2 == 0 {
                taking += take_in(&engine, &series, numbers, at_once).await?;
                inserting += bare.insert(TURN, at_once).await?;
            } else {
                inserting += bare.insert(TURN, at_once).await?;
                taking += take_in(&engine, &series, numbers, at_once).await?;
            }
        }
        let rate = |time: Duration| RATINGS as f64 / time.as_secs_f64();
        println!(
            "  {at_once:>7} {:>11.0} {:>16.0} {:>22.2}",
            rate(taking),
            rate(inserting),
            taking.as_secs_f64() / inserting.as_secs_f64()
        );
    }
    bare.close().await;
    engine.close().await?;
    house.remove().await?;
    floor.remove().await
}

/// How long so many ratings take, each answered when it is committed.
pub async fn take_in(
    engine: &Engine,
    series: &str,
    numbers: std::ops::Range<usize>,
    at_once: usize,
) -> Outcome<Duration> {
    let numbers: Vec<usize> = numbers.collect();
    let began = Instant::now();
    for together in numbers.chunks(at_once) {
        try_join_all(together.iter().map(|number| take(engine, series, *number))).await?;
    }
    Ok(began.elapsed())
}

async fn take(engine: &Engine, series: &str, number: usize) -> Outcome<()> {
    let (name, at) = (format!("{series}-{number}"), now());
    let service = Service::WebConsultation {
        code: name.clone(),
        unit: Some(UnitId(format!("u{:02}", number % 12))),
        staff: vec!["8101".to_owned()],
        served_at: at.plus_millis(-60_000),
    };
    let grade = match number % BAD {
        7 => Grade::Dissatisfied,
        _ => Grade::Satisfied,
    };
    let rating = intake(&name, Channel::WebConsultation, service, grade, at);
    engine.submit(rating, at).await?;
    Ok(())
}

impl Bare {
    /// As durable as the engine's own connections, and as many.
    async fn open(house: &House) -> Outcome<Bare> {
        Ok(match house.kind {
            Kind::Sqlite => {
                let options = house.url.parse::<SqliteConnectOptions>()?;
                let options = options
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full);
                let pool = SqlitePoolOptions::new()
                    .max_connections(1)
                    .test_before_acquire(false)
                    .connect_with(options)
                    .await?;
                sqlx::raw_sql(BARE_TABLE).execute(&pool).await?;
                Bare::Sqlite(pool)
            }
            Kind::Postgres => {
                let options = house
                    .url
                    .parse::<sqlx::postgres::PgConnectOptions>()?
                    .options([("synchronous_commit", "on")]);
                let pool = sqlx::postgres::PgPoolOptions::new()
                    .max_connections(16)
                    .connect_with(options)
                    .await?;
                sqlx::raw_sql(BARE_TABLE).execute(&pool).await?;
                Bare::Postgres(pool)
            }
        })
    }

    async fn insert(&self, many: usize, at_once: usize) -> Outcome<Duration> {
        let began = Instant::now();
        for done in (0..many).step_by(at_once) {
            let together = (done..many.min(done + at_once)).map(|_| self.insert_one());
            try_join_all(together).await?;
        }
        Ok(began.elapsed())
    }

    async fn insert_one(&self) -> Outcome<()> {
        let at = now().millis();
        match self {
            Bare::Sqlite(pool) => {
                let insert = sqlx::query(BARE_INSERT).bind("bench").bind("4").bind(at);
                insert.execute(pool).await?;
            }
            Bare::Postgres(pool) => {
                let insert = sqlx::query(BARE_INSERT).bind("bench").bind("4").bind(at);
                insert.execute(pool).await?;
            }
        }
        Ok(())
    }

    async fn close(self) {
        match self {
            Bare::Sqlite(pool) => pool.close().await,
            Bare::Postgres(pool) => pool.close().await,
        }
    }
}
