//! Who is let in, and who is not: each is told so where TLS has a word for it, and counted.

use std::{sync::Arc, time::Duration};

use base_identity::{Expected, Passport, Peer, Refusal, Role};
use base_time::{Clock as _, SystemClock, Timestamp};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::stage::{Fleet, Port, ROUTERS, WEEK, cell_1, visit};

/// Comes with a certificate that no passport would hold, or with none.
async fn come_with(
    fleet: &Fleet,
    port: &Port,
    shown: Option<&base_identity::Issued>,
    version: &'static rustls::SupportedProtocolVersion,
) -> std::io::Error {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(fleet.authority.certificate().as_bytes());
    roots.add(authority.unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => config.with_no_client_auth(),
        Some(issued) => {
            let chain = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
            config.with_client_auth_cert(vec![chain], key).unwrap()
        }
    };
    let name = ServerName::try_from("cell-1.cell.souk.example").unwrap();
    let stream = TcpStream::connect(port.address).await.unwrap();
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    match connected {
        Err(error) => error,
        // With TLS 1.3 a client hears only afterwards that its certificate is not liked.
        Ok(mut stream) => stream.read_u8().await.unwrap_err(),
    }
}

#[tokio::test]
async fn a_router_is_let_in_and_both_sides_know_whom_they_speak_to() {
    let fleet = Fleet::new("souk.example");
    let mut port = Port::of_cell_1(&fleet).await;
    let router = fleet.passport(Role::Router, "router-1");
    let taken_for = visit(&router, port.address, &cell_1()).await.unwrap();
    assert_eq!(taken_for, "spiffe://souk.example/router/router-1");
    let Peer::Known(who) = port.outcome().await.unwrap() else { unreachable!("it was known") };
    assert_eq!(who, *router.identity());
    let any_cell = Expected::any(Role::Cell);
    assert_eq!(visit(&router, port.address, &any_cell).await.unwrap(), taken_for);
    assert_eq!(port.passport.counts().admitted_on("edge"), 2);
}

#[tokio::test]
async fn plaintext_is_refused() {
    let fleet = Fleet::new("souk.example");
    let mut port = Port::of_cell_1(&fleet).await;
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: cell-1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(port.outcome().await, Err(Refusal::Plaintext));
    assert_eq!(port.passport.counts().refused_on("edge", "plaintext"), 1);
    assert_eq!(port.passport.counts().admitted_on("edge"), 0);
}

#[tokio::test]
async fn nobody_comes_in_without_a_certificate() {
    let fleet = Fleet::new("souk.example");
    let mut port = Port::of_cell_1(&fleet).await;
    let error = come_with(&fleet, &port, None, &TLS13).await;
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
    assert_eq!(port.outcome().await, Err(Refusal::Nothing));
}

#[tokio::test]
async fn an_older_tls_is_not_spoken() {
    let fleet = Fleet::new("souk.example");
    let mut port = Port::of_cell_1(&fleet).await;
    let router = fleet.authority.issue(Role::Router, "router-1", WEEK).unwrap();
    let error = come_with(&fleet, &port, Some(&router), &TLS12).await;
    assert!(error.to_string().contains("ProtocolVersion"), "{error}");
    assert!(matches!(port.outcome().await, Err(Refusal::Broken(_))));
}

#[tokio::test]
async fn an_identity_from_another_authority_is_refused_though_it_says_the_same() {
    let (fleet, false_fleet) = (Fleet::new("souk.example"), Fleet::new("souk.example"));
    let mut port = Port::of_cell_1(&fleet).await;
    let forged = false_fleet.authority.issue(Role::Router, "router-1", WEEK).unwrap();
    let error = come_with(&fleet, &port, Some(&forged), &TLS13).await;
    assert!(error.to_string().contains("UnknownCA"), "{error}");
    assert_eq!(port.outcome().await, Err(Refusal::Authority));
    // Nor does a process of the false fleet speak to the cell.
    let router = false_fleet.passport(Role::Router, "router-1");
    let error = visit(&router, port.address, &cell_1()).await.unwrap_err();
    assert!(error.to_string().contains("shows a certificate of another authority"), "{error}");
}

