//! A final response, as far as it matters here.

use std::time::Duration;

use super::{LONGEST_EXPIRES, LONGEST_RETRY_AFTER};
use crate::credentials::{Challenge, strongest};

/// A final response: its status and its headers in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
}

impl Reply {
    fn all<'a>(&'a self, wanted: &'a str, compact: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.headers.iter();
        let fits = move |name: &str| {
            name.eq_ignore_ascii_case(wanted)
                || (!compact.is_empty() && name.eq_ignore_ascii_case(compact))
        };
        headers
            .filter(move |(name, _)| fits(name))
            .map(|(_, value)| value.as_str())
    }

    fn seconds(&self, name: &str) -> Option<Duration> {
        let value = self.all(name, "").next()?;
        let digits = value.split([';', '(', ' ', ',']).next()?.trim();
        digits.parse().ok().map(Duration::from_secs)
    }

    /// The challenge of a 401 or 407 that we can answer.
    pub fn challenge(&self) -> Option<Challenge> {
        let headers = self.headers.iter();
        strongest(
            self.status,
            headers.map(|(name, value)| (name.as_str(), value.as_str())),
        )
    }

    pub fn retry_after(&self) -> Option<Duration> {
        let after = self.seconds("Retry-After")?;
        Some(after.min(LONGEST_RETRY_AFTER))
    }

    /// Of a 423: what would be long enough.
    pub fn min_expires(&self) -> Option<Duration> {
        let min = self.seconds("Min-Expires")?;
        (min <= LONGEST_EXPIRES).then_some(min)
    }

    /// For how long a 2xx binds the Contact whose URI holds `ours` (RFC 3261 §10.2.4): its parameter, or that of the only
    /// Contact, or the Expires header, or what was asked.
    pub fn granted(&self, ours: &str, asked: Duration) -> Duration {
        let contacts: Vec<&str> = self.all("Contact", "m").flat_map(items).collect();
        let mine = contacts.iter().find(|contact| contact.contains(ours));
        let only = contacts.first().filter(|_| contacts.len() == 1);
        let parameter = mine.or(only).and_then(|contact| expires_of(contact));
        let granted = parameter
            .or_else(|| self.seconds("Expires"))
            .unwrap_or(asked);
        granted.min(LONGEST_EXPIRES)
    }
}

/// At commas outside of quotes and `<…>`.
fn items(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut in_uri) = (false, false, false);
    value.split(move |c| {
        let separates = c == ',' && !quoted && !in_uri;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !in_uri => quoted = !quoted,
            '<' if !quoted => in_uri = true,
            '>' if !quoted => in_uri = false,
            _ => {}
        }
        separates
    })
}

/// The `expires` behind a Contact's URI.
fn expires_of(contact: &str) -> Option<Duration> {
    let parameters = contact.rsplit_once('>').map_or(contact, |(_, rest)| rest);
    let value = parameters.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("expires").then_some(value)
    })?;
    let seconds = value.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds))
}
