//! One value that the store saves in one transaction, or none of it.

use super::case::{Case, Order};
use crate::acts::SlipNumber;
use crate::acts::{Change, ClockKey, Record};
use crate::domain::{
    Admitted, Deadline, Entry, Moment, Notice, Rating, RatingId, Standing, Subject, TicketNumber,
    UnitId,
};

/// What something causes. The store saves it in one transaction, or none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// A rating that came in.
    pub rating: Option<Rating>,
    /// Ratings that count from now, or no more.
    pub standings: Vec<(RatingId, Standing)>,
    pub case: Option<CaseChange>,
    pub deadlines: Vec<DeadlineChange>,
    pub slips: Vec<SlipVersion>,
    /// Slips of which the written versions are void copies from now.
    pub void_slips: Vec<SlipNumber>,
    pub notices: Vec<Notice>,
    pub trail: Vec<Entry>,
}

/// A ticket before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseChange {
    /// `None`: it was opened.
    pub before: Option<u32>,
    pub after: Case,
}

/// A deadline that is new, or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadlineChange {
    Started(Deadline),
    Changed { of: Subject, change: Change },
}

/// A version of a handling slip (差评处理单, 附件), as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipVersion {
    pub number: SlipNumber,
    pub version: u16,
    pub ticket: TicketNumber,
    pub order: u8,
    /// （司局/单位）.
    pub unit: UnitId,
    /// 现收到有关 … 的差评: channel, time, grade, cause; no name, no whole number.
    pub matter: String,
    pub contact: String,
    pub made_at: Moment,
}

impl From<Admitted> for Decision {
    /// A rating that touches no ticket.
    fn from(admitted: Admitted) -> Self {
        Decision {
            deadlines: admitted
                .deadlines
                .into_iter()
                .map(DeadlineChange::Started)
                .collect(),
            rating: Some(admitted.rating),
            notices: admitted.notices,
            trail: admitted.trail,
            ..Decision::default()
        }
    }
}

/// Of whom a clock of the ticket is.
pub fn subject(ticket: TicketNumber, key: ClockKey) -> Subject {
    match key.order {
        Some(order) => Subject::Order(ticket, order),
        None => Subject::Ticket(ticket),
    }
}

/// A record's clocks as deadlines.
pub(super) fn deadlines(record: &Record, ticket: TicketNumber) -> Vec<DeadlineChange> {
    let changed = |change: &Change| {
        let key = change.key();
        let of = subject(ticket, key);
        let Change::Started {
            started_at,
            due_at,
            provisional,
            calendar,
            ..
        } = change
        else {
            return DeadlineChange::Changed {
                of,
                change: change.clone(),
            };
        };
        DeadlineChange::Started(Deadline {
            of,
            kind: key.kind,
            epoch: key.epoch,
            article: key.kind.term().article,
            started_at: *started_at,
            due_at: *due_at,
            met_at: None,
            void_at: None,
            missed_at: None,
            provisional: *provisional,
            calendar: calendar.clone(),
        })
    };
    record.clocks.iter().map(changed).collect()
}

/// The slip of an order as it stands.
pub(super) fn slip_version(case: &Case, order: &Order, at: Moment) -> SlipVersion {
    let assessment = case.draft.as_ref().map(|draft| &draft.assessment);
    let cause = assessment.map_or("未说明", |assessment| assessment.cause.as_str());
    SlipVersion {
        number: order.slip,
        version: order.version,
        ticket: case.ticket.number,
        order: order.number,
        unit: order.unit.clone(),
        matter: format!(
            "{}服务，评价“{}”，原因：{cause}",
            case.business.zh(),
            case.ticket.grade.zh(),
        ),
        contact: assessment.map_or_else(String::new, |assessment| assessment.contact.clone()),
        made_at: at,
    }
}
