//! What falls due, done: reminders, receipts deemed, silences noted, breaches put on record, days closed.

use std::collections::BTreeSet;

use super::{Engine, Error};
use crate::casework::{due_soon, is_reminded, next_look};
use crate::domain::{
    Actor, Addressee, Article, DeadlineKind, Entry, Event, Moment, Notice, NoticeKind, ServiceKey,
    Subject, TicketNumber, What, article_of,
};
use crate::store::{DayHead, DeadlineAt, Tx};

/// Looks of one transaction: few enough that a grade keyed meanwhile hardly waits.
const BATCH: i64 = 64;

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Deadlines that were looked at.
    pub looked: u64,
    /// Notices of terms that end soon.
    pub reminded: u64,
    /// Deadlines that could not be looked at; they stay due, and the log says why.
    pub failed: u64,
}

impl Engine {
    /// Does what fell due by `now`, in the order in which it fell due. May be run again and by several
    /// processes at once: every look is claimed in the transaction of its effect, so each happens once.
    pub async fn tick(&self, now: Moment) -> Result<Ticked, Error> {
        let mut done = Ticked::default();
        let mut after = None;
        loop {
            let due = {
                let mut tx = self.read().await?;
                tx.due_deadlines(now, after, BATCH).await?
            };
            let Some(last) = due.last() else { break };
            after = Some((last.next_at.unwrap_or(now), last.id));
            match self.look_at_all(&due, now).await {
                Ok(ticked) => done.add(ticked),
                // One that cannot be looked at keeps nobody else waiting.
                Err(error) if due.len() == 1 => done.fail(&due[0], &error),
                Err(_) => self.look_at_each(&due, now, &mut done).await,
            }
        }
        self.close_day(now).await?;
        Ok(done)
    }

    async fn look_at_each(&self, due: &[DeadlineAt], now: Moment, done: &mut Ticked) {
        for deadline in due {
            match self.look_at_all(std::slice::from_ref(deadline), now).await {
                Ok(ticked) => done.add(ticked),
                Err(error) => done.fail(deadline, &error),
            }
        }
    }

    /// Looks at these in one transaction.
    async fn look_at_all(&self, due: &[DeadlineAt], now: Moment) -> Result<Ticked, Error> {
        let mut ticked = Ticked::default();
        let mut tx = self.write().await?;
        // Acts and tickets first and the trail after them, as everybody does: nobody waits in a circle.
        let matters: BTreeSet<&str> = due.iter().filter_map(matter_of).collect();
        for number in &matters {
            tx.lock_instance(&ServiceKey(format!("matter-{number}")))
                .await?;
        }
        let tickets: BTreeSet<TicketNumber> = due.iter().filter_map(ticket_of).collect();
        for ticket in tickets {
            tx.lock_ticket(ticket).await?;
        }
        let listings: BTreeSet<u64> = due.iter().filter_map(listing_of).collect();
        for listing in listings {
            tx.lock_listing(listing).await?;
        }
        for deadline in due {
            let of = &deadline.deadline;
            let next = next_look(of.kind, of.due_at, now, &self.inner.calendar);
            if tx.claim_look(deadline, next).await? {
                ticked.looked += 1;
                ticked.reminded += self.look_at(&mut tx, deadline, now).await?;
            }
        }
        tx.commit().await?;
        Ok(ticked)
    }

    /// The effect of one look; how many reminders it sent.
    async fn look_at(&self, tx: &mut Tx, due: &DeadlineAt, now: Moment) -> Result<u64, Error> {
        let deadline = &due.deadline;
        match &deadline.of {
            Subject::Ticket(number) => self.look_at_ticket(tx, due, *number, None, now).await,
            Subject::Order(number, order) => {
                self.look_at_ticket(tx, due, *number, Some(*order), now)
                    .await
            }
            Subject::Rating(_) if deadline.kind == DeadlineKind::Upload => {
                if deadline.due_at < now {
                    tx.miss_deadline(due, now).await?;
                    let entry = missed(due, now);
                    tx.append_trail(due.rating.as_deref(), due.ticket.as_deref(), &entry)
                        .await?;
                }
                Ok(0)
            }
            Subject::Matter(number) => self.look_at_matter(tx, due, number, now).await,
            Subject::Listing(number) => self.look_at_listing(tx, due, *number, now).await,
            _ => Ok(0),
        }
    }

