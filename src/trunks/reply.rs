//! A final response, as far as it matters here.

use std::net::IpAddr;
use std::time::Duration;

use super::{LONGEST_EXPIRES, LONGEST_RETRY_AFTER};
use crate::credentials::{Challenge, strongest};
use crate::guard::{items, route, unquoted};

/// Proxies that a carrier may put before our requests.
const MOST_ROUTES: usize = 8;

/// A Service-Route that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OddRoute;

/// A final response: its status and its headers in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The URI of the Contact in the request that it answers.
    pub contact: String,
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

    /// The route that a 2xx names for requests of ours, each of its elements as it goes into a Route (RFC 3608 §5); empty
    /// where it names none.
    ///
    /// # Errors
    /// Where one of them cannot be read, or there are more than [`MOST_ROUTES`]: half a route leads elsewhere.
    pub fn service_route(&self) -> Result<Vec<String>, OddRoute> {
        let mut elements = Vec::new();
        for item in self.all("Service-Route", "").flat_map(items) {
            let element = route(item).filter(|_| elements.len() < MOST_ROUTES);
            elements.push(element.ok_or(OddRoute)?);
        }
        Ok(elements)
    }

    /// For how long a 2xx binds our Contact (RFC 3261 §10.2.4): the parameter of the one that is ours, or the Expires
    /// header, or what was asked. A carrier that writes our address anew leaves none that is: then the shortest of our
    /// user's counts, or the only one.
    pub fn granted(&self, asked: Duration) -> Duration {
        let ours = Place::of(&self.contact);
        let listed: Vec<(Place, Option<Duration>)> = self
            .all("Contact", "m")
            .flat_map(items)
            .filter_map(listed)
            .collect();
        let exact = listed.iter().find(|(place, _)| *place == ours);
        let of_user = || {
            let alike = listed.iter().filter(|(place, _)| place.user == ours.user);
            alike.min_by_key(|(_, expires)| expires.unwrap_or(Duration::MAX))
        };
        let only = || listed.first().filter(|_| listed.len() == 1);
        let mine = exact.or_else(of_user).or_else(only);
        let granted = mine
            .and_then(|(_, expires)| *expires)
            .or_else(|| self.seconds("Expires"))
            .unwrap_or(asked);
        granted.min(LONGEST_EXPIRES)
    }
}

/// What of a SIP URI tells whether it is ours (RFC 3261 §19.1.4): its user as it is written, its host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    user: String,
    /// In small letters; an address as addresses are written.
    host: String,
    port: u16,
}

impl Place {
    fn of(uri: &str) -> Place {
        let (scheme, rest) = uri.trim().split_once(':').unwrap_or(("", uri));
        let rest = rest.split('?').next().unwrap_or_default();
        let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let place = place.split(';').next().unwrap_or_default().trim();
        // An IPv6 address has colons of its own, within brackets.
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
            _ => (place, None),
        };
        let usual = match scheme.eq_ignore_ascii_case("sips") {
            true => 5061,
            false => 5060,
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address: Result<IpAddr, _> = bare.parse();
        Place {
            user: user.split(':').next().unwrap_or_default().to_owned(),
            host: address.map_or_else(|_| host.to_ascii_lowercase(), |address| address.to_string()),
            port: port.unwrap_or(usual),
        }
    }
}

/// Where one Contact is, and its `expires`.
fn listed(contact: &str) -> Option<(Place, Option<Duration>)> {
    // A quoted name may hold anything.
    let before = unquoted(contact, '<').next().unwrap_or_default().len();
    let (uri, parameters) = match contact.get(before + 1..) {
        Some(behind) => behind.split_once('>')?,
        None => contact.split_once(';').unwrap_or((contact, "")),
    };
    Some((Place::of(uri), expires_of(parameters)))
}

/// The `expires` among the parameters behind a Contact's URI.
fn expires_of(parameters: &str) -> Option<Duration> {
    let value = parameters.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("expires").then_some(value)
    })?;
    let seconds = value.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds))
}
