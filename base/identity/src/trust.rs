//! Whom a process believes: the two verifiers of a connection, which ask the files that are in force at each handshake.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{
        WebPkiSupportedAlgorithms, ring::default_provider, verify_tls12_signature,
        verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        ClientHello, ParsedCertificate, ResolvesServerCert,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};

use crate::{Credentials, Expected, Refusal, Role, certificate};

/// The credentials in force.
pub(crate) type Held = Arc<ArcSwap<Credentials>>;

/// Shows the certificate in force, to either side.
#[derive(Debug)]
pub(crate) struct Shown(pub(crate) Held);

/// Believes clients of the fleet that have one of the roles.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) held: Held,
    pub(crate) roles: &'static [Role],
    pub(crate) algorithms: WebPkiSupportedAlgorithms,
}

/// Believes a server of the fleet that is who was meant.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) held: Held,
    pub(crate) expected: Expected,
    pub(crate) algorithms: WebPkiSupportedAlgorithms,
}

/// Which signatures are believed.
pub(crate) fn algorithms() -> WebPkiSupportedAlgorithms {
    default_provider().signature_verification_algorithms
}

/// An error of TLS that says why somebody is refused.
fn refused(refusal: Refusal) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))))
}

impl Clients {
    /// Whether a certificate that an authority has issued is that of somebody who may come in.
    fn admit(&self, own: &CertificateDer<'_>, held: &Credentials) -> Result<(), Refusal> {
        let said = certificate::read(own)?;
        let (found, fleet) = (said.identity, held.identity().fleet());
        if found.fleet() != fleet {
            return Err(Refusal::Fleet { found, fleet: fleet.to_owned() });
        }
        if !self.roles.contains(&found.role()) {
            return Err(Refusal::Role { found, roles: self.roles });
        }
        Ok(())
    }
}

impl Servers {
    fn admit(&self, own: &CertificateDer<'_>, held: &Credentials) -> Result<(), Refusal> {
        let said = certificate::read(own)?;
        if self.expected.fits(held.identity().fleet(), &said.identity) {
            return Ok(());
        }
        let expected = self.expected.uri(held.identity().fleet());
        Err(Refusal::Other { expected, found: said.identity })
    }
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Everybody has one certificate; there is nothing to choose by.
        &[]
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let held = self.held.load();
        let verified = held.clients.verify_client_cert(own, between, now)?;
        self.admit(own, &held).map_err(refused)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let held = self.held.load();
        let parsed = ParsedCertificate::try_from(own)?;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &held.roots,
            between,
            now,
            self.algorithms.all,
        )?;
        // The name of DNS says less than the URI, which is compared as a whole.
        self.admit(own, &held).map_err(refused)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().pair.certified))
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().pair.certified))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
