//! How long it takes from a grade's key to the grade on the disk, and what a bare insert with the
//! same durability takes on the same disk in the same minute. `cargo bench --bench durable_grade`
//!
//! Measured is [`Engine::key_grade`]: what the echo (P14) waits for. Before it, the key itself
//! spends up to one beat of a media thread (20 ms). SQLite stands in a temporary folder; PostgreSQL
//! is the server that `GRADELINE_TEST_POSTGRES` names (`postgres://user@host:port/database`), which
//! `benches/run` starts. Each press is of a call of its own, and each is paired with a bare insert,
//! now the one first and now the other, so that whatever else the machine does falls on both.

#![allow(clippy::disallowed_methods)] // A measurement is a shell: it keeps time by the clock.

use std::error::Error;
use std::time::{Duration, Instant};

use gradeline::domain::{Calendar, Grade, Moment};
use gradeline::engine::{CallId, CallState, Engine, KeyedGrade, NewCall};
use gradeline::store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Presses of each kind; one in a hundred of them makes the 99th percentile.
const PRESSES: usize = 1000;
/// Bare inserts before the first that is timed: three for each call that was opened.
const WARMING: usize = 3 * PRESSES;
/// Callers who press in the same instant.
const AT_ONCE: usize = 32;
const SERVER: &str = "GRADELINE_TEST_POSTGRES";

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    println!("Key press to durable grade, {PRESSES} presses, beside a bare insert as durable");
    println!(
        "database    presses      grade p50 ms     p99 ms   insert p50 ms     p99 ms   ratio p50    p99"
    );
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        measure(
            "SQLite",
            &format!("sqlite:{}/grades.db", folder.path().display()),
            Bare::sqlite(&folder.path().join("bare.db")).await?,
        )
        .await?;
        match std::env::var(SERVER) {
            Ok(url) => measure_postgres(&url).await,
            Err(_) => {
                println!(
                    "PostgreSQL  not measured: no server; name one in {SERVER}, or run benches/run where the package postgresql is installed"
                );
                Ok(())
            }
        }
    })
}

/// In databases of its own, which go away again.
async fn measure_postgres(url: &str) -> Outcome<()> {
    let admin = sqlx::PgPool::connect(url).await?;
    let synced: String = sqlx::query_scalar("SHOW fsync").fetch_one(&admin).await?;
    if synced != "on" {
        println!("PostgreSQL  not measured: the server runs with fsync = {synced}");
        return Ok(());
    }
    let name = format!("gradeline_bench_{}", std::process::id());
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&admin)
        .await?;
    let server = url.rsplit_once('/').map_or(url, |(server, _)| server);
    let server = if server.ends_with('/') { url } else { server };
    let own = format!("{server}/{name}");
    let measured = match Bare::postgres(&own).await {
        Ok(bare) => measure("PostgreSQL", &own, bare).await,
        Err(error) => Err(error),
    };
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "DROP DATABASE {name} WITH (FORCE)"
    )))
    .execute(&admin)
    .await?;
    measured
}

async fn measure(database: &str, url: &str, bare: Bare) -> Outcome<()> {
    let engine = Engine::start(Store::open(url).await?, calendar()?);
    let mut pairs = Vec::new();
    let calls = talking_calls(&engine, "one").await?;
    // The calls' rows have brought the engine's log to its full length; a log that still grows is
    // slower to sync.
    for _ in 0..WARMING {
        bare.timed_insert().await?;
    }
    for (index, call) in calls.iter().enumerate() {
        pairs.push(if index % 2 == 0 {
            let insert = bare.timed_insert().await?;
            (timed_press(&engine, call).await?, insert)
        } else {
            let press = timed_press(&engine, call).await?;
            (press, bare.timed_insert().await?)
        });
    }
    print_line(database, "one by one", pairs);

    let mut pairs = Vec::new();
    for calls in talking_calls(&engine, "many").await?.chunks(AT_ONCE) {
        let inserts = futures::future::try_join_all(calls.iter().map(|_| bare.timed_insert()));
        let inserts = inserts.await?;
        let presses =
            futures::future::try_join_all(calls.iter().map(|call| timed_press(&engine, call)));
        pairs.extend(presses.await?.into_iter().zip(inserts));
    }
    print_line(database, &format!("{AT_ONCE} at once"), pairs);
    bare.close().await;
    engine.close().await?;
    Ok(())
}

