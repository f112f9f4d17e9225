//! `[trunk]`: a carrier's trunk, where we register to it or call out through it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::checks::{Problem, first};
use super::{Config, Srtp, read};
use crate::sip::{Listen, Transport};
use crate::trunkline::{self, Account, Credentials, Families, Host};

/// `[trunk]`: where a carrier's trunk is, and as whom we register there.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trunk {
    /// What it is called in logs, figures and `/healthz`, where there are several.
    pub name: Option<String>,
    /// Our number as persons see it who are called by it; unless told, that of `[outward]`.
    pub caller_id: Option<String>,
    /// What numbers begin with that are called by it, as they are dialled; empty: all.
    pub numbers: Vec<String>,
    /// In the order in which they are tried: `"udp:192.0.2.10:5060"`, `"tls:sip.carrier.example"`.
    #[serde(deserialize_with = "hosts")]
    pub addresses: Vec<Host>,
    /// The carrier's domain: looked up by NAPTR and SRV where `addresses` is empty, and the host of our address.
    pub domain: Option<String>,
    /// The only transport that is looked up, where the carrier wants that one.
    #[serde(deserialize_with = "transport")]
    pub transport: Option<Transport>,
    /// Name servers that are asked instead of the system's, `"192.0.2.53:53"`.
    pub nameservers: Vec<SocketAddr>,
    /// Of calls in and out; by default `[media] srtp`.
    pub srtp: Option<Srtp>,
    /// How much louder what comes from callers is made, −12 to 12.
    pub level_db: i8,
    /// Whether we register.
    pub register: bool,
    /// The number or name that the carrier gave us.
    pub user: String,
    /// What the password is of, where that is another name.
    pub auth_user: Option<String>,
    pub password: Secret,
    /// How long a registration is asked for.
    pub expires_s: u64,
    /// Between two OPTIONS to each address; 0: none.
    pub keep_alive_s: u64,
    /// How long an answer is waited for before the next address is tried.
    pub answer_s: u64,
    /// The first pause after a refusal; it doubles up to half an hour.
    pub retry_s: u64,
}

/// A text that no log shows.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Default for Trunk {
    fn default() -> Self {
        Trunk {
            name: None,
            caller_id: None,
            numbers: Vec::new(),
            addresses: Vec::new(),
            domain: None,
            transport: None,
            nameservers: Vec::new(),
            srtp: None,
            level_db: 0,
            register: false,
            user: String::new(),
            auth_user: None,
            password: Secret::default(),
            expires_s: 600,
            keep_alive_s: 30,
            answer_s: 8,
            retry_s: 30,
        }
    }
}

impl Config {
    /// The trunks that we register to or call out through.
    pub fn trunklines(&self) -> Vec<trunkline::Settings> {
        let trunks = self.trunk.0.iter().filter(|trunk| trunk.is_somewhere());
        trunks.map(|trunk| self.trunkline(trunk)).collect()
    }

    fn trunkline(&self, trunk: &Trunk) -> trunkline::Settings {
        let username = trunk.auth_user.as_ref().unwrap_or(&trunk.user);
        let account = || Account {
            user: trunk.user.clone(),
            credentials: Credentials {
                username: username.clone(),
                password: trunk.password.0.clone(),
            },
        };
        trunkline::Settings {
            name: trunk.name().to_owned(),
            caller_id: self.caller_id(trunk),
            numbers: trunk.numbers.clone(),
            hosts: trunk.addresses.clone(),
            nameservers: trunk.nameservers.clone(),
            transports: self.trunk_transports(trunk),
            datagrams: self.datagrams(),
            trunk: trunkline::TrunkSettings {
                registers: trunk.register,
                account: (!trunk.user.is_empty()).then(account),
                domain: trunk.domain.clone(),
                expires: Duration::from_secs(trunk.expires_s),
                keep_alive: Duration::from_secs(trunk.keep_alive_s),
                patience: Duration::from_secs(trunk.answer_s),
                pause: Duration::from_secs(trunk.retry_s),
            },
        }
    }

    /// Where datagrams can be sent: what is listened on sends them.
    fn datagrams(&self) -> Families {
        let datagrams = |listen: &&Listen| listen.transport == Transport::Udp;
        let mut families = Families {
            v4: false,
            v6: false,
        };
        for listen in self.sip.listen.iter().filter(datagrams) {
            match listen.address.is_ipv4() {
                true => families.v4 = true,
                false => families.v6 = true,
            }
        }
        families
    }

