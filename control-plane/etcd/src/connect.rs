//! Lines to etcd's members: plaintext, or TLS with whom its authorities vouch for.

use std::{io, path::Path, sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::Config;

/// etcd closes lines on which it is asked for a sign of life more often than every 5 seconds.
const SIGN_OF_LIFE: Duration = Duration::from_secs(6);
const SIGN_OF_LIFE_MAX: Duration = Duration::from_secs(3);

/// A channel to each of the endpoints; each connects when it is first used.
///
/// Errors: files of TLS cannot be used, or an endpoint is none; in words.
pub(crate) fn channels(config: &Config, connect: Duration) -> Result<Vec<Channel>, String> {
    let tls = config.authorities.as_deref().map(|authorities| tls(authorities, config));
    let tls = tls.transpose()?.map(Arc::new);
    let channel = |address: &String| {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .map_err(|error| format!("`{address}` is not host:port: {error}"))?
            .connect_timeout(connect)
            .http2_keep_alive_interval(SIGN_OF_LIFE)
            .keep_alive_timeout(SIGN_OF_LIFE_MAX)
            .keep_alive_while_idle(true)
            .tcp_nodelay(true);
        let Some(tls) = &tls else { return Ok(endpoint.connect_lazy()) };
        let tls = Arc::clone(tls);
        let dial = move |uri: Uri| {
            let tls = Arc::clone(&tls);
            async move { dial(&uri, tls).await.map(TokioIo::new) }
        };
        Ok(endpoint.connect_with_connector_lazy(tower::service_fn(dial)))
    };
    config.endpoints.iter().map(channel).collect()
}

async fn dial(
    uri: &Uri,
    tls: Arc<ClientConfig>,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let host = uri.host().unwrap_or_default();
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
    let place = uri.authority().map(ToString::to_string).unwrap_or_default();
    let stream = TcpStream::connect(place).await?;
    stream.set_nodelay(true)?;
    TlsConnector::from(tls).connect(name.map_err(io::Error::other)?, stream).await
}

fn tls(authorities: &Path, config: &Config) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(authorities)? {
        roots.add(authority).map_err(|error| unusable(authorities, &error))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(authorities, &error))?
        .with_root_certificates(roots);
    let mut tls = match (&config.certificate, &config.key) {
        (Some(certificate), Some(key)) => {
            let secret =
                PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
            let shown = builder.with_client_auth_cert(certificates(certificate)?, secret);
            shown.map_err(|error| unusable(certificate, &error))?
        }
        _ => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![b"h2".to_vec()];
    Ok(tls)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found = read.map_err(|error| unusable(path, &error))?;
    if found.is_empty() {
        return Err(format!("{} holds no certificate", path.display()));
    }
    Ok(found)
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{} cannot be used: {error}", path.display())
}
