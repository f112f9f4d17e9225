//! A record in one line, for people: what was done and which term it moved. No name, no whole number.

use super::case::Case;
use crate::acts::Act;
use crate::acts::Kind;
use crate::acts::{Change, Record, SlipChange};

/// As `反馈属实：部分属实；核实反馈已完成`.
pub(super) fn detail(case: &Case, record: &Record, kind: &Kind) -> String {
    let mut parts = vec![match facts(case, record) {
        Some(facts) => format!("{}：{facts}", kind.zh),
        None => kind.zh.to_owned(),
    }];
    parts.extend(record.slips.iter().map(|slip| slip_zh(case, slip)));
    parts.extend(record.clocks.iter().map(clock_zh));
    parts.join("；")
}

fn facts(case: &Case, record: &Record) -> Option<String> {
    let granted = |grant: bool| if grant { "同意" } else { "不同意" };
    Some(match &record.act {
        Act::Open(opening) => {
            let listed = if opening.listed { "，待核" } else { "" };
            format!("评价{}为“{}”{listed}", opening.rating, opening.grade.zh())
        }
        Act::RateAgain { grade, .. } => format!("“{}”，工单继续办理", grade.zh()),
        Act::Rerate { grade, .. } => format!("“{}”，第{}轮", grade.zh(), case.ticket.round),
        Act::Assign {
            handling_unit: Some(unit),
            ..
        } => format!("承办单位{unit}"),
        Act::Revisit { result, slip, .. } => {
            let slip = if *slip { "，评价人称按错" } else { "" };
            format!("{}{slip}", result.zh())
        }
        Act::GiveOpinion { valid, .. } => (if *valid {
            "认为评价有效"
        } else {
            "认为评价无效"
        })
        .to_owned(),
        Act::Draft(assessment) => {
            let units = assessment.units.iter();
            let units = units.map(|named| format!("{}（规则{}）", named.unit, named.rule));
            let units = units.collect::<Vec<_>>().join("、");
            match assessment.invalid {
                Some(ground) => format!("责任单位{units}；提议列为无效：{}", ground.zh()),
                None => format!("责任单位{units}"),
            }
        }
        Act::Dispatch { workdays, .. } => {
            let unit = record.act.order().and_then(|number| case.order(number));
            let recused = unit.is_some_and(|order| order.unit.is_centre());
            let unit = unit.map_or(String::new(), |order| order.unit.to_string());
            let recused = if recused { "，回避" } else { "" };
            format!("{unit}，{}{recused}", workdays.zh())
        }
        Act::DecideComplex { grant, .. } => granted(*grant).to_owned(),
        Act::RequestExtension { until, .. } => format!("整改期限{until}"),
        Act::DecideExtension { grant, .. } => granted(*grant).to_owned(),
        Act::FindTrue { extent, .. } => extent.zh().to_owned(),
        Act::Appeal { ground, .. } => ground.zh().to_owned(),
        Act::JudgeMistaken { proof, .. } => proof.zh().to_owned(),
        Act::ProposeMalicious { intent, .. } => intent.zh().to_owned(),
        Act::FileRectification { done_on, .. } => format!("完成于{done_on}"),
        Act::ReturnRectification { .. } => {
            let order = record.act.order().and_then(|number| case.order(number))?;
            format!("第{}次", order.returns)
        }
        Act::Answer { way, checked, .. } => format!("{}，{}，并请再次评价", way.zh(), checked.zh()),
        Act::TryToAnswer { way, result } => format!("{}，{}", way.zh(), result.zh()),
        Act::DeclineRerate { way } | Act::Object { way, .. } => way.zh().to_owned(),
        Act::Miss { kind, .. } => kind.zh().to_owned(),
        Act::Revise { calendar } => format!("日历{calendar}"),
        Act::VerifyPending { rating, valid } => {
            let zh = super::case::verified(*valid).zh();
            format!("{rating}为“{zh}”，现计“{}”", case.ticket.grade.zh())
        }
        _ => return None,
    })
}

fn slip_zh(case: &Case, slip: &SlipChange) -> String {
    let number = |number: u8| {
        let order = case.orders.iter().find(|order| order.number == number);
        order.map_or(String::new(), |order| order.slip.zh())
    };
    match slip {
        SlipChange::Made { number, unit, .. } => format!("差评处理单{}（{unit}）", number.zh()),
        SlipChange::Rewritten { order, version, .. } => {
            format!("差评处理单{}第{version}稿", number(*order))
        }
        SlipChange::Voided { order } => format!("差评处理单{}作废", number(*order)),
    }
}

fn clock_zh(change: &Change) -> String {
    let kind = change.key().kind.zh();
    let sure = |provisional: bool| if provisional { "（暂定）" } else { "" };
    match change {
        Change::Started {
            due_at,
            provisional,
            ..
        } => {
            format!("{kind}{}届满{}", due_at.civil_text(), sure(*provisional))
        }
        Change::Met { .. } => format!("{kind}已完成"),
        Change::Void { .. } => format!("{kind}不再计算"),
        Change::Resumed { .. } => format!("{kind}自原起点继续计算"),
        Change::Moved {
            due_at,
            provisional,
            ..
        } => {
            format!("{kind}现定{}{}", due_at.civil_text(), sure(*provisional))
        }
        Change::Missed { .. } => format!("{kind}超期"),
    }
}
