//! Days and working days counted by this test's own code, from the operator's files: nothing of the program's
//! calendar is used, so that a fault in it cannot hide itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Milliseconds since 1970 in UTC.
pub type Ms = i64;

pub const SECOND: Ms = 1000;
pub const HOUR: Ms = 3_600 * SECOND;
pub const DAY: Ms = 24 * HOUR;
/// Beijing is eight hours ahead.
const EAST: Ms = 8 * HOUR;

/// Days since 1970-01-01, in Beijing.
pub fn day_of(at: Ms) -> i64 {
    (at + EAST).div_euclid(DAY)
}

pub fn start_of(day: i64) -> Ms {
    day * DAY - EAST
}

/// 23:59:59, by when a term of days ends.
pub fn end_of(day: i64) -> Ms {
    start_of(day + 1) - SECOND
}

pub fn hour_of(at: Ms) -> i64 {
    (at + EAST).rem_euclid(DAY) / HOUR
}

/// From year, month and day (Howard Hinnant, “chrono-compatible low-level date algorithms”).
pub fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month, day.
pub fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, date)
}

pub fn text_of(day: i64) -> String {
    let (year, month, date) = civil(day);
    format!("{year:04}-{month:02}-{date:02}")
}

pub fn read_day(text: &str) -> i64 {
    let parts: Vec<i64> = text
        .split('-')
        .map(|part| part.parse().expect("a number"))
        .collect();
    day_number(parts[0], parts[1], parts[2])
}

pub fn is_weekend(day: i64) -> bool {
    // 1970-01-01 was a Thursday.
    (day + 3).rem_euclid(7) >= 5
}

/// Which weekdays are off and which weekend days are worked, in the years that are known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Days {
    years: BTreeMap<i64, (BTreeSet<i64>, BTreeSet<i64>)>,
}

impl Days {
    /// Of the years that the operator's folder has.
    pub fn of_folder() -> Days {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("calendars");
        let mut days = Days::default();
        for entry in std::fs::read_dir(folder).expect("the folder is in the repository") {
            let path = entry.expect("a file").path();
            if path.extension().is_some_and(|end| end == "toml") {
                let text = std::fs::read_to_string(&path).expect("a text");
                let table: toml::Table = toml::from_str(&text).expect("a table");
                let year = table["year"].as_integer().expect("a year");
                days.years
                    .insert(year, (marked(&table, "off"), marked(&table, "on")));
            }
        }
        days
    }

    /// Only the years up to this one.
    pub fn until(&self, year: i64) -> Days {
        let years = self.years.range(..=year);
        Days {
            years: years.map(|(year, days)| (*year, days.clone())).collect(),
        }
    }

    pub fn last_year(&self) -> i64 {
        *self.years.keys().next_back().expect("a year")
    }

    /// A working day becomes free, or a free one is worked.
    pub fn toggle(&mut self, day: i64) {
        let Some((off, on)) = self.years.get_mut(&civil(day).0) else {
            return;
        };
        let marked = if is_weekend(day) { on } else { off };
        if !marked.remove(&day) {
            marked.insert(day);
        }
    }

    /// Takes the other's year, where it is not there yet.
    pub fn learn(&mut self, other: &Days, year: i64) {
        if let Some(days) = other.years.get(&year) {
            self.years.entry(year).or_insert_with(|| days.clone());
        }
    }

    /// Whether it is worked, and whether that is known or taken from the weekday.
    pub fn worked(&self, day: i64) -> (bool, bool) {
        match self.years.get(&civil(day).0) {
            None => (!is_weekend(day), false),
            Some((_, on)) if is_weekend(day) => (on.contains(&day), true),
            Some((off, _)) => (!off.contains(&day), true),
        }
    }

    /// The end of the `number`th working day after the day of `from`, and whether every day is known.
    pub fn count(&self, from: Ms, number: u32) -> (Ms, bool) {
        let (mut day, mut left, mut sure) = (day_of(from), number, true);
        while left > 0 {
            day += 1;
            let (worked, known) = self.worked(day);
            sure &= known;
            left -= u32::from(worked);
        }
        (end_of(day), sure)
    }

    /// Files such as an operator writes.
    pub fn files(&self) -> Vec<(String, String)> {
        let list = |days: &BTreeSet<i64>| {
            let quoted: Vec<_> = days
                .iter()
                .map(|day| format!("\"{}\"", text_of(*day)))
                .collect();
            quoted.join(", ")
        };
        let file = |(year, (off, on)): (&i64, &(BTreeSet<i64>, BTreeSet<i64>))| {
            let text = format!(
                "year = {year}\n[[notice]]\ntitle = \"{year}\"\nissued_on = \"{}-11-01\"\n\
                 [[off]]\nname = \"国庆节\"\ndays = [{}]\n[[on]]\nname = \"国庆节\"\ndays = [{}]\n",
                year - 1,
                list(off),
                list(on)
            );
            (format!("calendars/{year}.toml"), text)
        };
        self.years.iter().map(file).collect()
    }
}

fn marked(table: &toml::Table, word: &str) -> BTreeSet<i64> {
    let groups = table.get(word).and_then(toml::Value::as_array);
    let days = groups.into_iter().flatten().flat_map(|group| {
        let days = group["days"].as_array().expect("days");
        days.iter()
            .map(|day| read_day(day.as_str().expect("a day")))
    });
    days.collect()
}
