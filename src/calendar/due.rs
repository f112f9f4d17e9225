//! From a start and a number of working days to the due day (民法典 201、203条).

use std::num::NonZeroU16;

use serde::Serialize;

use super::time::{Day, Moment};
use super::working::{Calendar, DayKind, UnknownYear};

/// When a term of working days ends, and how that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    pub started_at: Moment,
    /// 23:59:59 of `due_on`, in Asia/Shanghai.
    pub due_at: Moment,
    pub due_on: Day,
    /// Each day from the starting day (not counted) to the due day.
    pub counted: Vec<CountedDay>,
    /// 暂定: the term reaches into a year without a notice; recomputed once its file is there (A40).
    pub provisional: bool,
    /// The calendar's version this was counted with.
    pub calendar: String,
}

/// A day on the way and whether it counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CountedDay {
    pub day: Day,
    /// `1` for the first working day after the start; `None` where the day does not count.
    pub counted_as: Option<u16>,
    pub why: Why,
}

/// Why a day counts or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The day of the starting event does not count (民法典201条, A1).
    StartingDay,
    /// The calendar knows the day.
    Known(DayKind),
    /// No notice yet: taken as a working day because it is a weekday.
    AssumedWorkday,
    /// No notice yet: taken as off because it is a weekend day.
    AssumedWeekend,
}

/// The due day by known days only; the error names the file to add where the term leaves them.
///
/// The starting day does not count; the term ends at 23:59:59 of the n-th working day after it.
pub fn due(start: Moment, workdays: NonZeroU16, calendar: &Calendar) -> Result<Due, UnknownYear> {
    count(start, workdays, calendar, |day| {
        calendar.kind(day).map(Why::Known)
    })
}

/// The due day for a ticket, which must have one: days of a year without a notice count by weekday,
/// and the result is flagged `provisional` (A40).
pub fn due_provisional(start: Moment, workdays: NonZeroU16, calendar: &Calendar) -> Due {
    let judged: Result<Due, std::convert::Infallible> =
        count(start, workdays, calendar, |day| Ok(judged(day, calendar)));
    match judged {
        Ok(due) => due,
        Err(never) => match never {},
    }
}

/// How many working days a matter took, counted as a term is: the day of its start is none of them, the day of
/// its end is one if it is a working day; what ends on the day of its start took 0. Days of a year without a
/// notice count by weekday (A40).
pub fn workdays_taken(start: Moment, end: Moment, calendar: &Calendar) -> u32 {
    let (mut day, last, mut taken) = (start.day(), end.day(), 0);
    while day < last {
        day = day.next();
        taken += u32::from(judged(day, calendar).counts());
    }
    taken
}

fn judged(day: Day, calendar: &Calendar) -> Why {
    match calendar.kind(day) {
        Ok(kind) => Why::Known(kind),
        Err(UnknownYear { .. }) if day.is_weekend() => Why::AssumedWeekend,
        Err(UnknownYear { .. }) => Why::AssumedWorkday,
    }
}

fn count<E>(
    start: Moment,
    workdays: NonZeroU16,
    calendar: &Calendar,
    judge: impl Fn(Day) -> Result<Why, E>,
) -> Result<Due, E> {
    let mut day = start.day();
    let mut counted = vec![CountedDay {
        day,
        counted_as: None,
        why: Why::StartingDay,
    }];
    let mut number = 0;
    while number < workdays.get() {
        day = day.next();
        let why = judge(day)?;
        let counted_as = why.counts().then(|| {
            number += 1;
            number
        });
        counted.push(CountedDay {
            day,
            counted_as,
            why,
        });
    }
    let provisional = counted.iter().any(|day| day.why.is_assumed());
    Ok(Due {
        started_at: start,
        due_at: day.end(),
        due_on: day,
        counted,
        provisional,
        calendar: calendar.version().to_owned(),
    })
}

impl Due {
    /// One line a day, each ended by a newline: `2026-09-20 周日 调休上班（国庆节） ①`.
    pub fn explain_zh(&self) -> String {
        self.lines(CountedDay::line_zh)
    }

    /// One line a day, each ended by a newline: `2026-09-20 Sun worked for National Day (1)`.
    pub fn explain_en(&self) -> String {
        self.lines(CountedDay::line_en)
    }

    fn lines(&self, line: impl Fn(&CountedDay) -> String) -> String {
        self.counted.iter().map(|day| line(day) + "\n").collect()
    }
}

impl CountedDay {
    pub fn line_zh(&self) -> String {
        const WEEKDAYS: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
        let weekday = weekday_of(self.day, &WEEKDAYS);
        let line = format!("{} {weekday} {}", self.day, self.why.zh());
        match self.counted_as {
            Some(number) => format!("{line} {}", circled(number)),
            None => line,
        }
    }

    pub fn line_en(&self) -> String {
        const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let weekday = weekday_of(self.day, &WEEKDAYS);
        let line = format!("{} {weekday} {}", self.day, self.why.en());
        match self.counted_as {
            Some(number) => format!("{line} ({number})"),
            None => line,
        }
    }
}

impl Why {
    fn counts(self) -> bool {
        match self {
            Why::Known(kind) => kind.is_workday(),
            Why::AssumedWorkday => true,
            Why::StartingDay | Why::AssumedWeekend => false,
        }
    }

    fn is_assumed(self) -> bool {
        matches!(self, Why::AssumedWorkday | Why::AssumedWeekend)
    }

    pub fn zh(self) -> String {
        match self {
            Why::StartingDay => "起算当日不计".to_owned(),
            Why::Known(DayKind::Workday) => "工作日".to_owned(),
            Why::Known(DayKind::MadeUp(holiday)) => format!("调休上班（{}）", holiday.zh()),
            Why::Known(DayKind::Weekend) => "休息日".to_owned(),
            Why::Known(DayKind::Off(holiday)) => format!("{}放假", holiday.zh()),
            Why::AssumedWorkday => "工作日（暂定，该年放假安排未录入）".to_owned(),
            Why::AssumedWeekend => "休息日（暂定，该年放假安排未录入）".to_owned(),
        }
    }

    pub fn en(self) -> String {
        match self {
            Why::StartingDay => "starting day, not counted".to_owned(),
            Why::Known(DayKind::Workday) => "working day".to_owned(),
            Why::Known(DayKind::MadeUp(holiday)) => format!("worked for {}", holiday.en()),
            Why::Known(DayKind::Weekend) => "weekend".to_owned(),
            Why::Known(DayKind::Off(holiday)) => format!("off, {}", holiday.en()),
            Why::AssumedWorkday => "working day (provisional, no notice yet)".to_owned(),
            Why::AssumedWeekend => "weekend (provisional, no notice yet)".to_owned(),
        }
    }
}

fn weekday_of<'a>(day: Day, names: &[&'a str; 7]) -> &'a str {
    names[usize::from(day.weekday().unsigned_abs() - 1)]
}

/// ① … ⑳, then （21）.
fn circled(number: u16) -> String {
    match number {
        1..=20 => char::from_u32(0x2460 + u32::from(number) - 1)
            .expect("U+2460 to U+2473 are circled numbers")
            .to_string(),
        _ => format!("（{number}）"),
    }
}

#[cfg(test)]
mod tests;
