//! `gradeline seed`: an example centre in an empty database.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;

use super::{now, open_engine, runtime, without_password};
use crate::config::Config;
use crate::domain::{Day, Moment};
use crate::engine::Engine;
use crate::example::{self, Example, Plan, Progress};
use crate::logging::log_to_stderr;

/// Which centre.
#[derive(clap::Args)]
pub struct Seed {
    /// The same number until the same day gives the same centre
    #[arg(long, value_name = "NUMBER", default_value_t = example::SEED)]
    seed: u64,
    /// The last day that is played, or the working day before it; unless told, the last afternoon that is over
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<Day>,
    /// About how many calls come in on a working day; everything else grows with them
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=1000))]
    daily: u16,
}

/// What one writes, under the help.
pub const SEED_EXAMPLES: &str = "Examples:
  gradeline --config example.toml seed            # example.toml: [store] url = \"sqlite:data/example.db\"
  gradeline --config example.toml seed --seed 7 --until 2026-09-30
  gradeline --config example.toml verify          # the trail and all tickets of it hold
  gradeline --config example.toml serve           # look round; every page says that it is an example

Nobody in it exists: names begin with 示例, telephone numbers with 1000000, ids with example-. There is no sound.
A one-time password of everybody is printed at the end, this once; gradeline user password NAME makes another.";

/// Makes it, shows how far it is, and tells who can log in.
pub fn seed(config: Option<&Path>, command: &Seed) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    let now = moment(command.until, now())?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let made = make(&engine, command, now).await;
        engine.close().await?;
        tell(&made?, &config);
        Ok(ExitCode::SUCCESS)
    })
}

/// The end of the day, or now.
fn moment(until: Option<Day>, now: Moment) -> anyhow::Result<Moment> {
    match until {
        None => Ok(now),
        Some(day) if day > now.day() => {
            bail!("--until {day} is not over yet; today is {}", now.day())
        }
        Some(day) if day.year() < 2000 => {
            bail!("--until {day}: a centre of that time is no example")
        }
        Some(day) => Ok(day.end().min(now)),
    }
}

async fn make(engine: &Engine, command: &Seed, now: Moment) -> anyhow::Result<Example> {
    // Not beside a server that answers calls for this database.
    engine.claim().await?;
    let plan = Plan {
        seed: command.seed,
        now,
        daily: command.daily,
    };
    let watched = std::io::stderr().is_terminal();
    let mut months = None;
    let made = example::make(engine, plan, &mut |progress| match watched {
        true => say(&line(progress)),
        // A line a month, where nobody watches.
        false if months.replace(progress.day.month()) != Some(progress.day.month()) => {
            eprintln!("{}", line(progress));
        }
        false => {}
    })
    .await;
    if watched {
        say("");
    }
    Ok(made?)
}

fn line(progress: Progress) -> String {
    let Progress {
        day, last, done, ..
    } = progress;
    format!(
        "{day} of {last}: {} calls, {} ratings, {} tickets",
        done.calls, done.ratings, done.tickets
    )
}

/// A line that the next one takes the place of.
fn say(text: &str) {
    eprint!("\r\x1b[K{text}");
    let _ = std::io::stderr().flush();
}

fn tell(made: &Example, config: &Config) {
    let done = made.done;
    println!(
        "An example centre from {} until {} in {}:",
        made.first,
        made.last,
        without_password(&config.store.url)
    );
    println!(
        "{} calls, {} ratings, {} matters, {} tickets in all states ({} acts), {} bulletins.",
        done.calls, done.ratings, done.matters, done.tickets, done.acts, done.bulletins
    );
    println!();
    println!("Its people, each with a one-time password that is shown this once:");
    for access in &made.access {
        let (name, password) = (&access.name, &access.one_time_password);
        println!(
            "  {name:<20} {password}  {} {}（{}）",
            access.full_name,
            access.role.zh(),
            access.unit
        );
    }
    println!();
    println!(
        "gradeline verify checks it, gradeline serve shows it. No real call belongs into this database."
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_is_played_until_a_day_that_there_was() {
        let at = |text: &str| text.parse::<Moment>().unwrap();
        let day = |text: &str| Some(text.parse::<Day>().unwrap());
        let now = at("2026-09-18T10:00:00+08:00");
        assert_eq!(moment(None, now).unwrap(), now);
        assert_eq!(moment(day("2026-09-18"), now).unwrap(), now);
        let earlier = moment(day("2026-09-10"), now).unwrap();
        assert_eq!(earlier.civil_text(), "2026-09-10 23:59:59");
        let error = moment(day("2026-09-19"), now).unwrap_err().to_string();
        assert!(error.contains("today is 2026-09-18"), "{error}");
        assert!(moment(day("1999-09-19"), now).is_err());
    }
}
