//! Pingora as it comes, with one hook that names the upstream: what the router's own work is measured against.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use clap::Parser;
use pingora::{
    Result,
    apps::HttpServerOptions,
    listeners::tls::TlsSettings,
    proxy::{ProxyHttp, ProxyServiceBuilder, Session},
    server::configuration::ServerConf,
    services::Service as _,
    upstreams::peer::HttpPeer,
};
use tokio::signal::unix::{SignalKind, signal};

/// Pingora as it comes.
#[derive(Debug, Parser)]
struct Args {
    /// Where clients come in without TLS, HTTP/1.1 and HTTP/2.
    #[arg(long)]
    plain: SocketAddr,
    /// Where clients come in with TLS.
    #[arg(long)]
    tls: SocketAddr,
    /// The certificate, as PEM.
    #[arg(long)]
    certificate: PathBuf,
    /// Its key.
    #[arg(long)]
    key: PathBuf,
    /// Where requests go.
    #[arg(long)]
    origin: SocketAddr,
}

struct Bare {
    origin: SocketAddr,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> Result<Box<HttpPeer>> {
        let mut peer = HttpPeer::new(self.origin, false, String::new());
        peer.options.idle_timeout = Some(Duration::from_secs(30));
        Ok(Box::new(peer))
    }
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let conf = ServerConf { upstream_keepalive_pool_size: 1024, ..ServerConf::default() };
    let mut options = HttpServerOptions::default();
    options.h2c = true;
    let mut service = ProxyServiceBuilder::new(&Arc::new(conf), Bare { origin: args.origin })
        .server_options(options)
        .build();
    service.add_tcp(&args.plain.to_string());
    let (certificate, key) = (args.certificate.to_string_lossy(), args.key.to_string_lossy());
    let mut tls = TlsSettings::intermediate(&certificate, &key)?;
    tls.enable_h2();
    service.add_tls_with_settings(&args.tls.to_string(), None, tls);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut told = signal(SignalKind::terminate())?;
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        tokio::select! {
            () = service.start_service(None, stopped, 1) => {}
            _ = told.recv() => {}
        }
        anyhow::Ok(())
    })?;
    runtime.shutdown_background();
    Ok(())
}
