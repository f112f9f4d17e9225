//! The sockets: UDP under the stack's socket seam, TCP framed here, both through the guard.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Transport;
use super::admission::State;
use super::guard::{self, MAX_MESSAGE, Verdict};
use super::head::{self, Head};
use super::headers::rsip;

/// A half-sent message on a stream is given this long.
const FRAME_TIMEOUT: Duration = Duration::from_secs(10);
/// A peer that does not read is given this long.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// A stream without a call on it is closed after this.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// Streams that peers may open at once.
const MAX_STREAMS: usize = 256;

#[allow(clippy::disallowed_methods)] // the shell's clock: a message is judged when it arrives
fn now() -> Instant {
    Instant::now()
}

/// The UDP socket that the stack reads: what the guard refuses never leaves `recv_from`.
pub(super) struct GuardedSocket {
    socket: tokio::net::UdpSocket,
    state: Arc<State>,
}

impl GuardedSocket {
    pub fn new(socket: tokio::net::UdpSocket, state: Arc<State>) -> GuardedSocket {
        GuardedSocket { socket, state }
    }
}

#[async_trait]
impl StackSocket for GuardedSocket {
    async fn recv_from(&self, buf: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        loop {
            // An error here is an ICMP answer to something we sent before: the
            // stack would spin on it, the next datagram is what counts.
            let Ok((length, source)) = self.socket.recv_from(buf).await else {
                tokio::task::yield_now().await;
                continue;
            };
            let bytes = &buf[..length];
            if bytes.iter().all(u8::is_ascii_whitespace) {
                // Keep-alive (RFC 5626 §4.4.1): the stack answers a ping.
                return Ok((length, source));
            }
            match guard::judge(bytes, source, Transport::Udp, &self.state, now()) {
                Verdict::Pass => return Ok((length, source)),
                Verdict::Mended(mended) if mended.len() <= buf.len() => {
                    buf[..mended.len()].copy_from_slice(&mended);
                    return Ok((mended.len(), source));
                }
                Verdict::Mended(_) => guard::count("too_large"),
                Verdict::Answer { response, reason } => {
                    guard::count(reason);
                    // Best effort: the peer retransmits and is answered again.
                    let _ = self.socket.try_send_to(&response, source);
                }
                Verdict::Drop { reason } => guard::count(reason),
            }
        }
    }

    async fn send_to(&self, buf: &[u8], addr: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(buf, addr).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// TCP before the stack: accepts, frames, asks the guard, and hands whole messages on.
#[derive(Clone)]
pub(super) struct Streams {
    pub state: Arc<State>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl Streams {
    /// Accepts until told to stop.
    pub async fn accept<L>(self, listener: TcpListener, layer: L)
    where
        L: Fn(SipConnection) + Send + Sync + Clone + 'static,
    {
        let places = Arc::new(Semaphore::new(MAX_STREAMS));
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of descriptors, most likely: let others close theirs first.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                guard::count("streams");
                continue;
            };
            self.serve(stream, peer, layer.clone(), place).await;
        }
    }

    /// Connects to a peer, so that what it sends passes the guard like everything else.
    pub async fn connect<L>(&self, peer: SocketAddr, layer: L) -> std::io::Result<()>
    where
        L: Fn(SipConnection) + Send + Sync + Clone + 'static,
    {
        let stream = tokio::time::timeout(WRITE_TIMEOUT, TcpStream::connect(peer))
            .await
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
        self.serve(stream, peer, layer, ()).await;
        Ok(())
    }

    async fn serve<L, P>(&self, stream: TcpStream, peer: SocketAddr, layer: L, place: P)
    where
        L: Fn(SipConnection) + Send + Sync + Clone + 'static,
        P: Send + 'static,
    {
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        // The stack's own channel types; what fills them is bounded by the guard's
        // limits, and a peer that does not read loses its stream after WRITE_TIMEOUT.
        let (to_stack, from_peer) = mpsc::unbounded_channel();
        let (to_peer, from_stack) = mpsc::unbounded_channel();
        let address = SipAddr {
            r#type: Some(rsip::Transport::Tcp),
            addr: peer.into(),
        };
        let closed = self.stop.child_token();
        let Ok(channel) = ChannelConnection::create_connection(
            from_peer,
            to_peer.clone(),
            address.clone(),
            Some(closed.clone()),
        )
        .await
        else {
            return;
        };
        let connection = SipConnection::Channel(channel);
        layer(connection.clone());
        let reading = Reading {
            state: Arc::clone(&self.state),
            peer,
            address,
            connection,
            to_stack,
            to_peer,
        };
        self.tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = closed.cancelled() => {}
                () = reading.run(reader) => {}
                () = write(from_stack, writer) => {}
            }
            closed.cancel();
        });
    }
}

/// Writes what the stack and the guard send.
async fn write(mut messages: mpsc::UnboundedReceiver<TransportEvent>, mut writer: OwnedWriteHalf) {
    while let Some(event) = messages.recv().await {
        let TransportEvent::Incoming(message, _, _) = event else {
            continue;
        };
        let bytes = message.to_bytes();
        match tokio::time::timeout(WRITE_TIMEOUT, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            _ => return,
        }
    }
}

