//! The one place that chooses the cryptography behind TLS.

/// Makes *ring* the process-wide provider of rustls. The first line of every `main`; calling it again changes nothing.
///
/// Without it, a dependency that brings a second provider makes every `ClientConfig::builder()` panic.
pub fn install_crypto() {
    // An error only says that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::install_crypto;

    #[test]
    fn a_tls_client_can_be_built_after_the_provider_is_installed() {
        install_crypto();
        install_crypto();
        let config = rustls::ClientConfig::builder()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        assert!(config.enable_sni);
    }
}
