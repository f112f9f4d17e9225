//! The working calendar: the State Council's yearly notices as data.

mod file;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::time::Day;

/// A statutory holiday, named as the State Council's notice names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holiday {
    NewYear,
    SpringFestival,
    TombSweeping,
    LabourDay,
    DragonBoat,
    MidAutumn,
    NationalDay,
}

impl Holiday {
    /// In the order of the notice.
    pub const ALL: [Holiday; 7] = [
        Holiday::NewYear,
        Holiday::SpringFestival,
        Holiday::TombSweeping,
        Holiday::LabourDay,
        Holiday::DragonBoat,
        Holiday::MidAutumn,
        Holiday::NationalDay,
    ];

    /// The word for rows, the API and prompt ids.
    pub fn word(self) -> &'static str {
        match self {
            Holiday::NewYear => "new_year",
            Holiday::SpringFestival => "spring_festival",
            Holiday::TombSweeping => "tomb_sweeping",
            Holiday::LabourDay => "labour_day",
            Holiday::DragonBoat => "dragon_boat",
            Holiday::MidAutumn => "mid_autumn",
            Holiday::NationalDay => "national_day",
        }
    }

    /// The notice's own word, which is also the word in `calendars/<year>.toml`.
    pub fn zh(self) -> &'static str {
        match self {
            Holiday::NewYear => "元旦",
            Holiday::SpringFestival => "春节",
            Holiday::TombSweeping => "清明节",
            Holiday::LabourDay => "劳动节",
            Holiday::DragonBoat => "端午节",
            Holiday::MidAutumn => "中秋节",
            Holiday::NationalDay => "国庆节",
        }
    }

    pub fn en(self) -> &'static str {
        match self {
            Holiday::NewYear => "New Year",
            Holiday::SpringFestival => "Spring Festival",
            Holiday::TombSweeping => "Tomb-Sweeping Day",
            Holiday::LabourDay => "Labour Day",
            Holiday::DragonBoat => "Dragon Boat Festival",
            Holiday::MidAutumn => "Mid-Autumn Festival",
            Holiday::NationalDay => "National Day",
        }
    }

    fn from_zh(text: &str) -> Option<Self> {
        Holiday::ALL
            .into_iter()
            .find(|holiday| holiday.zh() == text)
    }
}

/// What a day is for the bureau. Half-days do not exist (A39).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", content = "holiday", rename_all = "snake_case")]
pub enum DayKind {
    /// A weekday that is worked.
    Workday,
    /// A weekend day that is worked because of a holiday (调休上班).
    MadeUp(Holiday),
    /// A weekend day outside the holidays.
    Weekend,
    /// A day of a holiday, weekend days within it included.
    Off(Holiday),
}

impl DayKind {
    pub fn is_workday(self) -> bool {
        matches!(self, DayKind::Workday | DayKind::MadeUp(_))
    }
}

/// A notice a year's file rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct YearNotice {
    pub title: String,
    /// 文号, where it is known: `国办发明电〔2025〕7号`.
    pub number: Option<String>,
    pub issued_on: Day,
}

/// No file says which days of this year are worked: never silently Monday to Friday (A40).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the working calendar of {year} is unknown: add calendars/{year}.toml with the days off and the weekend days worked of the State Council's notice for {year}"
)]
pub struct UnknownYear {
    pub year: i16,
}

/// One thing wrong with a calendar file, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// From 1.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// All that is wrong with the calendar files; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct FaultyCalendar(pub Vec<Problem>);

/// What one file says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Year {
    notices: Vec<YearNotice>,
    /// Weekdays off and weekend days worked, with the holiday they belong to.
    marked: BTreeMap<Day, Holiday>,
}

/// The working calendar of the years that have a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i16, Year>,
    version: String,
}

