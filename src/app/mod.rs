//! The commands: wiring of the rooms, and nothing else.

mod bulletin;
mod calendar;
mod check;
mod demo;
mod due;
mod entering;
mod floor;
mod recovery;
mod registering;
mod resources;
mod seed;
mod serve;
mod simulate;
mod ticking;
mod user;
mod verify;

pub use crate::clerk::{
    CALL_OUT_EXAMPLES, CallOutCommand, DESK_EXAMPLES, DeskCommand, MatterCommand, TokenCommand,
    UnitCommand,
};
pub use bulletin::{BulletinCommand, bulletin};
pub use calendar::{CalendarCommand, calendar};
pub use check::check;
pub use demo::{DemoCall, KeyWay, demo};
pub use due::due;
pub use entering::{call_out, desk, matter, token, unit};
pub use seed::{SEED_EXAMPLES, Seed, seed};
pub use serve::serve;
pub use simulate::{CalledAt, DeskConduct, SimulatedCall, simulate};
pub use user::{UserCommand, user};
pub use verify::verify;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::channels::Reminding;
use crate::clocks::moment as now;
use crate::config::Config;
use crate::domain::Calendar;
use crate::engine::{Engine, Settings};
use crate::figures::Weights;
use crate::store::Store;
use crate::studio;

/// Makes or checks the clips of the configured prompts' folder.
pub fn make_prompts(config: Option<&Path>, all: bool, check: bool) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    studio::make(
        &config.prompts.dir.join("zh-CN"),
        studio::Options { all, check },
    )?;
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")
}

/// Every `<year>.toml` of the calendars' folder.
fn load_calendar(dir: &Path) -> anyhow::Result<Calendar> {
    let texts = crate::phone::texts_in(dir, "toml")
        .with_context(|| format!("cannot read the calendars in {}", dir.display()))?;
    let named: Vec<(String, &str)> = texts
        .iter()
        .map(|(name, text)| (dir.join(name).display().to_string(), text.as_str()))
        .collect();
    Ok(Calendar::from_texts(&named)?)
}

/// The store of the configuration, migrated, with the calendar over it.
async fn open_engine(config: &Config) -> anyhow::Result<Engine> {
    let calendar = load_calendar(&config.calendars.dir)?;
    let store = Store::open(&config.store.url).await.with_context(|| {
        format!(
            "[store] url cannot be opened ({})",
            without_password(&config.store.url)
        )
    })?;
    let ratings = &config.ratings;
    let settings = Settings {
        reminding: Reminding {
            on: ratings.reminders,
            quiet: ratings.quiet_hours,
        },
        test_numbers: ratings.test_numbers.clone(),
        weights: Weights(config.figures.weights),
        thresholds: config.figures.signs,
        in_force_from: config.regulation.in_force_from,
    };
    Ok(Engine::start_with(store, calendar, settings))
}

/// A database's address fit for a log.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}
