//! TLS in front: which versions and protocols are offered, and when certificates are looked at again.

use std::{path::PathBuf, sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_identity::keep_looking;
use pingora::listeners::tls::Acceptor;
use rustls::{
    ServerConfig,
    crypto::ring::{Ticketer, default_provider},
    server::ServerSessionMemoryCache,
    version::{TLS12, TLS13},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::{certificates::Certificates, count::Counts};

/// TLS 1.2 sessions that are remembered, so that a client that comes back needs no whole handshake.
const SESSIONS_MAX: usize = 16_384;

/// TLS for clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Where clients come in with TLS 1.2 or 1.3, HTTP/1.1 or HTTP/2: ip:port, port 0 for any free one.
    pub listen: String,
    /// File with the platform's own certificate and those that lead to its root, as PEM. Shown to clients that ask for no name
    /// or for one that has no folder.
    pub certificate: PathBuf,
    /// File with its key, as PEM.
    pub key: PathBuf,
    /// Folder with a folder for each domain of a vendor, such as `shop.atlas.example/tls.crt` and `tls.key`; `*.atlas.example`
    /// stands for all names below.
    pub domains: Option<PathBuf>,
    /// How often the files are looked at for changes, in milliseconds. SIGHUP does it at once.
    pub look_ms: u64,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8443".to_owned(),
            certificate: "tls.crt".into(),
            key: "tls.key".into(),
            domains: None,
            look_ms: 10_000,
        }
    }
}

/// What a handshake needs.
pub(crate) fn acceptor(certificates: Arc<Certificates>) -> Result<Acceptor, Fault> {
    let broken = |error| Fault::ours(Code::Internal, "TLS cannot be set up").because(error);
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(broken)?;
    let mut config = config.with_no_client_auth().with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    config.ticketer = Ticketer::new().map_err(broken)?;
    // Data before the end of the handshake could be sent twice by who records it.
    config.max_early_data_size = 0;
    Ok(Acceptor::from_server_config(Arc::new(config)))
}

/// Looks at the files again and again; at once when it is told to.
pub(crate) async fn watch(
    certificates: Arc<Certificates>,
    every: Duration,
    at_once: Arc<Notify>,
    counts: Counts,
) {
    let look = move || certificates.look_again();
    keep_looking(every, at_once, look, |seen| {
        counts.certificates_seen(seen.read, seen.refused);
        if seen.read > 0 {
            tracing::info!(read = seen.read, "certificates were read anew");
        }
    })
    .await;
}