impl Calendar {
    /// Reads the texts of `calendars/<year>.toml`, each with the name that problems shall cite.
    ///
    /// All problems of all files are told at once. No files at all give a calendar that knows no year.
    pub fn from_texts<N: AsRef<str>, T: AsRef<str>>(
        files: &[(N, T)],
    ) -> Result<Self, FaultyCalendar> {
        let mut years = BTreeMap::new();
        let mut problems = Vec::new();
        for (name, text) in files {
            match file::read(name.as_ref(), text.as_ref()) {
                Ok((number, year)) => {
                    if years.insert(number, year).is_some() {
                        problems.push(Problem {
                            file: name.as_ref().to_owned(),
                            line: 1,
                            message: format!(
                                "another file already gives {number}; keep one file a year"
                            ),
                        });
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            let version = version(&years);
            Ok(Calendar { years, version })
        } else {
            Err(FaultyCalendar(problems))
        }
    }

    /// With this file's text in place of the year's own, which it may not have had.
    pub fn replacing(&self, year: i16, text: &str) -> Result<Self, FaultyCalendar> {
        let (number, read) = file::read(&format!("{year}.toml"), text).map_err(FaultyCalendar)?;
        let mut years = self.years.clone();
        years.insert(number, read);
        let version = version(&years);
        Ok(Calendar { years, version })
    }

    /// Names the facts this calendar holds: equal versions count equally, whatever comments say.
    /// `2020-2026:1f3a5c7e9b0d`; the tail is the start of a SHA-256 over the days.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The years that have a file, ascending.
    pub fn years(&self) -> impl Iterator<Item = i16> + '_ {
        self.years.keys().copied()
    }

    /// The notices a year rests on, in the file's order.
    pub fn notices(&self, year: i16) -> Result<&[YearNotice], UnknownYear> {
        self.year(year).map(|year| year.notices.as_slice())
    }

    pub fn kind(&self, day: Day) -> Result<DayKind, UnknownYear> {
        let marked = self.year(day.year())?.marked.get(&day).copied();
        Ok(match (day.is_weekend(), marked) {
            (true, Some(holiday)) => DayKind::MadeUp(holiday),
            (false, Some(holiday)) => DayKind::Off(holiday),
            (false, None) => DayKind::Workday,
            (true, None) => match self.holiday_around(day) {
                Some(holiday) => DayKind::Off(holiday),
                None => DayKind::Weekend,
            },
        })
    }

    pub fn is_workday(&self, day: Day) -> Result<bool, UnknownYear> {
        self.kind(day).map(DayKind::is_workday)
    }

    /// The holiday during which `day` is off, weekend days within it included; `None` on any other
    /// day, a day worked for a holiday among them.
    pub fn holiday_name(&self, day: Day) -> Result<Option<Holiday>, UnknownYear> {
        Ok(match self.kind(day)? {
            DayKind::Off(holiday) => Some(holiday),
            DayKind::Workday | DayKind::MadeUp(_) | DayKind::Weekend => None,
        })
    }

    pub fn next_workday_after(&self, day: Day) -> Result<Day, UnknownYear> {
        let mut day = day.next();
        while !self.is_workday(day)? {
            day = day.next();
        }
        Ok(day)
    }

    fn year(&self, year: i16) -> Result<&Year, UnknownYear> {
        self.years.get(&year).ok_or(UnknownYear { year })
    }

    /// A weekend day belongs to the holiday it touches without a worked day between; to the nearer
    /// one where it touches two (国庆节 and 中秋节 of 2023).
    fn holiday_around(&self, day: Day) -> Option<Holiday> {
        let (mut before, mut after) = (Some(day), Some(day));
        // No run of unmarked weekend days is longer than two, so three steps reach its ends.
        for _ in 0..3 {
            after = after.map(Day::next).filter(|&day| self.is_off(day));
            before = before.map(Day::previous).filter(|&day| self.is_off(day));
            let found = [after, before]
                .into_iter()
                .flatten()
                .find_map(|near| self.year(near.year()).ok()?.marked.get(&near).copied());
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Off by weekday and mark alone; a day of an unknown year is not known to be off.
    fn is_off(&self, day: Day) -> bool {
        self.year(day.year())
            .is_ok_and(|year| day.is_weekend() != year.marked.contains_key(&day))
    }
}

fn version(years: &BTreeMap<i16, Year>) -> String {
    let mut digest = Sha256::new();
    for (number, year) in years {
        digest.update(format!("{number}\n"));
        for (day, holiday) in &year.marked {
            digest.update(format!("{day} {}\n", holiday.word()));
        }
    }
    let span = match (years.keys().next(), years.keys().next_back()) {
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => "none".to_owned(),
    };
    format!("{span}:{}", &hex::encode(digest.finalize())[..12])
}

#[cfg(test)]
mod tests;
