//! What pages and the API read.

use super::cursor::{List, clamp};
use super::{
    Answering, CallDetail, CallFilter, CallId, CallRow, Counted, DeadlineRow, DeskCount, Engine,
    Error, Figures, Numbers, Page, RatingFilter, RatingRow, Reach, TicketDetail, TicketFilter,
    TicketRow,
};
use crate::domain::{Day, Grade, Moment, Polarity, mask};
use crate::figures::{SHORTEST_TALK_MS, SOON_MS};
use crate::lists::Position;
use crate::store::Tx;

impl Engine {
    /// Newest first; `limit` 1–200. A cursor stays right while new rows come in.
    pub async fn calls(
        &self,
        filter: &CallFilter,
        cursor: Option<&str>,
        limit: u32,
        numbers: Numbers,
    ) -> Result<Page<CallRow>, Error> {
        let (after, limit) = (List::Calls.read(cursor)?, clamp(limit));
        let mut filter = filter.clone();
        if let Some(tail) = &mut filter.number_tail {
            tail.retain(|c| c.is_ascii_digit());
        }
        let mut tx = self.read().await?;
        let mut calls = tx.calls(&filter, after.as_ref(), limit + 1).await?;
        for call in &mut calls {
            conceal(&mut call.caller, &mut call.caller_number, numbers);
        }
        Ok(List::Calls.page(calls, limit, |call| Position {
            at: call.started_at,
            id: call.id.0.clone(),
        }))
    }

    /// A call with everything that belongs to it; its timeline up to this moment.
    pub async fn call(&self, id: &CallId, numbers: Numbers) -> Result<Option<CallDetail>, Error> {
        // Else the page of a live call would miss its last lines.
        if let Err(error) = self.inner.timeline.flush().await {
            tracing::warn!(%error, "the timeline stays pending");
        }
        let mut tx = self.read().await?;
        let Some((mut row, source)) = tx.call(id).await? else {
            return Ok(None);
        };
        conceal(&mut row.caller, &mut row.caller_number, numbers);
        let mut callback = tx.callback(id).await?;
        if let Some(callback) = &mut callback {
            conceal(&mut callback.number, &mut callback.whole_number, numbers);
        }
        let rating = match &row.rating {
            Some(rating) => tx.rating(rating).await?,
            None => None,
        };
        let ticket = match &row.ticket {
            Some(number) => ticket_row(&mut tx, number, numbers).await?,
            None => None,
        };
        Ok(Some(CallDetail {
            row,
            sip_call_id: source.sip_call_id,
            source: source.source,
            dialplan: source.dialplan,
            dialplan_digest: source.dialplan_digest,
            timeline: tx.events(id).await?,
            desks: tx.desk_spans(id).await?,
            waits: tx.queue_waits(id).await?,
            keyed_grades: tx.keyed_grades(id).await?,
            reasons: tx.reasons(id).await?,
            clips: tx.clips(id).await?,
            recording: tx.recording(id).await?,
            callback,
            rating,
            ticket,
            listenings: tx.listenings(id).await?,
        }))
    }

