//! The ticket of a 差评: its states, and the one table that says what may happen to it.

mod event;
mod row;
mod table;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::grade::Grade;
use super::rating::RatingId;
use super::word::{UnknownWord, read_word};
use crate::calendar::Moment;

pub use event::Event;
pub use row::{ClockChange, Next, Origin, Record, Row, article_of, transition};
pub use table::TRANSITIONS;

/// The internal number of a ticket: `T2026-000123`, of a rehearsal's `R2026-000001`. The slip's own
/// number (第…号 of the annex, A25) is another, given when the slip is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TicketNumber {
    pub series: Series,
    /// Year of opening in Asia/Shanghai.
    pub year: i16,
    /// From 1, anew each year in each series.
    pub serial: u32,
}

/// A row of numbers without holes. Rehearsals have one of their own, so that they tear none into the
/// real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Series {
    /// `T`.
    Real,
    /// `R`.
    Rehearsal,
}

/// A ticket (差评工单, 第四章).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub number: TicketNumber,
    pub state: State,
    /// 1, and one more for each bad re-rating after a closing (A38).
    pub round: u8,
    /// The rating that opened it.
    pub rating: RatingId,
    /// The grade that counts now (第十三条).
    pub grade: Grade,
    pub opened_at: Moment,
    /// Opened by a rehearsal: stays out of figures.
    pub rehearsal: bool,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// N 新建.
    New,
    /// A 评估中.
    Assessing,
    /// P 已报局办.
    Reported,
    /// S 已发送.
    Sent,
    /// V 核实中.
    Verifying,
    /// W 核实已反馈待审.
    UnderReview,
    /// R 整改中.
    Rectifying,
    /// Q 整改已反馈待验.
    Rectified,
    /// F 待反馈评价人.
    ToAnswer,
    /// G 待再评.
    ToRerate,
    /// C1 整改办结.
    ClosedRectified,
    /// C2 解释办结.
    ClosedExplained,
    /// C3 无效.
    ClosedInvalid,
    /// C4 误评.
    ClosedMistaken,
    /// C5 恶意.
    ClosedMalicious,
}

/// Who does it, or whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    System,
    /// 评价人.
    Rater,
    /// 政务服务中心处置员.
    CentreOfficer,
    /// 政务服务中心回访员.
    CentreRevisitor,
    /// 政务服务中心督导.
    CentreSupervisor,
    /// 承办单位.
    HandlingUnit,
    /// 局办公室经办.
    GeneralOffice,
    /// 局办公室签发.
    GeneralOfficeSigner,
    /// 责任单位联络员.
    ResponsibleUnit,
    /// 责任单位负责人.
    ResponsibleHead,
}

impl State {
    pub const ALL: [State; 15] = [
        State::New,
        State::Assessing,
        State::Reported,
        State::Sent,
        State::Verifying,
        State::UnderReview,
        State::Rectifying,
        State::Rectified,
        State::ToAnswer,
        State::ToRerate,
        State::ClosedRectified,
        State::ClosedExplained,
        State::ClosedInvalid,
        State::ClosedMistaken,
        State::ClosedMalicious,
    ];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            State::New => "new",
            State::Assessing => "assessing",
            State::Reported => "reported",
            State::Sent => "sent",
            State::Verifying => "verifying",
            State::UnderReview => "under_review",
            State::Rectifying => "rectifying",
            State::Rectified => "rectified",
            State::ToAnswer => "to_answer",
            State::ToRerate => "to_rerate",
            State::ClosedRectified => "closed_rectified",
            State::ClosedExplained => "closed_explained",
            State::ClosedInvalid => "closed_invalid",
            State::ClosedMistaken => "closed_mistaken",
            State::ClosedMalicious => "closed_malicious",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            State::New => "新建",
            State::Assessing => "评估中",
            State::Reported => "已报局办",
            State::Sent => "已发送",
            State::Verifying => "核实中",
            State::UnderReview => "核实已反馈待审",
            State::Rectifying => "整改中",
            State::Rectified => "整改已反馈待验",
            State::ToAnswer => "待反馈评价人",
            State::ToRerate => "待再评",
            State::ClosedRectified => "整改办结",
            State::ClosedExplained => "解释办结",
            State::ClosedInvalid => "无效",
            State::ClosedMistaken => "误评",
            State::ClosedMalicious => "恶意",
        }
    }

    pub const fn is_closed(self) -> bool {
        match self {
            State::ClosedRectified
            | State::ClosedExplained
            | State::ClosedInvalid
            | State::ClosedMistaken
            | State::ClosedMalicious => true,
            State::New
            | State::Assessing
            | State::Reported
            | State::Sent
            | State::Verifying
            | State::UnderReview
            | State::Rectifying
            | State::Rectified
            | State::ToAnswer
            | State::ToRerate => false,
        }
    }

    /// Whose turn it is. Nothing lies with nobody; a closed ticket lies with the centre, which keeps it.
    pub const fn owner(self) -> Actor {
        match self {
            State::New | State::UnderReview => Actor::CentreSupervisor,
            State::Assessing | State::Rectified | State::ToAnswer => Actor::CentreOfficer,
            State::Reported => Actor::GeneralOffice,
            State::Sent | State::Verifying | State::Rectifying => Actor::ResponsibleUnit,
            State::ToRerate => Actor::CentreRevisitor,
            State::ClosedRectified
            | State::ClosedExplained
            | State::ClosedInvalid
            | State::ClosedMistaken
            | State::ClosedMalicious => Actor::CentreOfficer,
        }
    }
}

