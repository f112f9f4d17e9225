use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{TERMS, Term};

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
    /// The handling unit's word on a 差评, within the assessment's term (第九条).
    Opinion,
    /// An order that nobody signs for is received at its end (第十一条, A36).
    Receive,
    /// Until when a unit may say that it is not the responsible one (第十条, A35).
    Contest,
    /// A rectification that was returned (第十二条).
    Rework,
    /// At its end a rater who says nothing has declined to rate again (第十三条).
    Rerate,
    /// Until when a rater may object to a rating not adopted (第十一条, A11).
    Object,
    /// The ruling on the rater's objection (第十一条, A11).
    Reconsider,
    /// Until when a listed person may object (第十一条).
    ListingObjection,
    /// The ruling on a listed person's objection (第十一条).
    ListingReview,
    /// At its end a listing is over (第十一条).
    Listing,
}

impl DeadlineKind {
    /// In the order of their numbers.
    pub const ALL: [DeadlineKind; 22] = [
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
        DeadlineKind::Opinion,
        DeadlineKind::Receive,
        DeadlineKind::Contest,
        DeadlineKind::Rework,
        DeadlineKind::Rerate,
        DeadlineKind::Object,
        DeadlineKind::Reconsider,
        DeadlineKind::ListingObjection,
        DeadlineKind::ListingReview,
        DeadlineKind::Listing,
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
            DeadlineKind::Opinion => "opinion",
            DeadlineKind::Receive => "receive",
            DeadlineKind::Contest => "contest",
            DeadlineKind::Rework => "rework",
            DeadlineKind::Rerate => "rerate",
            DeadlineKind::Object => "object",
            DeadlineKind::Reconsider => "reconsider",
            DeadlineKind::ListingObjection => "listing_objection",
            DeadlineKind::ListingReview => "listing_review",
            DeadlineKind::Listing => "listing",
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
            DeadlineKind::Opinion => "会同意见",
            DeadlineKind::Receive => "签收",
            DeadlineKind::Contest => "责任异议",
            DeadlineKind::Rework => "补充整改",
            DeadlineKind::Rerate => "等候再评",
            DeadlineKind::Object => "评价人异议期",
            DeadlineKind::Reconsider => "复核",
            DeadlineKind::ListingObjection => "黑名单异议期",
            DeadlineKind::ListingReview => "黑名单复核",
            DeadlineKind::Listing => "黑名单有效期",
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

/// The word names no term.
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
