use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::word::UnknownWord;
use crate::calendar::{Day, Moment};

/// A month or a quarter of which bulletins are issued (第十八条): `2026-09`, `2026-Q3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    /// Year, and 1 to 12.
    Month(i16, i8),
    /// Year, and 1 to 4.
    Quarter(i16, i8),
}

impl Period {
    pub fn from(self) -> Day {
        let (year, month) = match self {
            Period::Month(year, month) => (year, month),
            Period::Quarter(year, quarter) => (year, 3 * quarter - 2),
        };
        Day::new(year, month, 1).expect("a month that was read has a first day")
    }

    /// Its last day.
    pub fn until(self) -> Day {
        self.from().plus_months(self.months()).previous()
    }

    /// The month and the quarter that ended last before `day`.
    pub fn last_ended(day: Day) -> [Period; 2] {
        let month = Period::Month(day.year(), day.month());
        let quarter = Period::Quarter(day.year(), (day.month() + 2) / 3);
        [month.before(), quarter.before()]
    }

    /// Its last moment: from then its bulletin is due.
    pub fn end(self) -> Moment {
        self.until().end()
    }

    /// The one after it, of the same kind.
    pub fn after(self) -> Period {
        match self {
            Period::Month(year, 12) => Period::Month(year + 1, 1),
            Period::Month(year, month) => Period::Month(year, month + 1),
            Period::Quarter(year, 4) => Period::Quarter(year + 1, 1),
            Period::Quarter(year, quarter) => Period::Quarter(year, quarter + 1),
        }
    }

    /// The one before.
    pub fn before(self) -> Period {
        match self {
            Period::Month(year, 1) => Period::Month(year - 1, 12),
            Period::Month(year, month) => Period::Month(year, month - 1),
            Period::Quarter(year, 1) => Period::Quarter(year - 1, 4),
            Period::Quarter(year, quarter) => Period::Quarter(year, quarter - 1),
        }
    }

    pub fn is_month(self) -> bool {
        matches!(self, Period::Month(..))
    }

    fn months(self) -> u8 {
        if self.is_month() { 1 } else { 3 }
    }

    pub fn zh(self) -> String {
        match self {
            Period::Month(year, month) => format!("{year}年{month}月"),
            Period::Quarter(year, quarter) => format!("{year}年第{quarter}季度"),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Period::Month(year, month) => write!(f, "{year}-{month:02}"),
            Period::Quarter(year, quarter) => write!(f, "{year}-Q{quarter}"),
        }
    }
}

impl FromStr for Period {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Period, UnknownWord> {
        let read = || {
            let (year, part) = text.split_once('-')?;
            let year: i16 = year
                .parse()
                .ok()
                .filter(|year| (2000..=9000).contains(year))?;
            match part.strip_prefix('Q') {
                Some(quarter) => {
                    let quarter = quarter.parse().ok().filter(|it| (1..=4).contains(it))?;
                    Some(Period::Quarter(year, quarter))
                }
                None => {
                    let month = part.parse().ok().filter(|it| (1..=12).contains(it))?;
                    Some(Period::Month(year, month))
                }
            }
        };
        let known = read().filter(|period| period.to_string() == text);
        known.ok_or_else(|| UnknownWord {
            kind: "period such as 2026-09 or 2026-Q3",
            word: text.to_owned(),
        })
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Period, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
