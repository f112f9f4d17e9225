//! From a text of the file to what it means, or to what would be right.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::DeskAddress;
use crate::sip::{Listen, Network, Transport};

impl<'de> Deserialize<'de> for DeskAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            address: Option<String>,
            account: Option<String>,
            staff: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Bare(String),
            Table(Table),
        }
        let form = Form::deserialize(deserializer).map_err(|_| {
            D::Error::custom(
                "a desk is \"sip:8001@192.0.2.7\" or { address = \"sip:…\", staff = \"8001\" } or { account = \"8001\" }",
            )
        })?;
        let desk = match form {
            Form::Bare(address) => DeskAddress {
                address: one_of(Some(address), None).map_err(D::Error::custom)?,
                staff: None,
            },
            Form::Table(Table {
                address,
                account,
                staff,
            }) => DeskAddress {
                address: one_of(address, account).map_err(D::Error::custom)?,
                staff,
            },
        };
        if let Some(staff) = &desk.staff
            && !staff.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(D::Error::custom(format!(
                "staff number “{staff}” must be digits: P04 speaks it digit by digit"
            )));
        }
        Ok(desk)
    }
}

/// A desk has an address, or an account by which it registers.
fn one_of(address: Option<String>, account: Option<String>) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    match (address, account) {
        (Some(address), None) if address.starts_with("sip:") => Ok(address),
        (Some(address), None) => Err(format!(
            "“{address}” is not a SIP address such as sip:8001@192.0.2.7:5060"
        )),
        (None, Some(account)) if !account.is_empty() && account.chars().all(fits) => {
            Ok(format!("account:{account}"))
        }
        (None, Some(account)) => Err(format!(
            "“{account}” is no account such as 8001, as gradeline desk add makes it"
        )),
        _ => Err("a desk has an address or an account, one of both".into()),
    }
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
