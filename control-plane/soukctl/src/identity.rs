//! `identity authority` and `identity issue`: what the processes of a fleet prove themselves with. Asks nobody.

use std::{path::Path, time::Duration};

use base_identity::{Authority, Role};
use serde::Serialize;

use crate::{
    out::{View, pairs},
    trouble::Trouble,
    zone::Zone,
};

/// What was made, and where it lies.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Made {
    /// An authority.
    Authority {
        /// The fleet that it is for.
        fleet: String,
        /// Folder of its certificate and its key.
        folder: String,
        /// For how many days.
        days: u64,
    },
    /// The identity of a process.
    Identity {
        /// Who.
        identity: String,
        /// Its certificate.
        certificate: String,
        /// Its key.
        key: String,
        /// Whom it believes.
        authorities: String,
        /// For how many days.
        days: u64,
    },
}

impl View for Made {
    fn text(&self, _: &Zone) -> String {
        match self {
            Self::Authority { fleet, folder, days } => {
                let facts = pairs([
                    ("fleet", fleet.clone()),
                    ("folder", folder.clone()),
                    ("days", days.to_string()),
                ]);
                format!(
                    "{facts}Whoever has authority.key can be anybody in the fleet: keep it away from the machines that serve.\n"
                )
            }
            Self::Identity { identity, certificate, key, authorities, days } => pairs([
                ("identity", identity.clone()),
                ("identity.certificate", certificate.clone()),
                ("identity.key", key.clone()),
                ("identity.authorities", authorities.clone()),
                ("days", days.to_string()),
            ]),
        }
    }
}

pub(crate) fn authority(fleet: &str, days: u64, out: &Path) -> Result<Made, Trouble> {
    let authority =
        Authority::make(fleet, span(days)).map_err(|fault| Trouble::of_fault(&fault))?;
    authority.write(out).map_err(|fault| Trouble::of_fault(&fault))?;
    Ok(Made::Authority { fleet: fleet.to_owned(), folder: out.display().to_string(), days })
}

pub(crate) fn issue(
    authority: &Path,
    role: Role,
    name: &str,
    days: u64,
    out: &Path,
) -> Result<Made, Trouble> {
    let made = || {
        let authority = Authority::read(authority)?;
        let files = authority.issue(role, name, span(days))?.write(out)?;
        Ok(Made::Identity {
            identity: format!("spiffe://{}/{role}/{name}", authority.fleet()),
            certificate: files.certificate.display().to_string(),
            key: files.key.display().to_string(),
            authorities: files.authorities.display().to_string(),
            days,
        })
    };
    made().map_err(|fault| Trouble::of_fault(&fault))
}

fn span(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}
