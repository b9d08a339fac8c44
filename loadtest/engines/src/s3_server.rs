//! A server of S3's protocol over a directory, for tests and development.
//!
//! `s3s-fs` alone lets several of those who race for a conditional write win. Here each request is read whole and then served under
//! one lock, so that a condition holds for the write that it was checked for.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context as _, anyhow};
use http_body_util::BodyExt as _;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::{
    Body,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
};

/// Who may come in: no secret, since the server is reached from this machine only.
pub const ACCESS_KEY: &str = "souk";
/// The key's secret.
pub const SECRET_KEY: &str = "souk-on-one-machine";

/// A bucket that is there from the beginning.
pub const BUCKET: &str = "souk";

/// Serves a directory until `stopped` says so.
///
/// Errors: the port is taken, or the directory cannot be used.
pub async fn serve_s3(
    listen: SocketAddr,
    folder: &Path,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    fs::create_dir_all(folder.join(BUCKET))
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    let files = FileSystem::new(folder)
        .map_err(|error| anyhow!("{} cannot be served: {error:?}", folder.display()))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = Arc::new(Mutex::new(service.build()));
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen}"))?;
    loop {
        let stream = tokio::select! {
            came = listener.accept() => came.context("no more connections come in")?.0,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
        };
        let service = Arc::clone(&service);
        let serve = service_fn(move |request| one_at_a_time(Arc::clone(&service), request));
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            // Whoever leaves in the middle leaves.
            let _ =
                server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), serve).await;
        });
    }
}

async fn one_at_a_time(
    service: Arc<Mutex<S3Service>>,
    request: Request<Incoming>,
) -> anyhow::Result<hyper::Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = Request::from_parts(head, Body::from(body));
    let service = service.lock().await;
    service.call(request).await.map_err(|error| anyhow!("{error:?}"))
}
