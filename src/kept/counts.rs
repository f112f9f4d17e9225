//! What lists of pages and programs come to: counts, and their rates.

use serde::Serialize;

use crate::domain::Grade;

/// Counts of a period, rehearsals left out (`domain.md` 8.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Calls that ended.
    pub calls: u64,
    /// Calls in which a person talked (ratable instances).
    pub talked: u64,
    /// Talked calls to which the rating was offered.
    pub offered: u64,
    /// Talked calls with a grade.
    pub graded: u64,
    /// Graded calls whose grade is 好评.
    pub positive: u64,
    /// Ended calls by outcome word.
    pub by_outcome: Vec<(String, u64)>,
    /// Graded calls by grade, in the order of 第五条.
    pub by_grade: Vec<(Grade, u64)>,
    pub tickets: u64,
}

impl Figures {
    /// 推送率: offered / talked, in 0..=1; `None` without a talked call.
    pub fn offered_rate(&self) -> Option<f64> {
        rate(self.offered, self.talked)
    }

    /// 参评率: graded / talked.
    pub fn participation_rate(&self) -> Option<f64> {
        rate(self.graded, self.talked)
    }

    /// 满意度: 好评 / graded.
    pub fn satisfaction_rate(&self) -> Option<f64> {
        rate(self.positive, self.graded)
    }
}

fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// How soon those who wanted a person were answered, since some moment; rehearsals left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Answering {
    /// Answered, or hung up before.
    pub wanted: u64,
    pub answered: u64,
    /// Within fifteen seconds of the call's beginning (GB/T 33358).
    pub answered_soon: u64,
}

impl Answering {
    /// 接通率: answered / wanted.
    pub fn answered_rate(&self) -> Option<f64> {
        rate(self.answered, self.wanted)
    }

    /// Answered within fifteen seconds / answered.
    pub fn soon_rate(&self) -> Option<f64> {
        rate(self.answered_soon, self.answered)
    }
}

/// What the consultations of a desk's person came to, over days that are counted whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeskCount {
    /// 工号.
    pub staff: String,
    pub talks: u64,
    pub talked_ms: u64,
    /// The talk was ended from the desk: hung up, or sent to the rating.
    pub ended_by_desk: u64,
    /// The rating was offered.
    pub offered: u64,
    /// The desk stayed on the line until the caller had hung up, so that no rating was offered to him.
    pub outwaited: u64,
}

impl DeskCount {
    /// 推送率 of this desk.
    pub fn offered_rate(&self) -> Option<f64> {
        rate(self.offered, self.talks)
    }

    /// The share of talks in which the caller was outwaited.
    pub fn outwaited_rate(&self) -> Option<f64> {
        rate(self.outwaited, self.talks)
    }

    /// A talk's mean length.
    pub fn mean_talk_ms(&self) -> Option<u64> {
        self.talked_ms.checked_div(self.talks)
    }
}
