//! Questions to name servers: NAPTR, SRV and addresses, with what was answered last where nobody answers.

use std::net::{IpAddr, SocketAddr};
use std::sync::MutexGuard;
use std::time::Duration;

use futures::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

use super::super::instant;
use super::super::remembering::Remembered;
use super::{Families, Noted, Resolver, Unresolvable};
use crate::sip::Transport;
use crate::trunks::srv;

/// One question to one name server.
const ANSWER: Duration = Duration::from_secs(2);
/// One question to all of them, with its repetition.
pub(super) const QUESTION: Duration = Duration::from_secs(5);

/// Records with their TTLs in seconds.
pub(super) type Records = Vec<(RData, u32)>;

impl Resolver {
    /// The services that the domain names, by order and preference, as far as we speak them.
    pub(super) async fn naptr(
        &self,
        domain: &str,
        noted: &Noted,
    ) -> Result<Vec<(Transport, String)>, Unresolvable> {
        let mut rules = Vec::new();
        for (data, ttl_s) in self.ask(domain, RecordType::NAPTR, noted).await? {
            let RData::NAPTR(rule) = data else { continue };
            noted.ttl(ttl_s);
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

    /// In the order in which they are tried; `None` where the name has none. A service that is said not to be there
    /// (`.`) leaves an empty list (RFC 2782, “Target”).
    pub(super) async fn srv(
        &self,
        name: &str,
        noted: &Noted,
    ) -> Result<Option<Vec<srv::Record>>, Unresolvable> {
        let mut records = Vec::new();
        for (data, ttl_s) in self.ask(name, RecordType::SRV, noted).await? {
            if let RData::SRV(srv) = data {
                noted.ttl(ttl_s);
                records.push(srv::Record {
                    priority: srv.priority,
                    weight: srv.weight,
                    port: srv.port,
                    target: without_dot(&srv.target.to_string()),
                });
            }
        }
        if records.is_empty() {
            return Ok(None);
        }
        let mut chance = self.chance.lock().unwrap_or_else(|held| held.into_inner());
        Ok(Some(srv::order(records, &mut chance)))
    }

    /// The addresses of a name to which we can send by this transport. One kind that cannot be looked up takes nothing
    /// from the other.
    pub(super) async fn addresses(
        &self,
        name: &str,
        transport: Transport,
        noted: &Noted,
    ) -> Result<Vec<IpAddr>, Unresolvable> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let both = Families { v4: true, v6: true };
        // A stream has a socket of its own, of the family that it needs.
        let reached = match transport {
            Transport::Udp => self.datagrams,
            _ => both,
        };
        let kinds = [(RecordType::A, reached.v4), (RecordType::AAAA, reached.v6)];
        let kinds = kinds.into_iter().filter(|(_, wanted)| *wanted);
        let looked = join_all(kinds.map(|(kind, _)| self.ask(name, kind, noted))).await;
        let (mut found, mut failed) = (Vec::new(), None);
        for records in looked {
            for (data, ttl_s) in records.unwrap_or_else(|error| {
                failed = Some(error);
                Vec::new()
            }) {
                let address: IpAddr = match data {
                    RData::A(a) => a.0.into(),
                    RData::AAAA(aaaa) => aaaa.0.into(),
                    _ => continue,
                };
                noted.ttl(ttl_s);
                found.push(address);
            }
        }
        match (found.is_empty(), failed) {
            (true, failed) => Err(failed.unwrap_or_else(|| Unresolvable::Nothing(name.to_owned()))),
            (false, failed) => {
                failed.into_iter().for_each(|error| noted.failed(error));
                Ok(found)
            }
        }
    }

    /// The records of a name; none where there are none. Where nobody answers, what was answered last (RFC 8767).
    async fn ask(
        &self,
        name: &str,
        kind: RecordType,
        noted: &Noted,
    ) -> Result<Records, Unresolvable> {
        let dns = self
            .dns
            .as_ref()
            .ok_or_else(|| Unresolvable::Nothing(name.to_owned()))?;
        // With its last dot: the system's search list is not for names of carriers.
        let looks = dns.lookup(format!("{name}."), kind);
        let question = (name.to_owned(), kind);
        let error = match tokio::time::timeout(QUESTION, looks).await {
            Ok(Ok(lookup)) => {
                let records = lookup.answers().iter();
                let records: Records = records
                    .map(|record| (record.data.clone(), record.ttl))
                    .collect();
                self.remembered().note(question, records.clone(), instant());
                return Ok(records);
            }
            Ok(Err(error)) if error.is_no_records_found() => {
                self.remembered().note(question, Vec::new(), instant());
                return Ok(Vec::new());
            }
            Ok(Err(source)) => Unresolvable::Failed {
                name: name.to_owned(),
                source,
            },
            Err(_) => Unresolvable::Unanswered {
                name: name.to_owned(),
            },
        };
        let known = self.remembered().recall(&question, instant());
        match known {
            Some(records) => {
                noted.failed(error);
                Ok(records)
            }
            None => Err(error),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered<(String, RecordType), Records>> {
        let held = self.remembered.lock();
        held.unwrap_or_else(|held| held.into_inner())
    }
}

pub(super) fn dns(nameservers: &[SocketAddr]) -> Result<TokioResolver, Unresolvable> {
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

fn without_dot(name: &str) -> String {
    name.trim_end_matches('.').to_owned()
}
