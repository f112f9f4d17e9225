//! The regulation's numbers, in one dated table. No other file of the program states one of them.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::article::Article;
use crate::calendar::Calendar;
use crate::calendar::Moment;
use crate::calendar::{Due, due_provisional};

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

/// A deadline of the regulation or of the bureau's own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineKind {
    /// The reminder to rate a finished filing (第六条第二款).
    Remind,
    /// Validity assessed, responsibility assigned, slip made and reported (第九条).
    Assess,
    /// The slip sent to the responsible unit (第九条); no number in the text.
    Dispatch,
    /// Verification fed back (第十一条).
    Verify,
    /// Rectified and reported (第十二条).
    Rectify,
    /// As `Rectify`, where the case is complex: replaces it from the same start (A3).
    RectifyComplex,
    /// As `Rectify`, beyond fifteen days: the day named by the unit (A6).
    RectifyExtended,
    /// No rating after a filing is finished: 基本满意 by default (第十五条); never by telephone (A15).
    DefaultGrade,
    /// A datum handed to the national platform (第十六条).
    Upload,
    /// The result told to the rater (第十三条); no number in the text (A31).
    Answer,
    /// The revisit, inside the assessment's term (第八条, A30).
    Revisit,
    /// The bulletin after a period (第十八条).
    Bulletin,
}

