use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant of civil time: milliseconds since 1970-01-01T00:00:00Z.
///
/// It is shown, and its day is taken, at +08:00 (Asia/Shanghai, no daylight saving
/// since 1991). Only the shells read a clock; the core is handed a `Moment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(i64);

/// A civil day in Asia/Shanghai.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(Date);

/// A text that is no instant or no day, with what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is not {wanted}")]
pub struct NotATime {
    text: String,
    wanted: &'static str,
}

/// Asia/Shanghai.
const BEIJING: Offset = Offset::constant(8);

/// Years that are read from texts: before and after each of their days lies another one.
const YEARS: std::ops::RangeInclusive<i16> = 1..=9998;

impl Moment {
    /// `ms` since the Unix epoch, UTC.
    pub fn from_millis(ms: i64) -> Self {
        Moment(ms)
    }

    pub fn millis(self) -> i64 {
        self.0
    }

    pub fn plus_millis(self, ms: i64) -> Self {
        Moment(self.0.saturating_add(ms))
    }

    /// The civil day in Asia/Shanghai: 16:30Z is already tomorrow there.
    pub fn day(self) -> Day {
        Day(self.civil().date())
    }

    /// `(hour, minute)` of the day in Asia/Shanghai.
    pub fn hour_minute(self) -> (i8, i8) {
        let civil = self.civil();
        (civil.hour(), civil.minute())
    }

    /// `2026-09-22 23:59:59` in Asia/Shanghai, as people read it.
    pub fn civil_text(self) -> String {
        self.civil().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn civil(self) -> jiff::civil::DateTime {
        let clamped = self.0.clamp(
            jiff::Timestamp::MIN.as_millisecond() + 86_400_000,
            jiff::Timestamp::MAX.as_millisecond() - 86_400_000,
        );
        let timestamp =
            jiff::Timestamp::from_millisecond(clamped).expect("clamped to jiff's range");
        BEIJING.to_datetime(timestamp)
    }
}

impl Day {
    /// `None` where the calendar has no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        Date::new(year, month, day).ok().map(Day)
    }

    pub fn year(self) -> i16 {
        self.0.year()
    }

    pub fn month(self) -> i8 {
        self.0.month()
    }

    pub fn day_of_month(self) -> i8 {
        self.0.day()
    }

    pub fn is_weekend(self) -> bool {
        matches!(
            self.0.weekday(),
            jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
        )
    }

    /// 1 = Monday … 7 = Sunday.
    pub fn weekday(self) -> i8 {
        self.0.weekday().to_monday_one_offset()
    }

    pub fn next(self) -> Self {
        Day(self
            .0
            .tomorrow()
            .expect("no deadline reaches the year 9999"))
    }

    /// The day of the same number so many months later, or that month's last.
    pub fn plus_months(self, months: u8) -> Self {
        use jiff::ToSpan as _;
        let later = self.0.checked_add(i64::from(months).months());
        Day(later.expect("no term reaches the year 9999"))
    }

    pub fn previous(self) -> Self {
        Day(self
            .0
            .yesterday()
            .expect("no deadline precedes the year -9999"))
    }

    /// The last second of the day, 23:59:59 in Asia/Shanghai: when a term of whole days ends.
    pub fn end(self) -> Moment {
        self.at(23, 59, 59)
    }

    /// 00:00:00 in Asia/Shanghai.
    pub fn start(self) -> Moment {
        self.at(0, 0, 0)
    }

    pub fn at(self, hour: i8, minute: i8, second: i8) -> Moment {
        let timestamp = BEIJING
            .to_timestamp(self.0.at(hour, minute, second, 0))
            .expect("a day of the calendar is within jiff's range");
        Moment(timestamp.as_millisecond())
    }
}

impl fmt::Display for Moment {
    /// RFC 3339 at +08:00, to the millisecond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}",
            self.civil().strftime("%Y-%m-%dT%H:%M:%S.%3f+08:00")
        )
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%d"))
    }
}

impl FromStr for Moment {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let moment = text.parse::<jiff::Timestamp>().ok();
        moment
            .map(|timestamp| Moment(timestamp.as_millisecond()))
            .filter(|moment| YEARS.contains(&moment.day().year()))
            .ok_or_else(|| NotATime {
                text: text.to_owned(),
                wanted: "an instant in RFC 3339 with its offset, such as 2026-09-18T16:00:00+08:00",
            })
    }
}

impl FromStr for Day {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let date = (text.len() == 10)
            .then(|| text.parse::<Date>().ok())
            .flatten();
        let day = date.map(Day);
        day.filter(|day| YEARS.contains(&day.year()))
            .ok_or_else(|| NotATime {
                text: text.to_owned(),
                wanted: "a day, such as 2026-09-18",
            })
    }
}

macro_rules! serde_as_text {
    ($kind:ty) => {
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
serde_as_text!(Moment);
serde_as_text!(Day);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_past_four_in_the_afternoon_utc_is_already_tomorrow_in_beijing() {
        let moment: Moment = "2026-09-18T16:30:00Z".parse().unwrap();
        assert_eq!(moment.day().to_string(), "2026-09-19");
        assert_eq!(moment.to_string(), "2026-09-19T00:30:00.000+08:00");
    }

    #[test]
    fn a_day_ends_at_one_second_to_midnight_in_beijing() {
        let day: Day = "2026-09-22".parse().unwrap();
        assert_eq!(day.end().to_string(), "2026-09-22T23:59:59.000+08:00");
        assert_eq!(day.end().day(), day);
        assert_eq!(day.end().plus_millis(1000).day(), day.next());
    }

    #[test]
    fn a_text_that_is_no_time_is_refused_with_what_would_be_right() {
        let error = "yesterday".parse::<Moment>().unwrap_err().to_string();
        assert!(error.contains("RFC 3339"), "{error}");
        assert!("2026-13-01".parse::<Day>().is_err());
        assert!("2026-09-18T10:00".parse::<Day>().is_err());
    }
}
