//! All figures, defined once: this table is what the API tells beside each number.

use super::count::{Count, Reviewer, TermOf};
use super::tally::Tally;
use crate::domain::{Article, ContentItem, Grade, NotAdopted};

/// A figure's definition.
#[derive(Debug)]
pub struct Definition {
    /// The word for the API; it never changes.
    pub word: &'static str,
    pub zh: &'static str,
    pub article: Article,
    pub measure: Measure,
    pub numerator: &'static [Count],
    pub denominator: &'static [Count],
    /// How the things count, in words.
    pub counts: &'static str,
}

/// What the quotient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A part of the denominator, in per cent.
    Share,
    /// The mean of the weights of the grades.
    Score,
    /// A mean time, in milliseconds.
    MeanMs,
    /// A mean time, in working days.
    MeanWorkdays,
}

/// Points of the five grades, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights(pub [i64; 5]);

impl Default for Weights {
    /// A published example.
    fn default() -> Self {
        Weights([10, 8, 6, 3, 0])
    }
}

/// Fewer than this are not ranked.
pub const RANKED_FROM: i64 = 30;

const GOOD: [Count; 3] = [
    Count::Graded(Grade::VerySatisfied),
    Count::Graded(Grade::Satisfied),
    Count::Graded(Grade::BasicallySatisfied),
];
const GOOD_WITH_DEFAULTS: [Count; 4] = [GOOD[0], GOOD[1], GOOD[2], Count::Defaulted];
const BAD: [Count; 2] = [
    Count::Graded(Grade::Dissatisfied),
    Count::Graded(Grade::VeryDissatisfied),
];
const ACTIVE: [Count; 5] = [GOOD[0], GOOD[1], GOOD[2], BAD[0], BAD[1]];
const ALL: [Count; 6] = [GOOD[0], GOOD[1], GOOD[2], BAD[0], BAD[1], Count::Defaulted];

macro_rules! figures {
    ($($word:literal $zh:literal $article:expr, $measure:ident $numerator:expr, $denominator:expr, $counts:literal;)*) => {
        &[$(Definition {
            word: $word, zh: $zh, article: $article, measure: Measure::$measure,
            numerator: $numerator, denominator: $denominator, counts: $counts,
        }),*]
    };
}

