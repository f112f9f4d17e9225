//! Who wants whom called, and whether that may be.

use super::plans::Plans;
use crate::casework::Case;
use crate::domain::{Hand, Moment, State, TicketNumber};
use crate::engine::{CallId, Engine, Error, Page};
use crate::errands::{Numbers, Order, OrderId, Purpose, Trouble};
use crate::register::{AttemptRow, ErrandRow};
use crate::store::Tx;

/// What is wanted. Not `Debug`: it may hold a whole number, which no log tells (第十四条).
#[derive(Clone)]
pub struct Wish {
    pub what: WishFor,
    /// 工号 of the desk that is rung first.
    pub staff: Option<String>,
    /// Who wants it; `None`: the machine, or somebody at this machine.
    pub by: Option<Hand>,
}

/// Whom the call is about. Not `Debug`, as [`Wish`].
#[derive(Clone)]
pub enum WishFor {
    /// The rater of a ticket is called by a person.
    Revisit(TicketNumber),
    /// The machine tells the rater of a ticket the result and asks for the second rating.
    Result(TicketNumber),
    /// Somebody who asked to be called back, at this number or his own.
    Callback {
        call: CallId,
        number: Option<String>,
        not_before: Moment,
    },
}

/// What the operator allows.
#[derive(Debug, Clone)]
pub struct Allowing {
    pub numbers: Numbers,
    /// Errands that may be open.
    pub open_at_most: u64,
    /// Whether there is a trunk at all.
    pub trunk: bool,
    /// What a dialplan answers.
    pub plans: Plans,
}

/// Of an errand: sortable by when it was asked for, and unguessable.
pub fn fresh_order_id(now: Moment) -> OrderId {
    let digits = |c: &char| c.is_ascii_digit();
    let time: String = now.civil_text().chars().filter(digits).collect();
    OrderId(format!("out-{time}-{:06x}", rand::random::<u32>() >> 8))
}