    /// What may carry requests to the trunk: the wanted one, or what is listened for.
    fn trunk_transports(&self, trunk: &Trunk) -> Vec<Transport> {
        let all = [Transport::Udp, Transport::Tcp, Transport::Tls];
        let speaks = |transport: &Transport| {
            let believed = *transport != Transport::Tls || self.sip.tls_authorities.is_some();
            self.listens(*transport) && believed
        };
        let wanted = |transport: &Transport| trunk.transport.is_none_or(|one| one == *transport);
        all.into_iter().filter(speaks).filter(wanted).collect()
    }

    /// What reads well and cannot work.
    pub(super) fn trunk_problem(&self, trunk: &Trunk) -> Option<Problem> {
        let somewhere = trunk.is_somewhere();
        let transports = self.trunk_transports(trunk);
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/".contains(c);
        let secret = |text: &str| text.chars().any(char::is_control);
        let spoken = |host: &Host| transports.contains(&host.transport);
        let named = trunk.domain.as_deref();
        first(&[
            (
                trunk.register && !somewhere,
                ("trunk", "register"),
                "is true, and nobody is named; write addresses, such as [\"udp:192.0.2.10:5060\"], or the carrier's domain",
            ),
            (
                trunk.register && trunk.user.is_empty(),
                ("trunk", "register"),
                "is true, and user is missing: the number or name that the carrier gave you",
            ),
            (
                !trunk.user.chars().all(fits),
                ("trunk", "user"),
                "has signs that stand in no SIP address; write the part before the @ as the carrier gave it",
            ),
            (
                named.is_some_and(|name| !is_domain(name)),
                ("trunk", "domain"),
                "is no domain; write the carrier's alone, such as carrier.example",
            ),
            (
                secret(&trunk.password.0) || trunk.auth_user.as_deref().is_some_and(secret),
                ("trunk", "password"),
                "or auth_user has a line break or another control character",
            ),
            (
                somewhere && transports.is_empty(),
                ("trunk", "transport"),
                "is not in [sip] listen; write it there too. tls needs [sip] tls_authorities beside it",
            ),
            (
                !trunk.addresses.iter().all(spoken),
                ("trunk", "addresses"),
                "has a transport that [sip] listen has not; write it there too. tls: needs [sip] tls_authorities beside it",
            ),
            (
                !(60..=86_400).contains(&trunk.expires_s),
                ("trunk", "expires_s"),
                "must be from 60 to 86400",
            ),
            (
                trunk.keep_alive_s > 3600,
                ("trunk", "keep_alive_s"),
                "is more than an hour; write one such as 30, or 0 for none",
            ),
            (
                !(1..=32).contains(&trunk.answer_s),
                ("trunk", "answer_s"),
                "must be from 1 to 32: after that no answer comes any more",
            ),
            (
                !(1..=1800).contains(&trunk.retry_s),
                ("trunk", "retry_s"),
                "must be from 1 to 1800",
            ),
        ])
    }

    /// What works and will surprise.
    pub(super) fn trunk_warnings(&self) -> impl Iterator<Item = String> {
        self.trunk.0.iter().flat_map(|trunk| {
            let foreign = self.media.address.is_loopback()
                && (trunk.domain.is_some() || !trunk.addresses.iter().all(is_loopback));
            let idle = trunk.register && trunk.password.0.is_empty();
            let heard = foreign.then(|| {
                format!(
                    "[trunk] is elsewhere, but [media] address is {}: its callers would hear nothing; write the address that it reaches",
                    self.media.address
                )
            });
            let open = idle.then(|| {
                "[trunk] registers without a password; the carrier will hardly take that".to_owned()
            });
            heard.into_iter().chain(open)
        })
    }
}

fn is_loopback(host: &Host) -> bool {
    let address: Result<IpAddr, _> = host.name.parse();
    address.map_or(host.name == "localhost", |address| address.is_loopback())
}

