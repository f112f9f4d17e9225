//! Service hours as a plan states them and as prompts speak them.

use super::{Days, Openings, ServiceHours, Span};
use crate::domain::Holiday;
use crate::ivr::{HoursSpan, Plan};
use crate::special_days::Stretch;

/// The plan's own service hours, where it states some (on working days), else the centre's; with the special days of
/// the centre and of this plan.
pub fn hours_of(plan: &Plan, centre: &Openings) -> Openings {
    let span = |hours: &HoursSpan| Span {
        days: Days::Workdays,
        from_minute: hours.from_min,
        to_minute: hours.to_min,
    };
    Openings {
        hours: match plan.service_hours() {
            Some(own) => ServiceHours::Spans(own.iter().map(span).collect()),
            None => centre.hours.clone(),
        },
        special: centre.special.clone(),
        dialplan: Some(plan.name.clone()),
    }
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

/// Stretches of one day, as they are told.
pub(super) fn spoken_stretches(stretches: &[Stretch]) -> Vec<HoursSpan> {
    let span = |stretch: &Stretch| HoursSpan {
        from_min: stretch.from_min,
        to_min: stretch.until_min,
    };
    stretches.iter().map(span).collect()
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
