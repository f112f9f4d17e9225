//! REGISTER: read from the head, and asked of the registrar. It is answered here, without a transaction: the registrar
//! knows a retransmission by itself, so nothing has to be kept of an answer.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use super::head::Head;
use super::route::route;
use super::syntax::{items, party, userinfo};
use super::{Network, Sender, State, Transport};
use crate::registrar::{Answer, Carrier, Contact, Registers, Request};

/// Proxies between a telephone and us.
const LONGEST_PATH: usize = 4;

/// Who registers, and from where.
#[derive(Clone)]
pub struct Desks {
    /// Telephones of desks register from here; never an address that may call.
    pub networks: Vec<Network>,
    /// Those from here are asked with MD5 alone.
    pub md5_networks: Vec<Network>,
    /// Proxies among them, whose Path is believed: they alone say how the telephones behind them are reached.
    pub proxies: Vec<Network>,
    pub registrar: Arc<dyn Registers>,
}

impl std::fmt::Debug for Desks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desks")
            .field("networks", &self.networks)
            .finish_non_exhaustive()
    }
}

impl Desks {
    pub(super) fn has(&self, source: IpAddr) -> bool {
        within(&self.networks, source)
    }

    /// Whether its Path is believed.
    pub(super) fn has_proxy(&self, source: IpAddr) -> bool {
        within(&self.proxies, source.to_canonical())
    }

    /// What stands in the Route of requests to a telephone that registers through proxies (RFC 3327 §5.3); empty where nobody
    /// is believed who names one. `None` where what is named is none.
    fn path(&self, head: &Head<'_>, source: IpAddr) -> Option<Vec<String>> {
        if !self.has_proxy(source) {
            return Some(Vec::new());
        }
        let path: Option<Vec<String>> = head.all("Path").flat_map(items).map(route).collect();
        path.filter(|path| path.len() <= LONGEST_PATH)
    }

    /// Asks the registrar about a request that is well formed. `None` where it names no address of record, or no true path.
    pub(super) fn ask(
        &self,
        head: &Head<'_>,
        uri: &str,
        came: (SocketAddr, Transport),
        now: Instant,
    ) -> Option<Answer> {
        let (source, transport) = came;
        let to = party(head.first("To")?)?;
        let cseq = head.first("CSeq")?.split_whitespace().next()?;
        let contacts = head.all("Contact").flat_map(items);
        let contacts: Option<Vec<Contact<'_>>> = contacts.map(contact).collect();
        let request = Request {
            source,
            carrier: carrier(transport),
            uri,
            account: unescaped(userinfo(to.uri)?),
            call_id: head.first("Call-ID")?,
            cseq: cseq.parse().ok()?,
            via: head.all("Via").flat_map(items).next()?,
            authorization: head.all("Authorization").collect(),
            path: self.path(head, source.ip())?,
            md5_only: within(&self.md5_networks, source.ip().to_canonical()),
            contacts: contacts?,
            expires: head.first("Expires"),
        };
        Some(self.registrar.register(&request, now))
    }
}

/// Who may call beside the networks of the configuration.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// Addresses of each trunk that were looked up.
    trunks: BTreeMap<String, Vec<IpAddr>>,
    /// Telephones that are in calls of ours, with how many.
    telephones: HashMap<SocketAddr, usize>,
}

/// A telephone that may call beside the call of ours that it is in. Dropped, it may no more.
pub struct Beside {
    state: Arc<State>,
    telephone: SocketAddr,
}

impl Drop for Beside {
    fn drop(&mut self) {
        let learnt = &self.state.learnt;
        let mut known = learnt.write().unwrap_or_else(|held| held.into_inner());
        if let Some(calls) = known.telephones.get_mut(&self.telephone) {
            *calls -= 1;
            if *calls == 0 {
                known.telephones.remove(&self.telephone);
            }
        }
    }
}

impl State {
    /// Telephones of desks may register.
    pub fn with_desks(mut self, desks: Option<Desks>) -> State {
        self.desks = desks;
        self
    }

    /// Whether this source may call.
    pub fn is_trunk(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        let learnt = || {
            let known = self.learnt.read().unwrap_or_else(|held| held.into_inner());
            let mut trunks = known.trunks.values();
            trunks.any(|addresses| addresses.contains(&source))
        };
        within(&self.trunks, source) || learnt()
    }

    /// These addresses of this trunk may call from now on, beside those of the configuration and of other trunks.
    pub fn let_call(&self, trunk: &str, learnt: Vec<IpAddr>) {
        let learnt = learnt.into_iter().map(|address| address.to_canonical());
        let mut known = self.learnt.write().unwrap_or_else(|held| held.into_inner());
        known.trunks.insert(trunk.to_owned(), learnt.collect());
    }

    /// The telephone at this address is in a call of ours: it may call beside it, until what this returns is dropped.
    pub fn let_call_beside(self: &Arc<State>, telephone: SocketAddr) -> Beside {
        let mut known = self.learnt.write().unwrap_or_else(|held| held.into_inner());
        *known.telephones.entry(telephone).or_default() += 1;
        Beside {
            state: Arc::clone(self),
            telephone,
        }
    }

    /// Whether this is such a telephone.
    pub(super) fn calls_beside(&self, source: SocketAddr) -> bool {
        let known = self.learnt.read().unwrap_or_else(|held| held.into_inner());
        known.telephones.contains_key(&source)
    }

    /// Who may register, if anybody may.
    pub(super) fn desks(&self) -> Option<&Desks> {
        self.desks.as_ref()
    }

    /// Who an address is. One that may call may not register: whoever it relays for would be a desk.
    pub fn sender(&self, source: IpAddr) -> Sender {
        let source = source.to_canonical();
        let of_desks = self.desks.as_ref().is_some_and(|desks| desks.has(source));
        match (self.is_trunk(source), of_desks) {
            (true, _) => Sender::Trunk,
            (false, true) => Sender::Desk,
            (false, false) => Sender::Stranger,
        }
    }

    /// A stream on which somebody had registered is gone.
    pub fn lost(&self, source: SocketAddr, transport: Transport) {
        if let Some(desks) = &self.desks {
            desks.registrar.lost(source, carrier(transport));
        }
    }
}

fn within(networks: &[Network], source: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(source))
}

fn contact(item: &str) -> Option<Contact<'_>> {
    if item.trim() == "*" {
        return Some(Contact {
            uri: "*",
            ..Contact::default()
        });
    }
    let party = party(item)?;
    Some(Contact {
        uri: party.uri,
        q: party.parameter("q"),
        expires: party.parameter("expires"),
        instance: party.parameter("+sip.instance"),
        reg_id: party.parameter("reg-id"),
    })
}

/// What carries a binding's messages.
fn carrier(transport: Transport) -> Carrier {
    match transport {
        Transport::Udp => Carrier::Udp,
        Transport::Tcp => Carrier::Tcp,
        Transport::Tls => Carrier::Tls,
        Transport::Ws => Carrier::Ws,
        Transport::Wss => Carrier::Wss,
    }
}

/// `%41` as `A` in the user part of a URI (RFC 3261 §19.1.2); what is no such escape stays as it is.
pub fn unescaped(user: &str) -> String {
    let mut bytes = Vec::with_capacity(user.len());
    let mut rest = user.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                bytes.push(value);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
