//! The listening socket: how many connections, how long a head may take, how it ends.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::connections::{Attended, Connections, Due, Seat};
use super::doors::{self, Peer};
use super::{Options, Web};
use crate::archive::Archive;
use crate::engine::Engine;

/// A client that does not finish its head within this is slow on purpose.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// A body as a whole is due within this.
const BODY_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// A peer that takes nothing of what it asked for is given up after this.
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// Of more, one that is idle gives way.
const MAX_CONNECTIONS: usize = 512;
/// How long running answers (a download, say) may take after the shutdown.
const DRAIN: Duration = Duration::from_secs(5);
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Serves until `shutdown` completes, then lets running answers end within five seconds.
///
/// # Errors
/// Only when the listening socket itself cannot be used.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    archive: Archive,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let address = listener
        .local_addr()
        .context("the web's listening socket has no address")?;
    tracing::info!(%address, "the web listens");
    let router = doors::router(Web::new(engine, archive, options));
    let places = Connections::new(MAX_CONNECTIONS);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: give running connections time to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(seat) = places.take(peer.ip()) else {
            metrics::counter!("gradeline_http_connections_refused_total").increment(1);
            continue;
        };
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(USER_TIMEOUT));
        let connection = connection(
            stream,
            Peer(peer),
            router.clone(),
            Arc::clone(&seat),
            &graceful,
        );
        connections.spawn(async move {
            tokio::select! {
                () = connection => {}
                () = seat.gone() => {}
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => {
            tracing::warn!("connections were cut at the end of the web's grace");
        }
    }
    connections.shutdown().await;
    Ok(())
}

/// One connection from its first byte to its last.
fn connection(
    stream: TcpStream,
    peer: Peer,
    router: axum::Router,
    seat: Arc<Seat>,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let busy = seat.begin();
        request.extensions_mut().insert(peer);
        let request = request.map(|body| Body::new(Due::within(body, BODY_READ_TIMEOUT)));
        let answering = router.clone().oneshot(request);
        async move {
            let response = answering.await?;
            Ok::<_, Infallible>(response.map(|body| Attended { body, _busy: busy }))
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES);
    // A desk's line is a connection that is upgraded (WebSocket).
    let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let served = graceful.watch(served.into_owned());
    async move {
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
