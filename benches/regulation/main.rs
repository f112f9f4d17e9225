//! The regulation at the size of a house that has been at work for years:
//! `cargo bench --bench regulation -- [--ratings N] [--deadlines N] [--database sqlite|postgres] [PARTS]`,
//! by `benches/run regulation` with a PostgreSQL of its own.
//!
//! - `taking`: ratings taken in a second, each committed, beside bare inserts as durable;
//! - `ticking`: a tick over N open deadlines of which 10,000 are due, beside one where nothing else is open;
//! - `history`: figures, bulletins, signs, lists and tickets over N ratings, beside a house that has only the
//!   last two months of them.
//!
//! Houses are filled with copies of a day that the program itself has lived: other days, other numbers, the
//! trail chained anew. What was filled is then looked at by the program: a sampled day counted anew comes to
//! the sums that are there, and the smaller house passes `verify`. Everything lies in the temporary folder.

#![allow(clippy::disallowed_methods)] // A measurement is a shell: it keeps time by the clock.

mod fill;
mod handling;
mod history;
mod house;
mod pattern;
mod reading;
mod taking;
mod template;
mod ticking;

use std::error::Error;

use fill::Source;
use house::{Kind, Place};

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PARTS: [&str; 3] = ["taking", "ticking", "history"];

/// Lived days.
pub struct Sources {
    pub over: Source,
    pub open: Source,
    pub untouched: Source,
}

struct Wanted {
    ratings: usize,
    deadlines: usize,
    kinds: Vec<Kind>,
    parts: Vec<&'static str>,
}

fn main() -> Outcome<()> {
    let wanted = Wanted::read()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(&wanted))
}

async fn run(wanted: &Wanted) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let sources = Sources {
        over: Source::of(&pattern::lived(folder.path(), pattern::Kind::Over).await?)?,
        open: Source::of(&pattern::lived(folder.path(), pattern::Kind::Open).await?)?,
        untouched: Source::of(&pattern::lived(folder.path(), pattern::Kind::Untouched).await?)?,
    };
    for kind in &wanted.kinds {
        let Some(place) = Place::of(*kind, folder.path()).await? else {
            continue;
        };
        if wanted.parts.contains(&"taking") {
            taking::measure(&place).await?;
        }
        if wanted.parts.contains(&"ticking") {
            ticking::measure(&place, &sources, wanted.deadlines).await?;
        }
        if wanted.parts.contains(&"history") {
            history::measure(&place, &sources, wanted.ratings).await?;
        }
    }
    Ok(())
}

impl Wanted {
    fn read() -> Outcome<Wanted> {
        let mut wanted = Wanted {
            ratings: 10_000_000,
            deadlines: 1_000_000,
            kinds: vec![Kind::Sqlite, Kind::Postgres],
            parts: Vec::new(),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} what?"));
            match word.as_str() {
                "--ratings" => wanted.ratings = value()?.parse()?,
                "--deadlines" => wanted.deadlines = value()?.parse()?,
                "--database" => {
                    wanted.kinds = match value()?.as_str() {
                        "sqlite" => vec![Kind::Sqlite],
                        "postgres" => vec![Kind::Postgres],
                        other => return Err(format!("{other} is no database").into()),
                    }
                }
                // Of cargo itself.
                "--bench" => {}
                other => match PARTS.into_iter().find(|part| *part == other) {
                    Some(part) => wanted.parts.push(part),
                    None => return Err(format!("{other} is none of {PARTS:?}").into()),
                },
            }
        }
        if wanted.parts.is_empty() {
            wanted.parts = PARTS.to_vec();
        }
        Ok(wanted)
    }
}
