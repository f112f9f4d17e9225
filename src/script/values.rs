//! What is spoken between the clips of a prompt: numbers, hours, days, grades.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::clips::ClipId;
use crate::domain::Grade;

/// From one time of day to another, in minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoursSpan {
    pub from_min: u16,
    pub to_min: u16,
}

/// The text is no stretch of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” are no hours")]
pub struct NoHours(String);

impl FromStr for HoursSpan {
    type Err = NoHours;

    /// `09:00-12:00`; the end is later than the beginning and at most `24:00`.
    fn from_str(text: &str) -> Result<Self, NoHours> {
        let span = || {
            let (from, to) = text.split_once('-')?;
            let (from_min, to_min) = (minutes(from.trim())?, minutes(to.trim())?);
            (from_min < to_min).then_some(HoursSpan { from_min, to_min })
        };
        span().ok_or_else(|| NoHours(text.to_owned()))
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 24 * 60).then_some(total)
}

/// A value for a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Digits one by one, 1 said 一 (staff numbers).
    Digits(String),
    /// Digits of a telephone number, 1 said 幺.
    Telephone(String),
    /// A number below 10000.
    Number(u16),
    Grade(Grade),
    /// 9点30分至12点.
    Hours(Vec<HoursSpan>),
    /// The clip's word: `yuandan`, `chunjie`, `qingming`, `laodong`, `duanwu`, `zhongqiu`, `guoqing`.
    Holiday(String),
    /// 11月24日.
    Date {
        month: u8,
        day: u8,
    },
    /// A day and its hours: 11月24日9点至12点.
    Slot {
        month: u8,
        day: u8,
        hours: Vec<HoursSpan>,
    },
    /// A clip of its own (a unit's name).
    Clip(String),
}

/// Values by placeholder: `staff`, `grade`, `n`, `m`, `hours`, `holiday`, `month`, `day`,
/// `tail`, `slot`, `date`, `unit`, `digest`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<&'static str, Value>);

/// Every placeholder a prompt may hold.
pub const PLACEHOLDERS: [&str; 13] = [
    "staff", "grade", "n", "m", "hours", "holiday", "month", "day", "tail", "slot", "date", "unit",
    "digest",
];

/// The holidays that have a clip.
pub const HOLIDAYS: [&str; 7] = [
    "yuandan", "chunjie", "qingming", "laodong", "duanwu", "zhongqiu", "guoqing",
];

impl Values {
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.set(name, value);
        self
    }

    pub fn set(&mut self, name: &'static str, value: Value) {
        self.0.insert(name, value);
    }

    pub fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl Value {
    /// The clips that say it.
    pub fn clips(&self) -> Vec<ClipId> {
        let mut stems = Vec::new();
        self.say(&mut stems);
        stems.into_iter().map(ClipId).collect()
    }

    fn say(&self, stems: &mut Vec<String>) {
        match self {
            Value::Digits(digits) => stems.extend(say_digits(digits, "num-1")),
            Value::Telephone(digits) => stems.extend(say_digits(digits, "num-yao")),
            Value::Number(number) => say_number(*number, stems),
            Value::Grade(grade) => stems.push(format!("grade-{}", grade.word())),
            Value::Hours(spans) => spans.iter().for_each(|span| span.say(stems)),
            Value::Holiday(name) => stems.push(format!("holiday-{name}")),
            Value::Date { month, day } => say_date(*month, *day, stems),
            Value::Slot { month, day, hours } => {
                say_date(*month, *day, stems);
                hours.iter().for_each(|span| span.say(stems));
            }
            Value::Clip(stem) => stems.push(stem.clone()),
        }
    }

    /// Every clip that some value of this placeholder may need.
    pub fn clips_of(placeholder: &str) -> Vec<String> {
        let numbers = || (0..10).map(|digit| format!("num-{digit}"));
        let spoken: &[&str] = match placeholder {
            "grade" => {
                return Grade::ALL
                    .map(|grade| format!("grade-{}", grade.word()))
                    .into();
            }
            "holiday" => return HOLIDAYS.map(|name| format!("holiday-{name}")).into(),
            "unit" | "digest" => return Vec::new(),
            "staff" => &[],
            "tail" => &["num-yao"],
            "hours" => &[
                "num-ten",
                "num-liang",
                "unit-oclock",
                "unit-half",
                "unit-minute",
                "unit-to",
            ],
            "month" | "day" => &["num-ten"],
            "date" => &["num-ten", "unit-month", "unit-day"],
            "slot" => &[
                "num-ten",
                "num-liang",
                "unit-month",
                "unit-day",
                "unit-oclock",
                "unit-half",
                "unit-minute",
                "unit-to",
            ],
            _ => &["num-ten", "num-hundred", "num-thousand"],
        };
        numbers()
            .chain(spoken.iter().map(|stem| (*stem).to_owned()))
            .collect()
    }
}

impl HoursSpan {
    fn say(self, stems: &mut Vec<String>) {
        say_time(self.from_min, stems);
        stems.push("unit-to".to_owned());
        say_time(self.to_min, stems);
    }
}

fn say_time(minutes: u16, stems: &mut Vec<String>) {
    match minutes / 60 {
        // 两点, never 二点.
        2 => stems.push("num-liang".to_owned()),
        hours => say_number(hours, stems),
    }
    stems.push("unit-oclock".to_owned());
    match minutes % 60 {
        0 => {}
        30 => stems.push("unit-half".to_owned()),
        rest => {
            if rest < 10 {
                stems.push("num-0".to_owned());
            }
            say_number(rest, stems);
            stems.push("unit-minute".to_owned());
        }
    }
}

fn say_date(month: u8, day: u8, stems: &mut Vec<String>) {
    say_number(u16::from(month), stems);
    stems.push("unit-month".to_owned());
    say_number(u16::from(day), stems);
    stems.push("unit-day".to_owned());
}

fn say_digits<'d>(digits: &'d str, one: &'d str) -> impl Iterator<Item = String> + 'd {
    digits
        .chars()
        .filter(char::is_ascii_digit)
        .map(move |digit| match digit {
            '1' => one.to_owned(),
            _ => format!("num-{digit}"),
        })
}

/// Chinese reading below 10000: 10 十, 12 十二, 105 一百零五, 110 一百一十.
fn say_number(number: u16, stems: &mut Vec<String>) {
    let number = number.min(9999);
    if number == 0 {
        stems.push("num-0".to_owned());
    }
    let mut zero = false;
    let mut said = false;
    for (place, unit) in [
        (1000, "num-thousand"),
        (100, "num-hundred"),
        (10, "num-ten"),
        (1, ""),
    ] {
        let digit = number / place % 10;
        if digit == 0 {
            zero = said;
            continue;
        }
        if zero {
            stems.push("num-0".to_owned());
            zero = false;
        }
        // 十二, not 一十二.
        if !(place == 10 && digit == 1 && !said) {
            stems.push(format!("num-{digit}"));
        }
        if !unit.is_empty() {
            stems.push(unit.to_owned());
        }
        said = true;
    }
}

#[cfg(test)]
mod tests;
