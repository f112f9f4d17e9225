//! `[outward]`: calls that the house makes.

use std::time::Duration;

use serde::Deserialize;

use super::Config;
use super::checks::Problem;
use crate::dialing::Trunk;
use crate::errands::{Hours, LATEST_MIN, Numbers, Rules};
use crate::phone;

/// `[outward]`: where calls go out, when, how many, and to whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outward {
    /// `"sip:192.0.2.10:5060"`; without it calls go by `[trunk]`, and without that nobody is called.
    pub trunk: Option<String>,
    /// Our number as the called person sees it.
    pub caller_id: String,
    /// Calls out at once.
    pub at_once: usize,
    /// `"09:00-20:00"`, or less of it.
    pub hours: String,
    /// Nobody is called on a day off of the working calendar.
    pub workdays_only: bool,
    /// How long a telephone rings.
    pub ring_s: u64,
    /// Attempts to one number on one day.
    pub per_number_a_day: u32,
    /// Calls out that may wait at once.
    pub open_at_most: usize,
    /// The centre's area code, `"010"`, of numbers without one.
    pub area: String,
    /// What a switchboard wants before an outside number, `"9"`.
    pub outside: String,
    /// Whether numbers of the own area are dialled without its code.
    pub local_without_area: bool,
    /// National prefixes that alone may be called; empty: all that the house calls at all.
    pub allowed: Vec<String>,
    /// National prefixes that may not.
    pub barred: Vec<String>,
    /// Whether the machine calls raters who may rate again (第十三条).
    pub results: bool,
    /// Whether callbacks that callers asked for are made (P31).
    pub callbacks: bool,
}

impl Default for Outward {
    fn default() -> Self {
        Outward {
            trunk: None,
            caller_id: String::new(),
            at_once: 2,
            hours: "09:00-20:00".into(),
            workdays_only: true,
            ring_s: 45,
            per_number_a_day: 3,
            open_at_most: 10_000,
            area: String::new(),
            outside: String::new(),
            local_without_area: false,
            allowed: Vec::new(),
            barred: Vec::new(),
            results: false,
            callbacks: false,
        }
    }
}

impl Config {
    /// How calls go out; `None` where none may.
    pub fn calls_out(&self) -> Option<phone::Outward> {
        let outward = &self.outward;
        if !self.calls_go_out() {
            return None;
        }
        Some(phone::Outward {
            trunk: Trunk {
                target: outward.trunk.clone(),
                caller_id: outward.caller_id.clone(),
                ring: Duration::from_secs(outward.ring_s),
            },
            numbers: Numbers {
                area: outward.area.clone(),
                outside: outward.outside.clone(),
                local_without_area: outward.local_without_area,
                allowed: outward.allowed.clone(),
                barred: outward.barred.clone(),
            },
            rules: Rules {
                at_once: outward.at_once,
                per_number_a_day: outward.per_number_a_day,
                open_at_most: outward.open_at_most,
                hours: outward
                    .hours()?
                    .with_special_days(self.centre.special_days.clone()),
            },
            plans: Default::default(),
            results: outward.results,
            callbacks: outward.callbacks,
        })
    }

    /// By `[outward] trunk`, or with a number to be seen by `[trunk]`.
    fn calls_go_out(&self) -> bool {
        let outward = &self.outward;
        outward.trunk.is_some() || self.has_trunk_outward()
    }

    /// What of it reads well and cannot work.
    pub(super) fn outward_problem(&self) -> Option<Problem> {
        let outward = &self.outward;
        let is_target = |target: &String| {
            let host = target.strip_prefix("sip:");
            host.is_some_and(|host| !host.is_empty() && !host.contains(['@', ' ', '<', '"']))
        };
        let checks = [
            (
                outward
                    .trunk
                    .as_ref()
                    .is_some_and(|trunk| !is_target(trunk)),
                "trunk",
                "is no address; write one such as \"sip:192.0.2.10:5060\", without a user",
            ),
            (
                outward.trunk.is_some() && outward.caller_id.is_empty(),
                "caller_id",
                "is missing: write the number that called persons see, such as \"01066554433\"",
            ),
            (
                !digits(&outward.caller_id),
                "caller_id",
                "has more than digits; write it as the trunk wants it, such as \"01066554433\"",
            ),
            (
                outward.at_once == 0,
                "at_once",
                "is 0: nobody would be called; write 1 or more, or leave out trunk",
            ),
            (
                outward.at_once > self.sip.max_calls,
                "at_once",
                "is more than [sip] max_calls, all that the house talks to at once; write fewer",
            ),
            (
                outward.per_number_a_day == 0,
                "per_number_a_day",
                "is 0: nobody would be called; write 1 or more, such as 3",
            ),
            (
                outward.open_at_most == 0,
                "open_at_most",
                "is 0: no call out could be asked for; write 1 or more, such as 10000",
            ),
            (
                !(1..=180).contains(&outward.ring_s),
                "ring_s",
                "must be 1 to 180, such as 45: three minutes are the longest that a network lets ring (RFC 3261 §13.3.1.1)",
            ),
            (
                outward.hours().is_none(),
                "hours",
                "must lie between 09:00 and 20:00, such as \"09:00-18:00\": nobody is called earlier or later",
            ),
        ];
        first(&checks).or_else(|| outward.numbers_problem())
    }
}

