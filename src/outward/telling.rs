//! What the trail and the ticket are told of a call out.

use super::trying::Attempt;
use crate::acts::Reached;
use crate::casework::Act;
use crate::domain::{Actor, Article, By, Entry, Hand, Moment, Subject, TicketNumber, UnitId, What};
use crate::engine::{Doing, Engine, Error};
use crate::errands::{Ended, Purpose};
use crate::register::ErrandRow;
use crate::store::Tx;

impl Ended {
    /// As the trail says it.
    pub const fn zh(self) -> &'static str {
        match self {
            Ended::Answered => "已接通",
            Ended::Busy => "忙",
            Ended::NoAnswer => "无人接听",
            Ended::Refused => "不希望再接到电话",
            Ended::Declined => "拒接",
            Ended::Later => "要求稍后联系",
            Ended::WrongNumber => "空号",
            Ended::OutOfReach => "无法接通",
            Ended::DeskNoAnswer => "座席未接",
            Ended::DeskAbandoned => "座席先挂机",
            Ended::Network => "线路故障",
            Ended::OutOfHours => "已过外呼时段",
            Ended::Interrupted => "中断",
            Ended::Failed => "接通后故障",
            Ended::Withdrawn => "已取消",
        }
    }
}

impl Tx {
    pub(super) async fn note_errand(
        &mut self,
        row: &ErrandRow,
        what: &'static str,
        detail: String,
        by: Option<&Hand>,
        now: Moment,
    ) -> Result<(), Error> {
        let ticket = row
            .ticket
            .as_ref()
            .and_then(|number| number.parse::<TicketNumber>().ok());
        let about = ticket.map_or_else(|| Subject::Unit(UnitId::centre()), Subject::Ticket);
        let article = match Purpose::of_word(&row.purpose) {
            Some(Purpose::Result) => Article::of(13),
            Some(Purpose::Revisit) => Article::of(8),
            _ => Article::of(7),
        };
        let entry = Entry {
            at: now,
            actor: Actor::System,
            person: by
                .map(|hand| &hand.person)
                .or(row.asked_by.as_ref())
                .cloned(),
            what: What::Act(what),
            about,
            article,
            detail: format!("{detail}（{}）", row.id),
            record: None,
            rehearsal: row.rehearsal,
        };
        Ok(self.note(&entry).await?)
    }
}

impl Engine {
    /// A revisit that reached nobody is one of the ticket's attempts (D11), by whoever asked for it. One that reached him is recorded by
    /// the person who talked, with what was said and this call.
    ///
    /// Only the database's fault is one; else the attempt is on record, and the ticket may have gone on meanwhile.
    pub(super) async fn tell_ticket(
        &self,
        attempt: &Attempt,
        ended: Ended,
        begun_at: Moment,
        now: Moment,
    ) -> Result<(), Error> {
        let row = &attempt.row;
        let result = match ended {
            Ended::Busy => Reached::Busy,
            Ended::NoAnswer | Ended::Declined | Ended::OutOfReach | Ended::Later => {
                Reached::NoAnswer
            }
            Ended::WrongNumber => Reached::NoSuchNumber,
            Ended::Refused => Reached::Refused,
            // Not the rater's doing, or told by a person.
            Ended::Answered
            | Ended::DeskNoAnswer
            | Ended::DeskAbandoned
            | Ended::Network
            | Ended::OutOfHours
            | Ended::Interrupted
            | Ended::Failed
            | Ended::Withdrawn => return Ok(()),
        };
        let ticket = row
            .ticket
            .as_ref()
            .and_then(|text| text.parse::<TicketNumber>().ok());
        let (Some(ticket), Some(person)) = (ticket, &row.asked_by) else {
            return Ok(());
        };
        if row.purpose != Purpose::Revisit.word() {
            return Ok(());
        }
        let told = async {
            let hand = self.hand_of(person, now).await?;
            let hand = hand.ok_or_else(|| Error::Refused("nobody works here by that id".into()))?;
            let doing = Doing {
                ticket,
                act: Act::Revisit {
                    result,
                    call: Some(attempt.call.0.clone()),
                    answers: String::new(),
                    slip: false,
                    no_more_calls: ended == Ended::Refused,
                },
                by: By::Person(hand),
                seen: None,
                key: Some(format!("{}-{}", row.id, attempt.seq)),
            };
            // It was begun within the hours, though it may have rung beyond them, or be written on another day.
            let last = begun_at.day().at(19, 59, 59);
            self.act(doing, now.min(last)).await
        };
        match told.await {
            Ok(_) => Ok(()),
            Err(fault @ Error::Store(_)) => Err(fault),
            Err(error) => {
                tracing::warn!(errand = row.id, %error, "the ticket was not told of an attempt");
                Ok(())
            }
        }
    }
}
