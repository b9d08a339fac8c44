//! Makes authorities and issues identities: for operators who have no authority of their own, for development and for tests.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use base_fault::{Code, Fault};
use base_time::{Clock as _, SystemClock, Timestamp};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use time::OffsetDateTime;

use crate::{Identity, Role, fleet_name};

const CERTIFICATE_FILE: &str = "authority.crt";
const KEY_FILE: &str = "authority.key";
/// How much earlier than now a certificate begins, for machines whose clocks are behind.
const BACKDATED: Duration = Duration::from_mins(5);

/// Issues certificates. Who has its key can be anybody in the fleet: it is kept away from the machines that serve.
pub struct Authority {
    fleet: String,
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, as PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// The authority that believes it.
    pub authority: String,
}

impl Authority {
    /// Makes a new one for a fleet, good for `span` from now on.
    ///
    /// Errors: not a fleet's name, or the system gives no random numbers.
    pub fn make(fleet: &str, span: Duration) -> Result<Self, Fault> {
        fleet_name(fleet).map_err(|error| wrong("the fleet's name").because(error))?;
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = params(fleet, SystemClock.now(), span)?;
        // Each authority has a name of its own, so that whoever compares two of them sees which is which.
        let serial = params.serial_number.as_ref().map(ToString::to_string).unwrap_or_default();
        let called = format!("Souk fleet authority {serial}");
        params.distinguished_name.push(DnType::CommonName, called);
        params.subject_alt_names = vec![uri(format!("spiffe://{fleet}"))?];
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(failed)?.pem();
        let fleet = fleet.to_owned();
        Ok(Self { fleet, certificate, issuer: Issuer::new(params, key) })
    }

    /// Reads one that was kept in a folder.
    ///
    /// Errors: there is none, or it is damaged.
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let text = |file: &str| {
            let path = folder.join(file);
            fs::read_to_string(&path)
                .map_err(|error| wrong(&path.display().to_string()).because(error))
        };
        let (certificate, key) = (text(CERTIFICATE_FILE)?, text(KEY_FILE)?);
        let damaged = |error| wrong(&folder.display().to_string()).because(error);
        let key = KeyPair::from_pem(&key).map_err(damaged)?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, key).map_err(damaged)?;
        let fleet = fleet_of(&certificate)
            .ok_or_else(|| wrong(&format!("{}: the fleet that it is for", folder.display())))?;
        Ok(Self { fleet, certificate, issuer })
    }

    /// Keeps it in a folder, which is made; its key for the owner's eyes alone. Never in the place of another.
    ///
    /// Errors: there is one already, or the disk's.
    pub fn write(&self, folder: &Path) -> Result<(), Fault> {
        fs::create_dir_all(folder).map_err(|error| unwritten(folder, error))?;
        let key = self.issuer.key().serialize_pem();
        keep(&folder.join(KEY_FILE), &key, 0o600, false)?;
        keep(&folder.join(CERTIFICATE_FILE), &self.certificate, 0o644, false)
    }

    /// The fleet that it is for.
    pub fn fleet(&self) -> &str {
        &self.fleet
    }

    /// Its certificate, as PEM: what every process of the fleet has.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Issues the identity of a process, good for `span` from now on.
    ///
    /// Errors: not a process's name.
    pub fn issue(&self, role: Role, name: &str, span: Duration) -> Result<Issued, Fault> {
        self.issue_from(role, name, SystemClock.now(), span)
    }

    /// The same, from another point in time on.
    pub fn issue_from(
        &self,
        role: Role,
        name: &str,
        from: Timestamp,
        span: Duration,
    ) -> Result<Issued, Fault> {
        let identity = Identity::new(&self.fleet, role, name)
            .map_err(|error| wrong("the process").because(error))?;
        let mut params = params(&self.fleet, from, span)?;
        params.distinguished_name.push(DnType::CommonName, identity.dns_name());
        params.subject_alt_names = vec![uri(identity.to_string())?, dns(&identity.dns_name())?];
        // Nobody can be at the side of a connection where it has no business.
        let (client, server) =
            (ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth);
        params.extended_key_usages = match role {
            Role::Cell => vec![client, server],
            Role::ControlPlane => vec![server],
            Role::Router | Role::Operator => vec![client],
        };
        self.sign(params)
    }

    /// Issues a certificate for a server that clients know by names of DNS or addresses, such as a router in development.
    ///
    /// Errors: none of the names can stand in a certificate.
    pub fn issue_server(&self, names: &[&str], span: Duration) -> Result<Issued, Fault> {
        let mut params = params(&self.fleet, SystemClock.now(), span)?;
        params.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("-"));
        let named =
            |name: &&str| name.parse().map_or_else(|_| dns(name), |ip| Ok(SanType::IpAddress(ip)));
        params.subject_alt_names = names.iter().map(named).collect::<Result<_, _>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Result<Issued, Fault> {
        let key = KeyPair::generate().map_err(failed)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let certificate: Certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            authority: self.certificate.clone(),
        })
    }
}

