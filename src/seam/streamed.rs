//! The stack's side of a stream: whole messages in, whole messages out.

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::sip::SipMessage;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::transport as transport_of;
use crate::guard::{self, Transport};
use crate::streams::{Backlogs, Behind, Handed, Inward, Outward, WRITE_TIMEOUT};

/// The stack behind the streams.
#[derive(Clone)]
pub struct Stack {
    pub endpoint: EndpointInnerRef,
    pub backlogs: Backlogs,
}

/// Into the stack's queue.
pub struct ToStack {
    peer: SocketAddr,
    transport: Transport,
    address: SipAddr,
    connection: SipConnection,
    queue: mpsc::UnboundedSender<TransportEvent>,
    places: Arc<Semaphore>,
    backlogs: Backlogs,
}

/// What the stack sends.
pub struct FromStack(mpsc::UnboundedReceiver<TransportEvent>);

impl Behind for Stack {
    type Inward = ToStack;
    type Outward = FromStack;

    async fn open(
        &self,
        peer: SocketAddr,
        transport: Transport,
        closed: CancellationToken,
    ) -> Option<(ToStack, FromStack)> {
        // Bounded channels would make the stack's one dispatching task wait for its slowest
        // peer. Inwards a permit stands for each message; outwards the stream is given up.
        let (queue, from_peer) = mpsc::unbounded_channel();
        let (to_peer, from_stack) = mpsc::unbounded_channel();
        let address = SipAddr {
            r#type: Some(transport_of(transport)),
            addr: peer.into(),
        };
        let made =
            ChannelConnection::create_connection(from_peer, to_peer, address.clone(), Some(closed));
        let connection = SipConnection::Channel(made.await.ok()?);
        self.endpoint
            .transport_layer
            .add_connection(connection.clone());
        let to_stack = ToStack {
            peer,
            transport,
            address,
            connection,
            queue,
            places: self.backlogs.open(peer),
            backlogs: self.backlogs.clone(),
        };
        Some((to_stack, FromStack(from_stack)))
    }
}

impl Inward for ToStack {
    async fn hand_on(&self, message: &[u8]) -> Handed {
        let stamp = |message| {
            let transport = transport_of(self.transport);
            SipConnection::update_msg_received(message, self.peer, transport).ok()
        };
        let parsed = SipMessage::try_from(message).ok().and_then(stamp);
        let Some(message) = parsed else {
            guard::count("unparsed");
            return Handed::Refused;
        };
        // TCP makes the peer wait while the stack is busy; a stack that is stuck ends the stream.
        let Ok(Ok(place)) = tokio::time::timeout(WRITE_TIMEOUT, self.places.acquire()).await else {
            guard::count("backlog");
            return Handed::Over;
        };
        place.forget();
        let event =
            TransportEvent::Incoming(message, self.connection.clone(), self.address.clone());
        match self.queue.send(event) {
            Ok(()) => Handed::Taken,
            Err(_) => Handed::Over,
        }
    }
}

impl Drop for ToStack {
    fn drop(&mut self) {
        self.backlogs.close(self.peer, &self.places);
    }
}

impl Outward for FromStack {
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.0.recv().await? {
                TransportEvent::Incoming(message, _, _) => return Some(message.to_bytes()),
                _ => continue,
            }
        }
    }

    fn waiting(&self) -> usize {
        self.0.len()
    }
}
