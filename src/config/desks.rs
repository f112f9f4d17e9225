//! The desks: how they are written, and what the room of desks is told of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{Config, DeskAddress};
use crate::desks::{self, Desk, DeskId, Strategy, WhenEmpty};

impl Config {
    /// How the room of desks works.
    pub fn desk_settings(&self) -> desks::Settings {
        let desks = &self.desks;
        desks::Settings {
            strategy: desks.strategy,
            ring: Duration::from_secs(desks.ring_timeout_s),
            wrap_up: Duration::from_secs(desks.wrap_up_s),
            rest: Duration::from_secs(desks.rest_s),
            misses_at_most: desks.misses_at_most,
            not_answering: Duration::from_secs(desks.not_answering_s),
            waiting_at_most: desks.waiting_at_most,
            when_empty: desks.when_empty,
            redial_within: Duration::from_secs(desks.redial_within_s),
            short_abandonment: Duration::from_secs(desks.short_abandonment_s),
            break_reasons: desks.break_reasons.clone(),
            ..desks::Settings::default()
        }
    }

    /// The desks that are rung; none where the rehearsal desk answers.
    pub fn configured_desks(&self) -> Vec<Desk> {
        let desks = self.desks.addresses.iter();
        desks
            .zip(desk_ids(&self.desks.addresses))
            .map(|(desk, id)| Desk {
                id,
                address: desk.address.clone(),
                staff: desk.staff_number(),
                groups: desk.groups.clone(),
                skills: desk.skills.clone(),
            })
            .collect()
    }
}

/// What timelines and logs call the desks: the staff number, or the position in the configuration, for
/// an address may hold a person's name. No two are alike.
fn desk_ids(desks: &[DeskAddress]) -> Vec<DeskId> {
    let mut ids: Vec<DeskId> = Vec::with_capacity(desks.len());
    for (desk, position) in desks.iter().zip(1..) {
        let staff = desk.staff_number().filter(|staff| !staff.is_empty());
        let id = match staff.map(DeskId) {
            Some(id) if ids.contains(&id) => DeskId(format!("{}-{position}", id.0)),
            Some(id) => id,
            None => DeskId(format!("desk-{position}")),
        };
        ids.push(id);
    }
    ids
}

impl<'de> Deserialize<'de> for DeskAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            address: Option<String>,
            account: Option<String>,
            browser: Option<String>,
            staff: Option<String>,
            #[serde(default)]
            groups: Vec<String>,
            #[serde(default)]
            skills: BTreeMap<String, u8>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Bare(String),
            Table(Table),
        }
        let form = Form::deserialize(deserializer).map_err(|_| {
            D::Error::custom(
                "a desk is \"sip:8001@192.0.2.7\" or { address = \"sip:…\", staff = \"8001\", groups = [\"forest\"], skills = { permits = 9 } } or { account = \"8001\" } or { browser = \"wang\" }",
            )
        })?;
        let desk = match form {
            Form::Bare(address) => DeskAddress {
                address: place(Some(address), None, None).map_err(D::Error::custom)?,
                staff: None,
                groups: Vec::new(),
                skills: BTreeMap::new(),
            },
            Form::Table(Table {
                address,
                account,
                browser,
                staff,
                groups,
                skills,
            }) => DeskAddress {
                address: place(address, account, browser).map_err(D::Error::custom)?,
                staff,
                groups,
                skills,
            },
        };
        match problem_of(&desk) {
            Some(problem) => Err(D::Error::custom(problem)),
            None => Ok(desk),
        }
    }
}

/// A desk has an address, or an account by which it registers, or the login of who answers in a browser.
fn place(
    address: Option<String>,
    account: Option<String>,
    browser: Option<String>,
) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    match (address, account, browser) {
        (Some(address), None, None) if address.starts_with("sip:") => Ok(address),
        (Some(address), None, None) => Err(format!(
            "“{address}” is not a SIP address such as sip:8001@192.0.2.7:5060"
        )),
        (None, Some(account), None) if !account.is_empty() && account.chars().all(fits) => {
            Ok(format!("account:{account}"))
        }
        (None, Some(account), None) => Err(format!(
            "“{account}” is no account such as 8001, as gradeline desk add makes it"
        )),
        (None, None, Some(login)) if !login.is_empty() && login.len() <= MAX_LOGIN => {
            Ok(format!("browser:{login}"))
        }
        (None, None, Some(login)) => Err(format!(
            "“{login}” is no login such as wang, as gradeline user add makes it"
        )),
        _ => Err("a desk has an address, an account or a browser, one of them".into()),
    }
}

/// Longest name of a login.
const MAX_LOGIN: usize = 64;

/// What a desk cannot be, and what would be right.
fn problem_of(desk: &DeskAddress) -> Option<String> {
    if let Some(staff) = &desk.staff
        && !staff.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(format!(
            "staff number “{staff}” must be digits: P04 speaks it digit by digit"
        ));
    }
    if let Some((skill, level)) = desk
        .skills
        .iter()
        .find(|(_, level)| !(1..=9).contains(*level))
    {
        return Some(format!(
            "skill “{skill}” has level {level}; a level is from 1 to 9, and 9 is the best"
        ));
    }
    if desk.groups.len().max(desk.skills.len()) > KINDS_OF_A_DESK {
        return Some(format!(
            "“{}” has more than {KINDS_OF_A_DESK} groups or skills",
            desk.address
        ));
    }
    None
}

/// Groups, and skills, that a desk may have: every two of them are a line of their own.
const KINDS_OF_A_DESK: usize = 16;

/// Reasons that a menu can show.
pub(super) fn break_reasons<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let reasons = Vec::<String>::deserialize(deserializer)?;
    let fits = |reason: &String| (1..=40).contains(&reason.len());
    if reasons.len() <= KINDS_OF_A_DESK && reasons.iter().all(fits) {
        return Ok(reasons);
    }
    Err(D::Error::custom(format!(
        "break_reasons are {KINDS_OF_A_DESK} at most, each of 1 to 40 octets, such as [\"用餐\", \"培训\"]"
    )))
}

pub(super) fn strategy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Strategy, D::Error> {
    let words = [
        ("longest_idle", Strategy::LongestIdle),
        ("ring_all", Strategy::RingAll),
        ("linear", Strategy::Linear),
    ];
    one_of(deserializer, &words)
}

pub(super) fn when_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<WhenEmpty, D::Error> {
    one_of(
        deserializer,
        &[("end", WhenEmpty::End), ("wait", WhenEmpty::Wait)],
    )
}

fn one_of<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    words: &[(&str, T)],
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<String> = words
            .iter()
            .map(|(word, _)| format!("\"{word}\""))
            .collect();
        D::Error::custom(format!("“{text}” is not one of {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn desks_are_told_apart_without_a_name_of_a_person() {
        let desk = |address: &str, staff: Option<&str>| DeskAddress {
            address: address.to_owned(),
            staff: staff.map(str::to_owned),
            groups: Vec::new(),
            skills: BTreeMap::new(),
        };
        let ids = desk_ids(&[
            desk("sip:8001@192.0.2.7", None),
            desk("sip:wang.fang@192.0.2.7", None),
            desk("sip:li.na@192.0.2.7", Some("8001")),
            desk("sip:li.na@192.0.2.8", Some("8002")),
            desk("sip:li.na@192.0.2.9", Some("")),
        ]);
        let ids: Vec<_> = ids.iter().map(|id| id.0.as_str()).collect();
        assert_eq!(ids, ["8001", "desk-2", "8001-3", "8002", "desk-5"]);
    }
}
