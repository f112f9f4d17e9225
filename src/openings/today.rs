//! The hours of a day, for whoever watches over it.

use super::{Openings, holds, minute_of};
use crate::domain::{Calendar, Day, Moment};
use crate::special_days::{SpecialDay, Stretch};

/// What a day's hours are, beside the ordinary ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayHours {
    /// As ever.
    Ordinary,
    /// Less than on an ordinary day, or one half of a day that is else closed.
    HalfDay,
    /// Open though it is ordinarily closed.
    Extra,
    /// Other hours than ordinarily, and no fewer.
    Changed,
    /// Closed though it is ordinarily open.
    Closed,
    /// A day without hours: a weekend or a holiday.
    DayOff,
}

impl DayHours {
    pub const ALL: [DayHours; 6] = [
        DayHours::Ordinary,
        DayHours::HalfDay,
        DayHours::Extra,
        DayHours::Changed,
        DayHours::Closed,
        DayHours::DayOff,
    ];

    /// The word for the locale files and the API.
    pub const fn word(self) -> &'static str {
        match self {
            DayHours::Ordinary => "ordinary",
            DayHours::HalfDay => "half_day",
            DayHours::Extra => "extra",
            DayHours::Changed => "changed",
            DayHours::Closed => "closed",
            DayHours::DayOff => "day_off",
        }
    }
}

/// The hours of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Today {
    pub day: Day,
    pub kind: DayHours,
    pub open: Vec<Stretch>,
    /// Whether it is open now.
    pub is_open: bool,
    /// While it is open: the minute of the day at which it closes; 1440 is midnight.
    pub until_min: Option<u16>,
    /// What the day is called, where it has hours of its own.
    pub name: Option<String>,
    /// The one dialplan that it is for; `None`: the centre.
    pub dialplan: Option<String>,
}

/// Noon, give or take the hour in which people eat.
const FORENOON_ENDS_MIN: u16 = 13 * 60;
const AFTERNOON_BEGINS_MIN: u16 = 12 * 60;

impl Openings {
    /// Of the centre, then of each dialplan that has hours of its own on this day.
    pub fn today(&self, calendar: &Calendar, now: Moment) -> Vec<Today> {
        let day = now.day();
        let own = self
            .special
            .of_day(day)
            .filter(|special| special.dialplan.is_some());
        let centre = self.day(self.special.on(day, None), calendar, now);
        let own = own.map(|special| self.day(Some(special), calendar, now));
        std::iter::once(centre).chain(own).collect()
    }

    fn day(&self, special: Option<&SpecialDay>, calendar: &Calendar, now: Moment) -> Today {
        let (day, minute) = (now.day(), minute_of(now));
        let ordinary = self.ordinarily_on(day, calendar);
        let open = match special {
            Some(special) => special.open.clone(),
            None => ordinary.clone(),
        };
        // Stretches that meet are one.
        let mut until_min = None;
        for stretch in &open {
            let at = until_min.unwrap_or(minute);
            if holds(stretch, at) || until_min == Some(stretch.from_min) {
                until_min = Some(stretch.until_min);
            }
        }
        Today {
            day,
            kind: kind(special, &ordinary),
            is_open: until_min.is_some(),
            until_min,
            open,
            name: special.and_then(|special| special.name.clone()),
            dialplan: special.and_then(|special| special.dialplan.clone()),
        }
    }
}

fn kind(special: Option<&SpecialDay>, ordinary: &[Stretch]) -> DayHours {
    let Some(special) = special else {
        return match ordinary.is_empty() {
            true => DayHours::DayOff,
            false => DayHours::Ordinary,
        };
    };
    let ordinarily: u32 = ordinary
        .iter()
        .map(|stretch| u32::from(stretch.until_min - stretch.from_min))
        .sum();
    let is_half = special
        .open
        .iter()
        .all(|stretch| stretch.until_min <= FORENOON_ENDS_MIN)
        || special
            .open
            .iter()
            .all(|stretch| stretch.from_min >= AFTERNOON_BEGINS_MIN);
    match special.minutes() {
        0 if ordinarily == 0 => DayHours::DayOff,
        0 => DayHours::Closed,
        minutes if is_half || minutes < ordinarily => DayHours::HalfDay,
        _ if ordinarily == 0 => DayHours::Extra,
        _ => DayHours::Changed,
    }
}
