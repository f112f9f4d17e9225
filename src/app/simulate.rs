use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::load_calendar;
use crate::config::Config;
use crate::domain::Moment;
use crate::drill::{DeskConduct as SceneDesk, Scene, StoreConduct};
use crate::ivr::{Facts, Hours, HoursSpan, KeyPlan, Plan, Value, parse_seconds};
use crate::openings::{facts_told, hours_of};
use crate::phone::Book;

/// What the simulated desk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DeskConduct {
    /// Answers after 3 s, talks for 20 s, hangs up
    Answers,
    /// Is busy
    Busy,
    /// Rings and is not answered
    Silent,
}

/// When the simulated caller calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CalledAt {
    /// Within the service hours
    Open,
    /// Outside them: workdays 08:30-11:30 and 13:30-17:00
    Closed,
    /// In the National Day holiday; service resumes on 8 October
    Holiday,
}

impl CalledAt {
    fn hours(self) -> Hours {
        match self {
            CalledAt::Open => Hours::Open,
            CalledAt::Closed => Hours::Closed {
                hours: SERVICE.into(),
            },
            CalledAt::Holiday => Hours::Holiday {
                name: "guoqing".into(),
                month: 10,
                day: 8,
            },
        }
    }
}

/// The service hours of the simulated centre.
const SERVICE: [HoursSpan; 2] = [
    HoursSpan {
        from_min: 510,
        to_min: 690,
    },
    HoursSpan {
        from_min: 810,
        to_min: 1020,
    },
];

/// The simulated call.
pub struct SimulatedCall<'a> {
    pub keys: &'a str,
    pub hangup: Option<&'a str>,
    pub desk: DeskConduct,
    pub at: CalledAt,
    /// By the configured hours and the calendar at this moment, RFC 3339, instead of `at`.
    pub when: Option<&'a str>,
}

/// Runs the machine of the live calls on virtual time: a caller whose number is known, a store that
/// works. Prints the transcript and the rows that would be stored.
pub fn simulate(
    config: Option<&Path>,
    plan: &Path,
    call: SimulatedCall<'_>,
) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let checked = match plan.is_file() {
        true => Book::read_plan(&config.files(), plan)?,
        false => Book::read(&config.files())?,
    };
    for finding in &checked.findings {
        eprintln!("{finding}");
    }
    let Some(book) = checked.book else {
        bail!("the operator's files cannot be used; see above");
    };
    let plan = match plan.is_file() {
        true => book.plans().next().context("the file holds no dialplan")?,
        false => named(&book, plan)?,
    };
    let keys = KeyPlan::parse(call.keys).map_err(|error| anyhow::anyhow!("--keys: {error}"))?;
    let hangup = call
        .hangup
        .map(|text| {
            parse_seconds(text)
                .with_context(|| format!("--hangup “{text}” is not a time such as 4s"))
        })
        .transpose()?;
    let scene = Scene {
        keys,
        hangup,
        desk: match call.desk {
            DeskConduct::Answers => SceneDesk::Answers {
                after: Duration::from_secs(3),
                staff: Some("1001".into()),
                talks: Duration::from_secs(20),
            },
            DeskConduct::Busy => SceneDesk::Busy,
            DeskConduct::Silent => SceneDesk::NoAnswer,
        },
        store: StoreConduct::Stores,
        speaks: Duration::from_secs(5),
        facts: match call.when {
            Some(when) => facts_at(&config, &book, plan, when)?,
            None => facts_of(call.at, &book),
        },
    };
    #[allow(clippy::disallowed_methods)] // a shell: virtual time begins somewhere
    let epoch = Instant::now();
    print!(
        "{}",
        crate::drill::simulate(plan, &book.script, &scene, epoch)
    );
    Ok(ExitCode::SUCCESS)
}

/// What is known of a call at a made-up centre.
fn facts_of(at: CalledAt, book: &Book) -> Facts {
    Facts {
        hours: at.hours(),
        tail: Some("0000".into()),
        slot: Some(Value::Slot {
            month: 10,
            day: 8,
            hours: SERVICE.into(),
        }),
        date: Some(Value::Date { month: 9, day: 18 }),
        lengths_ms: book.lengths_ms.clone(),
    }
}

/// What is known of a call at this centre at a moment, which is told first: the hours of the day and of the plan.
fn facts_at(config: &Config, book: &Book, plan: &Plan, when: &str) -> anyhow::Result<Facts> {
    let now: Moment = when.parse().context("--when")?;
    let calendar = load_calendar(&config.calendars.dir)?;
    let openings = hours_of(plan, &config.openings());
    let (known, told) = facts_told(&calendar, &openings, &book.lengths_ms, now);
    println!("{told}");
    Ok(known)
}

/// The plan in force of this name.
fn named<'a>(book: &'a Book, wanted: &Path) -> anyhow::Result<&'a Arc<Plan>> {
    let stem = wanted
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    book.plans()
        .find(|plan| plan.name == stem)
        .with_context(|| {
            let known: Vec<&str> = book.plans().map(|plan| plan.name.as_str()).collect();
            format!(
                "there is no dialplan “{}”; there are: {}",
                wanted.display(),
                known.join(", ")
            )
        })
}
