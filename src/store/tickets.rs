//! `save(Decision)`: a ticket with its orders, slips, deadlines, notices and lines of the trail, in one
//! transaction.

use super::driver::{Tx, args};
use super::{Error, statements};
use crate::casework::{
    CaseChange, Change, DeadlineChange, Decision, Order, SlipNumber, SlipVersion, next_look,
};
use crate::domain::{Calendar, Deadline, DeadlineKind, Moment, Subject, TicketNumber};

statements! {
    INSERT_TICKET = "INSERT INTO tickets (number, rating_id, state, round, grade, opened_at, \
        rehearsal, version, officer, unit, closed_at, listed, escalated) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    UPDATE_TICKET = "UPDATE tickets SET state = $2, round = $3, grade = $4, version = $5, \
        officer = $6, unit = $7, closed_at = $8, escalated = $9 WHERE number = $1 AND version = $10";
    BUMP_VERSION = "UPDATE tickets SET version = version + 1 WHERE number = $1";
    UPSERT_ORDER = "INSERT INTO orders (ticket, number, round, slip, slip_version, unit, rule, \
        state, void, complex, received_at, deemed, contested, returns) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
        ON CONFLICT (ticket, number) DO UPDATE SET slip_version = excluded.slip_version, \
        rule = excluded.rule, state = excluded.state, void = excluded.void, \
        complex = excluded.complex, received_at = excluded.received_at, \
        deemed = excluded.deemed, contested = excluded.contested, returns = excluded.returns";
    INSERT_SLIP = "INSERT INTO slips (number, version, ticket, order_number, unit, matter, contact, \
        made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    VOID_SLIPS = "UPDATE slips SET void_at = $2 WHERE number = $1 AND void_at IS NULL";
    INSERT_DEADLINE = "INSERT INTO deadlines (subject, kind, epoch, rating_id, ticket, article, \
        started_at, due_at, met_at, provisional, calendar, rehearsal, next_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    MEET = "UPDATE deadlines SET met_at = $4, next_at = NULL \
        WHERE subject = $1 AND kind = $2 AND epoch = $3";
    VOID = "UPDATE deadlines SET void_at = $4, next_at = NULL \
        WHERE subject = $1 AND kind = $2 AND epoch = $3";
    RESUME = "UPDATE deadlines SET met_at = NULL, next_at = \
        CASE WHEN missed_at IS NULL THEN CAST($4 AS BIGINT) END WHERE subject = $1 AND kind = $2 AND epoch = $3";
    MISS = "UPDATE deadlines SET missed_at = $4, next_at = NULL \
        WHERE subject = $1 AND kind = $2 AND epoch = $3";
}

impl Tx {
    /// Everything a decision says, in this one transaction. `false` where the ticket is not as it was when
    /// it was decided: then nothing may be committed.
    pub async fn save(
        &mut self,
        decision: &Decision,
        calendar: &Calendar,
        at: Moment,
    ) -> Result<bool, Error> {
        if let Some(rating) = &decision.rating {
            self.save_rating(rating).await?;
        }
        for (rating, standing) in &decision.standings {
            self.set_standing(rating, *standing).await?;
        }
        if let Some(change) = &decision.case
            && !self.save_case(change).await?
        {
            return Ok(false);
        }
        let rating = decision.rating.as_ref().map(|rating| rating.id.to_string());
        let case = decision.case.as_ref().map(|change| &change.after);
        let ticket = case.map(|case| case.ticket.number.to_string());
        let rehearsal = decision.trail.first().is_some_and(|entry| entry.rehearsal);
        let of = rating
            .clone()
            .or_else(|| case.map(|case| case.ticket.rating.to_string()));
        for slip in &decision.void_slips {
            self.run(VOID_SLIPS, args![slip.to_string(), at]).await?;
        }
        for slip in &decision.slips {
            self.save_slip(slip).await?;
        }
        for change in &decision.deadlines {
            match change {
                DeadlineChange::Started(deadline) => {
                    let names = (of.as_deref(), ticket.as_deref());
                    let next = look_at(deadline, rehearsal, at, calendar);
                    self.insert_deadline(names, deadline, rehearsal, next)
                        .await?;
                }
                DeadlineChange::Changed { of, change } => {
                    self.change_deadline(of, change, at, calendar).await?;
                }
            }
        }
        for notice in &decision.notices {
            self.save_notice(rating.as_deref(), ticket.as_deref(), notice, at)
                .await?;
        }
        for entry in &decision.trail {
            self.append_trail(of.as_deref(), ticket.as_deref(), entry)
                .await?;
        }
        Ok(true)
    }

