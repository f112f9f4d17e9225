//! Service hours as a plan states them and as prompts speak them.

use super::{Days, ServiceHours, Span};
use crate::domain::Holiday;
use crate::ivr::{HoursSpan, Plan};

/// The plan's own service hours, where it states some (on working days), else the centre's.
pub fn hours_of(plan: &Plan, centre: &ServiceHours) -> ServiceHours {
    let Some(own) = plan.service_hours() else {
        return centre.clone();
    };
    let span = |hours: &HoursSpan| Span {
        days: Days::Workdays,
        from_minute: hours.from_min,
        to_minute: hours.to_min,
    };
    ServiceHours::Spans(own.iter().map(span).collect())
}

/// As they are told.
pub fn spoken_hours(hours: &ServiceHours) -> Vec<HoursSpan> {
    match hours {
        ServiceHours::Always => Vec::new(),
        ServiceHours::Spans(spans) => spans
            .iter()
            .map(|span| HoursSpan {
                from_min: span.from_minute,
                to_min: span.to_minute,
            })
            .collect(),
    }
}

/// The stem of the clip that names a holiday, without `holiday-`.
pub fn holiday_clip(holiday: Holiday) -> &'static str {
    match holiday {
        Holiday::NewYear => "yuandan",
        Holiday::SpringFestival => "chunjie",
        Holiday::TombSweeping => "qingming",
        Holiday::LabourDay => "laodong",
        Holiday::DragonBoat => "duanwu",
        Holiday::MidAutumn => "zhongqiu",
        Holiday::NationalDay => "guoqing",
    }
}