/// Calls as they stand when the rating is offered.
async fn talking_calls(engine: &Engine, series: &str) -> Outcome<Vec<CallId>> {
    let mut calls = Vec::new();
    for number in 0..PRESSES {
        let id = CallId(format!("bench-{series}-{number}"));
        engine
            .open_call(NewCall {
                id: id.clone(),
                sip_call_id: format!("{series}-{number}@bench"),
                caller: Some("13800000000".to_owned()),
                callee: "consult".to_owned(),
                source: "127.0.0.1:5080".to_owned(),
                started_at: now(),
                dialplan: "consultation".to_owned(),
                dialplan_digest: "bench".to_owned(),
                rehearsal: true,
            })
            .await?;
        engine.desk_answered(&id, Some("1001"), now()).await?;
        engine.set_state(&id, CallState::Rating).await?;
        calls.push(id);
    }
    Ok(calls)
}

async fn timed_press(engine: &Engine, call: &CallId) -> Outcome<Duration> {
    let began = Instant::now();
    let grade = KeyedGrade {
        grade: Grade::Dissatisfied,
        key: '4',
        at: now(),
        offset_ms: 30_000,
    };
    engine.key_grade(call, grade).await?;
    Ok(began.elapsed())
}

/// One row, one statement, committed as durably as a grade: the floor that the disk sets.
enum Bare {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

const BARE_TABLE: &str =
    "CREATE TABLE bare (call_id TEXT NOT NULL, key TEXT NOT NULL, at BIGINT NOT NULL)";
const BARE_INSERT: &str = "INSERT INTO bare (call_id, key, at) VALUES ($1, $2, $3)";

impl Bare {
    async fn sqlite(path: &std::path::Path) -> Outcome<Bare> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        sqlx::raw_sql(BARE_TABLE).execute(&pool).await?;
        Ok(Bare::Sqlite(pool))
    }

    async fn postgres(url: &str) -> Outcome<Bare> {
        let options = url
            .parse::<sqlx::postgres::PgConnectOptions>()?
            .options([("synchronous_commit", "on")]);
        let pool = sqlx::postgres::PgPoolOptions::new()
            .max_connections(16)
            .connect_with(options)
            .await?;
        sqlx::raw_sql(BARE_TABLE).execute(&pool).await?;
        Ok(Bare::Postgres(pool))
    }

    async fn timed_insert(&self) -> Outcome<Duration> {
        let began = Instant::now();
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
        Ok(began.elapsed())
    }

    async fn close(self) {
        match self {
            Bare::Sqlite(pool) => pool.close().await,
            Bare::Postgres(pool) => pool.close().await,
        }
    }
}

fn print_line(database: &str, presses: &str, pairs: Vec<(Duration, Duration)>) {
    let (grades, inserts): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let (grades, inserts) = (sorted(grades), sorted(inserts));
    let ms = |times: &[Duration], percent| 1000.0 * percentile(times, percent).as_secs_f64();
    let ratio = |percent| ms(&grades, percent) / ms(&inserts, percent);
    println!(
        "{database:<10}  {presses:<10} {:>14.2} {:>10.2} {:>15.2} {:>10.2} {:>11.2} {:>6.2}",
        ms(&grades, 50),
        ms(&grades, 99),
        ms(&inserts, 50),
        ms(&inserts, 99),
        ratio(50),
        ratio(99),
    );
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort();
    times
}

/// The time that so many of a hundred did not exceed; `times` sorted and not empty.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() * percent).div_ceil(100).max(1) - 1]
}

fn calendar() -> Outcome<Calendar> {
    let year = include_str!("../calendars/2026.toml");
    Ok(Calendar::from_texts(&[("calendars/2026.toml", year)])?)
}

fn now() -> Moment {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Moment::from_millis(since_epoch.as_millis() as i64)
}
