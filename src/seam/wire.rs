//! The UDP socket under the stack's socket seam, and what the stack takes out of its queue.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::{SipConnection, TransportEvent};

use crate::guard::{self, State, Transport, Verdict};
use crate::streams::Backlogs;

#[allow(clippy::disallowed_methods)] // the shell's clock: a message is judged when it arrives
pub fn now() -> Instant {
    Instant::now()
}

/// The UDP socket that the stack reads: what the guard refuses never leaves `recv_from`.
pub struct GuardedSocket {
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
                Verdict::Registrar {
                    response, outcome, ..
                } => {
                    guard::count_registration(outcome);
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

/// Sees what the stack takes out of its queue: gives streams their permits back, and judges
/// what comes in on a stream that the stack has dialled itself (where one of ours has closed
/// in between), message by message.
pub struct Taking {
    pub state: Arc<State>,
    pub backlogs: Backlogs,
}

#[async_trait]
impl TransportEventInspector for Taking {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let TransportEvent::Incoming(message, connection, from) = &event else {
            return Some(event);
        };
        let transport = match connection {
            SipConnection::Channel(_) => {
                if let Ok(peer) = from.get_socketaddr() {
                    self.backlogs.taken(peer);
                }
                return Some(event);
            }
            SipConnection::Tcp(_) => Transport::Tcp,
            SipConnection::Tls(_) => Transport::Tls,
            // To a WebSocket that is gone the stack would dial; nobody of ours is there.
            SipConnection::WebSocket(_) => {
                guard::count("foreign_websocket");
                return None;
            }
            _ => return Some(event),
        };
        let source = from.get_socketaddr().ok()?;
        let bytes = message.to_bytes();
        match guard::judge(&bytes, source, transport, &self.state, now()) {
            Verdict::Pass | Verdict::Mended(_) => Some(event),
            Verdict::Answer { reason, .. } | Verdict::Drop { reason } => {
                guard::count(reason);
                None
            }
            // Nobody registers on a stream that we opened.
            Verdict::Registrar { outcome, .. } => {
                guard::count_registration(outcome);
                None
            }
        }
    }
}
