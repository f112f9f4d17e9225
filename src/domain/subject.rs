use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::hand::{PersonId, UnitId};
use super::period::Period;
use super::rating::RatingId;
use super::ticket::TicketNumber;
use super::word::UnknownWord;

/// What a deadline, a notice or an entry of the trail is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    Rating(RatingId),
    Ticket(TicketNumber),
    /// A handling slip's order to one responsible unit, numbered within its ticket from 1.
    Order(TicketNumber, u8),
    /// An entry of the blocklist.
    Listing(u64),
    Person(PersonId),
    Unit(UnitId),
    /// A matter (办件), by its number.
    Matter(String),
    /// A period's bulletin.
    Period(Period),
    /// A day's trail.
    Day(crate::calendar::Day),
}

impl fmt::Display for Subject {
    /// For rows: `rating:call-x-1`, `ticket:T2026-000123`, `order:T2026-000123/1`, `listing:7` …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Rating(id) => write!(f, "rating:{id}"),
            Subject::Ticket(number) => write!(f, "ticket:{number}"),
            Subject::Order(number, order) => write!(f, "order:{number}/{order}"),
            Subject::Listing(number) => write!(f, "listing:{number}"),
            Subject::Person(id) => write!(f, "person:{id}"),
            Subject::Unit(id) => write!(f, "unit:{id}"),
            Subject::Matter(number) => write!(f, "matter:{number}"),
            Subject::Period(period) => write!(f, "period:{period}"),
            Subject::Day(day) => write!(f, "day:{day}"),
        }
    }
}

impl FromStr for Subject {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let read = || {
            let (kind, id) = text.split_once(':')?;
            Some(match kind {
                "rating" => Subject::Rating(id.parse().ok()?),
                "ticket" => Subject::Ticket(id.parse().ok()?),
                "order" => {
                    let (ticket, order) = id.split_once('/')?;
                    Subject::Order(ticket.parse().ok()?, order.parse().ok()?)
                }
                "listing" => Subject::Listing(id.parse().ok()?),
                "person" => Subject::Person(PersonId(id.to_owned())),
                "unit" => Subject::Unit(UnitId(id.to_owned())),
                "matter" => Subject::Matter(id.to_owned()),
                "period" => Subject::Period(id.parse().ok()?),
                "day" => Subject::Day(id.parse().ok()?),
                _ => return None,
            })
        };
        read().ok_or_else(|| UnknownWord {
            kind: "subject such as ticket:T2026-000123",
            word: text.to_owned(),
        })
    }
}

impl Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
