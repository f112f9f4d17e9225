//! Who is responsible for a 差评 (第十条): a table that suggests, with the row to cite; people decide.

use serde::{Deserialize, Serialize};

use super::choice::words;
use crate::domain::{Article, Reason, UnitId};

words! {
    /// What kind of service was rated.
    Business {
        Approval "approval" "审批"
        Consultation "consultation" "咨询"
    }
    /// What about the service was bad.
    Aspect {
        Response "response" "服务响应"
        Language "language" "服务用语"
        Manner "manner" "服务作风"
        Guidance "guidance" "服务指引"
        ToldAtOnce "told_at_once" "一次性告知"
        Materials "materials" "材料接收"
        Progress "progress" "进展查询"
        Result "result" "结果告知"
        Acceptance "acceptance" "审批受理"
        ExpertReview "expert_review" "专家评审"
        Decision "decision" "作出决定"
        /// The unit's 口径 or 办事指南 was wrong.
        Substance "substance" "答复口径或办事指南有误"
        LateBeforeAcceptance "late_before_acceptance" "受理前超时"
        LateAfterAcceptance "late_after_acceptance" "受理后超时"
        Hall "hall" "大厅设施环境"
        Platform "platform" "网上平台功能"
        Waiting "waiting" "难接通、等待久"
        Unknown "unknown" "原因不明"
    }
}

/// To whom a row leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Responsible {
    /// 政务服务中心.
    Centre,
    /// 承办单位.
    HandlingUnit,
    /// 相关司局: the bureau that a seconded colleague comes from, at the time of the service (A24).
    HomeUnit,
}

/// A row of the decision table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// From 1; what an attribution cites.
    pub number: u8,
    /// `None`: either.
    pub business: Option<Business>,
    pub aspects: &'static [Aspect],
    /// Whether it was a seconded colleague (轮岗锻炼); `None`: whoever.
    pub seconded: Option<bool>,
    /// The first is the primary one; each gets a handling slip of its own.
    pub responsible: &'static [Responsible],
    pub article: Article,
    /// 拟定: the regulation leaves a gap, and this is the bureau's reading.
    pub reading: bool,
}

use Aspect::*;
use Business::{Approval, Consultation};

const TENTH: Article = Article::of(10);

/// In the order in which they are tried; the first that fits is the one.
#[rustfmt::skip] // A row is read as a row.
pub const RULES: [Rule; 12] = [
    Rule { number: 1, business: None, aspects: &[Response, Language, Manner, Guidance], seconded: Some(true),
           responsible: &[Responsible::HomeUnit], article: TENTH.item(3), reading: false },
    Rule { number: 2, business: Some(Approval), aspects: &[Guidance, ToldAtOnce, Materials, Progress, Result], seconded: Some(false),
           responsible: &[Responsible::Centre], article: TENTH.item(1), reading: false },
    Rule { number: 3, business: Some(Approval), aspects: &[ToldAtOnce, Materials, Progress, Result], seconded: Some(true),
           responsible: &[Responsible::Centre], article: TENTH.item(1), reading: true },
    Rule { number: 4, business: Some(Consultation), aspects: &[Response, Language, Manner, Guidance, ToldAtOnce], seconded: None,
           responsible: &[Responsible::Centre], article: TENTH.item(1), reading: false },
    Rule { number: 5, business: Some(Approval), aspects: &[Acceptance, ExpertReview, Decision], seconded: None,
           responsible: &[Responsible::HandlingUnit], article: TENTH.item(2), reading: false },
    Rule { number: 6, business: Some(Consultation), aspects: &[Substance], seconded: None,
           responsible: &[Responsible::HandlingUnit, Responsible::Centre], article: TENTH, reading: true },
    Rule { number: 7, business: Some(Approval), aspects: &[LateAfterAcceptance], seconded: None,
           responsible: &[Responsible::HandlingUnit], article: TENTH.item(2), reading: true },
    Rule { number: 8, business: None, aspects: &[Hall], seconded: None,
           responsible: &[Responsible::Centre], article: TENTH, reading: true },
    Rule { number: 9, business: None, aspects: &[Platform], seconded: None,
           responsible: &[Responsible::Centre], article: TENTH, reading: true },
    Rule { number: 10, business: Some(Consultation), aspects: &[Waiting, Progress, Result, Materials], seconded: None,
           responsible: &[Responsible::Centre], article: TENTH.item(1), reading: true },
    Rule { number: 11, business: Some(Approval), aspects: &[LateBeforeAcceptance, Waiting, Response, Language, Manner], seconded: None,
           responsible: &[Responsible::Centre], article: TENTH.item(1), reading: true },
    Rule { number: 12, business: None, aspects: &[], seconded: None,
           responsible: &[], article: TENTH, reading: true },
];

/// What is known of a bad grade when responsibility is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub business: Business,
    pub aspect: Aspect,
    /// The bureau that a seconded colleague who served came from.
    pub seconded_from: Option<UnitId>,
    pub handling_unit: Option<UnitId>,
}

/// A row with the units it leads to; a unit that is not known is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    pub rule: &'static Rule,
    pub aspect: Aspect,
    pub units: Vec<UnitId>,
}

/// The first row that fits. A cause nobody knows falls to the Centre for a consultation and to the handling
/// unit for an approval (row 12).
pub fn suggest(question: &Question) -> Suggestion {
    let seconded = question.seconded_from.is_some();
    let rule = RULES
        .iter()
        .find(|rule| {
            rule.business
                .is_none_or(|business| business == question.business)
                && rule.aspects.contains(&question.aspect)
                && rule.seconded.is_none_or(|wanted| wanted == seconded)
        })
        .unwrap_or(&RULES[11]);
    let fallback = match question.business {
        Approval => [Responsible::HandlingUnit],
        Consultation => [Responsible::Centre],
    };
    let responsible: &[Responsible] = match rule.responsible {
        [] => &fallback,
        named => named,
    };
    let unit = |responsible: &Responsible| match responsible {
        Responsible::Centre => Some(UnitId::centre()),
        Responsible::HandlingUnit => question.handling_unit.clone(),
        Responsible::HomeUnit => question.seconded_from.clone(),
    };
    Suggestion {
        rule,
        aspect: question.aspect,
        units: responsible.iter().filter_map(unit).collect(),
    }
}

impl Aspect {
    /// What a cause keyed by telephone most likely points at.
    pub const fn of(reason: Reason) -> Aspect {
        match reason {
            Reason::Attitude => Manner,
            Reason::UnclearAnswer => Substance,
            Reason::NotToldAtOnce => ToldAtOnce,
            Reason::Progress => Progress,
            Reason::HardToReach => Waiting,
            Reason::Other => Unknown,
        }
    }
}