struct Reading {
    state: Arc<State>,
    peer: SocketAddr,
    address: SipAddr,
    connection: SipConnection,
    to_stack: mpsc::UnboundedSender<TransportEvent>,
    to_peer: mpsc::UnboundedSender<TransportEvent>,
}

impl Reading {
    /// Reads until the peer closes, breaks the framing, or is too slow.
    async fn run(self, mut reader: OwnedReadHalf) {
        let mut buffer: Vec<u8> = Vec::new();
        let mut deadline = tokio::time::Instant::now() + IDLE_TIMEOUT;
        loop {
            match frame(&buffer) {
                Framed::Whole(length) => {
                    let message: Vec<u8> = buffer.drain(..length).collect();
                    if !self.take(&message) {
                        return;
                    }
                    deadline = tokio::time::Instant::now() + FRAME_TIMEOUT;
                    continue;
                }
                Framed::Keepalive(length) => {
                    buffer.drain(..length);
                    continue;
                }
                Framed::Broken => {
                    guard::count("framing");
                    return;
                }
                Framed::More => {}
            }
            // A message is due as a whole: dripping bytes buys no time.
            let waited = buffer.is_empty();
            if waited {
                deadline = tokio::time::Instant::now() + IDLE_TIMEOUT;
            }
            match tokio::time::timeout_at(deadline, reader.read_buf(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 && waited => {
                    deadline = tokio::time::Instant::now() + FRAME_TIMEOUT;
                }
                Ok(Ok(length)) if length > 0 => {}
                _ => return,
            }
        }
    }

    /// Judges one message; false where the stream cannot go on.
    fn take(&self, bytes: &[u8]) -> bool {
        let mended;
        let bytes = match guard::judge(bytes, self.peer, Transport::Tcp, &self.state, now()) {
            Verdict::Pass => bytes,
            Verdict::Mended(whole) => {
                mended = whole;
                &mended
            }
            Verdict::Answer { response, reason } => {
                guard::count(reason);
                return match rsip::SipMessage::try_from(response.as_slice()) {
                    Ok(message) => self.to_peer.send(self.event(message)).is_ok(),
                    Err(_) => true,
                };
            }
            Verdict::Drop { reason } => {
                guard::count(reason);
                return true;
            }
        };
        let parsed = rsip::SipMessage::try_from(bytes).ok().and_then(|message| {
            SipConnection::update_msg_received(message, self.peer, rsip::Transport::Tcp).ok()
        });
        match parsed {
            Some(message) => self.to_stack.send(self.event(message)).is_ok(),
            None => {
                guard::count("unparsed");
                true
            }
        }
    }

    fn event(&self, message: rsip::SipMessage) -> TransportEvent {
        TransportEvent::Incoming(message, self.connection.clone(), self.address.clone())
    }
}

/// What stands at the start of a stream's buffer (RFC 3261 §18.3).
#[derive(Debug, PartialEq, Eq)]
enum Framed {
    Whole(usize),
    Keepalive(usize),
    More,
    Broken,
}

fn frame(buffer: &[u8]) -> Framed {
    if buffer.starts_with(b"\r\n") {
        return Framed::Keepalive(2);
    }
    let Some(body_at) = head::body_start(buffer) else {
        return if buffer.len() > MAX_MESSAGE {
            Framed::Broken
        } else {
            Framed::More
        };
    };
    let text = String::from_utf8_lossy(&buffer[..body_at - 4]);
    let length = Head::read(&text)
        .ok()
        .and_then(|head| head.first("Content-Length")?.parse::<usize>().ok());
    match length {
        Some(length) if body_at.saturating_add(length) > MAX_MESSAGE => Framed::Broken,
        Some(length) if buffer.len() >= body_at + length => Framed::Whole(body_at + length),
        Some(_) => Framed::More,
        // Without a length nothing after this message can be found.
        None => Framed::Broken,
    }
}

/// The stack dials a stream itself where one of ours has closed in between. What
/// comes in on such a stream is judged here, message by message.
pub(super) struct DialledByTheStack(pub Arc<State>);

#[async_trait]
impl TransportEventInspector for DialledByTheStack {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let TransportEvent::Incoming(message, SipConnection::Tcp(_), from) = &event else {
            return Some(event);
        };
        let source = from.get_socketaddr().ok()?;
        match guard::judge(&message.to_bytes(), source, Transport::Tcp, &self.0, now()) {
            Verdict::Pass | Verdict::Mended(_) => Some(event),
            Verdict::Answer { reason, .. } | Verdict::Drop { reason } => {
                guard::count(reason);
                None
            }
        }
    }
}

/// Adds a connection to the stack's table.
pub(super) fn adder(
    endpoint: &rsipstack::transaction::endpoint::EndpointInnerRef,
) -> impl Fn(SipConnection) + Send + Sync + Clone + 'static {
    let endpoint = Arc::clone(endpoint);
    move |connection| endpoint.transport_layer.add_connection(connection)
}
