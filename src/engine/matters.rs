//! Matters (办件): registered and completed by the approval platform, an officer or a file; reminded once,
//! and graded by default where nobody did (第六条第二款, 第十五条).

use super::{Engine, Error};
use crate::casework::Decision;
use crate::channels::{Matter, completed, default_intake, reminder};
use crate::domain::{
    Actor, Article, DeadlineKind, Earlier, End, Entry, Moment, Subject, What, decide,
};
use crate::store::{DeadlineAt, Tx};

/// What a registration came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    New,
    /// Now completed; it was registered before.
    Completed,
    /// Nothing is new.
    Known,
}

impl Engine {
    /// Registers a matter, with its completion where it is completed. The same again changes nothing; another
    /// item, unit or completion under the same number is refused.
    pub async fn register_matter(
        &self,
        matter: &Matter,
        by: &str,
        now: Moment,
    ) -> Result<Registered, Error> {
        let mut tx = self.write().await?;
        let registered = self.register_within(&mut tx, matter, by, now).await?;
        tx.commit().await?;
        Ok(registered)
    }

    /// What [`register_matter`](Self::register_matter) would come to; nothing is kept.
    pub async fn try_matter(&self, matter: &Matter, now: Moment) -> Result<Registered, Error> {
        let mut tx = self.write().await?;
        self.register_within(&mut tx, matter, "trial", now).await
    }

    async fn register_within(
        &self,
        tx: &mut Tx,
        matter: &Matter,
        by: &str,
        now: Moment,
    ) -> Result<Registered, Error> {
        fit(matter, now)?;
        tx.lock_matter(&matter.number).await?;
        let open = |unit: &crate::register::UnitRow| unit.closed_at.is_none();
        if !tx.unit(&matter.unit).await?.as_ref().is_some_and(open) {
            return Err(Error::Refused(format!(
                "there is no unit {}; add it before its matters",
                matter.unit
            )));
        }
        let registered = match tx.matter(&matter.number).await? {
            None => {
                tx.insert_matter(matter, by, now).await?;
                Registered::New
            }
            Some(known) => match differing(&known, matter) {
                Some(what) => {
                    return Err(Error::Refused(format!(
                        "the matter {} is registered with another {what}",
                        matter.number
                    )));
                }
                None if known.completed_at == matter.completed_at => Registered::Known,
                None => match matter.completed_at {
                    Some(at) if tx.complete_matter(&matter.number, at).await? => {
                        Registered::Completed
                    }
                    // Told again without its completion, which stays.
                    _ => Registered::Known,
                },
            },
        };
        if registered == Registered::Known {
            return Ok(registered);
        }
        if registered == Registered::New {
            let detail = format!("登记办件{}（{}）", matter.number, matter.item);
            tx.append_trail(None, None, &line(matter, "matter_registered", detail, now))
                .await?;
        }
        let (settings, calendar) = (&self.inner.settings, &self.inner.calendar);
        let (deadlines, entries) = match matter.completed_at {
            Some(at) if settings.in_force(at) => {
                completed(matter, settings.reminding, calendar, now)
            }
            Some(at) => (Vec::new(), vec![before_force(matter, at, now)]),
            None => Default::default(),
        };
        for (deadline, look) in &deadlines {
            tx.insert_deadline((None, None), deadline, matter.rehearsal, Some(*look))
                .await?;
        }
        for entry in &entries {
            tx.append_trail(None, None, entry).await?;
        }
        Ok(registered)
    }

    pub async fn matter(&self, number: &str) -> Result<Option<Matter>, Error> {
        Ok(self.read().await?.matter(number).await?)
    }

    /// By number, behind `after`; at most `limit`.
    pub async fn matters(&self, after: &str, limit: u32) -> Result<Vec<Matter>, Error> {
        let mut tx = self.read().await?;
        Ok(tx.matters(after, i64::from(limit)).await?)
    }

    /// What a tick does about a matter's deadline whose look it has claimed, in the same transaction.
    pub(super) async fn look_at_matter(
        &self,
        tx: &mut Tx,
        due: &DeadlineAt,
        number: &str,
        now: Moment,
    ) -> Result<u64, Error> {
        let Some(matter) = tx.matter(number).await? else {
            return Ok(0);
        };
        match due.deadline.kind {
            DeadlineKind::Remind => self.remind(tx, due, &matter, now).await,
            DeadlineKind::DefaultGrade => {
                self.grade_by_default(tx, due, &matter, now).await?;
                Ok(0)
            }
            _ => Ok(0),
        }
    }

