//! Where the control plane is: said on the command line, or by a development fleet nearby.

use std::{fs, path::Path};

use http::Uri;
use serde::Deserialize;

use crate::trouble::Trouble;

/// What a development fleet leaves in the directory in which it was started.
const DEV_FILE: &str = ".souk/dev/fleet.json";

#[derive(Deserialize)]
struct DevFleet {
    control_plane: String,
}

/// The control plane's address: the one that was said, or else that of a development fleet in `directory` or above it.
pub(crate) fn control_plane(said: Option<&str>, directory: &Path) -> Result<Uri, Trouble> {
    if let Some(said) = said {
        return uri(said).ok_or_else(|| {
            Trouble::Usage(format!(
                "`{said}` is not where a control plane can be: expected http://host:port"
            ))
        });
    }
    let Some(file) =
        directory.ancestors().map(|above| above.join(DEV_FILE)).find(|file| file.exists())
    else {
        let text = format!(
            "where is the control plane? Say --control-plane http://host:port, set SOUKCTL_CONTROL_PLANE, or work in a directory \
             with {DEV_FILE}"
        );
        return Err(Trouble::Usage(text));
    };
    let read = fs::read_to_string(&file)
        .ok()
        .and_then(|text| serde_json::from_str::<DevFleet>(&text).ok());
    read.and_then(|fleet| uri(&fleet.control_plane)).ok_or_else(|| {
        Trouble::Usage(format!("{} does not say in \"control_plane\" where it is", file.display()))
    })
}

/// Reads `http://host:port`, or `host:port` alone.
pub(crate) fn uri(text: &str) -> Option<Uri> {
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let uri: Uri = text.parse().ok()?;
    (uri.scheme_str() == Some("http") && uri.port().is_some()).then_some(uri)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{control_plane, uri};

    #[test]
    fn an_address_may_leave_out_the_scheme_but_not_the_port() {
        assert_eq!(uri("127.0.0.1:7400").unwrap().to_string(), "http://127.0.0.1:7400/");
        assert_eq!(uri("http://cp:7400"), uri("cp:7400"));
        for text in ["cp", "https://cp:7400", "", "a b:1"] {
            assert_eq!(uri(text), None, "{text}");
        }
    }

    #[test]
    fn who_says_nothing_anywhere_is_told_the_three_ways() {
        let trouble = control_plane(None, Path::new("/proc/self")).unwrap_err();
        for way in ["--control-plane", "SOUKCTL_CONTROL_PLANE", ".souk/dev/fleet.json"] {
            assert!(trouble.text().contains(way), "{trouble:?}");
        }
    }
}
