//! Where the control plane is, and as whom it is asked: said on the command line, or by a development fleet nearby.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base_fault::chain;
use base_identity::{Passport, Role, authority_of};
use http::Uri;
use serde::Deserialize;

use crate::trouble::Trouble;

/// What a development fleet leaves in the directory in which it was started.
const DEV_FILE: &str = ".souk/dev/fleet.json";

#[derive(Deserialize)]
struct DevFleet {
    control_plane: String,
    identity: Option<PathBuf>,
}

/// Where the control plane is, and as whom it is asked.
#[derive(Debug)]
pub(crate) struct Located {
    /// As it was said.
    control_plane: String,
    /// Folder of the operator's identity.
    identity: Option<PathBuf>,
}

impl Located {
    /// What was said on the command line, or else what a development fleet in `directory` or above it says.
    pub(crate) fn find(
        control_plane: Option<&str>,
        identity: Option<&Path>,
        directory: &Path,
    ) -> Result<Self, Trouble> {
        let identity = identity.map(Path::to_owned);
        if let Some(said) = control_plane {
            return Ok(Self { control_plane: said.to_owned(), identity });
        }
        let Some(file) =
            directory.ancestors().map(|above| above.join(DEV_FILE)).find(|file| file.exists())
        else {
            let text = format!(
                "where is the control plane? Say --control-plane https://host:port, set SOUKCTL_CONTROL_PLANE, or work in a \
                 directory with {DEV_FILE}"
            );
            return Err(Trouble::Usage(text));
        };
        let read = fs::read_to_string(&file)
            .ok()
            .and_then(|text| serde_json::from_str::<DevFleet>(&text).ok());
        let fleet = read.ok_or_else(|| {
            let file = file.display();
            Trouble::Usage(format!("{file} does not say in \"control_plane\" where it is"))
        })?;
        let identity = identity.or(fleet.identity);
        Ok(Self { control_plane: fleet.control_plane, identity })
    }

    /// The operator's identity, if there is one.
    pub(crate) fn passport(&self) -> Result<Option<Passport>, Trouble> {
        let Some(folder) = &self.identity else { return Ok(None) };
        let files = base_identity::Config::in_folder(folder);
        let passport = Passport::read(&files, Role::Operator, None);
        passport.map(Some).map_err(|fault| Trouble::Usage(chain(&fault)))
    }

    /// `host:port` of each control plane.
    pub(crate) fn places(&self) -> Result<Vec<String>, Trouble> {
        let each = self.control_plane.split(',').map(str::trim);
        let places = each.map(|text| place(text, self.identity.is_some()));
        places.collect::<Result<_, _>>().map_err(Trouble::Usage)
    }
}

/// The `host:port` of a process of the fleet; `text` may leave out the scheme.
pub(crate) fn place(text: &str, has_identity: bool) -> Result<String, String> {
    let scheme = if has_identity { "https" } else { "http" };
    let url = if text.contains("://") { text.to_owned() } else { format!("{scheme}://{text}") };
    authority_of(&url, has_identity)
}

/// Reads `http://host:port` of an admin port, or `host:port` alone.
pub(crate) fn uri(text: &str) -> Option<Uri> {
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let uri: Uri = text.parse().ok()?;
    (uri.scheme_str() == Some("http") && uri.port().is_some()).then_some(uri)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Located, place, uri};

    #[test]
    fn an_address_may_leave_out_the_scheme_but_not_the_port() {
        assert_eq!(uri("127.0.0.1:7400").unwrap().to_string(), "http://127.0.0.1:7400/");
        assert_eq!(uri("http://cp:7400"), uri("cp:7400"));
        for text in ["cp", "https://cp:7400", "", "a b:1"] {
            assert_eq!(uri(text), None, "{text}");
        }
        assert_eq!(place("cp.souk:7400", true).unwrap(), "cp.souk:7400");
        assert_eq!(place("127.0.0.1:7400", false).unwrap(), "127.0.0.1:7400");
        place("cp.souk", true).unwrap_err();
    }

    #[test]
    fn without_an_identity_nobody_elsewhere_is_asked() {
        let refused = place("cp.souk:7400", false).unwrap_err();
        assert!(refused.contains("without an identity"), "{refused}");
    }

    #[test]
    fn a_development_fleet_says_where_it_is_and_as_whom_it_is_asked() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join(".souk/dev");
        fs::create_dir_all(&home).unwrap();
        let file = r#"{"control_plane":"https://127.0.0.1:7400","identity":"/i"}"#;
        fs::write(home.join("fleet.json"), file).unwrap();
        let below = home.join("logs");
        let found = Located::find(None, None, &below).unwrap();
        assert_eq!(found.places().unwrap(), ["127.0.0.1:7400"]);
        let several = Located::find(Some("127.0.0.1:1, http://127.0.0.1:2"), None, &below);
        assert_eq!(several.unwrap().places().unwrap(), ["127.0.0.1:1", "127.0.0.1:2"]);
        assert_eq!(found.identity.as_deref(), Some(Path::new("/i")));
        let said = Located::find(None, Some(Path::new("/mine")), &below).unwrap();
        assert_eq!(said.identity.as_deref(), Some(Path::new("/mine")));
        // An address that was said may be that of another fleet: the identity of the one nearby is nothing to it.
        let other = Located::find(Some("127.0.0.1:9"), None, &below).unwrap();
        assert_eq!(other.identity, None);
    }

    #[test]
    fn who_says_nothing_anywhere_is_told_the_three_ways() {
        let trouble = Located::find(None, None, Path::new("/proc/self")).unwrap_err();
        for way in ["--control-plane", "SOUKCTL_CONTROL_PLANE", ".souk/dev/fleet.json"] {
            assert!(trouble.text().contains(way), "{trouble:?}");
        }
    }
}
