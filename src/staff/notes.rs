//! The trail's lines about people and units (第十七条).

use super::by::By;
use crate::domain::{Actor, Article, Entry, Moment, PersonId, Subject, UnitId, What};
use crate::engine::Error;
use crate::store::Tx;

impl Tx {
    pub(super) async fn note_person(
        &mut self,
        person: &PersonId,
        what: &'static str,
        detail: String,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        let about = Subject::Person(person.clone());
        self.note_by(about, what, detail, by, now).await
    }

    pub(super) async fn note_unit(
        &mut self,
        unit: &UnitId,
        what: &'static str,
        detail: String,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        let about = Subject::Unit(unit.clone());
        self.note_by(about, what, detail, by, now).await
    }

    async fn note_by(
        &mut self,
        about: Subject,
        what: &'static str,
        detail: String,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        let entry = Entry {
            at: now,
            actor: Actor::System,
            person: by.id().cloned(),
            what: What::Act(what),
            about,
            article: Article::of(14),
            detail: format!("{detail}（{}）", by.told()),
            record: None,
            rehearsal: false,
        };
        Ok(self.note(&entry).await?)
    }
}