impl Outward {
    fn numbers_problem(&self) -> Option<Problem> {
        let checks = [
            (
                !(self.area.is_empty() || digits(&self.area) && self.area.starts_with('0')),
                "area",
                "is no area code; write it with its 0, such as \"010\"",
            ),
            (
                !self
                    .outside
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || b"*#".contains(&byte)),
                "outside",
                "has more than keys; write what is dialled for an outside line, such as \"9\"",
            ),
            (
                !self
                    .allowed
                    .iter()
                    .chain(&self.barred)
                    .all(|prefix| !prefix.is_empty() && digits(prefix)),
                "allowed",
                "and barred are prefixes of national numbers, such as [\"1\", \"010\"]",
            ),
        ];
        first(&checks)
    }

    fn hours(&self) -> Option<Hours> {
        let (from, until) = self.hours.split_once('-')?;
        let (from, until) = (minutes(from)?, minutes(until)?);
        Hours::new(from, until.min(LATEST_MIN + 1), self.workdays_only).ok()
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn first(checks: &[(bool, &'static str, &str)]) -> Option<Problem> {
    let found = checks.iter().find(|(is, ..)| *is);
    found.map(|(_, key, said)| Problem {
        at: ("outward", key),
        said: (*said).to_owned(),
    })
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 24 && minutes < 60).then(|| hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(lines: &str) -> Result<Config, String> {
        let text = format!("[outward]\n{lines}");
        Config::parse(Path::new("gradeline.toml"), &text).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_trunk_nobody_is_called() {
        assert!(Config::default().calls_out().is_none());
        let config = read("trunk = \"sip:192.0.2.10\"\ncaller_id = \"01066554433\"\n").unwrap();
        let outward = config.calls_out().unwrap();
        assert_eq!(outward.rules.at_once, 2);
        assert!(!outward.results && !outward.callbacks);
        assert!(outward.trunk.target.is_some());
    }

    #[test]
    fn without_a_trunk_of_its_own_calls_go_by_the_one_that_is_kept() {
        let kept = "[trunk]\naddresses = [\"udp:192.0.2.10\"]\n";
        let read = |lines: &str| read(&format!("{lines}{kept}")).unwrap();
        let outward = read("caller_id = \"01066554433\"\n").calls_out().unwrap();
        assert_eq!(
            (outward.trunk.target, outward.trunk.caller_id.as_str()),
            (None, "01066554433")
        );
        // A trunk for calls in alone: without a number to be seen nobody is called.
        assert!(read("").calls_out().is_none());
        let own = read("trunk = \"sip:192.0.2.20\"\ncaller_id = \"01066554433\"\n");
        let target = own.calls_out().unwrap().trunk.target;
        assert_eq!(target.as_deref(), Some("sip:192.0.2.20"));
    }

    #[test]
    fn calls_out_need_no_ports_beside_those_of_max_calls() {
        let trunk = "trunk = \"sip:192.0.2.10\"\ncaller_id = \"01066554433\"\n";
        let warned = |outward: &str, max_calls: usize| {
            let media =
                format!("[media]\nports = \"20000-20039\"\n[sip]\nmax_calls = {max_calls}\n");
            let config = read(&format!("{outward}{media}")).unwrap();
            let warnings = config.warnings();
            warnings.iter().any(|said| said.contains("[media] ports"))
        };
        assert!(!warned("", 10), "nobody is called");
        assert!(!warned(trunk, 10), "two of the ten may be calls out");
        assert!(warned("", 11) && warned(trunk, 11));
    }

    #[test]
    fn what_cannot_work_is_told_with_what_would() {
        let trunk = "trunk = \"sip:192.0.2.10\"\n";
        for (lines, said) in [
            (
                "hours = \"08:00-18:00\"",
                ":2: [outward] hours must lie between",
            ),
            (
                "hours = \"09:00-21:00\"",
                "[outward] hours must lie between",
            ),
            ("hours = \"nine\"", "[outward] hours must lie between"),
            (trunk, "[outward] caller_id is missing"),
            ("trunk = \"8001@host\"", "[outward] trunk is no address"),
            ("at_once = 0", "[outward] at_once is 0"),
            (
                "at_once = 201",
                "[outward] at_once is more than [sip] max_calls",
            ),
            ("ring_s = 181", "[outward] ring_s must be"),
            ("allowed = [\"+86\"]", "[outward] allowed and barred"),
            ("area = \"10\"", "[outward] area is no area code"),
        ] {
            let error = read(lines).unwrap_err();
            assert!(error.contains(said), "{lines}: {error}");
        }
    }
}
