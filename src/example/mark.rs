//! The mark by which an example centre's database is known, and the refusal of one that holds anything else.

use crate::domain::{Actor, Article, Day, Entry, Moment, Subject, UnitId, What};
use crate::engine::{Engine, Error};
use crate::register::Held;

pub use crate::register::ExampleRow as Mark;

impl Engine {
    /// The mark of an example centre; `None` for every real one.
    pub async fn example_mark(&self) -> Result<Option<Mark>, Error> {
        Ok(self.read().await?.example().await?)
    }

    /// Marks an empty database, before anything is written into it.
    pub(super) async fn begin_example(&self, seed: u64, begun_at: Moment) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        if let Some(mark) = tx.example().await? {
            return Err(Error::Refused(known(&mark)));
        }
        let held = tx.held().await?;
        if !held.is_empty() {
            return Err(Error::Refused(not_empty(&held)));
        }
        tx.begin_example(seed, begun_at).await?;
        let detail = format!("示例数据库：种子{seed}");
        tx.note(&line("example_begun", detail, begun_at)).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn finish_example(&self, last: Day, now: Moment) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.finish_example(now).await?;
        let detail = format!("示例数据截至{last}");
        tx.note(&line("example_finished", detail, now)).await?;
        Ok(tx.commit().await?)
    }
}

/// It is about the Centre: the whole of it is made up.
fn line(what: &'static str, detail: String, now: Moment) -> Entry {
    Entry {
        at: now,
        actor: Actor::System,
        person: None,
        what: What::Act(what),
        about: Subject::Unit(UnitId::centre()),
        article: Article::of(17),
        detail,
        record: None,
        rehearsal: false,
    }
}

fn known(mark: &Mark) -> String {
    match mark.finished_at {
        Some(at) => format!(
            "the database holds an example centre already (seed {}, until {}); {NEW_ONE}",
            mark.seed,
            at.day()
        ),
        None => format!(
            "the database holds an example centre that was cut short while it was made (seed {}); {NEW_ONE}",
            mark.seed
        ),
    }
}

fn not_empty(held: &Held) -> String {
    let told: Vec<String> = held
        .iter()
        .map(|(what, many)| format!("{many} {what}"))
        .collect();
    format!(
        "the database is not empty, and examples are never mixed with anything else: it holds {}; {NEW_ONE}",
        told.join(", ")
    )
}

const NEW_ONE: &str = "name a new one in a configuration file of its own, such as [store] \
    url = \"sqlite:data/example.db\", and run it again with --config FILE";
