//! The one TOML file: every key optional with the defaults of `make run`, unknown keys
//! refused by name. Paths are relative to the working directory.

mod checks;
mod codecs;
mod defaults;
mod desks;
mod hours;
mod outward;
mod read;
mod special_days;
mod transfers;
mod trunk;
mod trunks;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use codecs::Srtp;
pub use trunk::{Secret, Trunk};
pub use trunks::{Trunks, trunk_in_trouble};

use checks::Problem;

pub use outward::Outward;
pub use transfers::Transfers;

use crate::channels::QuietHours;
use crate::codecs::Codecs;
use crate::desks::{Strategy, WhenEmpty};
use crate::domain::Day;
use crate::figures::Thresholds;
use crate::phone::{Files, ServiceHours};
use crate::sip::{Listen, Network, PemFiles};
use crate::special_days::SpecialDays;

/// The whole configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub sip: Sip,
    pub trunk: Trunks,
    pub media: Media,
    pub web: Web,
    pub store: Store,
    pub recordings: Recordings,
    pub journal: Journal,
    pub desks: Desks,
    pub centre: Centre,
    pub dialplans: Dialplans,
    pub prompts: Prompts,
    pub calendars: Calendars,
    pub regulation: Regulation,
    pub ratings: Ratings,
    pub figures: Figures,
    pub outward: Outward,
    pub transfers: Transfers,
}

/// `[sip]`: where to listen, who may call.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sip {
    /// `"udp:0.0.0.0:5060"`, `"tcp:[::]:5060"`, `"tls:0.0.0.0:5061"`, `"wss:0.0.0.0:5443"`.
    #[serde(deserialize_with = "read::listens")]
    pub listen: Vec<Listen>,
    /// Who may call: addresses or networks, `"192.0.2.10"`, `"192.0.2.0/28"`.
    #[serde(deserialize_with = "read::networks")]
    pub trunks: Vec<Network>,
    /// What Contact and Via name where `listen` is 0.0.0.0; by default `[media] address`.
    pub address: Option<IpAddr>,
    /// Calls at once; one more is refused with 503 and Retry-After.
    pub max_calls: usize,
    /// Session-Expires asked for (RFC 4028), at least 90.
    pub session_expires_s: u32,
    /// How long running calls may go on after Ctrl-C.
    pub drain_s: u64,
    /// PEM: our certificate, then those of its issuers. With `tls:` or `wss:` in `listen`.
    pub tls_certificate: Option<PathBuf>,
    /// PEM: its private key, without a passphrase.
    pub tls_key: Option<PathBuf>,
    /// PEM: issuers whose certificates desks must show that are rung by TLS.
    pub tls_authorities: Option<PathBuf>,
    /// Pages that may open a WebSocket beside those of the host that they ask: `"https://phones.example.cn"`.
    pub websocket_origins: Vec<String>,
    /// A TLS proxy stands before `ws:` in `listen`, where that is not loopback.
    pub websocket_behind_tls: bool,
}

/// `[media]`: where sound is sent and received.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The address that SDP names and RTP sockets are bound to.
    pub address: IpAddr,
    /// RTP ports, `"20000-29999"`.
    #[serde(deserialize_with = "read::port_range")]
    pub ports: RangeInclusive<u16>,
    /// Threads that carry sound.
    pub threads: usize,
    /// A leg silent (no RTP, no RTCP) for this long ends the call.
    pub rtp_timeout_s: u64,
    /// `"accept"`, `"refuse"` or `"require"`: SRTP with keys in the signalling (RFC 4568), where `[trunk]` or `[desks]`
    /// say nothing else.
    pub srtp: Srtp,
    /// Keys may travel by UDP and TCP, too.
    pub srtp_in_clear: bool,
    /// For broken trunks: takes a leg's address from its first packets where they come from elsewhere.
    pub learn_address: bool,
    /// `["PCMA", "PCMU"]`: codecs on legs to and from trunks.
    #[serde(deserialize_with = "codecs::codecs")]
    pub trunk_codecs: Codecs,
    /// What desks' telephones are offered, the most liked one first.
    #[serde(deserialize_with = "codecs::codecs")]
    pub desk_codecs: Codecs,
    /// Of what a browser offers, the first of these is taken.
    #[serde(deserialize_with = "codecs::codecs")]
    pub browser_codecs: Codecs,
}