/// In the order in which they are told.
#[rustfmt::skip] // A row is read as a row.
pub const FIGURES: &[Definition] = figures! {
    "participation" "参评率" Article::of(7), Share &[Count::RatableRated], &[Count::Ratable],
        "有过主动评价的服务÷可评价的服务（通话满10秒的咨询、已办结的办件）；默认评价不计入分子";
    "satisfaction" "满意度（主动）" Article::of(5), Share &GOOD, &ACTIVE,
        "最后一次有效的主动评价为非常满意、满意、基本满意的服务÷有有效主动评价的服务；无效、误评、恶意、测试和待核评价不计";
    "satisfaction_with_defaults" "满意度（含默认）" Article::of(15), Share &GOOD_WITH_DEFAULTS, &ALL,
        "同上，没有有效主动评价而有默认评价的服务计为基本满意";
    "bad_share" "差评率（主动）" Article::of(5), Share &BAD, &ACTIVE,
        "最后一次有效的主动评价为不满意、非常不满意的服务÷有有效主动评价的服务";
    "bad_share_with_defaults" "差评率（含默认）" Article::of(15), Share &BAD, &ALL,
        "同上，分母含默认评价";
    "first_bad_share" "首评差评率" Article::of(13), Share &[Count::FirstBad], &[Count::Rated],
        "第一次主动评价为差评的服务÷有主动评价的服务；后来更改、未予采纳的也按第一次计，待核评价核实前不计";
    "bad_on_premises" "差评涉及大厅设施环境" Article::of(4).item(1), Share &[Count::BadOn(ContentItem::Premises)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（一）的；一次差评可涉及多项";
    "bad_on_staff" "差评涉及工作人员服务" Article::of(4).item(2), Share &[Count::BadOn(ContentItem::Staff)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（二）的；一次差评可涉及多项";
    "bad_on_web_platform" "差评涉及网上平台功能" Article::of(4).item(3), Share &[Count::BadOn(ContentItem::WebPlatform)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（三）的；一次差评可涉及多项";
    "bad_on_progress" "差评涉及主动告知进度" Article::of(4).item(4), Share &[Count::BadOn(ContentItem::Progress)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（四）的；一次差评可涉及多项";
    "bad_on_consultation" "差评涉及咨询答复" Article::of(4).item(5), Share &[Count::BadOn(ContentItem::Consultation)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（五）的；一次差评可涉及多项";
    "bad_on_guide" "差评涉及办事指南" Article::of(4).item(6), Share &[Count::BadOn(ContentItem::Guide)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（六）的；一次差评可涉及多项";
    "bad_on_told_at_once" "差评涉及一次性告知" Article::of(4).item(7), Share &[Count::BadOn(ContentItem::ToldAtOnce)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（七）的；一次差评可涉及多项";
    "bad_on_documents" "差评涉及依法出具文书" Article::of(4).item(8), Share &[Count::BadOn(ContentItem::Documents)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（八）的；一次差评可涉及多项";
    "bad_on_in_time" "差评涉及按时办结" Article::of(4).item(9), Share &[Count::BadOn(ContentItem::InTime)], &BAD,
        "有效主动评价为差评的服务中，评价人所选内容或者所按原因涉及第四条（九）的；一次差评可涉及多项";
    "bad_unsaid" "差评未说明内容" Article::of(4), Share &[Count::BadUnsaid], &BAD,
        "有效主动评价为差评的服务中，评价人没有选择内容，也没有按可归入第四条的原因的";
    "score" "加权得分" Article::of(18), Score &ACTIVE, &ACTIVE,
        "有效主动评价按等次的权重取平均";
    "assessed_in_time" "按期评估率" Article::of(9), Share &[Count::TermKept(TermOf::Assess)], &[Count::TermDue(TermOf::Assess)],
        "期内届满的评估时限中按期完成的；失效的时限不计";
    "verified_in_time" "按期核实率" Article::of(11), Share &[Count::TermKept(TermOf::Verify)], &[Count::TermDue(TermOf::Verify)],
        "期内届满的核实时限中按期完成的，按责任单位";
    "rectified_in_time" "按期整改率" Article::of(12), Share &[Count::TermKept(TermOf::Rectify)], &[Count::TermDue(TermOf::Rectify)],
        "期内届满的整改时限（5日、15日或者延期后的日期）中按期完成的，按责任单位";
    "rectified" "差评整改率" Article::of(12), Share &[Count::BadDone], &[Count::BadDue],
        "整改时限在期内届满的有效差评中已整改办结或者解释办结的";
    "named_rectified" "实名差评回访整改率" Article::of(12), Share &[Count::NamedDone], &[Count::NamedDue],
        "整改时限在期内届满的有效实名差评中已回访并已整改办结或者解释办结的；目标100%";
    "found_on_premises" "评估认定涉及大厅设施环境" Article::of(4).item(1), Share &[Count::FoundOn(ContentItem::Premises)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（一）的；一件差评可涉及多项";
    "found_on_staff" "评估认定涉及工作人员服务" Article::of(4).item(2), Share &[Count::FoundOn(ContentItem::Staff)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（二）的；一件差评可涉及多项";
    "found_on_web_platform" "评估认定涉及网上平台功能" Article::of(4).item(3), Share &[Count::FoundOn(ContentItem::WebPlatform)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（三）的；一件差评可涉及多项";
    "found_on_progress" "评估认定涉及主动告知进度" Article::of(4).item(4), Share &[Count::FoundOn(ContentItem::Progress)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（四）的；一件差评可涉及多项";
    "found_on_consultation" "评估认定涉及咨询答复" Article::of(4).item(5), Share &[Count::FoundOn(ContentItem::Consultation)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（五）的；一件差评可涉及多项";
    "found_on_guide" "评估认定涉及办事指南" Article::of(4).item(6), Share &[Count::FoundOn(ContentItem::Guide)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（六）的；一件差评可涉及多项";
    "found_on_told_at_once" "评估认定涉及一次性告知" Article::of(4).item(7), Share &[Count::FoundOn(ContentItem::ToldAtOnce)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（七）的；一件差评可涉及多项";
    "found_on_documents" "评估认定涉及依法出具文书" Article::of(4).item(8), Share &[Count::FoundOn(ContentItem::Documents)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（八）的；一件差评可涉及多项";
    "found_on_in_time" "评估认定涉及按时办结" Article::of(4).item(9), Share &[Count::FoundOn(ContentItem::InTime)], &[Count::BadDue],
        "整改时限在期内届满的有效差评中，有效性评估认定原因涉及第四条（九）的；一件差评可涉及多项";
    "ruled_invalid" "无效率" Article::of(11), Share &[Count::Ruled(NotAdopted::Invalid)], &[Count::Closed],
        "期内办结的差评工单中认定无效的，按责任单位";
    "ruled_mistaken" "误评率" Article::of(11), Share &[Count::Ruled(NotAdopted::Mistaken)], &[Count::Closed],
        "期内办结的差评工单中认定误评的";
    "ruled_malicious" "恶意率" Article::of(11), Share &[Count::Ruled(NotAdopted::Malicious)], &[Count::Closed],
        "期内办结的差评工单中认定恶意的";
    "appeals_upheld" "申诉成立率" Article::of(11), Share &[Count::AppealUpheld], &[Count::Appealed],
        "期内办结的工单中已裁定的申诉里成立的";
    "invalid_by_office" "无效由局办公室认定" Article::of(11), Share
        &[Count::RuledIn(NotAdopted::Invalid, Reviewer::GeneralOffice)], &[Count::Ruled(NotAdopted::Invalid)],
        "认定无效的工单中由局办公室认定的（责任单位是政务服务中心的，或者采纳政务服务中心提议的），其余由政务服务中心督导认定，按责任单位";
    "mistaken_by_office" "误评由局办公室认定" Article::of(11), Share
        &[Count::RuledIn(NotAdopted::Mistaken, Reviewer::GeneralOffice)], &[Count::Ruled(NotAdopted::Mistaken)],
        "认定误评的工单中由局办公室认定的，其余由政务服务中心督导认定，按责任单位";
    "malicious_by_office" "恶意由局办公室认定" Article::of(11), Share
        &[Count::RuledIn(NotAdopted::Malicious, Reviewer::GeneralOffice)], &[Count::Ruled(NotAdopted::Malicious)],
        "认定恶意的工单中由局办公室签发的，按责任单位";
    "appeals_upheld_by_centre" "申诉成立率（政务服务中心裁定）" Article::of(11), Share
        &[Count::AppealUpheldIn(Reviewer::Centre)], &[Count::AppealedIn(Reviewer::Centre)],
        "由政务服务中心督导裁定的申诉里成立的，按责任单位";
    "appeals_upheld_by_office" "申诉成立率（局办公室裁定）" Article::of(11), Share
        &[Count::AppealUpheldIn(Reviewer::GeneralOffice)], &[Count::AppealedIn(Reviewer::GeneralOffice)],
        "由局办公室裁定的申诉里成立的，按责任单位";
    "rerated" "再评率" Article::of(13), Share &[Count::Rerated], &[Count::Invited],
        "期内邀请再次评价的工单中再次评价的";
    "rerated_good" "再评好评率" Article::of(13), Share &[Count::ReratedGood], &[Count::Rerated],
        "再次评价的工单中最后一次为好评的";
    "mean_workdays_open" "平均办理时间（工作日）" Article::of(20), MeanWorkdays &[Count::OpenWorkdays], &[Count::Closed],
        "期内办结的差评工单从作出差评到办结的工作日数，与各项时限同样计算：作出当日不计，办结当日是工作日的计入";
    "mean_time_open" "平均办理时间（自然时间）" Article::of(17), MeanMs &[Count::OpenMs], &[Count::Closed],
        "期内办结的差评工单从产生到办结的自然时间，夜间和休息日计入";
    "answered" "接通率" Article::of(7), Share &[Count::Answered], &[Count::Wanted],
        "由人接听的来电÷等候人工的来电（接听的和未接听而挂机的）；GB/T 33358要求不低于95%";
    "answered_soon" "15秒接听率" Article::of(7), Share &[Count::AnsweredSoon], &[Count::Wanted],
        "来电后15秒内由人接听的÷等候人工的来电";
    "abandoned" "放弃率" Article::of(7), Share &[Count::Abandoned], &[Count::Wanted],
        "未接听而来电人挂机的÷等候人工的来电";
    "mean_wait" "平均等待" Article::of(7), MeanMs &[Count::WaitedMs], &[Count::Answered],
        "由人接听的来电从来电到接听的时间";
    "mean_abandoned_wait" "放弃前平均等待" Article::of(7), MeanMs &[Count::QueueAbandonedMs], &[Count::QueueAbandoned],
        "排队等候而未获接听、回电或者留言的来电，从进入队列到离开的时间";
    "mean_queue_wait" "每次排队平均等待" Article::of(7), MeanMs &[Count::QueueWaitsMs], &[Count::QueueWaits],
        "每次排队从进入队列到结束的时间；同一来电转入队列或者重新排队的各计一次";
    "prompted" "转评价率" Article::of(7).item(3), Share &[Count::Prompted], &[Count::Talked],
        "播放了评价提示的咨询÷通话满10秒的咨询";
    "keyed" "有效按键率" Article::of(7).item(3), Share &[Count::Keyed], &[Count::Prompted],
        "按键作出评价的÷播放了评价提示的咨询";
    "left_unrated" "挂机未评率" Article::of(6).paragraph(1), Share &[Count::LeftUnrated], &[Count::Talked],
        "来电人挂机而未评价的÷通话满10秒的咨询";
    "uploaded_in_time" "上报及时率" Article::of(16), Share &[Count::TermKept(TermOf::Upload)], &[Count::TermDue(TermOf::Upload)],
        "期内届满的汇聚时限中按期完成的";
    "upload_differences" "对账差异" Article::of(16), Share &[Count::UploadMissing], &[Count::TermDue(TermOf::Upload)],
        "汇聚时限在期内届满的数据中，至今没有国家政务服务平台接收回执的；迟报而已接收的不计";
};

/// A figure with its number.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    pub figure: &'static Definition,
    /// For a score the sum of the weights.
    pub numerator: i64,
    pub denominator: i64,
}

impl Definition {
    pub fn named(word: &str) -> Option<&'static Definition> {
        FIGURES.iter().find(|figure| figure.word == word)
    }

    pub fn of(&'static self, tally: &Tally, weights: Weights) -> Value {
        let numerator = match self.measure {
            Measure::Score => ACTIVE
                .iter()
                .zip(weights.0)
                .map(|(grade, points)| tally.get(*grade) * points)
                .sum(),
            _ => tally.sum(self.numerator),
        };
        Value {
            figure: self,
            numerator,
            denominator: tally.sum(self.denominator),
        }
    }

    /// What stands behind the denominator and not behind the numerator can be listed: the two are of the
    /// same things.
    pub fn can_be_missed(&self) -> bool {
        self.measure == Measure::Share
    }
}

impl Value {
    /// Per cent, points, milliseconds or working days, in hundredths and rounded half up; `None` where nothing is
    /// counted.
    pub fn hundredths(&self) -> Option<i64> {
        if self.denominator <= 0 {
            return None;
        }
        let scale: i128 = match self.figure.measure {
            Measure::Share => 100 * 100,
            Measure::Score | Measure::MeanMs | Measure::MeanWorkdays => 100,
        };
        let (numerator, denominator) = (i128::from(self.numerator), i128::from(self.denominator));
        let rounded = (2 * scale * numerator + denominator).div_euclid(2 * denominator);
        i64::try_from(rounded).ok()
    }

    /// Too few to be compared with others.
    pub fn is_small(&self) -> bool {
        self.denominator < RANKED_FROM
    }
}

/// All figures of one sum.
pub fn values(tally: &Tally, weights: Weights) -> Vec<Value> {
    FIGURES
        .iter()
        .map(|figure| figure.of(tally, weights))
        .collect()
}

/// Places from 1, the highest first, equals alike; `None` for what is too small to be ranked.
pub fn ranks(values: &[Value]) -> Vec<Option<usize>> {
    let place = |value: &Value| {
        let of = value.hundredths().filter(|_| !value.is_small())?;
        let better = values.iter().filter(|other| {
            !other.is_small() && other.hundredths().is_some_and(|theirs| theirs > of)
        });
        Some(1 + better.count())
    };
    values.iter().map(place).collect()
}

/// The definitions as a table in Markdown, for `docs/figures.md`, which a test compares with it.
pub fn drawn() -> String {
    let words = |counts: &[Count]| {
        let words: Vec<String> = counts
            .iter()
            .map(|count| format!("`{}`", count.word()))
            .collect();
        words.join(" + ")
    };
    let mut text = String::from("| 指标 | Word | 条 | ÷ | Counts |\n|---|---|---|---|---|\n");
    for figure in FIGURES {
        text.push_str(&format!(
            "| {} | `{}` | {} | {} ÷ {} | {} |\n",
            figure.zh,
            figure.word,
            figure.article,
            words(figure.numerator),
            words(figure.denominator),
            figure.counts
        ));
    }
    text
}