/// How long a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "unit", content = "length", rename_all = "snake_case")]
pub enum Length {
    /// By the clock, nights and holidays included.
    Hours(u16),
    Workdays(NonZeroU16),
    /// The day the responsible unit names.
    DayNamed,
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
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Term {
    /// D1 … D12.
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

/// D1 to D12, in the order of their numbers.
pub const TERMS: [Term; 12] = [
    Term {
        number: 1,
        kind: DeadlineKind::Remind,
        article: Article::of(6).paragraph(2),
        length: Length::Hours(24),
        force: Force::Statutory,
        starts: "审批事项办结",
        stops: "作出评价",
    },
    Term {
        number: 2,
        kind: DeadlineKind::Assess,
        article: Article::of(9),
        length: workdays(3),
        force: Force::Statutory,
        starts: "作出差评（意见箱为录入）",
        stops: "差评处理单生成并报局办公室",
    },
    Term {
        number: 3,
        kind: DeadlineKind::Dispatch,
        article: Article::of(9),
        length: workdays(1),
        force: Force::Target,
        starts: "报局办公室",
        stops: "发送责任单位",
    },
    Term {
        number: 4,
        kind: DeadlineKind::Verify,
        article: Article::of(11),
        length: workdays(3),
        force: Force::Statutory,
        starts: "责任单位收到差评处理单",
        stops: "反馈核实情况",
    },
    Term {
        number: 5,
        kind: DeadlineKind::Rectify,
        article: Article::of(12),
        length: workdays(5),
        force: Force::Statutory,
        starts: "责任单位收到差评处理单",
        stops: "反馈整改情况，或者核定为无效、误评、恶意、已解释说明",
    },
    Term {
        number: 6,
        kind: DeadlineKind::RectifyComplex,
        article: Article::of(12),
        length: workdays(15),
        force: Force::Statutory,
        starts: "责任单位收到差评处理单（与5个工作日同时起算，替代之）",
        stops: "反馈整改情况，或者核定为无效、误评、恶意、已解释说明",
    },
    Term {
        number: 7,
        kind: DeadlineKind::RectifyExtended,
        article: Article::of(12),
        length: Length::DayNamed,
        force: Force::Statutory,
        starts: "15个工作日届满前说明理由和整改期限",
        stops: "反馈整改情况，或者核定为无效、误评、恶意、已解释说明",
    },
    Term {
        number: 8,
        kind: DeadlineKind::DefaultGrade,
        article: Article::of(15),
        length: workdays(5),
        force: Force::Statutory,
        starts: "审批事项办结",
        stops: "作出评价",
    },
    Term {
        number: 9,
        kind: DeadlineKind::Upload,
        article: Article::of(16),
        length: workdays(5),
        force: Force::Statutory,
        starts: "每项数据（评价、核实、整改、再评、决定）产生",
        stops: "国家政务服务平台接收回执",
    },
    Term {
        number: 10,
        kind: DeadlineKind::Answer,
        article: Article::of(13),
        length: workdays(3),
        force: Force::Target,
        starts: "整改验收通过",
        stops: "向评价人反馈",
    },
    Term {
        number: 11,
        kind: DeadlineKind::Revisit,
        article: Article::of(8),
        length: Length::Within(DeadlineKind::Assess),
        force: Force::Target,
        starts: "作出差评",
        stops: "回访完成，或者在两个不同日期尝试三次未果",
    },
    Term {
        number: 12,
        kind: DeadlineKind::Bulletin,
        article: Article::of(18),
        length: workdays(10),
        force: Force::Target,
        starts: "统计期间（月、季）结束",
        stops: "印发通报",
    },
];

impl DeadlineKind {
    /// In the order of their numbers D1 to D12.
    pub const ALL: [DeadlineKind; 12] = [
        DeadlineKind::Remind,
        DeadlineKind::Assess,
        DeadlineKind::Dispatch,
        DeadlineKind::Verify,
        DeadlineKind::Rectify,
        DeadlineKind::RectifyComplex,
        DeadlineKind::RectifyExtended,
        DeadlineKind::DefaultGrade,
        DeadlineKind::Upload,
        DeadlineKind::Answer,
        DeadlineKind::Revisit,
        DeadlineKind::Bulletin,
    ];

    /// The word for rows and the API; it never changes.
    pub const fn word(self) -> &'static str {
        match self {
            DeadlineKind::Remind => "remind",
            DeadlineKind::Assess => "assess",
            DeadlineKind::Dispatch => "dispatch",
            DeadlineKind::Verify => "verify",
            DeadlineKind::Rectify => "rectify",
            DeadlineKind::RectifyComplex => "rectify_complex",
            DeadlineKind::RectifyExtended => "rectify_extended",
            DeadlineKind::DefaultGrade => "default_grade",
            DeadlineKind::Upload => "upload",
            DeadlineKind::Answer => "answer",
            DeadlineKind::Revisit => "revisit",
            DeadlineKind::Bulletin => "bulletin",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            DeadlineKind::Remind => "提醒评价",
            DeadlineKind::Assess => "有效性评估和责任界定",
            DeadlineKind::Dispatch => "发送差评处理单",
            DeadlineKind::Verify => "核实反馈",
            DeadlineKind::Rectify => "整改反馈",
            DeadlineKind::RectifyComplex => "整改反馈（情况复杂）",
            DeadlineKind::RectifyExtended => "整改反馈（延期）",
            DeadlineKind::DefaultGrade => "默认评价",
            DeadlineKind::Upload => "汇聚国家政务服务平台",
            DeadlineKind::Answer => "向评价人反馈",
            DeadlineKind::Revisit => "回访调查",
            DeadlineKind::Bulletin => "通报",
        }
    }

    /// The kind's row of the table.
    pub fn term(self) -> &'static Term {
        &TERMS[self as usize]
    }
}

impl fmt::Display for DeadlineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The word is none of the twelve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no kind of deadline")]
pub struct UnknownDeadlineKind(pub String);

impl FromStr for DeadlineKind {
    type Err = UnknownDeadlineKind;

    fn from_str(word: &str) -> Result<Self, UnknownDeadlineKind> {
        DeadlineKind::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or_else(|| UnknownDeadlineKind(word.to_owned()))
    }
}

impl Term {
    /// When the term ends if it starts at `start`; `None` where its length is no number of working
    /// days (D1, D7, D11).
    pub fn due(&self, start: Moment, calendar: &Calendar) -> Option<Due> {
        match self.length {
            Length::Workdays(number) => Some(due_provisional(start, number, calendar)),
            Length::Hours(_) | Length::DayNamed | Length::Within(_) => None,
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
                Length::Hours(_) | Length::DayNamed | Length::Within(_) => None,
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
