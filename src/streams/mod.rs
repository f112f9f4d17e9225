//! SIP on streams (TCP, TLS, WebSocket) before the stack: accepted, framed, judged and written here.
//!
//! **Invariants:** what reaches the [`Behind`] has passed the guard, message by message; every
//! stream has a place, of which there are so many in all and so many for one source; who sends
//! slowly, or does not read, loses his stream and nothing else waits for him.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod backlogs;
mod certificate;
mod places;
mod reading;
mod tls;
mod trust;
mod websocket;

use crate::guard::{self, State, Transport};
pub use backlogs::Backlogs;
pub use certificate::{Certificate, PemFiles, Unusable};
use places::Places;
use reading::{IDLE_TIMEOUT, NEW_TIMEOUT, Reading};
pub use tls::Tls;
pub use trust::Trust;
pub use websocket::Doorway;

/// A peer that does not read is given this long; so is who takes messages from us.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Messages for one stream that are not written yet; beyond it the stream is closed.
const MAX_UNWRITTEN: usize = 256;
/// Refusals of the guard that one stream has not written yet; beyond it we read no further.
const MAX_REFUSALS: usize = 16;

/// Who stands behind the streams and takes their messages.
pub trait Behind: Clone + Send + Sync + 'static {
    type Inward: Inward;
    type Outward: Outward;

    /// A stream stands; `closed` is cancelled by whoever ends it. `None` where it is not wanted.
    fn open(
        &self,
        peer: SocketAddr,
        transport: Transport,
        closed: CancellationToken,
    ) -> impl Future<Output = Option<(Self::Inward, Self::Outward)>> + Send;
}

/// What became of a message handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    Taken,
    /// It could not be read after all; the stream goes on.
    Refused,
    /// The stream cannot go on.
    Over,
}

/// Takes the messages of one stream.
pub trait Inward: Send + Sync + 'static {
    /// Hands on a whole message that the guard has let through; may wait, and bounds its wait.
    fn hand_on(&self, message: &[u8]) -> impl Future<Output = Handed> + Send;
}

/// Has the messages that one stream is to write.
pub trait Outward: Send + 'static {
    /// The next one; `None` when there will be none any more.
    fn next(&mut self) -> impl Future<Output = Option<Vec<u8>>> + Send;
    /// How many more wait.
    fn waiting(&self) -> usize;
}

/// All streams of a user agent.
#[derive(Clone)]
pub struct Streams {
    state: Arc<State>,
    places: Places,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What the guard says on a stream.
enum Said {
    Refusal(Vec<u8>),
    /// Nothing is written after it.
    Last(Vec<u8>),
}

/// What is known of a stream beside its octets.
struct Link<P> {
    peer: SocketAddr,
    transport: Transport,
    /// Kept as long as the stream is.
    place: P,
    patience: Duration,
}

/// What stands between a connection and its messages; nothing: TCP.
#[derive(Clone, Default)]
pub struct Beginning {
    pub tls: Option<Tls>,
    pub websocket: Option<Doorway>,
}

impl Beginning {
    fn transport(&self) -> Transport {
        match (&self.tls, &self.websocket) {
            (None, None) => Transport::Tcp,
            (Some(_), None) => Transport::Tls,
            (None, Some(_)) => Transport::Ws,
            (Some(_), Some(_)) => Transport::Wss,
        }
    }
}

impl Streams {
    /// None yet; they end with `stop`, their tasks are `tasks`.
    pub fn new(state: Arc<State>, tasks: TaskTracker, stop: CancellationToken) -> Streams {
        Streams {
            state,
            places: Places::default(),
            tasks,
            stop,
        }
    }

    /// Accepts until told to stop.
    pub async fn accept(self, listener: TcpListener, beginning: Beginning, behind: impl Behind) {
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
            let Some(place) = self.places.take(peer.ip(), self.state.sender(peer.ip())) else {
                guard::count("streams");
                continue;
            };
            let _ = stream.set_nodelay(true);
            let link = Link {
                peer,
                transport: beginning.transport(),
                place,
                patience: NEW_TIMEOUT,
            };
            match link.transport {
                Transport::Tcp => self.serve(stream, link, &behind).await,
                _ => self.begin(stream, link, &beginning, &behind),
            }
        }
    }

