//! What is listened on: bound, and named to the stack for its Via.

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::transport::tls::{TlsConfig, TlsListenerConnection};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{
    SipConnection, TcpListenerConnection, TransportLayer, WebSocketListenerConnection,
};
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;

use super::agent::stack;
use super::{Error, Listen, Settings, Transport, Unusable};
use crate::guard::State;
use crate::seam::GuardedSocket;
use crate::streams::{Beginning, Doorway, Tls, Trust};

/// A bound listener for streams.
pub(super) struct Listener {
    pub listener: TcpListener,
    pub bound: SocketAddr,
    pub transport: Transport,
    pub beginning: Beginning,
}

/// Binds all that is listened on: UDP to the stack, streams for our own accepting. The addresses are those bound
/// (port 0 in the settings means any free one).
pub(super) async fn bind(
    settings: &Settings,
    tls: Option<&Tls>,
    state: &Arc<State>,
    layer: &TransportLayer,
    stop: &CancellationToken,
) -> Result<(Vec<Listen>, Vec<Listener>), Error> {
    let (mut addresses, mut listeners) = (Vec::new(), Vec::new());
    for listen in &settings.listen {
        let transport = listen.transport;
        let address = match transport {
            Transport::Udp => bind_udp(*listen, settings, state, layer, stop).await?,
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                let (listener, bound) = bind_tcp(*listen).await?;
                let doorway = || Doorway::new(&settings.websocket_origins);
                let beginning = Beginning {
                    tls: tls.filter(|_| transport.is_private()).cloned(),
                    websocket: transport.is_websocket().then(doorway),
                };
                listeners.push(Listener {
                    listener,
                    bound,
                    transport,
                    beginning,
                });
                bound
            }
        };
        addresses.push(Listen { transport, address });
    }
    Ok((addresses, listeners))
}

async fn bind_udp(
    listen: Listen,
    settings: &Settings,
    state: &Arc<State>,
    layer: &TransportLayer,
    stop: &CancellationToken,
) -> Result<SocketAddr, Error> {
    let fault = |source| Error::Bind { listen, source };
    let socket = UdpSocket::bind(listen.address).await.map_err(fault)?;
    let bound = socket.local_addr().map_err(fault)?;
    let external = bound
        .ip()
        .is_unspecified()
        .then(|| SocketAddr::new(settings.public_address, bound.port()));
    let guarded = Arc::new(GuardedSocket::new(socket, Arc::clone(state)));
    let connection = UdpConnection::from_socket(guarded, external, Some(stop.child_token()))
        .await
        .map_err(stack)?;
    layer.add_transport(connection.into());
    Ok(bound)
}

async fn bind_tcp(listen: Listen) -> Result<(TcpListener, SocketAddr), Error> {
    let fault = |source| Error::Bind { listen, source };
    let listener = TcpListener::bind(listen.address).await.map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok((listener, bound))
}

/// Reads the certificate where TLS is listened for, and whom we believe where we connect.
pub(super) async fn open_tls(settings: &Settings) -> Result<(Option<Tls>, Option<Trust>), Error> {
    let mut listens = settings.listen.iter();
    let listen = listens.find(|listen| listen.transport.is_private());
    let files = match (listen, settings.certificate.clone()) {
        (None, _) => None,
        (Some(listen), None) => return Err(Error::NoCertificate(*listen)),
        (Some(_), files) => files,
    };
    let authorities = settings.authorities.clone();
    let read = tokio::task::spawn_blocking(move || {
        let tls = files.map(Tls::open).transpose()?;
        let trust = authorities.map(|path| Trust::read(&path)).transpose()?;
        Ok::<_, Unusable>((tls, trust))
    });
    Ok(read.await.map_err(|bug| Error::Stack(bug.to_string()))??)
}

/// A listener as the stack needs to know it: only by what Via says of it.
pub(super) async fn name_in_via(named: SocketAddr, transport: Transport) -> Option<SipConnection> {
    Some(match transport {
        Transport::Ws | Transport::Wss => {
            let secure = transport.is_private();
            let named = WebSocketListenerConnection::new(named, None, secure);
            SipConnection::WebSocketListener(named.await.ok()?)
        }
        Transport::Tls => {
            let named = TlsListenerConnection::new(named, None, TlsConfig::default());
            SipConnection::TlsListener(named.await.ok()?)
        }
        Transport::Udp | Transport::Tcp => {
            let named = TcpListenerConnection::new(named, None);
            SipConnection::TcpListener(named.await.ok()?)
        }
    })
}
