//! Certificates for a router, and clients that check them.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use hyper_util::rt::TokioIo;
use rcgen::generate_simple_self_signed;
use router_server::{Config, Tls};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, ServerName},
    version::TLS13,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};

/// Lays a fresh certificate for `name` and its key into a folder.
pub(crate) fn certify(folder: &Path, name: &str) -> CertificateDer<'static> {
    let made = generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
    made.cert.der().clone()
}

/// Makes a router serve TLS as `souk.example`.
pub(crate) fn with_tls(config: &mut Config) -> CertificateDer<'static> {
    let folder = config.data_dir.join("tls");
    let certificate = certify(&folder, "souk.example");
    let domains = folder.join("domains");
    fs::create_dir_all(&domains).unwrap();
    config.tls = Some(Tls {
        listen: "127.0.0.1:0".into(),
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
        domains: Some(domains),
        ..Tls::default()
    });
    certificate
}

/// How a client comes in.
pub(crate) struct Visit<'v> {
    pub(crate) address: SocketAddr,
    pub(crate) name: &'v str,
    pub(crate) trusted: &'v CertificateDer<'static>,
    pub(crate) protocols: &'v [&'v str],
    pub(crate) version: &'static SupportedProtocolVersion,
}

impl<'v> Visit<'v> {
    pub(crate) fn new(address: SocketAddr, trusted: &'v CertificateDer<'static>) -> Self {
        Self { address, name: "souk.example", trusted, protocols: &[], version: &TLS13 }
    }

    pub(crate) async fn shake_hands(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[self.version])
            .unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols =
            self.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(self.name.to_owned()).unwrap();
        let stream = TcpStream::connect(self.address).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// A channel for calls.
    pub(crate) async fn channel(self) -> Channel
    where
        'v: 'static,
    {
        let visit = Arc::new(Self { protocols: &["h2"], ..self });
        let connector = tower::service_fn(move |_| {
            let visit = Arc::clone(&visit);
            async move { visit.shake_hands().await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://souk.example");
        endpoint.connect_with_connector(connector).await.unwrap()
    }
}
