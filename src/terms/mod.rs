//! The regulation's articles and its numbers, these in one dated table. No other file of the program states one
//! of them. Pure: no async, no clock, no I/O.
//!
//! **Invariant:** a term ends where article, length and calendar say, and nowhere else.

mod article;
mod kind;

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::calendar::Moment;
use crate::calendar::{Due, due_provisional};

pub use article::Article;
use kind::DeadlineKind::*;
pub use kind::{DeadlineKind, UnknownDeadlineKind};

/// Which text the table was taken from, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Edition {
    pub title: &'static str,
    pub standing: &'static str,
    /// The day the table was compared with the text.
    pub compared_on: &'static str,
}

/// The draft of which [`TERMS`] are the numbers.
pub const EDITION: Edition = Edition {
    title: "国家林业和草原局政务服务“好差评”实施办法",
    standing: "征求意见稿",
    compared_on: "2026-11-23",
};

/// How long a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "unit", content = "length", rename_all = "snake_case")]
pub enum Length {
    /// By the clock, nights and holidays included.
    Hours(u16),
    Workdays(NonZeroU16),
    /// The day the responsible unit names.
    DayNamed,
    /// Civil days, working or not; ends with the last of them.
    Days(u16),
    /// Ends with the day of the same number so many months later.
    Months(u8),
    /// No length of its own: ends with the other.
    Within(DeadlineKind),
}

/// What stands behind a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Force {
    /// The regulation's own number: passing it is a breach.
    Statutory,
    /// The bureau's own aim, where the text names no number: passing it is a warning.
    Target,
    /// A period at whose end something holds of itself: received, silent, over. Nobody can be late with it.
    Rule,
}

/// Where a term ends, and by which calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    pub due_at: Moment,
    /// 暂定: reaches into a year whose notice is not there yet (A40).
    pub provisional: bool,
    /// The calendar's version.
    pub calendar: String,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Term {
    /// D1 … D12, and on.
    pub number: u8,
    pub kind: DeadlineKind,
    pub article: Article,
    pub length: Length,
    pub force: Force,
    pub starts: &'static str,
    pub stops: &'static str,
}

const fn workdays(number: u16) -> Length {
    match NonZeroU16::new(number) {
        Some(number) => Length::Workdays(number),
        None => panic!("a term has at least one working day"),
    }
}

/// D1 to D12 of the regulation, then the bureau's own, in the order of their numbers.
#[rustfmt::skip] // A row is read as a row.
pub const TERMS: [Term; 22] = [
    Term { number: 1, kind: Remind, article: Article::of(6).paragraph(2), length: Length::Hours(24), force: Force::Statutory,
           starts: "审批事项办结",
           stops: "作出评价" },
    Term { number: 2, kind: Assess, article: Article::of(9), length: workdays(3), force: Force::Statutory,
           starts: "作出差评（意见箱为录入）",
           stops: "差评处理单生成并报局办公室" },
    Term { number: 3, kind: Dispatch, article: Article::of(9), length: workdays(1), force: Force::Target,
           starts: "报局办公室",
           stops: "发送责任单位" },
    Term { number: 4, kind: Verify, article: Article::of(11), length: workdays(3), force: Force::Statutory,
           starts: "责任单位收到差评处理单",
           stops: "反馈核实情况" },
    Term { number: 5, kind: Rectify, article: Article::of(12), length: workdays(5), force: Force::Statutory,
           starts: "责任单位收到差评处理单",
           stops: "反馈整改情况，或者核定为无效、误评、恶意、已解释说明" },
    Term { number: 6, kind: RectifyComplex, article: Article::of(12), length: workdays(15), force: Force::Statutory,
           starts: "责任单位收到差评处理单（与5个工作日同时起算，替代之）",
           stops: "反馈整改情况，或者核定为无效、误评、恶意、已解释说明" },
    Term { number: 7, kind: RectifyExtended, article: Article::of(12), length: Length::DayNamed, force: Force::Statutory,
           starts: "15个工作日届满前说明理由和整改期限",
           stops: "反馈整改情况，或者核定为无效、误评、恶意、已解释说明" },
    Term { number: 8, kind: DefaultGrade, article: Article::of(15), length: workdays(5), force: Force::Statutory,
           starts: "审批事项办结",
           stops: "作出评价" },
    Term { number: 9, kind: Upload, article: Article::of(16), length: workdays(5), force: Force::Statutory,
           starts: "每项数据（评价、核实、整改、再评、决定）产生",
           stops: "国家政务服务平台接收回执" },
    Term { number: 10, kind: Answer, article: Article::of(13), length: workdays(3), force: Force::Target,
           starts: "整改验收通过",
           stops: "向评价人反馈" },
    Term { number: 11, kind: Revisit, article: Article::of(8), length: Length::Within(Assess), force: Force::Target,
           starts: "作出差评",
           stops: "回访完成，或者在两个不同日期尝试三次未果" },
    Term { number: 12, kind: Bulletin, article: Article::of(18), length: workdays(10), force: Force::Target,
           starts: "统计期间（月、季）结束",
           stops: "印发通报" },
    Term { number: 13, kind: Opinion, article: Article::of(9), length: workdays(2), force: Force::Rule,
           starts: "作出差评",
           stops: "承办单位提出意见；届满视为无意见" },
    Term { number: 14, kind: Receive, article: Article::of(11), length: workdays(1), force: Force::Rule,
           starts: "发送差评处理单",
           stops: "责任单位签收；届满视为收到" },
    Term { number: 15, kind: Contest, article: Article::of(10), length: workdays(1), force: Force::Rule,
           starts: "责任单位收到差评处理单",
           stops: "提出责任异议；届满不再受理" },
    Term { number: 16, kind: Rework, article: Article::of(12), length: workdays(3), force: Force::Target,
           starts: "整改被退回",
           stops: "重新反馈整改情况" },
    Term { number: 17, kind: Rerate, article: Article::of(13), length: workdays(10), force: Force::Rule,
           starts: "向评价人反馈",
           stops: "再次评价；届满视为不再评价" },
    Term { number: 18, kind: Object, article: Article::of(11), length: Length::Days(30), force: Force::Rule,
           starts: "认定无效、误评、恶意",
           stops: "评价人提出复核；届满不再受理" },
    Term { number: 19, kind: Reconsider, article: Article::of(11), length: workdays(10), force: Force::Target,
           starts: "评价人提出复核",
           stops: "作出复核决定" },
    Term { number: 20, kind: ListingObjection, article: Article::of(11), length: workdays(10), force: Force::Rule,
           starts: "告知列入黑名单",
           stops: "提出异议；届满不再受理" },
    Term { number: 21, kind: ListingReview, article: Article::of(11), length: workdays(10), force: Force::Target,
           starts: "对列入黑名单提出异议",
           stops: "作出复核决定" },
    Term { number: 22, kind: Listing, article: Article::of(11), length: Length::Months(12), force: Force::Rule,
           starts: "列入黑名单",
           stops: "移出；届满自动移出" },
];

