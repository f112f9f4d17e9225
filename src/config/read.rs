//! From a text of the file to what it means, or to what would be right.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

use crate::sip::{Listen, Network, Transport};

pub(super) fn listens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Listen>, D::Error> {
    texts(deserializer, |text| {
        let (transport, address) = text.split_once(':').unwrap_or(("", text));
        let transport = self::transport(transport).or(websocket(transport)).ok_or_else(|| {
            format!(
                "“{text}” must begin with udp:, tcp:, tls:, ws: or wss:, such as \"udp:0.0.0.0:5060\""
            )
        })?;
        let address = address.parse().map_err(|_| {
            format!("“{text}” has no address and port, such as \"udp:0.0.0.0:5060\"")
        })?;
        Ok(Listen { transport, address })
    })
}

pub(super) fn transport(word: &str) -> Option<Transport> {
    match word {
        "udp" => Some(Transport::Udp),
        "tcp" => Some(Transport::Tcp),
        "tls" => Some(Transport::Tls),
        _ => None,
    }
}

/// What only telephones come by: no trunk is reached by it.
fn websocket(word: &str) -> Option<Transport> {
    match word {
        "ws" => Some(Transport::Ws),
        "wss" => Some(Transport::Wss),
        _ => None,
    }
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

pub(super) fn texts<'de, D: Deserializer<'de>, T>(
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
