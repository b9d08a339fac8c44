//! The certificates that clients are shown: by the name that they ask for, read anew when their files change.

use std::{
    collections::HashMap,
    fs::read_dir,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use base_fault::{Code, Fault, chain};
use base_identity::{KeyPair, Seen, Stamp, stamp};
use rustls::{
    client::verify_server_name,
    pki_types::ServerName,
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::tls::Tls;

/// Name of the certificate's file in the folder of a domain, and of its key's.
const CERTIFICATE_FILE: &str = "tls.crt";
const KEY_FILE: &str = "tls.key";

/// All certificates. Handshakes read them without a lock.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: Tls,
    known: ArcSwap<Known>,
}

#[derive(Debug, Clone)]
struct Known {
    /// For clients that ask for no name, or for one that is not ours.
    default: Pair,
    /// By domain; a name that begins with `*.` stands for every name with one label in its place.
    domains: HashMap<String, Pair>,
    /// Files that were refused as they are now; told once.
    refused: HashMap<String, Stamp>,
}

/// A certificate with its key, as its files were when they were read.
#[derive(Debug, Clone)]
struct Pair {
    stamp: Stamp,
    key: Arc<CertifiedKey>,
}

impl Certificates {
    /// Reads all files. A domain whose files are no good is left out and told in the log.
    ///
    /// Errors: the default certificate cannot be used, or the folder of the domains cannot be read.
    pub(crate) fn read(files: &Tls) -> Result<Self, Fault> {
        let default = Pair::read(&files.certificate, &files.key)?;
        let empty = Known { default, domains: HashMap::new(), refused: HashMap::new() };
        let certificates = Self { files: files.clone(), known: ArcSwap::from_pointee(empty) };
        certificates.read_domains()?;
        Ok(certificates)
    }

    /// Reads anew what has changed. What is no good leaves the certificate before it in force and is told in the log.
    pub(crate) fn look_again(&self) -> Seen {
        let before = self.known.load_full();
        let (certificate, key) = (&self.files.certificate, &self.files.key);
        let mut seen = Seen::default();
        if stamp(&[certificate, key]).is_ok_and(|now| now != before.default.stamp) {
            let mut known = (*before).clone();
            match Pair::read(certificate, key) {
                Ok(pair) => {
                    known.default = pair;
                    seen.read += 1;
                }
                Err(fault) => {
                    seen.refused += 1;
                    tracing::error!(
                        fault = chain(&fault),
                        "the default certificate stays as it was"
                    );
                }
            }
            self.known.store(Arc::new(known));
        }
        match self.read_domains() {
            Ok(domains) => {
                Seen { read: seen.read + domains.read, refused: seen.refused + domains.refused }
            }
            Err(fault) => {
                tracing::error!(
                    fault = chain(&fault),
                    "the domains' certificates stay as they were"
                );
                Seen { refused: seen.refused + 1, ..seen }
            }
        }
    }

    fn read_domains(&self) -> Result<Seen, Fault> {
        let Some(folder) = &self.files.domains else {
            return Ok(Seen::default());
        };
        let before = self.known.load_full();
        let names = names_in(folder).map_err(|error| unreadable(folder, error))?;
        let mut known =
            Known { domains: HashMap::new(), refused: HashMap::new(), ..(*before).clone() };
        let mut seen = Seen::default();
        for name in names {
            let [certificate, key] =
                [CERTIFICATE_FILE, KEY_FILE].map(|file| folder.join(&name).join(file));
            let now = stamp(&[&certificate, &key]).unwrap_or_default();
            let held = before.domains.get(&name);
            if let Some(held) = held.filter(|held| held.stamp == now) {
                known.domains.insert(name, held.clone());
                continue;
            }
            match Pair::read(&certificate, &key).and_then(|pair| pair.serving(&name)) {
                Ok(pair) => {
                    known.domains.insert(name, pair);
                    seen.read += 1;
                }
                Err(fault) => {
                    if before.refused.get(&name) != Some(&now) {
                        seen.refused += 1;
                        tracing::error!(
                            domain = name,
                            fault = chain(&fault),
                            "a certificate is not used"
                        );
                    }
                    if let Some(held) = held {
                        known.domains.insert(name.clone(), held.clone());
                    }
                    known.refused.insert(name, now);
                }
            }
        }
        self.known.store(Arc::new(known));
        Ok(seen)
    }

    fn of(&self, name: Option<&str>) -> Arc<CertifiedKey> {
        let known = self.known.load();
        let named = name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            let any = || known.domains.get(&format!("*.{}", name.split_once('.')?.1));
            known.domains.get(&name).or_else(any)
        });
        Arc::clone(&named.unwrap_or(&known.default).key)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.of(hello.server_name()))
    }
}

