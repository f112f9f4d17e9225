//! By which way an INVITE goes: by name, by the flow of a registered telephone, through the trunk.

use std::net::SocketAddr;

use rsip::uri::ParamsExt;

use super::agent::Core;
use super::{Error, Transport};
use crate::credentials::Credentials;
use crate::seam::rsip;

/// Where a telephone registered from (RFC 5626 §5.3): a request to it goes there, whatever its Contact names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    pub transport: Transport,
    pub peer: SocketAddr,
    /// What stands in its Route, each `<sip:…;lr>`: the proxies through which it registered (RFC 3327).
    pub route: Vec<String>,
}

/// By which address of a trunk a call goes out, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Through {
    pub transport: Transport,
    pub peer: SocketAddr,
    /// By TLS the certificate must be of this name.
    pub called: String,
    /// Host of our From: the carrier's domain.
    pub home: String,
    /// What stands in its Route, each `<sip:…;lr>` (RFC 3608); it goes to `peer` whatever they name.
    pub route: Vec<String>,
    /// What a 401 or 407 is answered with.
    pub credentials: Option<Credentials>,
}

/// The way of an INVITE.
pub(super) struct Route {
    pub transport: Transport,
    /// Whom our Contact must be good for.
    pub peer: Option<SocketAddr>,
    /// Where the stack is told to send it; otherwise it resolves the target.
    pub destination: Option<SocketAddr>,
}

/// By what the target names; `None` where that is no address that can be called.
pub(super) async fn by_name(core: &Core, callee: &rsip::Uri) -> Result<Option<Route>, Error> {
    let transport = match callee.transport() {
        _ if callee.scheme != Some(rsip::Scheme::Sip) => return Ok(None),
        None | Some(rsip::Transport::Udp) => Transport::Udp,
        Some(rsip::Transport::Tcp) => Transport::Tcp,
        Some(rsip::Transport::Tls) => Transport::Tls,
        Some(_) => return Ok(None),
    };
    let peer = peer_of(callee, transport).await?;
    let destination = peer.filter(|_| transport.is_stream());
    if let Some(peer) = destination {
        let called = callee.host_with_port.host.to_string();
        core.connect(transport, peer, &called).await?;
    }
    Ok(Some(Route {
        transport,
        peer,
        destination,
    }))
}

/// To the trunk's address, and to no other.
pub(super) async fn by_trunk(core: &Core, through: &Through) -> Result<Route, Error> {
    let Through {
        transport,
        peer,
        called,
        ..
    } = through;
    if transport.is_stream() {
        core.connect(*transport, *peer, called).await?;
    }
    Ok(Route {
        transport: *transport,
        peer: Some(*peer),
        destination: Some(*peer),
    })
}

/// To where it registered from. Where its stream is gone, a telephone that listens by TCP under the same address is
/// connected to; by TLS it could not be asked who it is, and behind a WebSocket nobody listens.
pub(super) async fn by_flow(core: &Core, callee: &rsip::Uri, flow: &Flow) -> Result<Route, Error> {
    let (transport, mut peer) = (flow.transport, flow.peer);
    if transport.is_stream() && !core.stands(transport, peer) {
        if transport != Transport::Tcp {
            return Err(Error::FlowGone(peer));
        }
        let named = peer_of(callee, transport).await.ok().flatten();
        let listens = named.filter(|named| named.ip() == peer.ip() && *named != peer);
        peer = listens.ok_or(Error::FlowGone(peer))?;
        core.connect(transport, peer, "").await?;
    }
    Ok(Route {
        transport,
        peer: Some(peer),
        destination: Some(peer),
    })
}

/// Where the INVITE goes, if that can be told before the stack resolves it.
async fn peer_of(callee: &rsip::Uri, transport: Transport) -> Result<Option<SocketAddr>, Error> {
    let usual = match transport {
        Transport::Tls => 5061,
        _ => 5060,
    };
    let port = callee
        .host_with_port
        .port
        .map_or(usual, |port| port.value());
    match &callee.host_with_port.host {
        rsip::Host::IpAddr(ip) => Ok(Some(SocketAddr::new(*ip, port))),
        rsip::Host::Domain(_) if transport == Transport::Udp => Ok(None),
        rsip::Host::Domain(name) => tokio::net::lookup_host((name.to_string(), port))
            .await
            .map_err(|error| Error::Stack(format!("cannot resolve {name}: {error}")))
            .map(|mut found| found.next()),
    }
}