    /// Serves what is behind the handshakes. It has taken its place before: silent peers fill no
    /// more places here than on TCP.
    fn begin<P>(
        &self,
        stream: TcpStream,
        link: Link<P>,
        beginning: &Beginning,
        behind: &impl Behind,
    ) where
        P: Send + 'static,
    {
        let source = link.peer.ip();
        // A handshake costs a signature, an upgrade a digest: a stranger gets as many as refusals.
        if !self.state.is_trunk(source) && !self.state.may_answer(source, now()) {
            return guard::count("rate");
        }
        let (streams, beginning, behind) = (self.clone(), beginning.clone(), behind.clone());
        self.tasks.spawn(async move {
            let stop = streams.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                () = streams.shake_hands(stream, link, beginning, &behind) => {}
            }
        });
    }

    async fn shake_hands<P>(
        &self,
        stream: TcpStream,
        link: Link<P>,
        beginning: Beginning,
        behind: &impl Behind,
    ) where
        P: Send + 'static,
    {
        let Beginning { tls, websocket } = beginning;
        match tls {
            None => self.upgrade(stream, link, websocket, behind).await,
            Some(tls) => {
                if let Some(stream) = tls.shake_hands(stream).await {
                    self.upgrade(stream, link, websocket, behind).await;
                }
            }
        }
    }

    async fn upgrade<S, P>(
        &self,
        stream: S,
        link: Link<P>,
        websocket: Option<Doorway>,
        behind: &impl Behind,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        P: Send + 'static,
    {
        let Some(doorway) = websocket else {
            return self.serve(stream, link, behind).await;
        };
        if let Some(socket) = doorway.upgrade(stream).await {
            let (sink, messages) = socket.split();
            let halves = |reading, outward, sayings| {
                let writing = websocket::write(outward, sayings, sink);
                (websocket::read(reading, messages), writing)
            };
            self.attend(link, behind, halves).await;
        }
    }

    /// Connects to a peer, so that what it sends passes the guard like everything else; by TLS where
    /// it is told whom to believe, and what the peer was called.
    ///
    /// # Errors
    /// Where it cannot be reached within [`WRITE_TIMEOUT`], or is not who it should be.
    pub async fn connect(
        &self,
        peer: SocketAddr,
        tls: Option<(&Trust, &str)>,
        behind: &impl Behind,
    ) -> std::io::Result<()> {
        let stream = in_time(TcpStream::connect(peer)).await?;
        let _ = stream.set_nodelay(true);
        let Some((trust, called)) = tls else {
            self.serve(stream, dialled(peer, Transport::Tcp), behind)
                .await;
            return Ok(());
        };
        let stream = in_time(trust.shake_hands(stream, called)).await?;
        self.serve(stream, dialled(peer, Transport::Tls), behind)
            .await;
        Ok(())
    }

    async fn serve<S, P>(&self, stream: S, link: Link<P>, behind: &impl Behind)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
        P: Send + 'static,
    {
        let (reader, writer) = tokio::io::split(stream);
        let halves = |reading: Reading<_>, outward, sayings| {
            (reading.run(reader), write(outward, sayings, writer))
        };
        self.attend(link, behind, halves).await;
    }

    /// Both directions of a stream that stands, until one of them ends.
    async fn attend<B, P, R, W>(
        &self,
        link: Link<P>,
        behind: &B,
        halves: impl FnOnce(Reading<B::Inward>, B::Outward, mpsc::Receiver<Said>) -> (R, W),
    ) where
        B: Behind,
        P: Send + 'static,
        R: Future<Output = ()> + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let Link {
            peer,
            transport,
            place,
            patience,
        } = link;
        let closed = self.stop.child_token();
        let opened = behind.open(peer, transport, closed.clone());
        let Some((inward, outward)) = opened.await else {
            return;
        };
        let (said, sayings) = mpsc::channel(MAX_REFUSALS);
        let registered = Arc::new(AtomicBool::new(false));
        let reading = Reading {
            state: Arc::clone(&self.state),
            registered: Arc::clone(&registered),
            peer,
            transport,
            inward,
            said,
            patience,
        };
        let (reading, writing) = halves(reading, outward, sayings);
        let (state, stop) = (Arc::clone(&self.state), self.stop.clone());
        self.tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = closed.cancelled() => {}
                () = reading => {}
                () = writing => {}
            }
            closed.cancel();
            // A house that closes forgets nobody: it may be back before they notice.
            if registered.load(Ordering::Relaxed) && !stop.is_cancelled() {
                state.lost(peer, transport);
            }
        });
    }
}

/// A stream that we opened takes nobody's place.
fn dialled(peer: SocketAddr, transport: Transport) -> Link<()> {
    Link {
        peer,
        transport,
        place: (),
        patience: IDLE_TIMEOUT,
    }
}

async fn in_time<T>(waited: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
    tokio::time::timeout(WRITE_TIMEOUT, waited)
        .await
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?
}

/// Writes what the stack and the guard send, until the peer reads no more. After the last word it
/// leaves the end to the reader.
async fn write(
    mut outward: impl Outward,
    mut sayings: mpsc::Receiver<Said>,
    mut writer: impl AsyncWrite + Unpin,
) {
    loop {
        let (bytes, last) = tokio::select! {
            Some(said) = sayings.recv() => match said {
                Said::Refusal(bytes) => (bytes, false),
                Said::Last(bytes) => (bytes, true),
            },
            message = outward.next() => match message {
                Some(bytes) => (bytes, false),
                None => return,
            },
        };
        if outward.waiting() > MAX_UNWRITTEN {
            guard::count("slow_peer");
            return;
        }
        let written = async {
            writer.write_all(&bytes).await?;
            // TLS keeps what the socket did not take at once.
            writer.flush().await
        };
        match tokio::time::timeout(WRITE_TIMEOUT, written).await {
            Ok(Ok(())) if last => break,
            Ok(Ok(())) => {}
            _ => return,
        }
    }
    let ended = tokio::time::timeout(WRITE_TIMEOUT, writer.shutdown()).await;
    if matches!(ended, Ok(Ok(()))) {
        std::future::pending::<()>().await;
    }
}

#[allow(clippy::disallowed_methods)] // the shell's clock: a message is judged when it arrives
fn now() -> Instant {
    Instant::now()
}
