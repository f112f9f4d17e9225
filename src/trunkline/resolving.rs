//! Where the trunk is: listed hosts, or its domain by NAPTR, SRV and addresses (RFC 3263 §4).

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::Settings;
use crate::sip::Transport;
use crate::trunks::{Target, srv};

/// One question to one name server, and all of them together.
const ANSWER: Duration = Duration::from_secs(2);
const WHOLE: Duration = Duration::from_secs(15);
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

/// What was found, and for how long it holds; `None` for ever.
pub(super) struct Found {
    pub targets: Vec<Target>,
    pub for_long: Option<Duration>,
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
}

/// Looks the trunk's addresses up.
pub struct Resolver {
    hosts: Vec<Host>,
    domain: Option<String>,
    transports: Vec<Transport>,
    /// `None` where nothing but addresses is listed.
    dns: Option<TokioResolver>,
    chance: Mutex<StdRng>,
}

/// The least TTL of what was read.
struct Span(Option<Duration>);

impl Span {
    fn note(&mut self, ttl_s: u32) {
        let ttl = Duration::from_secs(ttl_s.into()).clamp(SHORTEST, LONGEST);
        self.0 = Some(self.0.map_or(ttl, |known| known.min(ttl)));
    }
}

impl Resolver {
    pub(super) fn open(settings: &Settings) -> Result<Resolver, Unresolvable> {
        let named = |host: &Host| host.name.parse::<IpAddr>().is_err();
        let asks = settings.hosts.is_empty() || settings.hosts.iter().any(named);
        let dns = asks.then(|| dns(&settings.nameservers)).transpose()?;
        Ok(Resolver {
            hosts: settings.hosts.clone(),
            domain: settings.trunk.domain.clone(),
            transports: settings.transports.clone(),
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
        let mut span = Span(None);
        let mut targets = Vec::new();
        let mut failed = None;
        match (&self.domain, self.hosts.is_empty()) {
            (Some(domain), true) => targets = self.domain(domain, &mut span).await?,
            _ => {
                // One name that is not found keeps nobody from the others.
                for host in &self.hosts {
                    match self.host(host, &mut span).await {
                        Ok(found) => targets.extend(found),
                        Err(error) => failed = Some(error),
                    }
                }
            }
        }
        targets.truncate(TARGETS_AT_MOST);
        match (targets.is_empty(), failed) {
            (true, Some(error)) => Err(error),
            (true, None) => Err(Unresolvable::Nothing("the trunk".into())),
            (false, failed) => {
                // What is missing is looked for again soon.
                let soon = failed.map(|_| LONGEST_OUTAGE);
                Ok(Found {
                    targets,
                    for_long: [span.0, soon].into_iter().flatten().min(),
                })
            }
        }
    }

    async fn host(&self, host: &Host, span: &mut Span) -> Result<Vec<Target>, Unresolvable> {
        let port = host.port.unwrap_or(usual_port(host.transport));
        let addresses = self.addresses(&host.name, span).await?;
        Ok(targets(&addresses, port, host.transport, &host.name))
    }

    /// RFC 3263 §4.1 and §4.2.
    async fn domain(&self, domain: &str, span: &mut Span) -> Result<Vec<Target>, Unresolvable> {
        let mut services = self.naptr(domain, span).await?;
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
        let mut found = Vec::new();
        for (transport, name) in services {
            let records = self.srv(&name, span).await?;
            for record in records {
                // One host that is not found keeps nobody from the others.
                let Ok(addresses) = self.addresses(&record.target, span).await else {
                    continue;
                };
                // RFC 5922 §7.1: the certificate is of the domain that was asked for.
                found.extend(targets(&addresses, record.port, transport, domain));
            }
        }
        if found.is_empty() {
            let transport = self.transports.first().copied().unwrap_or(Transport::Udp);
            let addresses = self.addresses(domain, span).await?;
            found = targets(&addresses, usual_port(transport), transport, domain);
        }
        Ok(found)
    }

    /// The services that the domain names, by order and preference, as far as we speak them.
    async fn naptr(
        &self,
        domain: &str,
        span: &mut Span,
    ) -> Result<Vec<(Transport, String)>, Unresolvable> {
        let mut rules = Vec::new();
        for (data, ttl_s) in self.ask(domain, RecordType::NAPTR).await? {
            let RData::NAPTR(rule) = data else { continue };
            span.note(ttl_s);
            let services = String::from_utf8_lossy(&rule.services).to_ascii_uppercase();
            let transport = match services.as_str() {
                "SIP+D2U" => Transport::Udp,
                "SIP+D2T" => Transport::Tcp,
                "SIPS+D2T" => Transport::Tls,
                _ => continue,
            };
            let terminal = rule.flags.eq_ignore_ascii_case(b"s");
            if terminal && self.transports.contains(&transport) {
                let name = without_dot(&rule.replacement.to_string());
                rules.push((rule.order, rule.preference, transport, name));
            }
        }
        rules.sort_by_key(|(order, preference, ..)| (*order, *preference));
        let services = rules.into_iter();
        Ok(services
            .map(|(_, _, transport, name)| (transport, name))
            .collect())
    }

    async fn srv(&self, name: &str, span: &mut Span) -> Result<Vec<srv::Record>, Unresolvable> {
        let mut records = Vec::new();
        for (data, ttl_s) in self.ask(name, RecordType::SRV).await? {
            if let RData::SRV(srv) = data {
                span.note(ttl_s);
                records.push(srv::Record {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: without_dot(&srv.target.to_string()),
                });
            }
        }
        let mut chance = self.chance.lock().unwrap_or_else(|held| held.into_inner());
        Ok(srv::order(records, &mut chance))
    }

    async fn addresses(&self, name: &str, span: &mut Span) -> Result<Vec<IpAddr>, Unresolvable> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let mut found = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            for (data, ttl_s) in self.ask(name, kind).await? {
                let address: IpAddr = match data {
                    RData::A(a) => a.0.into(),
                    RData::AAAA(aaaa) => aaaa.0.into(),
                    _ => continue,
                };
                span.note(ttl_s);
                found.push(address);
            }
        }
        match found.is_empty() {
            true => Err(Unresolvable::Nothing(name.to_owned())),
            false => Ok(found),
        }
    }

    /// The records of a name with their TTLs in seconds; none where there are none.
    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<(RData, u32)>, Unresolvable> {
        let dns = self
            .dns
            .as_ref()
            .ok_or_else(|| Unresolvable::Nothing(name.to_owned()))?;
        // With its last dot: the system's search list is not for names of carriers.
        match dns.lookup(format!("{name}."), kind).await {
            Ok(lookup) => {
                let records = lookup.answers().iter();
                Ok(records
                    .map(|record| (record.data.clone(), record.ttl))
                    .collect())
            }
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(source) => Err(Unresolvable::Failed {
                name: name.to_owned(),
                source,
            }),
        }
    }
}

fn dns(nameservers: &[SocketAddr]) -> Result<TokioResolver, Unresolvable> {
    let mut builder = match nameservers.is_empty() {
        true => TokioResolver::builder_tokio().map_err(Unresolvable::NoServers)?,
        false => {
            let servers = nameservers.iter().map(|server| {
                let mut config = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut config.connections {
                    connection.port = server.port();
                }
                config
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.timeout = ANSWER;
    options.attempts = 2;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // How long records hold is counted here.
    options.cache_size = 0;
    builder.build().map_err(Unresolvable::NoServers)
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
    }
}

fn service(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    }
}

fn without_dot(name: &str) -> String {
    name.trim_end_matches('.').to_owned()
}