    pub async fn ratings(
        &self,
        filter: &RatingFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<RatingRow>, Error> {
        let (after, limit) = (List::Ratings.read(cursor)?, clamp(limit));
        let mut tx = self.read().await?;
        let ratings = tx.ratings(filter, after.as_ref(), limit + 1).await?;
        Ok(List::Ratings.page(ratings, limit, |rating| Position {
            at: rating.rated_at,
            id: rating.id.clone(),
        }))
    }

    pub async fn rating(&self, id: &str) -> Result<Option<RatingRow>, Error> {
        Ok(self.read().await?.rating(id).await?)
    }

    pub async fn tickets(
        &self,
        filter: &TicketFilter,
        cursor: Option<&str>,
        limit: u32,
        numbers: Numbers,
    ) -> Result<Page<TicketRow>, Error> {
        let (after, limit) = (List::Tickets.read(cursor)?, clamp(limit));
        let mut tx = self.read().await?;
        let mut tickets = tx.tickets(filter, after.as_ref(), limit + 1).await?;
        for ticket in &mut tickets {
            conceal(&mut ticket.caller, &mut ticket.caller_number, numbers);
        }
        Ok(List::Tickets.page(tickets, limit, |ticket| Position {
            at: ticket.opened_at,
            id: ticket.number.clone(),
        }))
    }

    /// A ticket with its deadlines and how each was counted, its rating and its call.
    pub async fn ticket(
        &self,
        number: &str,
        numbers: Numbers,
    ) -> Result<Option<TicketDetail>, Error> {
        let mut tx = self.read().await?;
        let Some(row) = ticket_row(&mut tx, number, numbers).await? else {
            return Ok(None);
        };
        let call = match &row.call_id {
            Some(call) => tx.call(call).await?.map(|(call, _)| call),
            None => None,
        };
        let call = call.map(|mut call| {
            conceal(&mut call.caller, &mut call.caller_number, numbers);
            call
        });
        Ok(Some(TicketDetail {
            counted: row.deadlines.iter().map(|d| self.count(d)).collect(),
            trail: tx.trail(number).await?,
            rating: tx.rating(&row.rating_id).await?,
            call,
            row,
        }))
    }

    /// Whether one record is within a reach: a rehearsal, or of a ticket that was sent to one of the units.
    pub async fn within(
        &self,
        reach: &Reach,
        rehearsal: bool,
        ticket: Option<&str>,
    ) -> Result<bool, Error> {
        match (reach, ticket) {
            (Reach::All, _) => Ok(true),
            (Reach::Rehearsals, _) => Ok(rehearsal),
            (Reach::Units(_), None) => Ok(false),
            (Reach::Units(units), Some(ticket)) => {
                let sent_to = self.read().await?.units_of(ticket).await?;
                Ok(sent_to.iter().any(|unit| units.contains(unit)))
            }
        }
    }

    /// Counts the days of a deadline again, for people to read; no days where it is not counted in working
    /// days.
    fn count(&self, deadline: &DeadlineRow) -> Counted {
        let term = deadline.kind.term();
        let due = term.due(deadline.started_at, &self.inner.calendar);
        Counted {
            kind: deadline.kind,
            differs: due
                .as_ref()
                .is_some_and(|due| due.due_at != deadline.due_at),
            days: due.map_or_else(Vec::new, |due| due.counted),
        }
    }

    /// Calls that began on these days (inclusive, Asia/Shanghai) and are over; `None` is open.
    /// Rehearsals are left out.
    pub async fn figures(&self, from: Option<Day>, to: Option<Day>) -> Result<Figures, Error> {
        let mut tx = self.read().await?;
        let mut figures = Figures {
            by_grade: Grade::ALL.map(|grade| (grade, 0)).to_vec(),
            tickets: tx.ticket_count(from, to).await?,
            ..Figures::default()
        };
        let mut by_outcome = std::collections::BTreeMap::<String, u64>::new();
        for count in tx.call_counts(from, to).await? {
            let outcome = count.outcome.unwrap_or_default();
            figures.calls += count.calls;
            if TALKED.contains(&outcome.as_str()) {
                figures.talked += count.calls;
                if count.offered || OFFERED.contains(&outcome.as_str()) {
                    figures.offered += count.calls;
                }
                figures.grade(count.grade, count.calls);
            }
            *by_outcome.entry(outcome).or_default() += count.calls;
        }
        figures.by_outcome = by_outcome.into_iter().collect();
        Ok(figures)
    }

    /// How soon those were answered whose calls began since then.
    pub async fn answering(&self, since: Moment) -> Result<Answering, Error> {
        let mut tx = self.read().await?;
        Ok(tx.answering(since, SOON_MS).await?)
    }

    /// What the consultations of these days (inclusive) came to at each desk, by staff number.
    pub async fn desk_counts(&self, from: Day, to: Day) -> Result<Vec<DeskCount>, Error> {
        let mut tx = self.read().await?;
        let shortest_ms = i64::try_from(SHORTEST_TALK_MS).unwrap_or(i64::MAX);
        Ok(tx.desk_counts(from, to, shortest_ms).await?)
    }
}

/// Outcomes of calls in which a person talked: the denominator of 推送率 and 参评率.
const TALKED: [&str; 7] = [
    "graded",
    "left_before_offer",
    "left_in_offer",
    "silent",
    "invalid_only",
    "declined",
    "fault",
];
/// Outcomes that only an offer can have.
const OFFERED: [&str; 5] = [
    "graded",
    "left_in_offer",
    "silent",
    "invalid_only",
    "declined",
];

impl Figures {
    fn grade(&mut self, grade: Option<Grade>, calls: u64) {
        let Some(grade) = grade else { return };
        self.graded += calls;
        if grade.polarity() == Polarity::Positive {
            self.positive += calls;
        }
        for (of, counted) in &mut self.by_grade {
            if *of == grade {
                *counted += calls;
            }
        }
    }
}

async fn ticket_row(
    tx: &mut Tx,
    number: &str,
    numbers: Numbers,
) -> Result<Option<TicketRow>, Error> {
    let mut ticket = tx.ticket(number).await?;
    if let Some(ticket) = &mut ticket {
        conceal(&mut ticket.caller, &mut ticket.caller_number, numbers);
    }
    Ok(ticket)
}

/// Rows come with the whole number; what goes out is masked, and whole only where it may be.
fn conceal(masked: &mut Option<String>, whole: &mut Option<String>, numbers: Numbers) {
    *masked = whole.as_deref().map(mask);
    if numbers == Numbers::Masked {
        *whole = None;
    }
}