    /// Once, never in quiet hours, and not when the default has taken the reminder's sense away.
    async fn remind(
        &self,
        tx: &mut Tx,
        due: &DeadlineAt,
        matter: &Matter,
        now: Moment,
    ) -> Result<u64, Error> {
        let reminding = self.inner.settings.reminding;
        let term = DeadlineKind::DefaultGrade.term();
        let calendar = &self.inner.calendar;
        let too_late = term
            .end(due.deadline.started_at, calendar)
            .is_some_and(|end| end.due_at < now);
        if !reminding.on || too_late {
            if tx.void_deadline(due.id, now).await? {
                let why = if too_late {
                    "已过评价期限"
                } else {
                    "提醒已停用"
                };
                let entry = line(matter, "reminder_left", format!("未提醒：{why}"), now);
                tx.append_trail(None, None, &entry).await?;
            }
            return Ok(0);
        }
        if reminding.quiet.holds(now) {
            let end = as_it_stands(due);
            tx.look_again(due.id, reminding.quiet.next_loud(now), &end)
                .await?;
            return Ok(0);
        }
        if !tx.meet_deadline(due.id, now).await? {
            return Ok(0);
        }
        tx.save_notice(None, None, &reminder(matter), now).await?;
        let detail = "提醒申请人评价".to_owned();
        tx.append_trail(None, None, &line(matter, "reminded", detail, now))
            .await?;
        Ok(1)
    }

    /// Not before midnight after the last day, not while that day is only assumed (A40), and not where
    /// somebody rated.
    async fn grade_by_default(
        &self,
        tx: &mut Tx,
        due: &DeadlineAt,
        matter: &Matter,
        now: Moment,
    ) -> Result<(), Error> {
        let calendar = &self.inner.calendar;
        let (Some(completed_at), Some(end)) = (
            matter.completed_at,
            due.deadline
                .kind
                .term()
                .end(due.deadline.started_at, calendar),
        ) else {
            return Ok(());
        };
        // A revised calendar may not have been counted with yet; what has passed surely stays.
        let end = match due.deadline.provisional || end.due_at > due.deadline.due_at {
            true => end,
            false => as_it_stands(due),
        };
        let midnight = end.due_at.day().next().start();
        if end.provisional || now < midnight {
            let tomorrow = now.day().next().start();
            let next = if end.provisional {
                tomorrow.max(midnight)
            } else {
                midnight
            };
            tx.look_again(due.id, next, &end).await?;
            return Ok(());
        }
        let intake = default_intake(matter, completed_at, end.due_at);
        let ratings = tx.ratings_of(&intake.service.key()).await?;
        if !tx.meet_deadline(due.id, now).await? || !ratings.is_empty() {
            return Ok(());
        }
        let earlier = Earlier {
            ratings: &ratings,
            // Given by nobody, so by nobody who is listed.
            listed: false,
            test: false,
            before_force: !self.inner.settings.in_force(completed_at),
        };
        let decision = Decision::from(decide(intake, earlier, calendar, now)?);
        if !tx.save(&decision, calendar, now).await? {
            return Err(Error::Stale);
        }
        Ok(())
    }
}

fn as_it_stands(due: &DeadlineAt) -> End {
    End {
        due_at: due.deadline.due_at,
        provisional: due.deadline.provisional,
        calendar: due.deadline.calendar.clone(),
    }
}

/// A matter that was completed before the regulation was in force: nothing is due because of it.
fn before_force(matter: &Matter, completed_at: Moment, now: Moment) -> Entry {
    let detail = format!(
        "办件办结于{}，在本办法施行前，不提醒评价，不作默认评价",
        completed_at.civil_text()
    );
    Entry {
        article: Article::of(22),
        ..line(matter, "matter_completed", detail, now)
    }
}

/// What two registrations of one number must have in common and have not.
fn differing(known: &Matter, told: &Matter) -> Option<&'static str> {
    let completion = match (known.completed_at, told.completed_at) {
        (Some(known), Some(told)) => known != told,
        _ => false,
    };
    [
        (known.item != told.item, "item"),
        (known.unit != told.unit, "unit"),
        (completion, "completion"),
        (known.rehearsal != told.rehearsal, "rehearsal mark"),
    ]
    .into_iter()
    .find_map(|(differs, what)| differs.then_some(what))
}

fn fit(matter: &Matter, now: Moment) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::Refused(format!("{}: {why}", matter.number)));
    let code = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        (1..=64).contains(&text.len()) && text.bytes().all(fits)
    };
    if !code(&matter.number) {
        return refused("a matter's number has 1 to 64 of A–Z, a–z, 0–9, . _ -");
    }
    if !code(&matter.item) {
        return refused("an item's code has 1 to 64 of A–Z, a–z, 0–9, . _ -");
    }
    let name = matter.item_name.chars().count();
    if name == 0 || name > 200 || matter.applicants.name.chars().count() > 200 {
        return refused("names have 1 to 200 characters");
    }
    if matter
        .completed_at
        .is_some_and(|at| at > now.plus_millis(5 * 60_000))
    {
        return refused("it cannot be completed in the future");
    }
    Ok(())
}

fn line(matter: &Matter, what: &'static str, detail: String, now: Moment) -> Entry {
    Entry {
        at: now,
        actor: Actor::System,
        person: None,
        what: What::Act(what),
        about: Subject::Matter(matter.number.clone()),
        article: Article::of(6).paragraph(2),
        detail,
        record: None,
        rehearsal: matter.rehearsal,
    }
}