/// `[web]`: the pages and the API.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    pub listen: SocketAddr,
    /// A TLS proxy stands in front: cookies are `Secure`.
    pub behind_tls: bool,
}

/// `[store]`: the database.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `sqlite:data/gradeline.db` or `postgres://user:password@host/database`.
    pub url: String,
}

/// `[recordings]`: where recordings are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recordings {
    pub dir: PathBuf,
}

/// `[journal]`: where what callers say is kept while the database is gone.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// Best on another volume than the database.
    pub dir: PathBuf,
}

/// `[desks]`: who is rung.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Desks {
    /// From where desks' telephones register; empty: none may.
    #[serde(deserialize_with = "read::networks")]
    pub networks: Vec<Network>,
    /// Which of them are asked for their password with MD5 alone: those that stop at SHA-256.
    #[serde(deserialize_with = "read::networks")]
    pub md5_networks: Vec<Network>,
    /// Which of them are SIP proxies, whose Path (RFC 3327) is believed.
    #[serde(deserialize_with = "read::networks")]
    pub proxies: Vec<Network>,
    /// For how long a registration holds at least and at most; a telephone registers again in time.
    pub min_expires_s: u64,
    pub max_expires_s: u64,
    /// How often telephones behind NAT are asked whether they are there, so that their router forgets them not; 0: never.
    pub nat_keep_alive_s: u64,
    /// Media of telephones behind NAT is taken from where they registered, whatever they say.
    pub nat_learn_media: bool,
    /// Empty: the rehearsal desk answers.
    pub addresses: Vec<DeskAddress>,
    /// `"longest_idle"`, `"ring_all"` or `"linear"`: which desk is rung.
    #[serde(deserialize_with = "desks::strategy")]
    pub strategy: Strategy,
    /// Of the desks' telephones; by default `[media] srtp`.
    pub srtp: Option<Srtp>,
    /// How much louder what comes from desks is made, −12 to 12.
    pub level_db: i8,
    /// How long one desk rings before the next.
    pub ring_timeout_s: u64,
    /// 话后处理: how long after a talk a desk is not rung.
    pub wrap_up_s: u64,
    /// How long a desk that missed a ring is not rung again.
    pub rest_s: u64,
    /// After so many rings missed in a row nobody is taken to be there; 0: never.
    pub misses_at_most: u32,
    /// For how long.
    pub not_answering_s: u64,
    /// For what a desk in a browser may take a break; empty: for none.
    #[serde(deserialize_with = "desks::break_reasons")]
    pub break_reasons: Vec<String>,
    /// How many callers may wait; one more hears that all are busy.
    pub waiting_at_most: usize,
    /// `"end"` or `"wait"`: what becomes of waiting callers while nobody is there.
    #[serde(deserialize_with = "desks::when_empty")]
    pub when_empty: WhenEmpty,
    /// Who left the queue and calls again within this time has his place again.
    pub redial_within_s: u64,
    /// Who leaves the queue earlier is counted apart.
    pub short_abandonment_s: u64,
    /// How long the rehearsal desk speaks before it hangs up.
    pub rehearsal_talk_s: u64,
}

/// A desk: `"sip:8001@192.0.2.7"`, or a table with its staff number; `{ account = "8001" }` where its telephone registers;
/// `{ browser = "wang" }` where the person of that login answers in a page.
#[derive(Debug, Clone)]
pub struct DeskAddress {
    /// A SIP URI, or `account:8001`, or `browser:wang`.
    pub address: String,
    /// 工号, told to the caller by P04; by default the digits of the address's user part.
    pub staff: Option<String>,
    /// The groups that it serves, for `group` in a dialplan.
    pub groups: Vec<String>,
    /// What it is good at, from 1 to 9, for `skill` in a dialplan.
    pub skills: BTreeMap<String, u8>,
}

