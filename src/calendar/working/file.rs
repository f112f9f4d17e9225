//! `calendars/<year>.toml`, read strictly: what is doubtful is refused with its line.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_spanned::Spanned;

use super::{Holiday, Problem, Year, YearNotice};
use crate::calendar::Day;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearFile {
    year: Spanned<i16>,
    #[serde(default)]
    notice: Vec<NoticeTable>,
    #[serde(default)]
    off: Vec<DaysTable>,
    #[serde(default)]
    on: Vec<DaysTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeTable {
    title: String,
    number: Option<String>,
    issued_on: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DaysTable {
    name: Spanned<String>,
    days: Spanned<Vec<Spanned<String>>>,
}

/// A weekday off or a weekend day worked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Off,
    On,
}

/// The year and what the file says of it, or everything that is wrong with it.
pub(super) fn read(name: &str, text: &str) -> Result<(i16, Year), Vec<Problem>> {
    let mut reader = Reader {
        name,
        text,
        problems: Vec::new(),
    };
    let file: YearFile = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            reader.complain(at, error.message().to_owned());
            return Err(reader.problems);
        }
    };
    let year = *file.year.get_ref();
    reader.check_name(&file.year);
    let notices = reader.notices(&file);
    let marked = reader.days(&file, year);
    if reader.problems.is_empty() {
        Ok((year, Year { notices, marked }))
    } else {
        Err(reader.problems)
    }
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn complain(&mut self, at: usize, message: String) {
        self.problems.push(Problem {
            file: self.name.to_owned(),
            line: line_of(self.text, at),
            message,
        });
    }

    fn check_name(&mut self, year: &Spanned<i16>) {
        let stem = Path::new(self.name)
            .file_stem()
            .and_then(|stem| stem.to_str());
        let number = *year.get_ref();
        if stem != Some(number.to_string().as_str()) {
            self.complain(
                year.span().start,
                format!("year = {number} does not fit the file's name; name it {number}.toml"),
            );
        }
    }

    fn notices(&mut self, file: &YearFile) -> Vec<YearNotice> {
        if file.notice.is_empty() {
            self.complain(
                0,
                "no [[notice]]: name the State Council's notice with title, number and issued_on"
                    .to_owned(),
            );
        }
        let mut notices = Vec::new();
        for notice in &file.notice {
            match notice.issued_on.get_ref().parse::<Day>() {
                Ok(issued_on) => notices.push(YearNotice {
                    title: notice.title.clone(),
                    number: notice.number.clone(),
                    issued_on,
                }),
                Err(error) => self.complain(notice.issued_on.span().start, error.to_string()),
            }
        }
        notices
    }

    fn days(&mut self, file: &YearFile, year: i16) -> BTreeMap<Day, Holiday> {
        if file.off.is_empty() {
            self.complain(
                0,
                format!(
                    "no [[off]]: {year} has no day off, which no notice ever said; \
                     list its days or remove the file"
                ),
            );
        }
        let mut marked = BTreeMap::new();
        for (mark, tables) in [(Mark::Off, &file.off), (Mark::On, &file.on)] {
            for table in tables {
                self.table(mark, table, year, &mut marked);
            }
        }
        marked
    }

    fn table(
        &mut self,
        mark: Mark,
        table: &DaysTable,
        year: i16,
        marked: &mut BTreeMap<Day, Holiday>,
    ) {
        let Some(holiday) = Holiday::from_zh(table.name.get_ref()) else {
            let known = Holiday::ALL.map(Holiday::zh).join("、");
            self.complain(
                table.name.span().start,
                format!(
                    "“{}” is no holiday; write one of {known}",
                    table.name.get_ref()
                ),
            );
            return;
        };
        if table.days.get_ref().is_empty() {
            self.complain(
                table.days.span().start,
                "an empty list of days; name the days or remove the table".to_owned(),
            );
        }
        for entry in table.days.get_ref() {
            match fitting_day(entry.get_ref(), mark, year, marked) {
                Ok(day) => {
                    marked.insert(day, holiday);
                }
                Err(message) => self.complain(entry.span().start, message),
            }
        }
    }
}

/// The day, if it can stand where it stands.
fn fitting_day(
    text: &str,
    mark: Mark,
    year: i16,
    marked: &BTreeMap<Day, Holiday>,
) -> Result<Day, String> {
    let day: Day = text
        .parse()
        .map_err(|error: crate::calendar::NotATime| error.to_string())?;
    if day.year() != year {
        return Err(format!(
            "{day} is not a day of {year}; put it into {}.toml",
            day.year()
        ));
    }
    match (mark, day.is_weekend()) {
        (Mark::Off, true) => {
            return Err(format!(
                "{day} is a weekend day, which is off anyway; [[off]] lists weekdays only"
            ));
        }
        (Mark::On, false) => {
            return Err(format!(
                "{day} is a weekday, which is worked anyway; [[on]] lists weekend days only"
            ));
        }
        (Mark::Off, false) | (Mark::On, true) => {}
    }
    if marked.contains_key(&day) {
        return Err(format!("{day} is listed twice; keep one"));
    }
    Ok(day)
}

fn line_of(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}
