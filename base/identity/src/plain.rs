//! Where a process without an identity may be: on its own machine, where others of the fleet speak plaintext to it.

use std::net::{IpAddr, SocketAddr};

use http::Uri;

/// What to do about a process that has no identity.
const REMEDY: &str = "make one with `soukctl identity authority` and `soukctl identity issue`, and set identity.certificate, \
                      identity.key and identity.authorities";

/// What is wrong with a port of a process without an identity; nothing if it is on a loopback address.
pub fn must_be_loopback(address: SocketAddr) -> Option<String> {
    (!address.ip().is_loopback()).then(|| {
        format!(
            "{address} is not this machine: without an identity the port speaks plaintext and lets everybody in, which is only for \
             loopback addresses such as 127.0.0.1; {REMEDY}"
        )
    })
}

/// The `host:port` of each process that a list of URLs names, which commas part.
///
/// Errors: what is wrong with the first one that is wrong.
pub fn authorities_of(urls: &str, has_identity: bool) -> Result<Vec<String>, String> {
    urls.split(',').map(|url| authority_of(url.trim(), has_identity)).collect()
}

/// The `host:port` of a process of the fleet that a URL names: `https://` for those who have an identity, `http://` on a loopback
/// address for those who have none.
///
/// Errors: what is wrong with it, and what would be right.
pub fn authority_of(url: &str, has_identity: bool) -> Result<String, String> {
    let parsed = url.parse::<Uri>().ok();
    let parts = parsed.as_ref().and_then(|uri| {
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|authority| bare && authority.port().is_some())?;
        Some((uri.scheme_str()?, authority))
    });
    match (parts, has_identity) {
        (Some(("https", authority)), true) => Ok(authority.to_string()),
        (Some(("http", authority)), false) if is_loopback(authority.host()) => {
            Ok(authority.to_string())
        }
        (Some(("http", _)), true) => Err(format!(
            "`{url}`: with an identity everybody is spoken to with TLS; expected https://host:port"
        )),
        (Some(("http" | "https", _)), false) => Err(format!(
            "`{url}`: without an identity only http:// on a loopback address can be spoken to; {REMEDY}"
        )),
        _ => Err(format!(
            "`{url}` is not where a process of the fleet can be: expected https://host:port, such as https://10.0.0.5:7400"
        )),
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{authority_of, must_be_loopback};

    #[test]
    fn plaintext_never_leaves_the_machine() {
        for here in ["127.0.0.1:7400", "127.8.9.1:0", "[::1]:7400"] {
            assert_eq!(must_be_loopback(here.parse().unwrap()), None);
            assert_eq!(authority_of(&format!("http://{here}"), false).unwrap(), here);
        }
        for there in ["10.0.0.5:7400", "0.0.0.0:7400", "[::]:0"] {
            let mistake = must_be_loopback(there.parse().unwrap()).unwrap();
            assert!(mistake.contains("soukctl identity authority"), "{mistake}");
            authority_of(&format!("http://{there}"), false).unwrap_err();
        }
        assert_eq!(authority_of("http://localhost:1/", false).unwrap(), "localhost:1");
    }

    #[test]
    fn who_has_an_identity_speaks_tls_and_nothing_else() {
        assert_eq!(authority_of("https://cp.souk:7400", true).unwrap(), "cp.souk:7400");
        for (url, has_identity) in [
            ("http://127.0.0.1:7400", true),
            ("https://127.0.0.1:7400", false),
            ("https://cp.souk", true),
            ("https://cp.souk:7400/x", true),
            ("cp.souk:7400", true),
            ("ftp://cp.souk:7400", true),
            ("", false),
        ] {
            let mistake = authority_of(url, has_identity).unwrap_err();
            assert!(mistake.starts_with(&format!("`{url}`")), "{mistake}");
        }
    }
}