    async fn save_case(&mut self, change: &CaseChange) -> Result<bool, Error> {
        let case = &change.after;
        let ticket = &case.ticket;
        let number = ticket.number.to_string();
        let officer = case.officer.as_ref().map(|person| person.0.clone());
        let unit = case.primary().map(|order| order.unit.0.clone());
        let saved = match change.before {
            None => {
                let values = args![
                    &number,
                    ticket.rating.to_string(),
                    ticket.state.word(),
                    i64::from(ticket.round),
                    ticket.grade,
                    ticket.opened_at,
                    ticket.rehearsal,
                    i64::from(case.version),
                    officer,
                    unit,
                    case.closed_at,
                    case.listed,
                    case.escalated
                ];
                let TicketNumber {
                    series,
                    year,
                    serial,
                } = ticket.number;
                self.use_up(series.letter(), year, serial).await?;
                self.run(INSERT_TICKET, values).await?
            }
            Some(before) => {
                let values = args![
                    &number,
                    ticket.state.word(),
                    i64::from(ticket.round),
                    ticket.grade,
                    i64::from(case.version),
                    officer,
                    unit,
                    case.closed_at,
                    case.escalated,
                    i64::from(before)
                ];
                self.run(UPDATE_TICKET, values).await?
            }
        };
        if saved == 0 {
            return Ok(false);
        }
        for order in &case.orders {
            self.save_order(&number, order).await?;
        }
        self.count_ticket_anew(&number).await?;
        Ok(true)
    }

    async fn save_order(&mut self, ticket: &str, order: &Order) -> Result<(), Error> {
        let values = args![
            ticket,
            i64::from(order.number),
            i64::from(order.round),
            order.slip.to_string(),
            i64::from(order.version),
            &order.unit.0,
            i64::from(order.rule),
            order.state.word(),
            order.void,
            order.complex,
            order.received_at,
            order.deemed,
            order.contested,
            i64::from(order.returns)
        ];
        self.run(UPSERT_ORDER, values).await?;
        Ok(())
    }

    async fn save_slip(&mut self, slip: &SlipVersion) -> Result<(), Error> {
        let number = slip.number.to_string();
        // The version before is kept as a void copy.
        self.run(VOID_SLIPS, args![&number, slip.made_at]).await?;
        let values = args![
            &number,
            i64::from(slip.version),
            slip.ticket.to_string(),
            i64::from(slip.order),
            &slip.unit.0,
            &slip.matter,
            &slip.contact,
            slip.made_at
        ];
        self.run(INSERT_SLIP, values).await?;
        let SlipNumber {
            series,
            year,
            serial,
        } = slip.number;
        self.use_up(SlipNumber::letter(series), year, serial).await
    }

    /// `names`: the rating and the ticket it belongs to.
    pub async fn insert_deadline(
        &mut self,
        names: (Option<&str>, Option<&str>),
        deadline: &Deadline,
        rehearsal: bool,
        next_at: Option<Moment>,
    ) -> Result<(), Error> {
        let values = args![
            deadline.of.to_string(),
            deadline.kind.word(),
            i64::from(deadline.epoch),
            names.0,
            names.1,
            deadline.article.to_string(),
            deadline.started_at,
            deadline.due_at,
            deadline.met_at,
            deadline.provisional,
            &deadline.calendar,
            rehearsal,
            next_at
        ];
        self.run(INSERT_DEADLINE, values).await?;
        Ok(())
    }

    async fn change_deadline(
        &mut self,
        of: &Subject,
        change: &Change,
        now: Moment,
        calendar: &Calendar,
    ) -> Result<(), Error> {
        let key = change.key();
        let (sql, at) = match change {
            Change::Met { at, .. } => (MEET, Some(*at)),
            Change::Void { at, .. } => (VOID, Some(*at)),
            Change::Missed { at, .. } => (MISS, Some(*at)),
            // Looked at soon: the tick finds out whether it has passed meanwhile.
            Change::Resumed { .. } => (RESUME, Some(now)),
            Change::Started { .. } | Change::Moved { .. } => {
                let _ = calendar;
                unreachable!("started and moved deadlines are saved by themselves")
            }
        };
        let values = args![of.to_string(), key.kind.word(), i64::from(key.epoch), at];
        self.run(sql, values).await?;
        Ok(())
    }

    /// A ticket's version goes on with each of its records.
    pub(super) async fn bump_version(&mut self, ticket: &str) -> Result<(), Error> {
        self.run(BUMP_VERSION, args![ticket]).await?;
        self.count_ticket_anew(ticket).await
    }
}

/// A rehearsal's data are sent nowhere, so nothing is missed.
fn look_at(
    deadline: &Deadline,
    rehearsal: bool,
    now: Moment,
    calendar: &Calendar,
) -> Option<Moment> {
    if rehearsal && deadline.kind == DeadlineKind::Upload {
        return None;
    }
    let after = now.min(deadline.due_at);
    next_look(deadline.kind, deadline.due_at, after, calendar)
}