/// `[centre]`: who answers, and when.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Centre {
    pub name: String,
    /// `"always"`, or spans such as `["workdays 08:30-11:30", "workdays 13:30-17:00"]`.
    pub service_hours: ServiceHours,
    /// Days with hours of their own: `[{ day = "2026-02-16", hours = ["08:30-12:00"], name = "除夕" }]`.
    #[serde(deserialize_with = "special_days::read")]
    pub special_days: SpecialDays,
}

/// `[dialplans]`: the conversations.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dialplans {
    pub dir: PathBuf,
}

/// `[prompts]`: what is played.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prompts {
    pub dir: PathBuf,
}

/// `[calendars]`: the State Council's notices, a file a year.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendars {
    pub dir: PathBuf,
}

/// `[regulation]`: from when it holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Regulation {
    /// The day from which it is in force (第二十二条: 自印发之日起), `"2026-12-01"`. What was rated, completed or ended
    /// before starts no term. Unless told, it always was in force.
    pub in_force_from: Option<Day>,
}

/// `[ratings]`: reminders of applicants, and testers.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ratings {
    /// Whether applicants of completed matters are reminded to rate (第六条第二款: 可以).
    pub reminders: bool,
    /// When they are not disturbed, `"20:00-09:00"`, or `"never"`.
    #[serde(deserialize_with = "hours::quiet_hours")]
    pub quiet_hours: QuietHours,
    /// Numbers of testers: their ratings are marked and count for nothing.
    pub test_numbers: Vec<String>,
}

/// `[figures]`: how grades weigh, and from where something is a sign (第十九条).
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Figures {
    /// Points of the five grades, best first.
    pub weights: [i64; 5],
    pub signs: Thresholds,
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
    #[error("{}:{line}: {problem}", path.display())]
    Value {
        path: PathBuf,
        /// From 1.
        line: usize,
        problem: String,
    },
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
        Config::parse(path, &text)
    }

    /// The settings of a file's text over the defaults.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Config, Error> {
        let config: Config = toml::from_str(text).map_err(|source| Error::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        match config.problem() {
            Some(Problem { at, said }) => Err(Error::Value {
                path: path.to_owned(),
                line: read::line_of(text, at.0, at.1),
                problem: format!("[{}] {} {said}", at.0, at.1),
            }),
            None => Ok(config),
        }
    }

    /// Where dialplans and prompts are.
    pub fn files(&self) -> Files {
        Files {
            dialplans: self.dialplans.dir.clone(),
            prompts: self.prompts.dir.clone(),
        }
    }

    /// What Contact and Via name.
    pub fn sip_address(&self) -> IpAddr {
        self.sip.address.unwrap_or(self.media.address)
    }

    /// The certificate's files, where TLS is listened for.
    pub fn certificate(&self) -> Option<PemFiles> {
        let (certificate, key) = (&self.sip.tls_certificate, &self.sip.tls_key);
        let files = PemFiles {
            certificate: certificate.clone()?,
            key: key.clone()?,
        };
        self.listens_privately().then_some(files)
    }
}

impl DeskAddress {
    /// The staff number told to the caller: as configured, or the user part where it is digits.
    pub fn staff_number(&self) -> Option<String> {
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        self.staff.clone().or_else(|| {
            let of_address = || Some(self.address.split_once(':')?.1.split_once('@')?.0);
            let user = self.account().or(self.browser()).or_else(of_address)?;
            digits(user).then(|| user.to_owned())
        })
    }

    /// The account by which its telephone registers.
    pub fn account(&self) -> Option<&str> {
        self.address.strip_prefix("account:")
    }

    /// The login of who answers in a page.
    pub fn browser(&self) -> Option<&str> {
        self.address.strip_prefix("browser:")
    }
}

impl Desks {
    /// Accounts of desks that register, in the order in which they are rung.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().filter_map(DeskAddress::account)
    }

    /// Logins of those who answer in a page.
    pub fn browsers(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().filter_map(DeskAddress::browser)
    }
}

#[cfg(test)]
mod tests;