impl Term {
    /// When the term ends if it starts at `start`; `None` where its length is no number of working
    /// days (D1, D7, D11 and periods of civil time).
    pub fn due(&self, start: Moment, calendar: &Calendar) -> Option<Due> {
        match self.length {
            Length::Workdays(number) => Some(due_provisional(start, number, calendar)),
            Length::Hours(_)
            | Length::DayNamed
            | Length::Days(_)
            | Length::Months(_)
            | Length::Within(_) => None,
        }
    }

    /// As [`due`](Self::due), for terms by the clock and by civil days too; `None` where somebody names the
    /// day, or another term does.
    pub fn end(&self, start: Moment, calendar: &Calendar) -> Option<End> {
        let sure = |due_at| End {
            due_at,
            provisional: false,
            calendar: calendar.version().to_owned(),
        };
        match self.length {
            Length::Workdays(number) => {
                let due = due_provisional(start, number, calendar);
                Some(End {
                    due_at: due.due_at,
                    provisional: due.provisional,
                    calendar: due.calendar,
                })
            }
            Length::Hours(hours) => Some(sure(start.plus_millis(i64::from(hours) * 3_600_000))),
            Length::Days(days) => {
                let last = (0..days).fold(start.day(), |day, _| day.next());
                Some(sure(last.end()))
            }
            Length::Months(months) => Some(sure(start.day().plus_months(months).end())),
            Length::DayNamed | Length::Within(_) => None,
        }
    }

    /// Length in working days, where it is counted in these.
    pub fn workdays(&self) -> Option<u16> {
        match self.length {
            Length::Workdays(number) => Some(number.get()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_its_numbers_and_each_kind_finds_its_row() {
        for (index, kind) in DeadlineKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.term().kind, kind);
            assert_eq!(usize::from(kind.term().number), index + 1);
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert!("sometime".parse::<DeadlineKind>().is_err());
    }

    #[test]
    fn the_statutory_numbers_are_the_regulations() {
        let statutory: Vec<_> = TERMS
            .iter()
            .filter(|term| term.force == Force::Statutory)
            .filter_map(|term| match term.length {
                Length::Workdays(number) => {
                    Some((term.kind.word(), term.article.to_string(), number.get()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(
            statutory,
            [
                ("assess", "第九条".to_owned(), 3),
                ("verify", "第十一条".to_owned(), 3),
                ("rectify", "第十二条".to_owned(), 5),
                ("rectify_complex", "第十二条".to_owned(), 15),
                ("default_grade", "第十五条".to_owned(), 5),
                ("upload", "第十六条".to_owned(), 5),
            ]
        );
    }
}
