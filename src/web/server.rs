//! The listening socket: how many connections, how long a head may take, how it ends.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::doors::{self, Peer};
use super::{Options, Web};
use crate::archive::Archive;
use crate::engine::Engine;

/// A client that does not finish its head within this is slow on purpose.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// More connections wait in the kernel's queue.
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
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let place = tokio::select! {
            () = &mut shutdown => break,
            place = Arc::clone(&places).acquire_owned() => {
                place.expect("the semaphore is never closed")
            }
        };
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
        let router = router.clone();
        let connection = connection(stream, Peer(peer), router, &graceful);
        connections.spawn(async move {
            connection.await;
            drop(place);
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
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + use<> {
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES);
    let served = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
    async move {
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
