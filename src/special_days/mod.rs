//! Days whose hours differ from the ordinary ones: half days, days that are closed, Saturdays that are worked by this
//! centre alone. Pure. (schema.org calls them `specialOpeningHoursSpecification`.)
//!
//! **Invariant:** a day stands once for all dialplans and once for each; its stretches are in order and do not cross.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::domain::Day;

/// A stretch of a day, `from_min <= minute < until_min`, minutes since midnight at +08:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    pub from_min: u16,
    /// At most 1440, which is midnight.
    pub until_min: u16,
}

impl fmt::Display for Stretch {
    /// `08:30-12:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (minute_text(self.from_min), minute_text(self.until_min));
        write!(f, "{from}-{until}")
    }
}

/// A minute of the day as people read it: `08:30`; `24:00` is midnight.
pub fn minute_text(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// One day with hours of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialDay {
    pub day: Day,
    /// Empty: closed all day.
    pub open: Vec<Stretch>,
    /// What people call it: `除夕`.
    pub name: Option<String>,
    /// The one dialplan that it is for; `None`: for all.
    pub dialplan: Option<String>,
}

/// The special days of the centre. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpecialDays(Arc<BTreeMap<(Day, Option<String>), SpecialDay>>);

/// Why they cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("{day} stands twice for {}; write it once, with all its hours", whom(.dialplan.as_deref()))]
    Twice { day: Day, dialplan: Option<String> },
    #[error("{day} has hours that cross; write each stretch once, such as \"08:30-12:00\"")]
    Crossing { day: Day },
    #[error("{day} has more than {STRETCHES} stretches")]
    Chopped { day: Day },
    #[error("there are more than {MANY} of them; take out those that are over")]
    TooMany,
}

/// Special days in a configuration: a decade of them.
const MANY: usize = 1000;
/// Stretches of one day: prompts speak each of them.
const STRETCHES: usize = 4;

fn whom(dialplan: Option<&str>) -> String {
    dialplan.map_or_else(
        || "all dialplans".to_owned(),
        |name| format!("dialplan {name}"),
    )
}

impl SpecialDays {
    /// In any order; each day's stretches are put in theirs.
    pub fn new(days: Vec<SpecialDay>) -> Result<SpecialDays, Unusable> {
        if days.len() > MANY {
            return Err(Unusable::TooMany);
        }
        let mut known = BTreeMap::new();
        for mut special in days {
            let day = special.day;
            special.open.sort_unstable();
            if special.open.len() > STRETCHES {
                return Err(Unusable::Chopped { day });
            }
            let crosses = |pair: &[Stretch]| pair[1].from_min < pair[0].until_min;
            if special.open.windows(2).any(crosses) {
                return Err(Unusable::Crossing { day });
            }
            let key = (day, special.dialplan.clone());
            if known.contains_key(&key) {
                let (day, dialplan) = key;
                return Err(Unusable::Twice { day, dialplan });
            }
            known.insert(key, special);
        }
        Ok(SpecialDays(Arc::new(known)))
    }

    /// What holds on this day for this dialplan: its own, else what holds for all; `None`: the ordinary hours.
    pub fn on(&self, day: Day, dialplan: Option<&str>) -> Option<&SpecialDay> {
        let own = dialplan.and_then(|name| self.0.get(&(day, Some(name.to_owned()))));
        own.or_else(|| self.0.get(&(day, None)))
    }

    /// In the order of days.
    pub fn iter(&self) -> impl Iterator<Item = &SpecialDay> {
        self.0.values()
    }

    /// Those of this day, the one for all first.
    pub fn of_day(&self, day: Day) -> impl Iterator<Item = &SpecialDay> {
        let from = (day, None);
        self.0
            .range(from..)
            .map(|(_, special)| special)
            .take_while(move |special| special.day == day)
    }
}

impl fmt::Display for SpecialDay {
    /// `2026-02-16 除夕: 08:30-12:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.day)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        if let Some(dialplan) = &self.dialplan {
            write!(f, " (dialplan {dialplan})")?;
        }
        match self.open.is_empty() {
            true => write!(f, ": closed"),
            false => {
                let open: Vec<String> = self.open.iter().map(Stretch::to_string).collect();
                write!(f, ": {}", open.join(" "))
            }
        }
    }
}

impl SpecialDay {
    pub fn is_closed(&self) -> bool {
        self.open.is_empty()
    }

    /// Minutes that are served.
    pub fn minutes(&self) -> u32 {
        let length = |stretch: &Stretch| u32::from(stretch.until_min - stretch.from_min);
        self.open.iter().map(length).sum()
    }
}

#[cfg(test)]
mod tests;
