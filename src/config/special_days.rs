//! `[centre] special_days`: days with hours of their own.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Config;
use super::hours::minute;
use crate::domain::Day;
use crate::phone::Openings;
use crate::special_days::{SpecialDay, SpecialDays, Stretch};

const RIGHT: &str = "{ day = \"2026-02-16\", hours = [\"08:30-12:00\"], name = \"除夕\" }, with hours = \"closed\" for a day that is closed, and dialplan = \"consultation\" for one that is that dialplan's alone";

/// Longest name of a day.
const NAME_CHARS: usize = 20;

impl Config {
    /// The centre's hours, ordinary and special.
    pub fn openings(&self) -> Openings {
        Openings {
            hours: self.centre.service_hours.clone(),
            special: self.centre.special_days.clone(),
            dialplan: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    day: Day,
    hours: Form,
    name: Option<String>,
    dialplan: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Word(String),
    Stretches(Vec<String>),
}

pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SpecialDays, D::Error> {
    let tables = Vec::<Table>::deserialize(deserializer)
        .map_err(|error| D::Error::custom(format!("{error}; a special day is {RIGHT}")))?;
    let days: Result<Vec<SpecialDay>, String> = tables.into_iter().map(special_day).collect();
    let days = days.map_err(D::Error::custom)?;
    SpecialDays::new(days).map_err(|error| D::Error::custom(format!("special_days: {error}")))
}

fn special_day(table: Table) -> Result<SpecialDay, String> {
    let day = table.day;
    let name = table.name.filter(|name| !name.is_empty());
    if name.as_ref().map_or(0, |name| name.chars().count()) > NAME_CHARS {
        return Err(format!(
            "special_days: the name of {day} is longer than {NAME_CHARS} characters"
        ));
    }
    let open = match table.hours {
        Form::Word(word) if word == "closed" => Vec::new(),
        Form::Word(word) => {
            return Err(format!(
                "special_days: hours “{word}” of {day} are neither \"closed\" nor a list; a special day is {RIGHT}"
            ));
        }
        Form::Stretches(texts) if texts.is_empty() => {
            return Err(format!(
                "special_days: {day} has no hours; write hours = \"closed\", or [\"08:30-12:00\"]"
            ));
        }
        Form::Stretches(texts) => {
            let read = |text: &String| {
                stretch(text).ok_or_else(|| {
                    format!(
                        "special_days: “{text}” of {day} is no stretch of a day; write \"08:30-12:00\", the end after the beginning and at most 24:00"
                    )
                })
            };
            texts.iter().map(read).collect::<Result<_, _>>()?
        }
    };
    Ok(SpecialDay {
        day,
        open,
        name,
        dialplan: table.dialplan.filter(|name| !name.is_empty()),
    })
}

fn stretch(text: &str) -> Option<Stretch> {
    let (from, until) = text.split_once('-')?;
    let (from_min, until_min) = (minute(from)?, minute(until)?);
    (from_min < until_min).then_some(Stretch {
        from_min,
        until_min,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parsed(days: &str) -> Result<Config, String> {
        let text = format!("[centre]\nname = \"x\"\nspecial_days = [{days}]\n");
        Config::parse(Path::new("gradeline.toml"), &text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_half_day_a_closed_day_and_one_of_a_dialplan_are_read() {
        let config = parsed(
            "{ day = \"2026-02-16\", hours = [\"08:30-12:00\"], name = \"除夕\" }, \
             { day = \"2026-03-10\", hours = \"closed\" }, \
             { day = \"2026-03-10\", hours = [\"13:30-17:00\", \"08:30-11:30\"], dialplan = \"consultation\" }",
        )
        .unwrap();
        let special = config.openings().special;
        let eve = special.on("2026-02-16".parse().unwrap(), None).unwrap();
        assert_eq!(eve.name.as_deref(), Some("除夕"));
        assert_eq!(eve.minutes(), 210);
        let tuesday = "2026-03-10".parse().unwrap();
        assert!(special.on(tuesday, Some("revisit")).unwrap().is_closed());
        let own = special.on(tuesday, Some("consultation")).unwrap();
        assert_eq!(own.open[0].from_min, 510, "in order");
        let outward = "[outward]\ntrunk = \"sip:192.0.2.10\"\ncaller_id = \"01066554433\"\n[centre]\nspecial_days = [{ day = \"2026-03-10\", hours = \"closed\" }]\n";
        let out = Config::parse(Path::new("gradeline.toml"), outward).unwrap();
        let calendar = crate::domain::Calendar::from_texts(&[(
            "2026.toml",
            include_str!("../../calendars/2026.toml"),
        )])
        .unwrap();
        let hours = out.calls_out().unwrap().rules.hours;
        let noon = tuesday.at(12, 0, 0);
        assert!(!hours.is_open(noon, &calendar), "the centre is closed");
    }

    #[test]
    fn what_is_wrong_with_a_day_is_told_with_its_line_and_what_would_be_right() {
        for (days, said) in [
            ("{ day = \"2026-02-30\", hours = \"closed\" }", "2026-02-30"),
            ("{ day = \"2026-02-16\", hours = \"shut\" }", "“shut”"),
            ("{ day = \"2026-02-16\", hours = [] }", "has no hours"),
            (
                "{ day = \"2026-02-16\", hours = [\"12:00-08:30\"] }",
                "no stretch",
            ),
            (
                "{ day = \"2026-02-16\", hours = [\"23:00-25:00\"] }",
                "no stretch",
            ),
            (
                "{ day = \"2026-02-16\", hours = [\"08:30-12:00\", \"11:00-13:00\"] }",
                "cross",
            ),
            (
                "{ day = \"2026-02-16\", hours = \"closed\" }, { day = \"2026-02-16\", hours = [\"08:30-12:00\"] }",
                "stands twice",
            ),
            (
                "{ day = \"2026-02-16\", hour = \"closed\" }",
                "special day is",
            ),
        ] {
            let error = parsed(days).unwrap_err();
            assert!(error.contains(said), "{days}: {error}");
            assert!(error.contains("line 3"), "{days}: {error}");
        }
    }
}