/// Why nothing is called.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    #[error(transparent)]
    Refused(#[from] Trouble),
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<crate::store::Error> for NotAsked {
    fn from(error: crate::store::Error) -> Self {
        NotAsked::Engine(error.into())
    }
}

impl Engine {
    /// Asks for a call out; its id. What may not be called is refused and leaves nothing.
    pub async fn ask_for_call(
        &self,
        id: &OrderId,
        wish: Wish,
        allowing: &Allowing,
        now: Moment,
    ) -> Result<OrderId, NotAsked> {
        if !allowing.trunk {
            return Err(Trouble::NoTrunk.into());
        }
        if !allowing.plans.answer(wish.what.purpose()) {
            return Err(Trouble::NoPlan.into());
        }
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        let mut row = self.row_of(&mut tx, id, wish, now).await?;
        let number = allowing.numbers.judge(&row.number)?;
        row.number = number.as_str().to_owned();
        if tx.has_open_errand(&row.number, &row.purpose).await? {
            return Err(Trouble::Open.into());
        }
        if tx.open_errand_count().await? >= allowing.open_at_most {
            return Err(Trouble::Full.into());
        }
        tx.insert_errand(&row).await?;
        let detail = format!("登记外呼，尾号{}", number.tail());
        tx.note_errand(&row, "call_out_asked", detail, None, now)
            .await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(id.clone())
    }

    /// A call that nobody asked for and that may not be made: people see it in the list, and it is not looked at again.
    pub async fn set_aside(
        &self,
        what: &WishFor,
        trouble: Trouble,
        now: Moment,
    ) -> Result<(), Error> {
        let (ticket, call) = match what {
            WishFor::Revisit(ticket) | WishFor::Result(ticket) => (Some(ticket.to_string()), None),
            WishFor::Callback { call, .. } => (None, Some(call.clone())),
        };
        let row = ErrandRow {
            ticket,
            call,
            ..blank(&fresh_order_id(now), what.purpose(), now)
        };
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        tx.insert_errand(&row).await?;
        tx.withdraw_errand(&row.id, now).await?;
        let detail = format!("不外呼：{}", trouble.zh());
        tx.note_errand(&row, "call_out_withdrawn", detail, None, now)
            .await?;
        Ok(tx.commit().await?)
    }

    /// One errand.
    pub async fn call_out(&self, id: &str) -> Result<Option<ErrandRow>, Error> {
        Ok(self.read().await?.errand(id).await?)
    }

    /// Takes one back that is not being called; `false` where there is none such. `by`: who does; `None`: somebody at this machine.
    pub async fn withdraw_call(
        &self,
        id: &str,
        by: Option<&Hand>,
        now: Moment,
    ) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        tx.lock_errands().await?;
        let withdrawn = tx.withdraw_errand(id, now).await?;
        if let Some(mut row) = tx.errand(id).await?.filter(|_| withdrawn) {
            // Nobody else than who does it is named.
            row.asked_by = None;
            let detail = "取消外呼".to_owned();
            tx.note_errand(&row, "call_out_withdrawn", detail, by, now)
                .await?;
        }
        tx.commit().await?;
        Ok(withdrawn)
    }

    /// The newest calls out, each with its attempts.
    pub async fn calls_out(&self, limit: u64) -> Result<Vec<(ErrandRow, Vec<AttemptRow>)>, Error> {
        Ok(self.calls_out_page(None, limit).await?.items)
    }

    /// A page of them, newest first: `cursor` is the `next` of the page before, of which it goes on.
    pub async fn calls_out_page(
        &self,
        cursor: Option<&str>,
        limit: u64,
    ) -> Result<Page<(ErrandRow, Vec<AttemptRow>)>, Error> {
        let mut tx = self.read().await?;
        let mut rows = match cursor {
            None => tx.newest_errands(limit + 1).await?,
            Some(cursor) => {
                let bad = || Error::BadCursor(cursor.chars().take(80).collect());
                let last = tx.errand(cursor).await?.ok_or_else(bad)?;
                tx.errands_before(&last, limit + 1).await?
            }
        };
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(|row| row.id.clone());
        let items = with_attempts(&mut tx, rows).await?;
        Ok(Page { items, next })
    }

    /// One errand with its attempts.
    pub async fn whole_call_out(
        &self,
        id: &str,
    ) -> Result<Option<(ErrandRow, Vec<AttemptRow>)>, Error> {
        let mut tx = self.read().await?;
        let found = tx.errand(id).await?;
        Ok(with_attempts(&mut tx, found).await?.pop())
    }

    /// Those of one ticket, newest first.
    pub async fn calls_out_of_ticket(
        &self,
        ticket: TicketNumber,
    ) -> Result<Vec<(ErrandRow, Vec<AttemptRow>)>, Error> {
        /// A ticket has no more: three rounds of three attempts each.
        const MOST: u64 = 50;
        let mut tx = self.read().await?;
        let rows = tx.errands_of_ticket(&ticket.to_string(), MOST).await?;
        with_attempts(&mut tx, rows).await
    }

    /// When a call began.
    pub async fn call_started_at(&self, call: &CallId) -> Result<Option<Moment>, Error> {
        let standing = self.read().await?.call_standing(call).await?;
        Ok(standing.map(|call| call.started_at))
    }

    /// Tickets whose rater is to be told the result by the machine, and was not yet; a page of them, by number: those behind `after`, all
    /// behind `""`.
    pub async fn results_to_tell(
        &self,
        after: &str,
        limit: u64,
    ) -> Result<Vec<TicketNumber>, Error> {
        let mut tx = self.read().await?;
        let numbers = tx.tickets_to_rerate(after, limit).await?;
        Ok(numbers
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect())
    }

    /// Callbacks asked for since then of which nothing was made yet.
    pub async fn callbacks_to_make(
        &self,
        since: Moment,
        limit: u64,
    ) -> Result<Vec<(CallId, Option<String>, Moment)>, Error> {
        let mut tx = self.read().await?;
        Ok(tx.callbacks_without_errand(since, limit).await?)
    }

    async fn row_of(
        &self,
        tx: &mut Tx,
        id: &OrderId,
        wish: Wish,
        now: Moment,
    ) -> Result<ErrandRow, NotAsked> {
        let mut row = ErrandRow {
            staff: wish.staff,
            asked_by: wish.by.map(|hand| hand.person),
            ..blank(id, wish.what.purpose(), now)
        };
        match wish.what {
            WishFor::Revisit(ticket) | WishFor::Result(ticket) => {
                let case = tx.case(ticket).await?;
                let case = case.ok_or_else(|| Error::NoSuchTicket(ticket.to_string()))?;
                let is_revisit = row.purpose == Purpose::Revisit.word();
                may_be_called(&case, is_revisit)?;
                if tx.was_call_out_refused(&ticket.to_string()).await? {
                    return Err(Trouble::NoMoreCalls.into());
                }
                let rating = tx.rating(&case.ticket.rating.to_string()).await?;
                let call = rating.and_then(|rating| rating.call_id);
                let call = call.ok_or(Trouble::NoNumber)?;
                let rated = tx.call_standing(&call).await?;
                let rated = rated.ok_or_else(|| Error::NoSuchCall(call.0.clone()))?;
                row.number = rated.caller.ok_or(Trouble::NoNumber)?;
                row.rehearsal = rated.rehearsal;
                row.ticket = Some(ticket.to_string());
                row.call = Some(call);
                if is_revisit && row.staff.is_none() {
                    return Err(Trouble::NoDesk.into());
                }
            }
            WishFor::Callback {
                call,
                number,
                not_before,
            } => {
                row.not_before = not_before;
                let first = tx.call_standing(&call).await?;
                let first = first.ok_or_else(|| Error::NoSuchCall(call.0.clone()))?;
                row.number = number.or(first.caller).ok_or(Trouble::NoNumber)?;
                row.rehearsal = first.rehearsal;
                row.call = Some(call);
            }
        }
        Ok(row)
    }
}

