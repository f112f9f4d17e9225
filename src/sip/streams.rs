//! TCP before the stack: accepted, framed and written here, through the guard.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::headers::rsip;
use super::wire::now;
use crate::guard::{self, Framed, State, Transport, Verdict, frame};

/// A half-sent message on a stream is given this long.
const FRAME_TIMEOUT: Duration = Duration::from_secs(10);
/// A peer that does not read is given this long.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// A stream on which nothing comes is closed after this.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// A stream of somebody who is no trunk, and has not yet sent what belongs to a call.
const STRANGER_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams that trunks may open at once, and that others may.
const MAX_STREAMS: usize = 256;
const MAX_STRANGERS: usize = 64;
/// Messages of one stream that the stack has not taken yet; beyond it we read no further.
const MAX_BACKLOG: usize = 64;
/// Messages of the stack that one stream has not written yet; beyond it the stream is closed.
const MAX_UNWRITTEN: usize = 256;
/// Refusals of the guard that one stream has not written yet; beyond it we read no further.
const MAX_REFUSALS: usize = 16;

/// Which streams have messages in the stack's queue. That queue has no bound of its own: a
/// permit is taken for each message that goes in and comes back when the stack takes it out.
#[derive(Clone, Default)]
pub(super) struct Backlogs {
    open: Arc<Mutex<HashMap<SocketAddr, Arc<Semaphore>>>>,
}

impl Backlogs {
    fn open(&self, peer: SocketAddr) -> Arc<Semaphore> {
        let places = Arc::new(Semaphore::new(MAX_BACKLOG));
        self.table().insert(peer, Arc::clone(&places));
        places
    }

    /// The stack took a message out.
    pub fn taken(&self, peer: SocketAddr) {
        if let Some(places) = self.table().get(&peer)
            && places.available_permits() < MAX_BACKLOG
        {
            places.add_permits(1);
        }
    }

    fn close(&self, peer: SocketAddr, places: &Arc<Semaphore>) {
        let mut table = self.table();
        if table
            .get(&peer)
            .is_some_and(|open| Arc::ptr_eq(open, places))
        {
            table.remove(&peer);
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Arc<Semaphore>>> {
        self.open.lock().unwrap_or_else(|held| held.into_inner())
    }
}

/// TCP before the stack: accepts, frames, asks the guard, and hands whole messages on.
#[derive(Clone)]
pub(super) struct Streams {
    pub state: Arc<State>,
    pub backlogs: Backlogs,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl Streams {
    /// Accepts until told to stop.
    pub async fn accept<L>(self, listener: TcpListener, layer: L)
    where
        L: Fn(SipConnection) + Send + Sync + Clone + 'static,
    {
        let of_trunks = Arc::new(Semaphore::new(MAX_STREAMS));
        let of_strangers = Arc::new(Semaphore::new(MAX_STRANGERS));
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
            let (places, patience) = match self.state.is_trunk(peer.ip()) {
                true => (&of_trunks, IDLE_TIMEOUT),
                false => (&of_strangers, STRANGER_TIMEOUT),
            };
            let Ok(place) = Arc::clone(places).try_acquire_owned() else {
                guard::count("streams");
                continue;
            };
            self.serve(stream, peer, layer.clone(), (place, patience))
                .await;
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
        self.serve(stream, peer, layer, ((), IDLE_TIMEOUT)).await;
        Ok(())
    }

    async fn serve<L, P>(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        layer: L,
        (place, patience): (P, Duration),
    ) where
        L: Fn(SipConnection) + Send + Sync + Clone + 'static,
        P: Send + 'static,
    {
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        // Bounded channels would make the stack's one dispatching task wait for its slowest
        // peer. Inwards a permit stands for each message; outwards `write` gives the stream up.
        let (to_stack, from_peer) = mpsc::unbounded_channel();
        let (to_peer, from_stack) = mpsc::unbounded_channel();
        let (refusals, refused) = mpsc::channel(MAX_REFUSALS);
        let address = SipAddr {
            r#type: Some(rsip::Transport::Tcp),
            addr: peer.into(),
        };
        let closed = self.stop.child_token();
        let Ok(channel) = ChannelConnection::create_connection(
            from_peer,
            to_peer,
            address.clone(),
            Some(closed.clone()),
        )
        .await
        else {
            return;
        };
        let connection = SipConnection::Channel(channel);
        layer(connection.clone());
        let places = self.backlogs.open(peer);
        let reading = Reading {
            state: Arc::clone(&self.state),
            peer,
            address,
            connection,
            to_stack,
            places: Arc::clone(&places),
            refusals,
            patience,
        };
        let backlogs = self.backlogs.clone();
        self.tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = closed.cancelled() => {}
                () = reading.run(reader) => {}
                () = write(from_stack, refused, writer) => {}
            }
            closed.cancel();
            backlogs.close(peer, &places);
        });
    }
}

