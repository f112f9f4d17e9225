//! From a text of the file to what it means, or to what would be right.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::DeskAddress;
use crate::desks::{Strategy, WhenEmpty};
use crate::sip::{Listen, Network, Transport};

impl<'de> Deserialize<'de> for DeskAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            address: String,
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
                "a desk is \"sip:8001@192.0.2.7\" or { address = \"sip:…\", staff = \"8001\", groups = [\"forest\"], skills = { permits = 9 } }",
            )
        })?;
        let desk = match form {
            Form::Bare(address) => DeskAddress {
                address,
                staff: None,
                groups: Vec::new(),
                skills: BTreeMap::new(),
            },
            Form::Table(Table {
                address,
                staff,
                groups,
                skills,
            }) => DeskAddress {
                address,
                staff,
                groups,
                skills,
            },
        };
        if !desk.address.starts_with("sip:") {
            return Err(D::Error::custom(format!(
                "“{}” is not a SIP address such as sip:8001@192.0.2.7:5060",
                desk.address
            )));
        }
        if let Some(staff) = &desk.staff
            && !staff.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(D::Error::custom(format!(
                "staff number “{staff}” must be digits: P04 speaks it digit by digit"
            )));
        }
        if let Some((skill, level)) = desk
            .skills
            .iter()
            .find(|(_, level)| !(1..=9).contains(*level))
        {
            return Err(D::Error::custom(format!(
                "skill “{skill}” has level {level}; a level is from 1 to 9, and 9 is the best"
            )));
        }
        if desk.groups.len().max(desk.skills.len()) > KINDS_OF_A_DESK {
            return Err(D::Error::custom(format!(
                "“{}” has more than {KINDS_OF_A_DESK} groups or skills",
                desk.address
            )));
        }
        Ok(desk)
    }
}

/// Groups, and skills, that a desk may have: every two of them are a line of their own.
const KINDS_OF_A_DESK: usize = 16;

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

pub(super) fn listens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Listen>, D::Error> {
    texts(deserializer, |text| {
        let (transport, address) = text.split_once(':').unwrap_or(("", text));
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            "tls" => Transport::Tls,
            _ => {
                return Err(format!(
                    "“{text}” must begin with udp:, tcp: or tls:, such as \"udp:0.0.0.0:5060\""
                ));
            }
        };
        let address = address.parse().map_err(|_| {
            format!("“{text}” has no address and port, such as \"udp:0.0.0.0:5060\"")
        })?;
        Ok(Listen { transport, address })
    })
}

pub(super) fn networks<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Network>, D::Error> {
    texts(deserializer, |text| {
        let wrong = || {
            format!(
                "“{text}” is not an address or network, such as \"192.0.2.10\" or \"192.0.2.0/28\""
            )
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        match prefix.unwrap_or(bits) {
            prefix if prefix <= bits => Ok(Network { address, prefix }),
            _ => Err(wrong()),
        }
    })
}

fn texts<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| read(text).map_err(D::Error::custom))
        .collect()
}

pub(super) fn port_range<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<RangeInclusive<u16>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let range = text
        .split_once('-')
        .and_then(|(low, high)| Some(low.trim().parse().ok()?..=high.trim().parse().ok()?))
        .filter(|range: &RangeInclusive<u16>| {
            *range.start() >= 1024 && range.end() > range.start()
        });
    range.ok_or_else(|| {
        D::Error::custom(format!(
            "“{text}” is not a range of ports, such as \"20000-29999\""
        ))
    })
}

/// The line, from 1, on which a table's key stands; 1 where the text has none.
pub(super) fn line_of(text: &str, table: &str, key: &str) -> usize {
    let begins = || {
        let tables = toml::de::DeTable::parse(text).ok()?;
        let keys = tables.get_ref().get(table)?.get_ref().as_table()?;
        let (key, _) = keys.get_key_value(key)?;
        Some(key.span().start)
    };
    let before = &text.as_bytes()[..begins().unwrap_or(0)];
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
