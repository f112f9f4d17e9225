//! Fills a house with copies of a pattern, in large transactions that nobody waits for.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use gradeline::domain::{Day, Moment};
use gradeline::figures::Tally;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::Outcome;
use crate::house::{DAY_MS, House, Kind};
use crate::pattern::{Pattern, STEP_MS, Value};
use crate::template::{Copy, Rendered, State, Template};

/// Rows of one statement on SQLite.
const ROWS: usize = 100;
/// Copies of one transaction.
const BATCH: usize = 20;
const TELL_EVERY: Duration = Duration::from_secs(20);

/// A pattern, ready to be copied.
pub struct Source {
    template: Template,
    start: Moment,
    /// What the program counted of it.
    sums: Vec<Sum>,
}

struct Sum {
    /// From the pattern's day.
    day: i64,
    unit: String,
    channel: String,
    item: String,
    count: &'static str,
    many: i64,
}

type SumKey = (i64, String, String, String, &'static str);

pub struct Filler {
    sink: Sink,
    state: State,
    copies: u64,
    sums: HashMap<SumKey, i64>,
    waiting: Vec<Rendered>,
    waiting_copies: usize,
    began: Instant,
    told: Instant,
}

enum Sink {
    Lite(Box<SqliteConnection>),
    Pg(Box<PgConnection>),
}

impl Source {
    pub fn of(pattern: &Pattern) -> Outcome<Source> {
        let counted = pattern.tables.iter().find(|table| table.name == "counted");
        let counted = counted.ok_or("nothing was counted")?;
        let place = |name: &str| counted.columns.iter().position(|column| column == name);
        let mut sums: HashMap<SumKey, i64> = HashMap::new();
        for row in &counted.rows {
            let text = |name: &str| match place(name).map(|place| &row[place]) {
                Some(Value::Text(text)) => Ok(text.clone()),
                _ => Err(format!("a counted part has no {name}")),
            };
            let day: Day = text("day")?.parse()?;
            let day = (day.start().millis() - pattern.start.millis()) / DAY_MS;
            let tally = Tally::of_text(&text("counts")?).ok_or("counts that cannot be read")?;
            for (count, many) in tally.iter() {
                let key = (
                    day,
                    text("unit")?,
                    text("channel")?,
                    text("item")?,
                    count.word(),
                );
                *sums.entry(key).or_default() += many;
            }
        }
        let sum = |((day, unit, channel, item, count), many)| Sum {
            day,
            unit,
            channel,
            item,
            count,
            many,
        };
        Ok(Source {
            template: Template::of(pattern)?,
            start: pattern.start,
            sums: sums.into_iter().map(sum).collect(),
        })
    }
}

impl Filler {
    pub async fn of(house: &House) -> Outcome<Filler> {
        let sink = match house.kind {
            Kind::Sqlite => {
                let options = house.url.parse::<SqliteConnectOptions>()?;
                let options = options
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Off)
                    .foreign_keys(false)
                    .pragma("cache_size", "-500000")
                    .pragma("wal_autocheckpoint", "20000");
                Sink::Lite(Box::new(SqliteConnection::connect_with(&options).await?))
            }
            Kind::Postgres => {
                let mut conn = PgConnection::connect(&house.url).await?;
                let relaxed =
                    "SET synchronous_commit = off; SET session_replication_role = replica";
                sqlx::raw_sql(relaxed).execute(&mut conn).await?;
                Sink::Pg(Box::new(conn))
            }
        };
        Ok(Filler {
            sink,
            state: State::default(),
            copies: 0,
            sums: HashMap::new(),
            waiting: Vec::new(),
            waiting_copies: 0,
            began: Instant::now(),
            told: Instant::now(),
        })
    }

    /// A day `of` the source, so many times over.
    pub async fn day(&mut self, source: &Source, day: Day, times: usize) -> Outcome<()> {
        let days = (day.start().millis() - source.start.millis()) / DAY_MS;
        for time in 0..times {
            let copy = Copy {
                number: self.copies,
                days,
                later_ms: time as i64 * STEP_MS / times as i64,
            };
            self.copies += 1;
            self.waiting
                .extend(source.template.render(copy, &mut self.state));
            self.waiting_copies += 1;
            if self.waiting_copies == BATCH {
                self.flush(&source.template).await?;
            }
        }
        for sum in &source.sums {
            let day = (day.start().millis() + sum.day * DAY_MS + DAY_MS / 2).div_euclid(DAY_MS);
            let (unit, channel) = (sum.unit.clone(), sum.channel.clone());
            let key = (day, unit, channel, sum.item.clone(), sum.count);
            *self.sums.entry(key).or_default() += sum.many * times as i64;
        }
        // Another source has another template.
        self.flush(&source.template).await?;
        if self.told.elapsed() > TELL_EVERY {
            self.told = Instant::now();
            let lines = self.state.seq;
            println!(
                "    filled to {day}: {lines} lines of the trail, {:.0} s",
                self.began.elapsed().as_secs_f64()
            );
        }
        Ok(())
    }

    async fn flush(&mut self, template: &Template) -> Outcome<()> {
        let mut waiting: Vec<Vec<Vec<Value>>> =
            template.tables.iter().map(|_| Vec::new()).collect();
        for row in self.waiting.drain(..) {
            waiting[row.table].push(row.values);
        }
        self.waiting_copies = 0;
        self.sink.begin().await?;
        for (table, rows) in template.tables.iter().zip(waiting) {
            self.sink.insert(table.name, &table.columns, rows).await?;
        }
        self.sink.commit().await
    }

    /// Writes what goes on from copy to copy, and the sums.
    pub async fn finish(mut self) -> Outcome<()> {
        self.sink.begin().await?;
        let series = self.state.series.iter().map(|((letter, year), last)| {
            vec![
                Value::Text(letter.to_string()),
                Value::Int(i64::from(*year)),
                Value::Int(i64::from(*last)),
            ]
        });
        let columns = ["series", "year", "last"].map(str::to_owned);
        self.sink
            .insert("ticket_series", &columns, series.collect())
            .await?;
        let mut sums: Vec<(SumKey, i64)> = self.sums.drain().collect();
        sums.sort();
        let mut rows = Vec::with_capacity(sums.len());
        for ((day, unit, channel, item, count), many) in sums {
            let day = self.state.day(Moment::from_millis(day * DAY_MS)).to_owned();
            rows.push(vec![
                Value::Text(day),
                Value::Text(unit),
                Value::Text(channel),
                Value::Text(item),
                Value::Text(count.to_owned()),
                Value::Int(many),
            ]);
        }
        let columns = ["day", "unit", "channel", "item", "count", "many"].map(str::to_owned);
        self.sink.insert("sums", &columns, rows).await?;
        self.sink.commit().await?;
        self.sink.settle().await
    }
}

