//! When a person can be had: service hours, and what of them is now. Pure.

mod doubts;
mod facts;
mod spoken;
mod today;

pub(crate) use doubts::doubts;
pub(crate) use facts::{facts, facts_told, spoken_date};
use spoken::spoken_stretches;
pub use spoken::{holiday_clip, hours_of, spoken_hours};
pub use today::{DayHours, Today};

use std::time::Duration;

use crate::domain::{Calendar, Day, Holiday, Moment};
use crate::special_days::{SpecialDay, SpecialDays, Stretch};

/// The ordinary hours, and the days that have hours of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    pub hours: ServiceHours,
    pub special: SpecialDays,
    /// Whose hours they are; `None`: the centre's.
    pub dialplan: Option<String>,
}

impl From<ServiceHours> for Openings {
    fn from(hours: ServiceHours) -> Self {
        Openings {
            hours,
            special: SpecialDays::default(),
            dialplan: None,
        }
    }
}

/// When a person can be had. GB/T 33358 prefers round the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceHours {
    Always,
    Spans(Vec<Span>),
}

/// A stretch of a day, `from_minute <= minute < to_minute`, minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub days: Days,
    pub from_minute: u16,
    pub to_minute: u16,
}

/// On which days a span holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// Working days of the calendar, swapped weekends included.
    Workdays,
    /// Every day, holidays included.
    Daily,
}

/// Whether a person can be had now, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Service {
    Open,
    /// Outside the hours of a day that has some, or a plain weekend.
    Closed,
    /// A statutory holiday: its name, and the day on which service resumes.
    Holiday {
        holiday: Holiday,
        resumes: Day,
    },
}

impl Openings {
    fn special_on(&self, day: Day) -> Option<&SpecialDay> {
        self.special.on(day, self.dialplan.as_deref())
    }

    /// The hours of this day, in order. A year without a calendar counts as open all day, unless the day has hours of
    /// its own: GB/T 33358 prefers a line that answers, and the missing file is already reported elsewhere.
    pub fn on(&self, day: Day, calendar: &Calendar) -> Vec<Stretch> {
        match self.special_on(day) {
            Some(special) => special.open.clone(),
            None => self.ordinarily_on(day, calendar),
        }
    }

    fn ordinarily_on(&self, day: Day, calendar: &Calendar) -> Vec<Stretch> {
        let (ServiceHours::Spans(spans), Ok(working)) = (&self.hours, calendar.is_workday(day))
        else {
            return vec![ALL_DAY];
        };
        let serving = spans
            .iter()
            .filter(|span| span.days == Days::Daily || working);
        let stretch = |span: &Span| Stretch {
            from_min: span.from_minute,
            until_min: span.to_minute,
        };
        let mut stretches: Vec<Stretch> = serving.map(stretch).collect();
        stretches.sort_unstable();
        stretches
    }

    /// The first day after `day` for which something can be promised: a working day, or one with hours of its own;
    /// `None` where the calendar does not reach so far.
    pub fn next_served_after(&self, day: Day, calendar: &Calendar) -> Option<Day> {
        let mut day = day.next();
        for _ in 0..DAYS_AHEAD {
            let served = match self.special_on(day) {
                Some(special) => !special.is_closed(),
                None => calendar.is_workday(day).ok()?,
            };
            if served {
                return Some(day);
            }
            day = day.next();
        }
        None
    }
}

const ALL_DAY: Stretch = Stretch {
    from_min: 0,
    until_min: 24 * 60,
};

/// No centre is closed for longer.
const DAYS_AHEAD: usize = 366;

fn minute_of(now: Moment) -> u16 {
    let (hour, minute) = now.hour_minute();
    u16::try_from(i32::from(hour) * 60 + i32::from(minute)).unwrap_or(0)
}

fn holds(stretch: &Stretch, minute: u16) -> bool {
    (stretch.from_min..stretch.until_min).contains(&minute)
}

/// Looked up at `now`.
pub(crate) fn service(openings: &Openings, calendar: &Calendar, now: Moment) -> Service {
    let today = now.day();
    let hours = openings.on(today, calendar);
    let minute = minute_of(now);
    if hours.iter().any(|stretch| holds(stretch, minute)) {
        return Service::Open;
    }
    match calendar.holiday_name(today) {
        Ok(Some(holiday)) if hours.is_empty() => Service::Holiday {
            holiday,
            resumes: openings
                .next_served_after(today, calendar)
                .unwrap_or_else(|| today.next()),
        },
        _ => Service::Closed,
    }
}

/// How long from `now` until nobody can be had any more; `None` where that does not come within a day, or is so now.
/// Swapped working days are the calendar's, half days the special days'.
pub(crate) fn open_for(hours: &Openings, calendar: &Calendar, now: Moment) -> Option<Duration> {
    let is_open = |at| service(hours, calendar, at) == Service::Open;
    if !is_open(now) {
        return None;
    }
    let into_minute = now.millis().rem_euclid(MINUTE_MS);
    // Service begins and ends at whole minutes.
    let next = now.plus_millis(MINUTE_MS - into_minute);
    let minutes = (0..LOOKED_AHEAD_MIN).map(|minute| next.plus_millis(minute * MINUTE_MS));
    let end = minutes.into_iter().find(|at| !is_open(*at))?;
    let ms = u64::try_from(end.millis() - now.millis()).ok()?;
    Some(Duration::from_millis(ms))
}

/// When, from `now` on, the hours end for one who begins to wait now. Who waited here before and lost his desk since, and
/// finds the hours over, waits for nobody: at once.
pub(crate) fn hours_end_after(
    openings: &Openings,
    calendar: &Calendar,
    now: Moment,
    again: bool,
) -> Option<Duration> {
    let is_over = again && service(openings, calendar, now) != Service::Open;
    match is_over {
        true => Some(Duration::ZERO),
        false => open_for(openings, calendar, now),
    }
}

const MINUTE_MS: i64 = 60_000;

/// No caller waits for as long as a day.
const LOOKED_AHEAD_MIN: i64 = 24 * 60;

#[cfg(test)]
mod tests;