/// Each with its attempts.
async fn with_attempts(
    tx: &mut Tx,
    rows: impl IntoIterator<Item = ErrandRow>,
) -> Result<Vec<(ErrandRow, Vec<AttemptRow>)>, Error> {
    let mut shown = Vec::new();
    for row in rows {
        let attempts = tx.errand_attempts(&row.id).await?;
        shown.push((row, attempts));
    }
    Ok(shown)
}

fn blank(id: &OrderId, purpose: Purpose, now: Moment) -> ErrandRow {
    ErrandRow {
        id: id.0.clone(),
        purpose: purpose.word().to_owned(),
        ticket: None,
        call: None,
        number: String::new(),
        staff: None,
        asked_by: None,
        asked_at: now,
        not_before: now,
        attempts: 0,
        tried: 0,
        state: "waiting".to_owned(),
        result: None,
        closed_at: None,
        rehearsal: false,
    }
}

/// Where a ticket's rater is called: revisited in the assessment (row 3), told the result where he may rate again.
pub(super) fn may_be_called(case: &Case, is_revisit: bool) -> Result<(), Trouble> {
    let state = match is_revisit {
        true => State::Assessing,
        false => State::ToRerate,
    };
    if case.no_more_calls() {
        return Err(Trouble::NoMoreCalls);
    }
    match case.ticket.state == state {
        true => Ok(()),
        false => Err(Trouble::NotNow),
    }
}

impl WishFor {
    pub const fn purpose(&self) -> Purpose {
        match self {
            WishFor::Revisit(_) => Purpose::Revisit,
            WishFor::Result(_) => Purpose::Result,
            WishFor::Callback { .. } => Purpose::Callback,
        }
    }
}

/// The order of a row, where its number may be called still.
pub(super) fn order_of(row: &ErrandRow, numbers: &Numbers) -> Result<Order, Trouble> {
    Ok(Order {
        id: OrderId(row.id.clone()),
        purpose: Purpose::of_word(&row.purpose).ok_or(Trouble::NotNow)?,
        number: numbers.judge(&row.number)?,
        not_before: row.not_before,
    })
}