/// Letters, digits, hyphens and dots (RFC 1123 §2.1), or an address.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn transport<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Transport>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match read::transport(&text) {
        Some(transport) => Ok(Some(transport)),
        None => Err(D::Error::custom(format!("“{text}” is not udp, tcp or tls"))),
    }
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Host>, D::Error> {
    read::texts(deserializer, |text| {
        host(text).ok_or_else(|| {
            format!("“{text}” is not an address such as \"udp:192.0.2.10:5060\" or \"tls:sip.carrier.example\"")
        })
    })
}

/// `udp:HOST`, `udp:HOST:PORT`, an IPv6 address in brackets.
fn host(text: &str) -> Option<Host> {
    let (transport, rest) = text.split_once(':')?;
    let transport = read::transport(transport)?;
    if let Ok(address) = rest.parse::<SocketAddr>() {
        let (name, port) = (address.ip().to_string(), Some(address.port()));
        return (address.port() != 0).then_some(Host {
            transport,
            name,
            port,
        });
    }
    let bare = rest.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Some(Host {
            transport,
            name: bare.to_owned(),
            port: None,
        });
    }
    let (name, port) = match rest.split_once(':') {
        None => (rest, None),
        Some((name, port)) => (name, Some(port.parse().ok().filter(|port| *port != 0)?)),
    };
    is_domain(name).then(|| Host {
        transport,
        name: name.to_owned(),
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, String> {
        let path = std::path::Path::new("gradeline.toml");
        Config::parse(path, text).map_err(|error| {
            use std::error::Error as _;
            let source = error.source().map(ToString::to_string);
            format!("{error} {}", source.unwrap_or_default())
        })
    }

    #[test]
    fn a_trunk_is_read_as_it_is_written() {
        let config = config(
            "[sip]\nlisten = [\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0:5060\"]\n[trunk]\n\
             addresses = [\"udp:192.0.2.10\", \"tcp:sip.carrier.example:5070\", \"udp:[2001:db8::1]:5062\"]\n\
             domain = \"carrier.example\"\nregister = true\nuser = \"+861088880000\"\nauth_user = \"centre\"\npassword = \"p w\"\n",
        )
        .unwrap();
        let settings = config.trunklines().remove(0);
        let hosts: Vec<_> = settings
            .hosts
            .iter()
            .map(|host| (host.name.as_str(), host.port))
            .collect();
        assert_eq!(
            hosts,
            [
                ("192.0.2.10", None),
                ("sip.carrier.example", Some(5070)),
                ("2001:db8::1", Some(5062)),
            ]
        );
        let account = settings.trunk.account.unwrap();
        assert_eq!(
            (account.user.as_str(), account.credentials.username.as_str()),
            ("+861088880000", "centre")
        );
        assert_eq!(settings.transports, [Transport::Udp, Transport::Tcp]);
        assert!(
            !format!("{config:?}").contains("p w"),
            "a log would show it"
        );
        assert!(Config::default().trunklines().is_empty());
    }

    #[test]
    fn what_cannot_work_says_what_would_be_right() {
        for (text, hint) in [
            ("register = true", "addresses"),
            ("register = true\ndomain = \"c.example\"", "user"),
            ("addresses = [\"192.0.2.10\"]", "udp:192.0.2.10:5060"),
            ("addresses = [\"udp:192.0.2.10:0\"]", "udp:192.0.2.10:5060"),
            ("addresses = [\"tls:192.0.2.10\"]", "tls_authorities"),
            ("domain = \"sip:c.example\"", "carrier.example"),
            (
                "domain = \"c.example\"\ntransport = \"ws\"",
                "udp, tcp or tls",
            ),
            (
                "domain = \"c.example\"\ntransport = \"tls\"",
                "[sip] listen",
            ),
            ("domain = \"c.example\"\nuser = \"a@b\"", "before the @"),
            ("expires_s = 1", "60 to 86400"),
            ("keep_alive_s = 7200", "30"),
            ("answer_s = 0", "1 to 32"),
            ("retry_s = 0", "1 to 1800"),
        ] {
            let error = config(&format!("[trunk]\n{text}\n")).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn a_trunk_elsewhere_that_would_hear_nothing_is_told() {
        let text = "[trunk]\ndomain = \"carrier.example\"\nregister = true\nuser = \"8000\"\n";
        let warnings = config(text).unwrap().warnings().join("\n");
        assert!(
            warnings.contains("would hear nothing") && warnings.contains("without a password"),
            "{warnings}"
        );
    }
}
