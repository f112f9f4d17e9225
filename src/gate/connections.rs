//! Who is connected. In a full house a new connection takes the place of one without a request:
//! of the source that has most of them the one that is idle longest. So thousands of clients that
//! send slowly, or nothing, keep nobody out.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

/// All connections.
pub(crate) struct Connections {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    count: usize,
    next: u64,
    /// Those without a request by their source, the longest idle first; what ends them.
    idle: HashMap<IpAddr, BTreeMap<u64, CancellationToken>>,
}

/// One connection's place; dropped, it is free again.
pub(crate) struct Seat {
    connections: Arc<Connections>,
    source: IpAddr,
    /// Its number among the idle.
    idle: Mutex<Option<u64>>,
    /// Its place went to another.
    gone: CancellationToken,
}

/// A request of a connection, from its head to the last byte of its response.
pub(crate) struct Busy(Arc<Seat>);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|held| held.into_inner())
}

impl Connections {
    pub fn new(most: usize) -> Arc<Connections> {
        Arc::new(Connections {
            most,
            open: Mutex::default(),
        })
    }

    /// A place for a new connection; `None` where all are busy.
    pub fn take(self: &Arc<Connections>, source: IpAddr) -> Option<Arc<Seat>> {
        let source = source.to_canonical();
        let mut open = locked(&self.open);
        if open.count >= self.most {
            open.displaced()?.cancel();
            open.count -= 1;
            metrics::counter!("gradeline_http_connections_displaced_total").increment(1);
        }
        open.count += 1;
        let gone = CancellationToken::new();
        let idle = open.enter(source, &gone);
        Some(Arc::new(Seat {
            connections: Arc::clone(self),
            source,
            idle: Mutex::new(Some(idle)),
            gone,
        }))
    }
}

impl Open {
    fn enter(&mut self, source: IpAddr, gone: &CancellationToken) -> u64 {
        self.next += 1;
        let of_source = self.idle.entry(source).or_default();
        of_source.insert(self.next, gone.clone());
        self.next
    }

    fn leave(&mut self, source: IpAddr, idle: u64) {
        if let Some(of_source) = self.idle.get_mut(&source) {
            of_source.remove(&idle);
            if of_source.is_empty() {
                self.idle.remove(&source);
            }
        }
    }

    /// Takes out the one that gives way.
    fn displaced(&mut self) -> Option<CancellationToken> {
        let most = self.idle.iter().max_by_key(|(_, idle)| idle.len());
        let source = *most?.0;
        let (number, gone) = self.idle.get(&source)?.first_key_value()?;
        let (number, gone) = (*number, gone.clone());
        self.leave(source, number);
        Some(gone)
    }
}

impl Seat {
    /// Resolves when the place went to another.
    pub async fn gone(&self) {
        self.gone.cancelled().await;
    }

    /// A request has come.
    pub fn begin(self: &Arc<Seat>) -> Busy {
        let mut open = locked(&self.connections.open);
        if let Some(idle) = locked(&self.idle).take() {
            open.leave(self.source, idle);
        }
        Busy(Arc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let seat = &self.0;
        let mut open = locked(&seat.connections.open);
        if !seat.gone.is_cancelled() {
            *locked(&seat.idle) = Some(open.enter(seat.source, &seat.gone));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = locked(&self.connections.open);
        if let Some(idle) = locked(&self.idle).take() {
            open.leave(self.source, idle);
        }
        if !self.gone.is_cancelled() {
            open.count -= 1;
        }
    }
}

/// A response's body that keeps its connection busy until it is sent.
pub(crate) struct Attended {
    pub body: Body,
    pub _busy: Busy,
}

impl HttpBody for Attended {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A request's body that is to come within a time, as a whole: dripping bytes buys none.
pub(crate) struct Due<B> {
    body: B,
    until: Pin<Box<Sleep>>,
}

/// The time was over.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come in time")]
pub(crate) struct TooSlow;

impl<B> Due<B> {
    pub fn within(body: B, time: Duration) -> Due<B> {
        Due {
            body,
            until: Box::pin(tokio::time::sleep(time)),
        }
    }
}

impl<B> HttpBody for Due<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        match self.until.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(TooSlow.into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_source_with_most_idle_connections_gives_way() {
        let connections = Connections::new(3);
        let lone = connections.take(HERE).unwrap();
        let other = IpAddr::from([192, 0, 2, 1]);
        let crowd: Vec<_> = (0..50).map(|_| connections.take(other).unwrap()).collect();
        assert!(!lone.gone.is_cancelled());
        let gone = crowd.iter().filter(|seat| seat.gone.is_cancelled()).count();
        assert_eq!(gone, 48);
    }

    #[test]
    fn in_a_full_house_the_longest_idle_gives_way_and_no_busy_one() {
        let connections = Connections::new(3);
        let seats: Vec<_> = (0..3).map(|_| connections.take(HERE).unwrap()).collect();
        let busy = seats[0].begin();
        let late = connections.take(HERE).unwrap();
        assert!(!seats[0].gone.is_cancelled(), "busy");
        assert!(seats[1].gone.is_cancelled(), "idle, and the first");
        let (_second, _third) = (seats[2].begin(), late.begin());
        assert!(connections.take(HERE).is_none(), "all are busy");
        drop(busy);
        let _fourth = connections.take(HERE).unwrap();
        assert!(seats[0].gone.is_cancelled(), "idle again");
    }

    #[test]
    fn places_are_free_again_however_their_connections_end() {
        let connections = Connections::new(2);
        for round in 0..10 {
            let (one, two) = (
                connections.take(HERE).unwrap(),
                connections.take(HERE).unwrap(),
            );
            let busy = one.begin();
            let displacing = connections.take(HERE).unwrap();
            assert!(two.gone.is_cancelled());
            match round % 2 {
                0 => drop((busy, one, two, displacing)),
                _ => drop((displacing, two, one, busy)),
            }
        }
        let open = locked(&connections.open);
        assert_eq!((open.count, open.idle.len()), (0, 0));
    }
}
