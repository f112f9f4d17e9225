//! Where the trunk is: listed hosts, or its domain by NAPTR, SRV and addresses (RFC 3263 §4).

mod records;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RecordType;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use records::{QUESTION, Records, dns};

use super::Settings;
use super::remembering::Remembered;
use crate::sip::Transport;
use crate::trunks::{Target, srv};

/// Three questions follow one another at most: NAPTR, SRV, addresses.
const WHOLE: Duration = Duration::from_secs(20);
/// Records hold for as long as they say, within these bounds.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3600);
/// A resolver that is gone is asked again at least so often.
pub(super) const LONGEST_OUTAGE: Duration = Duration::from_secs(30);
/// However many records a domain has.
const TARGETS_AT_MOST: usize = 32;

/// One host of the trunk as the configuration lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub transport: Transport,
    /// A name or an address.
    pub name: String,
    /// By default the transport's usual one.
    pub port: Option<u16>,
}

impl Host {
    /// As it is configured; an address with its port.
    pub fn word(&self) -> String {
        let word = self.transport.word();
        match (self.name.parse::<IpAddr>(), self.port) {
            (Ok(address), port) => {
                let port = port.unwrap_or(usual_port(self.transport));
                format!("{word}:{}", SocketAddr::new(address, port))
            }
            (Err(_), Some(port)) => format!("{word}:{}:{port}", self.name),
            (Err(_), None) => format!("{word}:{}", self.name),
        }
    }
}

/// Where datagrams can be sent: our socket is of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Families {
    pub v4: bool,
    pub v6: bool,
}

/// One configured entry, and its addresses in the order in which they are tried.
pub(super) struct Place {
    /// As it was configured.
    pub name: String,
    pub targets: Vec<Target>,
}

/// What was found.
pub(super) struct Found {
    pub places: Vec<Place>,
    /// How long it holds; `None` for ever.
    pub for_long: Option<Duration>,
    /// What could not be looked up: earlier answers stand in for it, or it is missing.
    pub failed: Option<Unresolvable>,
}

/// Why no address is known.
#[derive(Debug, thiserror::Error)]
pub enum Unresolvable {
    #[error("the system's name servers cannot be read: {0}; name some in [trunk] nameservers")]
    NoServers(NetError),
    #[error("{name}: {source}")]
    Failed { name: String, source: NetError },
    #[error("{0} has no address")]
    Nothing(String),
    #[error("no answer within {} s", WHOLE.as_secs())]
    Late,
    #[error("{name}: no answer within {} s", QUESTION.as_secs())]
    Unanswered { name: String },
    #[error("the look-up was ended by a bug")]
    Lost,
}

/// Looks the trunk's addresses up.
pub struct Resolver {
    hosts: Vec<Host>,
    domain: Option<String>,
    transports: Vec<Transport>,
    datagrams: Families,
    remembered: Mutex<Remembered<(String, RecordType), Records>>,
    /// `None` where nothing but addresses is listed.
    dns: Option<TokioResolver>,
    chance: Mutex<StdRng>,
}

/// What one look has come upon: the least TTL of what was read, and the first failure.
#[derive(Default)]
struct Noted(Mutex<(Option<Duration>, Option<Unresolvable>)>);

impl Noted {
    fn ttl(&self, ttl_s: u32) {
        let ttl = Duration::from_secs(ttl_s.into()).clamp(SHORTEST, LONGEST);
        let least = &mut self.lock().0;
        *least = Some(least.map_or(ttl, |known| known.min(ttl)));
    }

    fn failed(&self, error: Unresolvable) {
        self.lock().1.get_or_insert(error);
    }

    fn lock(&self) -> MutexGuard<'_, (Option<Duration>, Option<Unresolvable>)> {
        self.0.lock().unwrap_or_else(|held| held.into_inner())
    }
}

impl Resolver {
    pub(super) fn open(settings: &Settings) -> Result<Resolver, Unresolvable> {
        let named = |host: &Host| host.name.parse::<IpAddr>().is_err();
        let domain = settings.trunk.domain.as_ref();
        let is_name = domain.is_some_and(|domain| domain.parse::<IpAddr>().is_err());
        let asks = settings.hosts.is_empty() && is_name || settings.hosts.iter().any(named);
        let dns = asks.then(|| dns(&settings.nameservers)).transpose()?;
        Ok(Resolver {
            hosts: settings.hosts.clone(),
            domain: settings.trunk.domain.clone(),
            transports: settings.transports.clone(),
            datagrams: settings.datagrams,
            remembered: Mutex::new(Remembered::new()),
            dns,
            chance: Mutex::new(StdRng::from_seed(rand::random())),
        })
    }

    /// The addresses in the order in which they are tried.
    pub(super) async fn look(&self) -> Result<Found, Unresolvable> {
        let looked = tokio::time::timeout(WHOLE, self.look_up());
        looked.await.map_err(|_| Unresolvable::Late)?
    }