impl Actor {
    pub const ALL: [Actor; 10] = [
        Actor::System,
        Actor::Rater,
        Actor::CentreOfficer,
        Actor::CentreRevisitor,
        Actor::CentreSupervisor,
        Actor::HandlingUnit,
        Actor::GeneralOffice,
        Actor::GeneralOfficeSigner,
        Actor::ResponsibleUnit,
        Actor::ResponsibleHead,
    ];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Actor::System => "system",
            Actor::Rater => "rater",
            Actor::CentreOfficer => "centre_officer",
            Actor::CentreRevisitor => "centre_revisitor",
            Actor::CentreSupervisor => "centre_supervisor",
            Actor::HandlingUnit => "handling_unit",
            Actor::GeneralOffice => "general_office",
            Actor::GeneralOfficeSigner => "general_office_signer",
            Actor::ResponsibleUnit => "responsible_unit",
            Actor::ResponsibleHead => "responsible_head",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Actor::System => "系统",
            Actor::Rater => "评价人",
            Actor::CentreOfficer => "政务服务中心处置员",
            Actor::CentreRevisitor => "政务服务中心回访员",
            Actor::CentreSupervisor => "政务服务中心督导",
            Actor::HandlingUnit => "承办单位",
            Actor::GeneralOffice => "局办公室",
            Actor::GeneralOfficeSigner => "局办公室签发人",
            Actor::ResponsibleUnit => "责任单位",
            Actor::ResponsibleHead => "责任单位负责人",
        }
    }
}

impl Series {
    pub const ALL: [Series; 2] = [Series::Real, Series::Rehearsal];

    /// The series a ticket takes its number of.
    pub const fn of(rehearsal: bool) -> Self {
        if rehearsal {
            Series::Rehearsal
        } else {
            Series::Real
        }
    }

    /// The letter that a number begins with.
    pub const fn letter(self) -> char {
        match self {
            Series::Real => 'T',
            Series::Rehearsal => 'R',
        }
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = self.series.letter();
        write!(f, "{letter}{:04}-{:06}", self.year, self.serial)
    }
}

impl FromStr for TicketNumber {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let series = Series::ALL
            .into_iter()
            .find(|series| text.starts_with(series.letter()));
        let number = series.and_then(|series| {
            let (year, serial) = text[1..].split_once('-')?;
            Some(TicketNumber {
                series,
                year: year.parse().ok()?,
                serial: serial.parse().ok()?,
            })
        });
        // Only the written form reads back: T2026-1 is no second name of T2026-000001.
        number
            .filter(|number| number.serial > 0 && number.to_string() == text)
            .ok_or_else(|| UnknownWord {
                kind: "ticket number such as T2026-000123",
                word: text.to_owned(),
            })
    }
}

impl<'de> Deserialize<'de> for TicketNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for TicketNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

read_word!(State, "state of a ticket");
read_word!(Actor, "actor");
read_word!(Event, "event of a ticket");

#[cfg(test)]
mod tests;