/// Writes what the stack and the guard send, until the peer reads no more.
async fn write(
    mut messages: mpsc::UnboundedReceiver<TransportEvent>,
    mut refusals: mpsc::Receiver<Vec<u8>>,
    mut writer: OwnedWriteHalf,
) {
    loop {
        let bytes = tokio::select! {
            Some(refusal) = refusals.recv() => refusal,
            event = messages.recv() => match event {
                Some(TransportEvent::Incoming(message, _, _)) => message.to_bytes(),
                Some(_) => continue,
                None => return,
            },
        };
        if messages.len() > MAX_UNWRITTEN {
            guard::count("slow_peer");
            return;
        }
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
    places: Arc<Semaphore>,
    refusals: mpsc::Sender<Vec<u8>>,
    /// How long nothing may come.
    patience: Duration,
}

/// What became of one message of a stream.
enum Taken {
    Passed,
    Refused,
    /// The stream cannot go on.
    Over,
}

impl Reading {
    /// Reads until the peer closes, breaks the framing, or is too slow.
    async fn run(mut self, mut reader: OwnedReadHalf) {
        let now = tokio::time::Instant::now;
        let mut buffer: Vec<u8> = Vec::new();
        let mut idle_until = now() + self.patience;
        let mut whole_until = None;
        loop {
            match frame(&buffer) {
                Framed::Whole(length) => {
                    let message: Vec<u8> = buffer.drain(..length).collect();
                    whole_until = None;
                    match self.take(&message).await {
                        Taken::Passed => self.patience = IDLE_TIMEOUT,
                        // A stranger buys no time with what is refused.
                        Taken::Refused if self.patience < IDLE_TIMEOUT => continue,
                        Taken::Refused => {}
                        Taken::Over => return,
                    }
                    idle_until = now() + self.patience;
                    continue;
                }
                Framed::Keepalive(length) => {
                    buffer.drain(..length);
                    if self.patience == IDLE_TIMEOUT {
                        idle_until = now() + self.patience;
                    }
                    continue;
                }
                Framed::Broken => {
                    guard::count("framing");
                    return;
                }
                Framed::More => {}
            }
            // A message is due as a whole: dripping bytes buys no time.
            whole_until = match buffer.is_empty() {
                true => None,
                false => whole_until.or(Some(now() + FRAME_TIMEOUT)),
            };
            let until = whole_until.map_or(idle_until, |whole| whole.min(idle_until));
            match tokio::time::timeout_at(until, reader.read_buf(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => {}
                _ => return,
            }
        }
    }

    /// Judges one message and hands it on.
    async fn take(&self, bytes: &[u8]) -> Taken {
        let mended;
        let bytes = match guard::judge(bytes, self.peer, Transport::Tcp, &self.state, now()) {
            Verdict::Pass => bytes,
            Verdict::Mended(whole) => {
                mended = whole;
                &mended
            }
            Verdict::Answer { response, reason } => {
                guard::count(reason);
                return match self.refusals.send(response).await {
                    Ok(()) => Taken::Refused,
                    Err(_) => Taken::Over,
                };
            }
            Verdict::Drop { reason } => {
                guard::count(reason);
                return Taken::Refused;
            }
        };
        let parsed = rsip::SipMessage::try_from(bytes).ok().and_then(|message| {
            SipConnection::update_msg_received(message, self.peer, rsip::Transport::Tcp).ok()
        });
        let Some(message) = parsed else {
            guard::count("unparsed");
            return Taken::Refused;
        };
        // TCP makes the peer wait while the stack is busy; a stack that is stuck ends the stream.
        let Ok(Ok(place)) = tokio::time::timeout(WRITE_TIMEOUT, self.places.acquire()).await else {
            guard::count("backlog");
            return Taken::Over;
        };
        place.forget();
        let event =
            TransportEvent::Incoming(message, self.connection.clone(), self.address.clone());
        match self.to_stack.send(event) {
            Ok(()) => Taken::Passed,
            Err(_) => Taken::Over,
        }
    }
}
