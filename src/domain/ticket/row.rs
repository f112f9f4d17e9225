use serde::Serialize;

use super::{Actor, Event, State, TRANSITIONS};
use crate::domain::refusal::Refusal;
use crate::terms::Article;
use crate::terms::DeadlineKind;

/// From where a row leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// There is no ticket yet.
    Nothing,
    In(&'static [State]),
    AnyOpen,
    Any,
}

/// Where a row leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Same,
    State(State),
    /// Which of them, the guard says.
    OneOf(&'static [State]),
}

/// What a row does to a clock. A clock is never paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    Start(DeadlineKind),
    /// Also the one that took its place.
    Stop(DeadlineKind),
    /// Goes on from where it began, as if it had not been stopped.
    Resume(DeadlineKind),
    /// The longer term takes the shorter one's place, from the same start (A3).
    Replace(DeadlineKind, DeadlineKind),
}

/// What must be written down with a row (第十七条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// 评价
    Rating,
    /// 流转
    Assignment,
    /// 回访
    Revisit,
    /// 核实
    Verification,
    /// 评估 and 差评处理单
    Assessment,
    /// 退回
    Return,
    /// 决定
    Ruling,
    /// 发送
    Dispatch,
    /// 签收
    Receipt,
    /// 责任异议
    Objection,
    /// 复杂申请、延期
    Extension,
    /// 申诉
    Appeal,
    /// 申诉决定
    AppealRuling,
    /// 整改
    Rectification,
    /// 验收
    Acceptance,
    /// 反馈评价人
    Answer,
    /// 督办
    Escalation,
    /// 复核
    Reconsideration,
    /// 超期
    Overdue,
    /// 日历变更
    Recalculation,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// From 1.
    pub number: u8,
    pub from: Origin,
    pub event: Event,
    pub actors: &'static [Actor],
    /// What must hold besides, in words; empty where nothing must.
    pub guard: &'static str,
    pub to: Next,
    pub clocks: &'static [ClockChange],
    pub records: &'static [Record],
    pub article: Article,
}

/// The row that allows `event` in `state` (`None`: no ticket yet), or the refusal with its article.
pub fn transition(state: Option<State>, event: Event) -> Result<&'static Row, Refusal> {
    let rows = || TRANSITIONS.iter().filter(move |row| row.event == event);
    rows()
        .find(|row| row.from.holds(state))
        .ok_or_else(|| Refusal::NotNow {
            article: article_of(event),
            state,
            event,
        })
}

/// The article that an event's row cites.
pub fn article_of(event: Event) -> Article {
    let row = TRANSITIONS.iter().find(|row| row.event == event);
    row.expect("every event has a row").article
}

impl Origin {
    pub fn holds(self, state: Option<State>) -> bool {
        match (self, state) {
            (Origin::Nothing, None) | (Origin::Any, Some(_)) => true,
            (Origin::In(states), Some(state)) => states.contains(&state),
            (Origin::AnyOpen, Some(state)) => !state.is_closed(),
            (Origin::Nothing, Some(_)) | (Origin::In(_) | Origin::AnyOpen | Origin::Any, None) => {
                false
            }
        }
    }
}

impl Next {
    /// The one state a row names; `None` where it stays or the guard chooses.
    pub fn settled(self) -> Option<State> {
        match self {
            Next::State(state) => Some(state),
            Next::Same | Next::OneOf(_) => None,
        }
    }

    /// Every state the row may lead to from `state`.
    pub fn reachable(self, state: Option<State>) -> Vec<State> {
        match self {
            Next::Same => state.into_iter().collect(),
            Next::State(state) => vec![state],
            Next::OneOf(states) => states.to_vec(),
        }
    }
}