    async fn look_at_ticket(
        &self,
        tx: &mut Tx,
        due: &DeadlineAt,
        number: TicketNumber,
        order: Option<u8>,
        now: Moment,
    ) -> Result<u64, Error> {
        let deadline = &due.deadline;
        let Some(case) = self.settled_case(tx, number, now).await? else {
            return Ok(0);
        };
        // A reminder that comes after the end is none.
        if deadline.due_at < now || !is_reminded(deadline.kind) {
            return Ok(0);
        }
        let open = case.running(order, deadline.kind);
        if open.is_none_or(|clock| clock.key.epoch != deadline.epoch) {
            return Ok(0);
        }
        let notices = due_soon(&case, order, deadline.kind, deadline.due_at);
        for notice in &notices {
            tx.save_notice(due.rating.as_deref(), due.ticket.as_deref(), notice, now)
                .await?;
        }
        Ok(notices.len() as u64)
    }

    /// Writes down the chain's end once a day has ended, and tells the General Office (第十七条).
    async fn close_day(&self, now: Moment) -> Result<(), Error> {
        let day = now.day().previous();
        {
            let mut tx = self.read().await?;
            if tx
                .last_day_head()
                .await?
                .is_some_and(|last| last.day >= day)
            {
                return Ok(());
            }
        }
        let mut tx = self.write().await?;
        tx.lock_trail().await?;
        if tx
            .last_day_head()
            .await?
            .is_some_and(|last| last.day >= day)
        {
            return Ok(());
        }
        let Some(head) = tx.head().await? else {
            return Ok(());
        };
        let notice = Notice {
            kind: NoticeKind::DailyHead,
            addressee: Addressee::GeneralOffice,
            about: Subject::Day(day),
            text: format!("{day}留痕链：第{}条，{}", head.seq, head.hash),
            due_at: None,
            rehearsal: false,
        };
        tx.insert_day_head(&DayHead { day, head }, now).await?;
        tx.save_notice(None, None, &notice, now).await?;
        Ok(tx.commit().await?)
    }
}

impl Ticked {
    fn add(&mut self, other: Ticked) {
        self.looked += other.looked;
        self.reminded += other.reminded;
    }

    fn fail(&mut self, due: &DeadlineAt, error: &Error) {
        self.failed += 1;
        let of = &due.deadline.of;
        tracing::error!(%of, kind = %due.deadline.kind, %error, "a deadline could not be looked at");
    }
}

fn ticket_of(due: &DeadlineAt) -> Option<TicketNumber> {
    match due.deadline.of {
        Subject::Ticket(number) | Subject::Order(number, _) => Some(number),
        _ => None,
    }
}

fn matter_of(due: &DeadlineAt) -> Option<&str> {
    match &due.deadline.of {
        Subject::Matter(number) => Some(number),
        _ => None,
    }
}

fn listing_of(due: &DeadlineAt) -> Option<u64> {
    match due.deadline.of {
        Subject::Listing(number) => Some(number),
        _ => None,
    }
}

fn missed(due: &DeadlineAt, now: Moment) -> Entry {
    let deadline = &due.deadline;
    let article: Article = article_of(Event::DuePassed);
    Entry {
        at: now,
        actor: Actor::System,
        person: None,
        what: What::Act("miss"),
        about: deadline.of.clone(),
        article,
        detail: format!(
            "{}超期，{}届满",
            deadline.kind.zh(),
            deadline.due_at.civil_text()
        ),
        record: None,
        rehearsal: due.rehearsal,
    }
}
