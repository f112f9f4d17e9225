//! A calendar changes what every term means: one proposes it, another approves it, and both are on record.

use super::people::Person;
use super::refused;
use crate::domain::{Actor, Article, Calendar, Entry, Moment, PersonId, Subject, UnitId, What};
use crate::engine::{Engine, Error};
use crate::register::ProposalRow;
use crate::rights::{Action, Grant, Grants, Holder, may};
use crate::store::Tx;

impl Engine {
    /// Puts a year's calendar forward, as the text of its file; its id. Refused where it cannot be read.
    pub async fn propose_calendar(
        &self,
        year: i16,
        text: &str,
        by: &Person,
        now: Moment,
    ) -> Result<i64, Error> {
        let grants = governs(by)?;
        if !grants.has(Grant::Propose) && !grants.has(Grant::Sign) {
            return Err(refused(
                "a calendar is put forward by a supervisor of the Centre or a signer of the General Office",
            ));
        }
        if text.len() > 100_000 {
            return Err(refused("no notice is as long as that"));
        }
        let file = [(format!("{year}.toml"), text)];
        Calendar::from_texts(&file).map_err(|faulty| refused(faulty.to_string()))?;
        let mut tx = self.write().await?;
        let id = tx
            .insert_proposal(year, text, (&by.id, &by.name), now)
            .await?;
        let detail = format!("{}提出{year}年工作日历（提议{id}）", by.name);
        tx.note_calendar("calendar_proposed", detail, &by.id, now)
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Another person, who signs for the General Office, approves it. Told again by whoever approved it, it
    /// changes nothing.
    pub async fn approve_calendar(
        &self,
        id: i64,
        by: &Person,
        now: Moment,
    ) -> Result<ProposalRow, Error> {
        if !governs(by)?.has(Grant::Sign) {
            return Err(refused(
                "a calendar is approved by a signer of the General Office (office_signer)",
            ));
        }
        let mut tx = self.write().await?;
        tx.lock_calendars().await?;
        let proposal = must_be_there(&mut tx, id).await?;
        if proposal.proposer == by.id {
            return Err(refused("nobody approves what he proposed himself"));
        }
        if tx.approve_proposal(id, (&by.id, &by.name), now).await? {
            let year = proposal.year;
            let detail = format!("{}批准{year}年工作日历（提议{id}）", by.name);
            tx.note_calendar("calendar_approved", detail, &by.id, now)
                .await?;
        }
        let approved = must_be_there(&mut tx, id).await?;
        tx.commit().await?;
        Ok(approved)
    }

    /// The last hundred, newest first.
    pub async fn calendar_proposals(&self) -> Result<Vec<ProposalRow>, Error> {
        Ok(self.read().await?.proposals().await?)
    }

    pub async fn calendar_proposal(&self, id: i64) -> Result<ProposalRow, Error> {
        let mut tx = self.read().await?;
        must_be_there(&mut tx, id).await
    }

    /// Who it is by name, for a command that acts in somebody's name without his password.
    pub async fn acting_as(&self, name: &str, now: Moment) -> Result<Person, Error> {
        let mut tx = self.read().await?;
        let row = tx.person_by_name(name.trim()).await?;
        let row = row.filter(|row| row.disabled_at.is_none());
        let row = row.ok_or_else(|| refused(format!("there is nobody called {name}")))?;
        tx.whole_person(row, now).await
    }

    /// Who it is by name and password; `None` for wrong, unknown, disabled and locked.
    pub async fn proven_person(
        &self,
        name: &str,
        password: &str,
        now: Moment,
    ) -> Result<Option<Person>, Error> {
        let Some(row) = self.proven(name, password, now).await? else {
            return Ok(None);
        };
        let mut tx = self.read().await?;
        Ok(Some(tx.whole_person(row, now).await?))
    }
}

fn governs(person: &Person) -> Result<Grants, Error> {
    let holders = Holder::of_hand(&person.hand);
    may(Action::Govern, &holders).map_err(|forbidden| refused(forbidden.to_string()))
}

async fn must_be_there(tx: &mut Tx, id: i64) -> Result<ProposalRow, Error> {
    let proposal = tx.proposal(id).await?;
    proposal.ok_or_else(|| refused(format!("there is no proposal {id}")))
}

impl Tx {
    async fn note_calendar(
        &mut self,
        what: &'static str,
        detail: String,
        person: &PersonId,
        now: Moment,
    ) -> Result<(), Error> {
        let entry = Entry {
            at: now,
            actor: Actor::System,
            person: Some(person.clone()),
            what: What::Act(what),
            about: Subject::Unit(UnitId::general_office()),
            article: Article::of(21),
            detail,
            record: None,
            rehearsal: false,
        };
        Ok(self.note(&entry).await?)
    }
}
