//! Due dates after a calendar changed (row 33 of the ticket's table, A40).

use std::collections::BTreeSet;

use crate::casework::{is_reminded, next_look, recount};
use crate::domain::{Calendar, DeadlineKind, End, Moment, Subject};
use crate::engine::{Engine, Error};
use crate::store::{DeadlineAt, ProvisionalCount, Tx};

/// Deadlines of one transaction: few enough that a grade keyed meanwhile hardly waits.
const BATCH: usize = 200;

/// What a recount found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recount {
    /// Deadlines that end at another time now, or became sure.
    pub moved: u64,
    /// Open ones that reach into a year without a calendar's file, rehearsals left out.
    pub provisional: ProvisionalCount,
}

impl Engine {
    /// Counts open deadlines anew that are provisional or were counted with another calendar, and
    /// moves those that end at another time by today's. What is met or past its time stays. May be
    /// run again: what was moved is not moved twice. Says what it found in the log.
    pub async fn recount(&self, now: Moment) -> Result<Recount, Error> {
        let mut found = Recount::default();
        let mut last = None;
        loop {
            let batch = self.recount_batch(last, now).await?;
            found.moved += batch.moved;
            match batch.last {
                Some(place) => last = Some(place),
                None => break,
            }
        }
        found.provisional = self.read().await?.provisional_count().await?;
        found.log(self.calendar().version());
        Ok(found)
    }

    async fn recount_batch(
        &self,
        after: Option<(Moment, i64)>,
        now: Moment,
    ) -> Result<Batch, Error> {
        let calendar = self.calendar();
        let mut tx = self.write().await?;
        let stale = tx
            .stale_deadlines(calendar.version(), now, after, BATCH as i64)
            .await?;
        let mut moved = 0;
        // All tickets first and the trail after them, as everybody does: nobody waits in a circle.
        let tickets = stale.iter().filter_map(|stale| stale.ticket.as_deref());
        let tickets: BTreeSet<&str> = tickets.collect();
        for ticket in tickets {
            if let Ok(number) = ticket.parse() {
                tx.lock_ticket(number).await?;
            }
        }
        for deadline in &stale {
            let Some(anew) = recount(&deadline.deadline, deadline.rehearsal, calendar, now) else {
                self.look_by_todays_calendar(&mut tx, deadline, now).await?;
                continue;
            };
            let last = match &deadline.ticket {
                Some(ticket) => tx.last_record_at(ticket).await?,
                None => None,
            };
            let anew = anew.not_before(last.unwrap_or(now));
            let due_at = anew.deadline.due_at;
            let next = next_look(anew.deadline.kind, due_at, now, calendar);
            let next = deadline.next_at.and(next);
            if tx
                .move_deadline(deadline, &anew.deadline, next, &anew.entry)
                .await?
            {
                moved += 1;
            }
        }
        tx.commit().await?;
        let full = stale.len() == BATCH;
        let last = stale.last().filter(|_| full).map(DeadlineAt::place);
        Ok(Batch { moved, last })
    }
}

impl Engine {
    /// A term that ends when it did may have another working day before its end, on which its owner is told.
    async fn look_by_todays_calendar(
        &self,
        tx: &mut Tx,
        stale: &DeadlineAt,
        now: Moment,
    ) -> Result<(), Error> {
        let of = &stale.deadline;
        let waits = of.is_open() && stale.next_at.is_some_and(|next| next > now);
        if !waits || !is_reminded(of.kind) {
            return Ok(());
        }
        let next = next_look(of.kind, of.due_at, now, self.calendar());
        if let Some(next) = next.filter(|next| Some(*next) != stale.next_at) {
            let end = End {
                due_at: of.due_at,
                provisional: of.provisional,
                calendar: of.calendar.clone(),
            };
            tx.look_again(stale.id, next, &end).await?;
        }
        Ok(())
    }
}

/// An open due date that another calendar would move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub of: Subject,
    pub kind: DeadlineKind,
    pub from: Moment,
    pub to: Moment,
    pub provisional: bool,
}

impl Engine {
    /// What [`recount`](Self::recount) by `calendar` would move: how many due dates, and the first `most` of
    /// them. Nothing is changed.
    pub async fn foresee(
        &self,
        calendar: &Calendar,
        most: usize,
        now: Moment,
    ) -> Result<(u64, Vec<Move>), Error> {
        let (mut count, mut moves, mut after) = (0, Vec::new(), None);
        let mut tx = self.read().await?;
        loop {
            let stale = tx
                .stale_deadlines(calendar.version(), now, after, BATCH as i64)
                .await?;
            for deadline in &stale {
                after = Some(deadline.place());
                let old = &deadline.deadline;
                let Some(anew) = recount(old, deadline.rehearsal, calendar, now) else {
                    continue;
                };
                count += 1;
                if moves.len() < most {
                    moves.push(Move {
                        of: old.of.clone(),
                        kind: old.kind,
                        from: old.due_at,
                        to: anew.deadline.due_at,
                        provisional: anew.deadline.provisional,
                    });
                }
            }
            if stale.len() < BATCH {
                return Ok((count, moves));
            }
        }
    }
}

struct Batch {
    moved: u64,
    /// Where to go on; `None` at the end.
    last: Option<(Moment, i64)>,
}

impl Recount {
    fn log(&self, calendar: &str) {
        if self.moved > 0 {
            let moved = self.moved;
            tracing::warn!(moved, calendar, "due dates moved with the calendar");
        }
        let ProvisionalCount { deadlines, tickets } = self.provisional;
        if deadlines > 0 {
            tracing::warn!(
                deadlines,
                tickets,
                "due dates are provisional: they reach into a year without a file in calendars/; \
                see /tickets?provisional=true"
            );
        }
    }
}
