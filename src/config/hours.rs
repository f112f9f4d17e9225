use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::channels::QuietHours;
use crate::phone::{Days, ServiceHours, Span};

const RIGHT: &str = "“always”, or spans such as [\"workdays 08:30-11:30\", \"workdays 13:30-17:00\"] or [\"daily 08:00-20:00\"]";

impl<'de> Deserialize<'de> for ServiceHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Word(String),
            Spans(Vec<String>),
        }
        let form = Form::deserialize(deserializer)
            .map_err(|_| D::Error::custom(format!("service_hours is {RIGHT}")))?;
        match form {
            Form::Word(word) if word == "always" => Ok(ServiceHours::Always),
            Form::Word(word) => Err(D::Error::custom(format!(
                "service_hours “{word}” is not {RIGHT}"
            ))),
            Form::Spans(spans) if spans.is_empty() => Err(D::Error::custom(format!(
                "service_hours is empty; write {RIGHT}"
            ))),
            Form::Spans(spans) => spans
                .iter()
                .map(|text| {
                    span(text).ok_or_else(|| {
                        D::Error::custom(format!("service_hours “{text}” is not {RIGHT}"))
                    })
                })
                .collect::<Result<_, _>>()
                .map(ServiceHours::Spans),
        }
    }
}

/// `"20:00-09:00"`, over midnight or not, or `"never"`.
pub(super) fn quiet_hours<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<QuietHours, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "never" {
        return Ok(QuietHours { from: 0, until: 0 });
    }
    let read = || {
        let (from, until) = text.split_once('-')?;
        let (from, until) = (minute(from)?, minute(until)?);
        (from < 1440 && until < 1440 && from != until).then_some(QuietHours { from, until })
    };
    read().ok_or_else(|| {
        D::Error::custom(format!(
            "quiet_hours “{text}” is not “20:00-09:00” or “never”"
        ))
    })
}

fn span(text: &str) -> Option<Span> {
    let (days, times) = text.split_once(' ')?;
    let days = match days {
        "workdays" => Days::Workdays,
        "daily" => Days::Daily,
        _ => return None,
    };
    let (from, to) = times.split_once('-')?;
    let span = Span {
        days,
        from_minute: minute(from)?,
        to_minute: minute(to)?,
    };
    (span.from_minute < span.to_minute).then_some(span)
}

pub(super) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let in_day = hour < 24 && minute < 60 || (hour, minute) == (24, 0);
    in_day.then(|| hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_its_days_and_minutes() {
        let expected = Span {
            days: Days::Workdays,
            from_minute: 510,
            to_minute: 690,
        };
        assert_eq!(span("workdays 08:30-11:30"), Some(expected));
        assert_eq!(
            span("daily 00:00-24:00").map(|span| span.to_minute),
            Some(1440)
        );
    }

    #[test]
    fn a_span_that_ends_before_it_begins_or_names_no_time_is_refused() {
        for text in [
            "workdays 17:00-08:30",
            "workdays 9-25",
            "mondays 08:00-09:00",
            "daily 24:30-25:00",
            "",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }
}