impl Issued {
    /// Writes the files of an identity into a folder, which is made, each in one step; returns where they are.
    ///
    /// Errors: those of the disk.
    pub fn write(&self, folder: &Path) -> Result<crate::Config, Fault> {
        fs::create_dir_all(folder).map_err(|error| unwritten(folder, error))?;
        let files = crate::Config::in_folder(folder);
        keep(&files.authorities, &self.authority, 0o644, true)?;
        keep(&files.key, &self.key, 0o600, true)?;
        keep(&files.certificate, &self.certificate, 0o644, true)?;
        Ok(files)
    }
}

/// What all certificates of a fleet have in common.
fn params(fleet: &str, from: Timestamp, span: Duration) -> Result<CertificateParams, Fault> {
    let mut params = CertificateParams::default();
    let date = |at: Timestamp| {
        OffsetDateTime::from_unix_timestamp(at.as_secs())
            .map_err(|error| wrong("the time that it is good for").because(error))
    };
    let begin = from.as_millis() - i64::try_from(BACKDATED.as_millis()).unwrap_or(0);
    params.not_before = date(Timestamp::from_millis(begin))?;
    params.not_after = date(from.after(span))?;
    // 63 bits nobody can guess, behind a 0 that makes the number positive. No more: the router writes it out for every request.
    let mut serial = [0; 8];
    let filled = SystemRandom::new().fill(&mut serial);
    filled.map_err(|_| Fault::ours(Code::Internal, "the system gives no random numbers"))?;
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, fleet);
    Ok(params)
}

fn uri(text: String) -> Result<SanType, Fault> {
    Ok(SanType::URI(text.try_into().map_err(failed)?))
}

fn dns(text: &str) -> Result<SanType, Fault> {
    Ok(SanType::DnsName(text.try_into().map_err(failed)?))
}

/// The fleet in the one URI of an authority's certificate.
fn fleet_of(pem: &str) -> Option<String> {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};
    use x509_parser::extensions::GeneralName;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).ok()?;
    let names = parsed.subject_alternative_name().ok()??;
    names.value.general_names.iter().find_map(|name| match name {
        GeneralName::URI(uri) => uri.strip_prefix("spiffe://").map(str::to_owned),
        _ => None,
    })
}

/// Writes a file in one step, or not at all.
fn keep(path: &Path, text: &str, mode: u32, replace: bool) -> Result<(), Fault> {
    if !replace && path.exists() {
        let text = format!("{} is there already, and is not written over", path.display());
        return Err(Fault::caller(Code::InvalidField, text));
    }
    let fresh = PathBuf::from(format!("{}.new", path.display()));
    let written = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode);
        let mut file = options.open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    written().map_err(|error| unwritten(path, error))
}

fn unwritten(path: &Path, error: std::io::Error) -> Fault {
    Fault::ours(Code::Internal, format!("{} cannot be written", path.display())).because(error)
}

fn wrong(what: &str) -> Fault {
    Fault::caller(Code::InvalidField, format!("{what} cannot be used"))
}

fn failed(error: rcgen::Error) -> Fault {
    Fault::ours(Code::Internal, "a certificate cannot be made").because(error)
}
