//! The one TOML file: every key optional with the defaults of `make run`, unknown keys
//! refused by name. Paths are relative to the working directory.

mod hours;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::sip::{Listen, Network, Transport};
pub use hours::{Days, ServiceHours, Span};

/// The whole configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub sip: Sip,
    pub media: Media,
    pub web: Web,
    pub store: Store,
    pub recordings: Recordings,
    pub desks: Desks,
    pub centre: Centre,
    pub dialplans: Dialplans,
    pub prompts: Prompts,
    pub calendars: Calendars,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sip {
    /// `"udp:0.0.0.0:5060"`, `"tcp:[::]:5060"`.
    #[serde(deserialize_with = "listens")]
    pub listen: Vec<Listen>,
    /// Who may call: addresses or networks, `"192.0.2.10"`, `"192.0.2.0/28"`.
    #[serde(deserialize_with = "networks")]
    pub trunks: Vec<Network>,
    /// What Contact and Via name where `listen` is 0.0.0.0; by default `[media] address`.
    pub address: Option<IpAddr>,
    /// Calls at once; one more is refused with 503 and Retry-After.
    pub max_calls: usize,
    /// Session-Expires asked for (RFC 4028), at least 90.
    pub session_expires_s: u32,
    /// How long running calls may go on after Ctrl-C.
    pub drain_s: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The address that SDP names and RTP sockets are bound to.
    pub address: IpAddr,
    /// RTP ports, `"20000-29999"`.
    #[serde(deserialize_with = "port_range")]
    pub ports: RangeInclusive<u16>,
    /// Threads that carry sound.
    pub threads: usize,
    /// A leg silent (no RTP, no RTCP) for this long ends the call.
    pub rtp_timeout_s: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    pub listen: SocketAddr,
    /// A TLS proxy stands in front: cookies are `Secure`.
    pub behind_tls: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sqlite:data/gradeline.db` or `postgres://user:password@host/database`.
    pub url: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recordings {
    pub dir: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Desks {
    /// Rung in this order. Empty: the rehearsal desk answers.
    pub addresses: Vec<DeskAddress>,
    /// How long one desk rings before the next, unless it says otherwise.
    pub ring_timeout_s: u64,
    /// The key sequence by which a desk sends the caller on to the rating (转评价).
    pub rating_keys: String,
    /// How long the rehearsal desk speaks before it hangs up.
    pub rehearsal_talk_s: u64,
}

/// A desk: `"sip:8001@192.0.2.7"`, or a table with its staff number.
#[derive(Debug, Clone)]
pub struct DeskAddress {
    pub address: String,
    /// 工号, told to the caller by P04; by default the digits of the address's user part.
    pub staff: Option<String>,
    pub ring_timeout_s: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Centre {
    pub name: String,
    /// `"always"`, or spans such as `["workdays 08:30-11:30", "workdays 13:30-17:00"]`.
    pub service_hours: ServiceHours,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dialplans {
    pub dir: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prompts {
    pub dir: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendars {
    pub dir: PathBuf,
}

/// A configuration that cannot be used: file, line and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}: {source}; name an existing file with --config", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: {source}", path.display())]
    Parse {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("{}: {problem}", path.display())]
    Value { path: PathBuf, problem: String },
}

impl Config {
    /// The file's settings over the defaults; without a file, the defaults.
    pub fn load(path: Option<&Path>) -> Result<Config, Error> {
        let Some(path) = path else {
            return Ok(Config::default());
        };
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let config: Config = toml::from_str(&text).map_err(|source| Error::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        match config.problem() {
            Some(problem) => Err(Error::Value {
                path: path.to_owned(),
                problem,
            }),
            None => Ok(config),
        }
    }

    /// What Contact and Via name.
    pub fn sip_address(&self) -> IpAddr {
        self.sip.address.unwrap_or(self.media.address)
    }

    /// Settings that each read well but cannot work together.
    fn problem(&self) -> Option<String> {
        if self.sip.listen.is_empty() {
            return Some(
                "[sip] listen is empty: nobody could call; write \"udp:0.0.0.0:5060\"".into(),
            );
        }
        if self.sip.session_expires_s < 90 {
            return Some(
                "[sip] session_expires_s is below 90, the least that RFC 4028 allows".into(),
            );
        }
        if self.media.address.is_unspecified() {
            return Some(format!(
                "[media] address is {}, which no phone can send to; write the address that the trunk reaches",
                self.media.address
            ));
        }
        if self.media.threads == 0 {
            return Some("[media] threads is 0; write 1 or more".into());
        }
        let is_key = |key: char| key.is_ascii_digit() || matches!(key, '*' | '#');
        if self.desks.rating_keys.is_empty() || !self.desks.rating_keys.chars().all(is_key) {
            return Some("[desks] rating_keys may hold 0-9, * and # only, such as \"*8\"".into());
        }
        None
    }

    /// What works but will surprise: shown by `check` and at start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let foreign_trunk = self
            .sip
            .trunks
            .iter()
            .any(|trunk| !trunk.address.is_loopback());
        if foreign_trunk && self.media.address.is_loopback() {
            warnings.push(format!(
                "[sip] trunks allows callers from outside, but [media] address is {}: they would hear nothing; write the address that they reach",
                self.media.address
            ));
        }
        if self.desks.addresses.is_empty() {
            warnings.push(
                "[desks] addresses is empty: the rehearsal desk answers, and its calls stay out of all figures"
                    .into(),
            );
        }
        warnings
    }
}

impl Default for Sip {
    fn default() -> Self {
        let any = |transport| Listen {
            transport,
            address: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 5060),
        };
        Sip {
            listen: vec![any(Transport::Udp), any(Transport::Tcp)],
            trunks: vec![
                Network {
                    address: Ipv4Addr::new(127, 0, 0, 0).into(),
                    prefix: 8,
                },
                Network {
                    address: std::net::Ipv6Addr::LOCALHOST.into(),
                    prefix: 128,
                },
            ],
            address: None,
            max_calls: 200,
            session_expires_s: 1800,
            drain_s: 120,
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Media {
            address: Ipv4Addr::LOCALHOST.into(),
            ports: 20000..=29999,
            threads: 1,
            rtp_timeout_s: 30,
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        Web {
            listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 8080),
            behind_tls: false,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Store {
            url: "sqlite:data/gradeline.db".into(),
        }
    }
}

impl Default for Recordings {
    fn default() -> Self {
        Recordings {
            dir: "recordings".into(),
        }
    }
}

impl Default for Desks {
    fn default() -> Self {
        Desks {
            addresses: Vec::new(),
            ring_timeout_s: 15,
            rating_keys: "*8".into(),
            rehearsal_talk_s: 8,
        }
    }
}

impl Default for Centre {
    fn default() -> Self {
        Centre {
            name: "国家林业和草原局政务服务中心".into(),
            service_hours: ServiceHours::always(),
        }
    }
}

impl Default for Dialplans {
    fn default() -> Self {
        Dialplans {
            dir: "dialplans".into(),
        }
    }
}

impl Default for Prompts {
    fn default() -> Self {
        Prompts {
            dir: "prompts".into(),
        }
    }
}

impl Default for Calendars {
    fn default() -> Self {
        Calendars {
            dir: "calendars".into(),
        }
    }
}

impl DeskAddress {
    /// The staff number told to the caller: as configured, or the user part where it is digits.
    pub fn staff_number(&self) -> Option<String> {
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        self.staff.clone().or_else(|| {
            let user = self.address.split_once(':')?.1.split_once('@')?.0;
            digits(user).then(|| user.to_owned())
        })
    }
}

impl<'de> Deserialize<'de> for DeskAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            address: String,
            staff: Option<String>,
            ring_timeout_s: Option<u64>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Bare(String),
            Table(Table),
        }
        let form = Form::deserialize(deserializer).map_err(|_| {
            D::Error::custom("a desk is \"sip:8001@192.0.2.7\" or { address = \"sip:…\", staff = \"8001\", ring_timeout_s = 15 }")
        })?;
        let desk = match form {
            Form::Bare(address) => DeskAddress {
                address,
                staff: None,
                ring_timeout_s: None,
            },
            Form::Table(Table {
                address,
                staff,
                ring_timeout_s,
            }) => DeskAddress {
                address,
                staff,
                ring_timeout_s,
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
        Ok(desk)
    }
}

fn listens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Listen>, D::Error> {
    texts(deserializer, |text| {
        let (transport, address) = text.split_once(':').unwrap_or(("", text));
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => {
                return Err(format!(
                    "“{text}” must begin with udp: or tcp:, such as \"udp:0.0.0.0:5060\""
                ));
            }
        };
        let address = address.parse().map_err(|_| {
            format!("“{text}” has no address and port, such as \"udp:0.0.0.0:5060\"")
        })?;
        Ok(Listen { transport, address })
    })
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
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

fn port_range<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RangeInclusive<u16>, D::Error> {
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

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        config.problem().map_or(Ok(config), Err)
    }

    #[test]
    fn an_empty_file_is_make_run() {
        let config = parse("").unwrap();
        assert_eq!(config.sip.listen.len(), 2);
        assert!(
            config
                .sip
                .trunks
                .iter()
                .all(|trunk| trunk.address.is_loopback())
        );
        assert_eq!(config.web.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.media.ports, 20000..=29999);
    }

    #[test]
    fn every_documented_key_is_read() {
        let config = parse(
            r#"
            [sip]
            listen = ["udp:127.0.0.1:5070", "tcp:[::1]:5070"]
            trunks = ["192.0.2.10", "198.51.100.0/24"]
            [media]
            address = "192.0.2.1"
            ports = "30000-30999"
            [web]
            listen = "127.0.0.1:8090"
            [store]
            url = "postgres://localhost/gradeline"
            [recordings]
            dir = "/srv/recordings"
            [desks]
            addresses = ["sip:8001@192.0.2.7", { address = "sip:li@192.0.2.8:5062", staff = "12", ring_timeout_s = 9 }]
            [centre]
            name = "政务服务中心"
            service_hours = ["workdays 08:30-11:30", "workdays 13:30-17:00"]
            "#,
        )
        .unwrap();
        assert_eq!(config.sip.trunks[0].prefix, 32);
        assert_eq!(
            config.desks.addresses[0].staff_number().as_deref(),
            Some("8001")
        );
        assert_eq!(
            config.desks.addresses[1].staff_number().as_deref(),
            Some("12")
        );
        assert_eq!(config.desks.addresses[1].ring_timeout_s, Some(9));
    }

    #[test]
    fn an_unknown_key_is_refused_by_name_and_line() {
        let error = parse("[sip]\nlissten = []\n").unwrap_err();
        assert!(
            error.contains("lissten") && error.contains("line 2"),
            "{error}"
        );
    }

    #[test]
    fn a_value_that_cannot_work_says_what_would_be_right() {
        for (text, hint) in [
            ("[sip]\nlisten = [\"5060\"]", "udp:0.0.0.0:5060"),
            ("[sip]\nlisten = []", "nobody could call"),
            ("[sip]\ntrunks = [\"192.0.2.0/40\"]", "192.0.2.0/28"),
            ("[media]\nports = \"29999-20000\"", "20000-29999"),
            ("[media]\naddress = \"0.0.0.0\"", "no phone can send to"),
            ("[desks]\naddresses = [\"8001\"]", "sip:8001@192.0.2.7"),
            ("[desks]\nrating_keys = \"x\"", "*8"),
            (
                "[centre]\nservice_hours = [\"workdays 9-25\"]",
                "08:30-11:30",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn a_trunk_from_outside_with_media_on_loopback_is_warned_of() {
        let config = parse("[sip]\ntrunks = [\"192.0.2.10\"]").unwrap();
        assert!(config.warnings()[0].contains("[media] address"));
    }
}