#[tokio::test]
async fn an_identity_of_another_fleet_is_refused_though_the_authority_is_believed() {
    let (fleet, other) = (Fleet::new("souk.example"), Fleet::new("souk.test"));
    let files = fleet.issue(Role::Cell, "cell-1");
    let both = format!("{}{}", fleet.authority.certificate(), other.authority.certificate());
    std::fs::write(&files.authorities, both).unwrap();
    let passport = Passport::read(&files, Role::Cell, Some("cell-1")).unwrap();
    let mut port = Port::of(passport, ROUTERS).await;
    let foreign = other.authority.issue(Role::Router, "router-1", WEEK).unwrap();
    come_with(&fleet, &port, Some(&foreign), &TLS13).await;
    let refusal = port.outcome().await.unwrap_err();
    assert_eq!(refusal.as_str(), "fleet");
    assert!(refusal.to_string().contains("souk.test/router/router-1"), "{refusal}");
}

#[tokio::test]
async fn only_the_roles_that_have_business_there_come_in() {
    let fleet = Fleet::new("souk.example");
    let mut port = Port::of_cell_1(&fleet).await;
    for (role, name) in [(Role::Cell, "cell-2"), (Role::Operator, "leila")] {
        let stranger = fleet.passport(role, name);
        let error = visit(&stranger, port.address, &cell_1()).await.unwrap_err();
        assert!(error.to_string().contains("CertificateUnknown"), "{error}");
        let refusal = port.outcome().await.unwrap_err();
        assert_eq!(refusal.as_str(), "role");
        let text = refusal.to_string();
        assert!(text.contains(name) && text.contains("only router may come"), "{text}");
    }
    // A control plane is nobody's client.
    let stranger = fleet.passport(Role::ControlPlane, "control-plane");
    visit(&stranger, port.address, &cell_1()).await.unwrap_err();
    assert!(port.outcome().await.is_err());
    assert_eq!(port.passport.counts().admitted_on("edge"), 0);
}

#[tokio::test]
async fn what_has_ended_or_not_begun_is_refused() {
    let fleet = Fleet::new("souk.example");
    let mut port = Port::of_cell_1(&fleet).await;
    let now = SystemClock.now();
    let (hour, day) = (Duration::from_hours(1), Duration::from_hours(24));
    let yesterday = Timestamp::from_millis(now.as_millis() - 86_400_000);
    for from in [yesterday, now.after(day)] {
        let issued = fleet.authority.issue_from(Role::Router, "router-1", from, hour).unwrap();
        let error = come_with(&fleet, &port, Some(&issued), &TLS13).await;
        assert!(error.to_string().contains("CertificateExpired"), "{error}");
        assert_eq!(port.outcome().await.unwrap_err().as_str(), "time");
    }
}

#[tokio::test]
async fn a_server_s_certificate_for_clients_outside_is_no_identity() {
    let fleet = Fleet::new("souk.example");
    let mut port = Port::of_cell_1(&fleet).await;
    let front = fleet.authority.issue_server(&["souk.example", "127.0.0.1"], WEEK).unwrap();
    come_with(&fleet, &port, Some(&front), &TLS13).await;
    assert!(port.outcome().await.is_err());
}

#[tokio::test]
async fn whoever_answers_in_the_place_of_another_is_not_spoken_to() {
    let fleet = Fleet::new("souk.example");
    let router = fleet.passport(Role::Router, "router-1");
    // Another cell has moved in at the address of cell-1.
    let mut port = Port::of(fleet.passport(Role::Cell, "cell-2"), ROUTERS).await;
    let error = visit(&router, port.address, &cell_1()).await.unwrap_err().to_string();
    assert!(error.contains("is spiffe://souk.example/cell/cell-2"), "{error}");
    assert!(error.contains("spiffe://souk.example/cell/cell-1 was meant"), "{error}");
    assert!(port.outcome().await.is_err());
    // A control plane of the same fleet is no cell.
    let mut port = Port::of(fleet.passport(Role::ControlPlane, "cell-1"), ROUTERS).await;
    visit(&router, port.address, &cell_1()).await.unwrap_err();
    assert!(port.outcome().await.is_err());
    // And a router is nobody's server.
    let mut port = Port::of(fleet.passport(Role::Router, "cell-1"), ROUTERS).await;
    visit(&router, port.address, &Expected::any(Role::Router)).await.unwrap_err();
    assert!(port.outcome().await.is_err());
}
