//! The term of a period's bulletin (第十八条): started when the period has ended, reminded of, missed.

use super::{Engine, Error};
use crate::casework::next_look;
use crate::domain::{
    Actor, Addressee, Deadline, DeadlineKind, Entry, Moment, Notice, NoticeKind, Period, Subject,
    What,
};
use crate::store::{DeadlineAt, Tx};

impl Engine {
    /// Starts the term of the period's bulletin, from the period's end; `issued_at` where it is issued already.
    pub(crate) async fn start_bulletin_term(
        &self,
        tx: &mut Tx,
        period: Period,
        issued_at: Option<Moment>,
        now: Moment,
    ) -> Result<(), Error> {
        let term = DeadlineKind::Bulletin.term();
        let started_at = period.end();
        let Some(end) = term.end(started_at, self.calendar()) else {
            return Ok(());
        };
        let deadline = Deadline {
            of: Subject::Period(period),
            kind: term.kind,
            epoch: 1,
            article: term.article,
            started_at,
            due_at: end.due_at,
            met_at: issued_at,
            void_at: None,
            missed_at: None,
            provisional: end.provisional,
            calendar: end.calendar,
        };
        let next = match issued_at {
            Some(_) => None,
            None => next_look(term.kind, end.due_at, now.min(end.due_at), self.calendar()),
        };
        tx.insert_deadline((None, None), &deadline, false, next)
            .await?;
        let detail = format!(
            "{}已结束，通报应于{}前印发",
            period.zh(),
            end.due_at.civil_text()
        );
        tx.note(&line(period, "bulletin_due", detail, now)).await?;
        Ok(())
    }

    /// What a tick does about a bulletin's term whose look it has claimed, in the same transaction; how many
    /// reminders it sent.
    pub(super) async fn look_at_bulletin(
        &self,
        tx: &mut Tx,
        due: &DeadlineAt,
        period: Period,
        now: Moment,
    ) -> Result<u64, Error> {
        let due_at = due.deadline.due_at;
        if due_at < now {
            self.settle_bulletin_term(tx, period, now).await?;
            return Ok(0);
        }
        let text = format!("{}通报：{}届满", period.zh(), due_at.civil_text());
        let notice = notice(NoticeKind::DueSoon, period, text, Some(due_at));
        tx.save_notice(None, None, &notice, now).await?;
        Ok(1)
    }
}

impl Engine {
    /// Puts on record that the period's term is missed, where it is and nobody did.
    pub(crate) async fn settle_bulletin_term(
        &self,
        tx: &mut Tx,
        period: Period,
        now: Moment,
    ) -> Result<(), Error> {
        let of = Subject::Period(period);
        let Some(due_at) = tx.miss_open(&of, DeadlineKind::Bulletin, now).await? else {
            return Ok(());
        };
        let detail = format!("{}通报超期，{}届满", period.zh(), due_at.civil_text());
        let notice = notice(NoticeKind::Overdue, period, detail.clone(), None);
        tx.save_notice(None, None, &notice, now).await?;
        tx.note(&line(period, "miss", detail, now)).await?;
        Ok(())
    }
}

/// To the General Office, which issues it.
fn notice(kind: NoticeKind, period: Period, text: String, due_at: Option<Moment>) -> Notice {
    Notice {
        kind,
        addressee: Addressee::GeneralOffice,
        about: Subject::Period(period),
        text,
        due_at,
        rehearsal: false,
    }
}

fn line(period: Period, what: &'static str, detail: String, now: Moment) -> Entry {
    Entry {
        at: now,
        actor: Actor::System,
        person: None,
        what: What::Act(what),
        about: Subject::Period(period),
        article: DeadlineKind::Bulletin.term().article,
        detail,
        record: None,
        rehearsal: false,
    }
}
