//! A day of a centre as the program itself writes it: ratings of every kind, and tickets with what was
//! done to them. Its rows are what a large house is filled with.

use std::path::Path;

use gradeline::channels::{Applicants, Matter};
use gradeline::domain::{
    Applicant, Channel, Choices, Evidence, Grade, Identity, Intake, IntakeKey, Moment, Rater,
    Reason, Service, Stage, UnitId,
};
use gradeline::engine::{CallId, CallState, EndedCall, Engine, HungUpBy, KeyedGrade, NewCall};
use sqlx::{AssertSqlSafe, Column as _, Row as _, TypeInfo as _, ValueRef as _};

use crate::Outcome;
use crate::handling::handle;
use crate::house::{self, DAY_MS};

/// Stands in every name for the copy it is of.
pub const MARK: &str = "90817263";
/// Acts of service on that day.
pub const ACTS: usize = 200;
/// Monday, an ordinary working day.
const DAY: &str = "2026-03-02";
/// Between two acts.
pub const STEP_MS: i64 = 150_000;
const BUREAUX: usize = 12;

/// Tables in an order that their references allow.
pub const TABLES: [&str; 12] = [
    "calls",
    "keyed_grades",
    "reasons",
    "matters",
    "ratings",
    "tickets",
    "orders",
    "slips",
    "deadlines",
    "notices",
    "trail",
    "counted",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything was done: uploads met, tickets closed.
    Over,
    /// As the day ended: uploads open, tickets on their way.
    Open,
    /// Nobody has touched a ticket.
    Untouched,
}

/// A value of a row.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Int(i64),
    Flag(bool),
    Text(String),
}

pub struct Table {
    pub name: &'static str,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

pub struct Pattern {
    /// The day's first instant.
    pub start: Moment,
    pub tables: Vec<Table>,
}

/// Lives the day in a house of its own and reads what is on record then.
pub async fn lived(folder: &Path, kind: Kind) -> Outcome<Pattern> {
    let path = folder.join(format!("pattern-{kind:?}.db"));
    let url = format!("sqlite:{}", path.display());
    let engine = Engine::open(&url, house::calendar()?).await?;
    let pool = sqlx::SqlitePool::connect(&url).await?;
    for statement in house::units() {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&pool)
            .await?;
    }
    let start = DAY.parse::<gradeline::domain::Day>()?.start();
    for number in 0..ACTS {
        let at = start.plus_millis(9 * 3_600_000 + number as i64 * STEP_MS);
        if let Some(ticket) = act(&engine, number, at).await? {
            handle(&engine, ticket.parse()?, number, kind, at).await?;
        }
    }
    if kind == Kind::Over {
        // As the sender to the national platform will; those of a ticket's data stand in its records, too.
        let met = "UPDATE deadlines SET met_at = started_at + 3600000, next_at = NULL \
            WHERE kind = 'upload' AND subject NOT LIKE 'ticket:%'";
        sqlx::raw_sql(met).execute(&pool).await?;
        // What is left to be looked at comes to nothing; nobody looks at it again.
        engine.tick(start.plus_millis(20 * DAY_MS)).await?;
    }
    engine.count_anew().await?;
    let mut tables = Vec::new();
    for name in TABLES {
        tables.push(table(&pool, name).await?);
    }
    pool.close().await;
    engine.close().await?;
    Ok(Pattern { start, tables })
}

fn grade(number: usize) -> Grade {
    match number {
        7 | 57 | 107 => Grade::Dissatisfied,
        157 => Grade::VeryDissatisfied,
        _ if number % 25 == 3 => Grade::BasicallySatisfied,
        _ if number.is_multiple_of(3) => Grade::VerySatisfied,
        _ => Grade::Satisfied,
    }
}

pub fn unit(number: usize) -> UnitId {
    UnitId(format!("u{:02}", number % BUREAUX))
}

/// One act of service with its rating; the ticket it opened.
async fn act(engine: &Engine, number: usize, at: Moment) -> Outcome<Option<String>> {
    if number % 5 == 2 {
        return call(engine, number, at).await;
    }
    let name = format!("{MARK}{number:03}");
    let (item, staff) = (
        format!("lq-{:03}", number % 60),
        format!("81{:02}", number % 30),
    );
    let window = || Service::WindowAct {
        window: format!("w{:02}", number % 12),
        act: name.clone(),
        item: Some(item.clone()),
        unit: Some(unit(number)),
        staff: vec![staff.clone()],
        served_at: at,
    };
    let (channel, service) = match number % 10 {
        0 | 3 | 5 => (Channel::WindowDevice, window()),
        8 => (Channel::WindowQr, window()),
        1 | 9 => (
            Channel::WebConsultation,
            Service::WebConsultation {
                code: name.clone(),
                unit: Some(unit(number)),
                staff: vec![staff],
                served_at: at,
            },
        ),
        _ => {
            let stage = if number.is_multiple_of(4) {
                Stage::Filed
            } else {
                Stage::Completed
            };
            let matter = Matter {
                number: name.clone(),
                item: item.clone(),
                item_name: "林木采伐许可".to_owned(),
                unit: unit(number),
                applicants: Applicants {
                    name: "某公司".to_owned(),
                    phone: Some(format!("139{MARK}")),
                    applicant: None,
                },
                completed_at: (stage == Stage::Completed).then_some(at),
                rehearsal: false,
            };
            engine.register_matter(&matter, "bench", at).await?;
            let service = Service::Matter {
                number: name.clone(),
                stage,
                item,
                unit: unit(number),
                staff: Vec::new(),
                served_at: at,
            };
            (Channel::WebFiling, service)
        }
    };
    let graded_at = at.plus_millis(30_000);
    let rating = intake(&name, channel, service, grade(number), graded_at);
    let submitted = engine.submit(rating, graded_at.plus_millis(400)).await?;
    Ok(submitted.ticket)
}