    async fn look_up(&self) -> Result<Found, Unresolvable> {
        let noted = Noted::default();
        let mut places = match (&self.domain, self.hosts.is_empty()) {
            (Some(domain), true) => vec![Place {
                name: domain.clone(),
                targets: self.domain(domain, &noted).await?,
            }],
            _ => {
                let all = self.hosts.iter().map(|host| self.host(host, &noted));
                let looked = self.hosts.iter().zip(join_all(all).await);
                // One name that is not found keeps nobody from the others.
                let place = |(host, looked): (&Host, Result<_, _>)| Place {
                    name: host.word(),
                    targets: looked.unwrap_or_else(|error| {
                        noted.failed(error);
                        Vec::new()
                    }),
                };
                looked.map(place).collect()
            }
        };
        let mut room = TARGETS_AT_MOST;
        for place in &mut places {
            place.targets.truncate(room);
            room -= place.targets.len();
        }
        let (for_long, failed) = std::mem::take(&mut *noted.lock());
        match places.iter().all(|place| place.targets.is_empty()) {
            true => Err(failed.unwrap_or_else(|| Unresolvable::Nothing("the trunk".into()))),
            false => Ok(Found {
                places,
                for_long,
                failed,
            }),
        }
    }

    /// RFC 3263 §4.2: an address is asked nobody about; with a port it is a host; else SRV may say where the service is.
    async fn host(&self, host: &Host, noted: &Noted) -> Result<Vec<Target>, Unresolvable> {
        let transport = host.transport;
        if host.port.is_none() && host.name.parse::<IpAddr>().is_err() {
            let name = format!("{}.{}", service(transport), host.name);
            match self.srv(&name, noted).await {
                Ok(Some(records)) => {
                    let records = records.into_iter().map(|record| (transport, record));
                    return self.services(records.collect(), &host.name, noted).await;
                }
                Ok(None) => {}
                // The host may be there all the same.
                Err(error) => noted.failed(error),
            }
        }
        let port = host.port.unwrap_or(usual_port(transport));
        let addresses = self.addresses(&host.name, transport, noted).await?;
        Ok(targets(&addresses, port, transport, &host.name))
    }

    /// RFC 3263 §4.1 and §4.2.
    async fn domain(&self, domain: &str, noted: &Noted) -> Result<Vec<Target>, Unresolvable> {
        let first = self.transports.first().copied().unwrap_or(Transport::Udp);
        if domain.parse::<IpAddr>().is_ok() {
            let addresses = self.addresses(domain, first, noted).await?;
            return Ok(targets(&addresses, usual_port(first), first, domain));
        }
        let mut services = self.naptr(domain, noted).await?;
        if services.is_empty() {
            // No NAPTR: each transport that we speak is asked for.
            let usual = [Transport::Udp, Transport::Tcp, Transport::Tls];
            let ours = usual
                .into_iter()
                .filter(|way| self.transports.contains(way));
            services = ours
                .map(|transport| (transport, format!("{}.{domain}", service(transport))))
                .collect();
        }
        let asked = services.iter().map(|(_, name)| self.srv(name, noted));
        let looked = join_all(asked).await;
        let (mut all, mut listed, mut unknown) = (Vec::new(), false, None);
        for ((transport, _), records) in services.iter().zip(looked) {
            match records {
                Ok(Some(records)) => {
                    listed = true;
                    all.extend(records.into_iter().map(|record| (*transport, record)));
                }
                Ok(None) => {}
                Err(error) => unknown = Some(error),
            }
        }
        match (listed, unknown) {
            (true, unknown) => {
                // One service that is not found keeps nobody from the others.
                unknown.into_iter().for_each(|error| noted.failed(error));
                self.services(all, domain, noted).await
            }
            // Whether there are any is not known: the domain's own address may be somebody else's.
            (false, Some(error)) => Err(error),
            (false, None) => {
                let addresses = self.addresses(domain, first, noted).await?;
                Ok(targets(&addresses, usual_port(first), first, domain))
            }
        }
    }

    /// The addresses of what SRV names, in its order.
    async fn services(
        &self,
        mut records: Vec<(Transport, srv::Record)>,
        asked: &str,
        noted: &Noted,
    ) -> Result<Vec<Target>, Unresolvable> {
        records.truncate(TARGETS_AT_MOST);
        let all = records
            .iter()
            .map(|(transport, record)| self.addresses(&record.target, *transport, noted));
        let looked = join_all(all).await;
        let mut found = Vec::new();
        for ((transport, record), addresses) in records.iter().zip(looked) {
            match addresses {
                // RFC 5922 §7.1: the certificate is of the domain that was asked for.
                Ok(addresses) => {
                    found.extend(targets(&addresses, record.port, *transport, asked));
                }
                // One host that is not found keeps nobody from the others.
                Err(error) => noted.failed(error),
            }
        }
        match found.is_empty() {
            true => Err(Unresolvable::Nothing(asked.to_owned())),
            false => Ok(found),
        }
    }
}

fn targets(addresses: &[IpAddr], port: u16, transport: Transport, name: &str) -> Vec<Target> {
    let target = |address: &IpAddr| Target {
        transport,
        peer: SocketAddr::new(*address, port),
        name: name.to_owned(),
    };
    addresses.iter().map(target).collect()
}

fn usual_port(transport: Transport) -> u16 {
    match transport {
        Transport::Tls => 5061,
        Transport::Udp | Transport::Tcp => 5060,
        // RFC 7118 §5.4; the configuration names no trunk by WebSocket.
        Transport::Ws => 80,
        Transport::Wss => 443,
    }
}

fn service(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp | Transport::Ws => "_sip._tcp",
        Transport::Tls | Transport::Wss => "_sips._tcp",
    }
}
