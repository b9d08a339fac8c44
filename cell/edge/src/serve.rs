//! Serves a router on a listener: HTTP/1.1 and HTTP/2 on one port for whom its door lets in, every wait bounded, an orderly end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use base_identity::Door;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::EdgeConfig;

/// Largest head of a request, in bytes.
const HEAD_MAX: u32 = 32 * 1024;
const HEADERS_MAX: usize = 100;
const STREAMS_PER_CONNECTION_MAX: u32 = 250;
/// A peer that is silent this long is asked whether it is still there, and has as long to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long nothing is accepted after the system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` is done; then takes no more, and gives what is in flight its time to end.
pub(crate) async fn serve(
    listener: TcpListener,
    door: Door,
    router: Router,
    config: &EdgeConfig,
    shutdown: impl Future<Output = ()>,
) {
    let builder = builder(config);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(config.connections_max));
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut shutdown => break,
        };
        let (stream, from, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (door, builder, watcher) = (door.clone(), builder.clone(), graceful.watcher());
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            // Who is not let in has been counted and told of.
            if let Ok(admitted) = door.admit(stream, from).await {
                let connection = builder.serve_connection(TokioIo::new(admitted), service);
                if let Err(error) = watcher.watch(connection.into_owned()).await {
                    tracing::debug!(%error, "a connection ended badly");
                }
            }
            drop(place);
        });
    }
    drop(listener);
    let drain = Duration::from_millis(config.drain_ms);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and are cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // When all places are taken, new connections wait in the system's queue.
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, from) = listener.accept().await?;
    Ok((stream, from, place))
}

fn builder(config: &EdgeConfig) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.head_timeout_ms))
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_MAX)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    builder
}
