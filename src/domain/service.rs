//! What is rated: one act of service (一次政务服务, 第二条).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::hand::UnitId;
use super::word::read_word;
use crate::calendar::{Day, Moment};

/// The rated act: last counts per instance (第十三条, A19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Service {
    /// One telephone consultation, transfers included (A20).
    Consultation {
        call_id: String,
        /// Staff numbers of those who spoke, the last one last.
        staff: Vec<String>,
        /// When the talk began.
        served_at: Moment,
    },
    /// One question on the web platform, answered (第七条（二）).
    WebConsultation {
        /// 咨询编码.
        code: String,
        unit: Option<UnitId>,
        staff: Vec<String>,
        served_at: Moment,
    },
    /// A matter (办件) at one of its stages; each stage is an act of its own.
    Matter {
        /// 办件编号.
        number: String,
        stage: Stage,
        /// 事项: its code.
        item: String,
        /// 承办单位.
        unit: UnitId,
        staff: Vec<String>,
        served_at: Moment,
    },
    /// One act at a counter (第七条（一）).
    WindowAct {
        window: String,
        /// Names the act at the window.
        act: String,
        item: Option<String>,
        unit: Option<UnitId>,
        staff: Vec<String>,
        served_at: Moment,
    },
    /// A slip of the suggestion box (第七条（四）): an overall rating, of no one act.
    Suggestion {
        slip: String,
        /// The day the box was opened.
        opened_on: Day,
        /// Where the scanned slip is kept.
        scan: Option<String>,
    },
}

/// How far a matter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 申报.
    Filed,
    /// 受理.
    Accepted,
    /// 办结.
    Completed,
}

/// Names the rated act: `call-20261123-220512-7f3a9c`. Opaque.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceKey(pub String);

impl Service {
    pub fn key(&self) -> ServiceKey {
        ServiceKey(match self {
            Service::Consultation { call_id, .. } => format!("call-{call_id}"),
            Service::WebConsultation { code, .. } => format!("consultation-{code}"),
            Service::Matter { number, stage, .. } => match stage {
                Stage::Filed => format!("filing-{number}"),
                Stage::Accepted => format!("acceptance-{number}"),
                Stage::Completed => format!("matter-{number}"),
            },
            Service::WindowAct { window, act, .. } => format!("window-{window}-{act}"),
            Service::Suggestion { slip, .. } => format!("slip-{slip}"),
        })
    }

    /// The parts of its name, as its source gave them.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Service::Consultation { call_id, .. } => vec![call_id],
            Service::WebConsultation { code, .. } => vec![code],
            Service::Matter { number, .. } => vec![number],
            Service::WindowAct { window, act, .. } => vec![window, act],
            Service::Suggestion { slip, .. } => vec![slip],
        }
    }

    pub fn call_id(&self) -> Option<&str> {
        match self {
            Service::Consultation { call_id, .. } => Some(call_id),
            _ => None,
        }
    }

    /// Staff numbers (工号) of those who served.
    pub fn staff(&self) -> &[String] {
        match self {
            Service::Consultation { staff, .. }
            | Service::WebConsultation { staff, .. }
            | Service::Matter { staff, .. }
            | Service::WindowAct { staff, .. } => staff,
            Service::Suggestion { .. } => &[],
        }
    }

    /// 承办单位, where the act names it.
    pub fn unit(&self) -> Option<&UnitId> {
        match self {
            Service::Matter { unit, .. } => Some(unit),
            Service::WebConsultation { unit, .. } | Service::WindowAct { unit, .. } => {
                unit.as_ref()
            }
            Service::Consultation { .. } | Service::Suggestion { .. } => None,
        }
    }

    /// When it was served; `None` for what is of no one act.
    pub fn served_at(&self) -> Option<Moment> {
        match self {
            Service::Consultation { served_at, .. }
            | Service::WebConsultation { served_at, .. }
            | Service::Matter { served_at, .. }
            | Service::WindowAct { served_at, .. } => Some(*served_at),
            Service::Suggestion { .. } => None,
        }
    }

    /// The word of its kind.
    pub const fn word(&self) -> &'static str {
        match self {
            Service::Consultation { .. } => "consultation",
            Service::WebConsultation { .. } => "web_consultation",
            Service::Matter { .. } => "matter",
            Service::WindowAct { .. } => "window_act",
            Service::Suggestion { .. } => "suggestion",
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Stage {
    pub const ALL: [Stage; 3] = [Stage::Filed, Stage::Accepted, Stage::Completed];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Stage::Filed => "filed",
            Stage::Accepted => "accepted",
            Stage::Completed => "completed",
        }
    }
}

read_word!(Stage, "stage of a matter");