impl Sink {
    async fn begin(&mut self) -> Outcome<()> {
        self.raw("BEGIN").await
    }

    async fn commit(&mut self) -> Outcome<()> {
        self.raw("COMMIT").await
    }

    async fn raw(&mut self, sql: &'static str) -> Outcome<()> {
        match self {
            Sink::Lite(conn) => sqlx::raw_sql(sql).execute(&mut **conn).await.map(drop)?,
            Sink::Pg(conn) => sqlx::raw_sql(sql).execute(&mut **conn).await.map(drop)?,
        }
        Ok(())
    }

    async fn insert(
        &mut self,
        table: &str,
        columns: &[String],
        rows: Vec<Vec<Value>>,
    ) -> Outcome<()> {
        match self {
            Sink::Lite(conn) => {
                let mut rows = rows.into_iter();
                loop {
                    let some: Vec<Vec<Value>> = rows.by_ref().take(ROWS).collect();
                    if some.len() == ROWS {
                        insert_lite(conn, table, columns, some).await?;
                        continue;
                    }
                    // Few kinds of statements, so that they stay prepared.
                    for row in some {
                        insert_lite(conn, table, columns, vec![row]).await?;
                    }
                    return Ok(());
                }
            }
            Sink::Pg(conn) => copy_pg(conn, table, columns, &rows).await,
        }
    }

    /// As a house that has been at work for years stands: everything in the file, and the planner told.
    async fn settle(mut self) -> Outcome<()> {
        match &mut self {
            Sink::Lite(_) => self.raw("PRAGMA wal_checkpoint(TRUNCATE)").await?,
            Sink::Pg(_) => self.raw("VACUUM ANALYZE").await?,
        }
        match self {
            Sink::Lite(conn) => conn.close().await?,
            Sink::Pg(conn) => conn.close().await?,
        }
        Ok(())
    }
}

async fn insert_lite(
    conn: &mut SqliteConnection,
    table: &str,
    columns: &[String],
    rows: Vec<Vec<Value>>,
) -> Outcome<()> {
    let row = format!("({})", vec!["?"; columns.len()].join(","));
    let sql = format!(
        "INSERT INTO {table} ({}) VALUES {}",
        columns.join(","),
        vec![row.as_str(); rows.len()].join(",")
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in rows.into_iter().flatten() {
        query = match value {
            Value::Null => query.bind(None::<i64>),
            Value::Int(value) => query.bind(value),
            Value::Flag(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
        };
    }
    query.execute(conn).await?;
    Ok(())
}

async fn copy_pg(
    conn: &mut PgConnection,
    table: &str,
    columns: &[String],
    rows: &[Vec<Value>],
) -> Outcome<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    for row in rows {
        for (index, value) in row.iter().enumerate() {
            if index > 0 {
                text.push('\t');
            }
            match value {
                Value::Null => text.push_str("\\N"),
                Value::Int(value) => text.push_str(&value.to_string()),
                Value::Flag(value) => text.push_str(if *value { "t" } else { "f" }),
                Value::Text(value) => {
                    for letter in value.chars() {
                        match letter {
                            '\\' => text.push_str("\\\\"),
                            '\t' => text.push_str("\\t"),
                            '\n' => text.push_str("\\n"),
                            '\r' => text.push_str("\\r"),
                            other => text.push(other),
                        }
                    }
                }
            }
        }
        text.push('\n');
    }
    let sql = format!("COPY {table} ({}) FROM STDIN", columns.join(","));
    let mut copy = conn.copy_in_raw(&sql).await?;
    copy.send(text.into_bytes()).await?;
    copy.finish().await?;
    Ok(())
}