impl Pair {
    fn read(certificate: &Path, key: &Path) -> Result<Self, Fault> {
        let stamp = stamp(&[certificate, key])?;
        Ok(Self { stamp, key: KeyPair::read(certificate, key)?.certified })
    }

    /// Refuses a certificate that is not for the domain.
    fn serving(self, domain: &str) -> Result<Self, Fault> {
        // A name that only the wildcard can stand for.
        let name =
            domain.strip_prefix("*.").map_or(domain.to_owned(), |rest| format!("any.{rest}"));
        let wrong = |text: &str| {
            Fault::caller(Code::InvalidField, format!("the certificate of {domain} {text}"))
        };
        let name = ServerName::try_from(name)
            .map_err(|error| wrong("has no domain's name").because(error))?;
        let first = self.key.end_entity_cert().map_err(|error| wrong("is empty").because(error))?;
        ParsedCertificate::try_from(first)
            .and_then(|parsed| verify_server_name(&parsed, &name))
            .map_err(|error| wrong("is for another name").because(error))?;
        Ok(self)
    }
}

/// The domains that have a folder.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in read_dir(folder)? {
        let name = entry?.file_name();
        // Mounted secrets keep their versions under names that begin with a dot.
        if let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) {
            names.push(name.to_ascii_lowercase());
        }
    }
    Ok(names)
}

fn unreadable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    let text = format!("{} cannot be used", PathBuf::from(path).display());
    Fault::caller(Code::InvalidField, text).because(error)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use rcgen::generate_simple_self_signed;

    use super::Certificates;
    use crate::tls::Tls;

    fn write(folder: &Path, names: &[&str]) -> Vec<u8> {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let made = generate_simple_self_signed(names).unwrap();
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
        fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
        made.cert.der().to_vec()
    }

    fn files(folder: &Path) -> Tls {
        Tls {
            certificate: folder.join("own/tls.crt"),
            key: folder.join("own/tls.key"),
            domains: Some(folder.join("domains")),
            ..Tls::default()
        }
    }

    fn shown(certificates: &Certificates, name: Option<&str>) -> Vec<u8> {
        certificates.of(name).cert[0].to_vec()
    }

    fn seen(certificates: &Certificates) -> (usize, usize) {
        let seen = certificates.look_again();
        (seen.read, seen.refused)
    }

    #[test]
    fn a_client_is_shown_the_certificate_of_the_name_that_it_asks_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join("domains").join(name);
        let own = write(&folder.path().join("own"), &["souk.example"]);
        let atlas = write(&at("shop.atlas.example"), &["shop.atlas.example"]);
        let any = write(&at("*.vendors.example"), &["*.vendors.example"]);
        let certificates = Certificates::read(&files(folder.path())).unwrap();
        assert_eq!(shown(&certificates, Some("Shop.Atlas.example")), atlas);
        assert_eq!(shown(&certificates, Some("a.vendors.example")), any);
        for name in [
            None,
            Some("souk.example"),
            Some("a.b.vendors.example"),
            Some("evil.example"),
            Some("x"),
        ] {
            assert_eq!(shown(&certificates, name), own, "{name:?}");
        }
    }

    #[test]
    fn what_is_no_good_is_left_out_and_what_was_good_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join("domains").join(name);
        let own = write(&folder.path().join("own"), &["souk.example"]);
        write(&at("a.example"), &["b.example"]);
        let b = write(&at("b.example"), &["b.example"]);
        fs::create_dir(at("c.example")).unwrap();
        let certificates = Certificates::read(&files(folder.path())).unwrap();
        assert_eq!(shown(&certificates, Some("a.example")), own);
        assert_eq!(seen(&certificates), (0, 0), "nothing changed, and told before");

        let a = write(&at("a.example"), &["a.example"]);
        fs::write(at("b.example").join("tls.key"), "damaged").unwrap();
        let mine = write(&folder.path().join("own"), &["souk.example", "www.souk.example"]);
        assert_eq!(seen(&certificates), (2, 1));
        assert_eq!(shown(&certificates, Some("a.example")), a);
        assert_eq!(shown(&certificates, Some("b.example")), b);
        assert_eq!(shown(&certificates, None), mine);

        fs::remove_dir_all(at("b.example")).unwrap();
        fs::write(folder.path().join("own/tls.crt"), "damaged").unwrap();
        assert_eq!(seen(&certificates), (0, 1));
        assert_eq!(shown(&certificates, Some("b.example")), mine);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("own"), &["souk.example"]);
        fs::create_dir(folder.path().join("domains")).unwrap();
        let key = fs::read(folder.path().join("own/tls.key")).unwrap();
        write(&folder.path().join("own"), &["souk.example"]);
        fs::write(folder.path().join("own/tls.key"), key).unwrap();
        let fault = Certificates::read(&files(folder.path())).unwrap_err();
        assert!(fault.context().contains("own/tls.crt cannot be used"), "{fault:?}");
    }
}