pub fn intake(
    name: &str,
    channel: Channel,
    service: Service,
    grade: Grade,
    graded_at: Moment,
) -> Intake {
    let bad = !grade.is_positive();
    Intake {
        key: IntakeKey(name.to_owned()),
        channel,
        service,
        rater: Rater {
            number: None,
            identity: Identity::I3,
            applicant: Some(Applicant(format!("{name}{}", "0a".repeat(20)))),
        },
        grade,
        graded_at,
        reasons: if bad {
            vec![Reason::Progress]
        } else {
            Vec::new()
        },
        choices: Choices::default(),
        remark: None,
        evidence: Evidence::default(),
        rehearsal: false,
    }
}

async fn call(engine: &Engine, number: usize, at: Moment) -> Outcome<Option<String>> {
    let id = CallId(format!("{MARK}{number:03}"));
    engine
        .open_call(new_call(&id, format!("138{MARK}"), at))
        .await?;
    let staff = format!("80{:02}", number % 30);
    engine
        .desk_answered(&id, Some(&staff), at.plus_millis(6_000))
        .await?;
    engine.set_state(&id, CallState::Talking).await?;
    engine.talked(&id, 50_000).await?;
    engine.offered(&id, at.plus_millis(57_000)).await?;
    let grade = grade(number);
    let keyed = KeyedGrade {
        grade,
        key: char::from(b'1' + grade as u8),
        at: at.plus_millis(65_000),
        offset_ms: 65_000,
    };
    engine.key_grade(&id, keyed).await?;
    let submitted = engine
        .end_call(EndedCall {
            id,
            ended_at: at.plus_millis(70_000),
            hung_up_by: HungUpBy::System,
            outcome: "graded".to_owned(),
            outcome_after_ms: None,
        })
        .await?;
    Ok(submitted.and_then(|submitted| submitted.ticket))
}

pub fn new_call(id: &CallId, caller: String, at: Moment) -> NewCall {
    NewCall {
        id: id.clone(),
        sip_call_id: format!("{}@bench", id.0),
        caller: Some(caller),
        callee: "consult".to_owned(),
        source: "127.0.0.1:5080".to_owned(),
        started_at: at,
        dialplan: "consultation".to_owned(),
        dialplan_digest: "bench".to_owned(),
        rehearsal: false,
    }
}

async fn table(pool: &sqlx::SqlitePool, name: &'static str) -> Outcome<Table> {
    let described = format!("SELECT name, type FROM pragma_table_info('{name}')");
    let described: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(described))
        .fetch_all(pool)
        .await?;
    // Rows that are numbered in their order get new numbers.
    let columns: Vec<_> = described
        .into_iter()
        .filter(|(column, _)| column != "id" || !matches!(name, "deadlines" | "notices" | "trail"))
        .collect();
    let list: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
    let sql = format!("SELECT {} FROM {name} ORDER BY rowid", list.join(", "));
    let mut rows = Vec::new();
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(pool).await? {
        let mut values = Vec::with_capacity(columns.len());
        for (index, (_, kind)) in columns.iter().enumerate() {
            values.push(value(&row, index, kind)?);
        }
        rows.push(values);
    }
    Ok(Table {
        name,
        columns: columns.into_iter().map(|(column, _)| column).collect(),
        rows,
    })
}

fn value(row: &sqlx::sqlite::SqliteRow, index: usize, kind: &str) -> Outcome<Value> {
    if row.try_get_raw(index)?.is_null() {
        return Ok(Value::Null);
    }
    Ok(match kind {
        "BOOLEAN" => Value::Flag(row.try_get(index)?),
        "TEXT" => Value::Text(row.try_get(index)?),
        "BIGINT" | "INTEGER" => Value::Int(row.try_get(index)?),
        _ => {
            let column = &row.columns()[index];
            let found = column.type_info().name().to_owned();
            return Err(format!("{} is a {found}, which no row here holds", column.name()).into());
        }
    })
}

/// The last day of a life, counted from the day's own.
pub const LIFE_DAYS: i64 = 3;
const _: () = assert!(STEP_MS * ACTS as i64 + 9 * 3_600_000 < DAY_MS);
