//! Gather: what the head of a request says about whom it is for and who sends it. No look-up, no clock.

use base_fault::{Code, Fault};
use base_ids::GuestSecret;
use http::{HeaderMap, Version, header, request::Parts, uri::PathAndQuery};
use router_table::{Addressed, tenant_of_name, tenant_of_path};

/// The cookie that a visitor without an account keeps.
pub(crate) const GUEST_COOKIE: &str = "souk_guest";
/// The metadata by which a gRPC call names its tenant, as the path does in REST.
const TENANT_HEADER: &str = "souk-tenant";

/// What a request's head says.
#[derive(Debug)]
pub(crate) struct Arrival<'r> {
    pub(crate) addressed: Addressed<'r>,
    pub(crate) credential: Credential<'r>,
    pub(crate) grpc: bool,
}

/// How the sender says who they are; nothing of it is checked yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credential<'r> {
    /// An access token.
    Token(&'r str),
    /// A guest's secret; `in_cookie` if it must be written into the header that the cell reads.
    Guest { secret: GuestSecret, in_cookie: bool },
    /// An `Authorization` that means nothing to us.
    Unreadable,
    /// Nothing.
    None,
}

impl<'r> Arrival<'r> {
    /// Reads the head; refuses what is ambiguous.
    pub(crate) fn read(head: &'r Parts) -> Result<Self, Fault> {
        let malformed = |text: &str| Fault::caller(Code::Malformed, text);
        if head.version < Version::HTTP_2 && !head.headers.contains_key(header::HOST) {
            return Err(malformed("the request has no Host header"));
        }
        if head.headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
            return Err(malformed("the request has more than one Authorization header"));
        }
        let grpc = is_grpc(&head.headers);
        if grpc && head.version != Version::HTTP_2 {
            return Err(malformed("gRPC needs HTTP/2"));
        }
        let addressed = if grpc {
            called_tenant(&head.headers)?
        } else {
            let path = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
            tenant_of_path(path).map_err(|error| bad_tenant(&error))?
        };
        Ok(Self { addressed, credential: credential(&head.headers), grpc })
    }
}

/// Whether a call is gRPC (and not gRPC-Web, which is plain HTTP to us).
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    let behind = content_type.and_then(|text| text.strip_prefix(b"application/grpc"));
    behind.is_some_and(|behind| matches!(behind.first(), None | Some(b'+' | b';')))
}

fn called_tenant(headers: &HeaderMap) -> Result<Addressed<'_>, Fault> {
    let mut names = headers.get_all(TENANT_HEADER).iter();
    match (names.next(), names.next()) {
        (None, _) => Ok(Addressed::Nobody),
        (Some(name), None) => {
            let name = name.to_str().unwrap_or("\u{fffd}");
            tenant_of_name(name).map_err(|error| bad_tenant(&error))
        }
        (Some(_), Some(_)) => {
            Err(Fault::caller(Code::Malformed, "the call names its tenant more than once"))
        }
    }
}

fn bad_tenant(error: &router_table::BadTenant) -> Fault {
    Fault::caller(Code::Malformed, error.to_string())
}

fn credential(headers: &HeaderMap) -> Credential<'_> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return match cookie(headers).map(GuestSecret::parse) {
            Some(Ok(secret)) => Credential::Guest { secret, in_cookie: true },
            // A cookie that was never ours: the visitor gets a new one.
            Some(Err(_)) | None => Credential::None,
        };
    };
    let (scheme, rest) =
        (value.to_str().ok()).and_then(|text| text.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        Credential::Token(rest.trim())
    } else if scheme.eq_ignore_ascii_case("guest")
        && let Ok(secret) = GuestSecret::parse(rest.trim())
    {
        Credential::Guest { secret, in_cookie: false }
    } else {
        Credential::Unreadable
    }
}

/// The value of the guest's cookie; the first one if a client sends several.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    (headers.get_all(header::COOKIE).iter())
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == GUEST_COOKIE)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use base_ids::GuestSecret;
    use http::{Request, Version, request::Parts};
    use router_table::Addressed;

    use super::{Arrival, Credential};

    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn head(path: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(path).header("host", "souk.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_path_names_the_tenant_and_in_grpc_the_metadata() {
        let rest = head("/v1/vendors/atlas/offers", &[("souk-tenant", "users/evil")]);
        assert_eq!(Arrival::read(&rest).unwrap().addressed, Addressed::Tenant("vendors/atlas"));
        let mut call = head(
            "/souk.carts.v1.Carts/Get",
            &[("content-type", "application/grpc+proto"), ("souk-tenant", "users/me")],
        );
        assert!(Arrival::read(&call).is_err(), "gRPC over HTTP/1.1");
        call.version = Version::HTTP_2;
        let arrival = Arrival::read(&call).unwrap();
        assert_eq!(arrival.addressed, Addressed::Me { rest: "" });
        assert!(arrival.grpc);
    }

    #[test]
    fn a_token_wins_over_the_cookie() {
        let cookie = format!("theme=dark; souk_guest={SECRET}");
        let both = head("/", &[("cookie", &cookie), ("authorization", "bearer abc")]);
        assert_eq!(Arrival::read(&both).unwrap().credential, Credential::Token("abc"));
        let alone = head("/", &[("cookie", &cookie)]);
        let secret = GuestSecret::parse(SECRET).unwrap();
        assert_eq!(
            Arrival::read(&alone).unwrap().credential,
            Credential::Guest { secret, in_cookie: true }
        );
    }

    #[test]
    fn what_is_ambiguous_is_refused_and_what_is_foreign_is_nobody() {
        let twice = head("/", &[("authorization", "bearer a"), ("authorization", "bearer b")]);
        assert!(Arrival::read(&twice).is_err());
        let mut homeless = head("/", &[]);
        homeless.headers.remove("host");
        assert!(Arrival::read(&homeless).is_err());
        let basic = head("/", &[("authorization", "Basic abc")]);
        assert_eq!(Arrival::read(&basic).unwrap().credential, Credential::Unreadable);
        let foreign = head("/", &[("cookie", "souk_guest=short")]);
        assert_eq!(Arrival::read(&foreign).unwrap().credential, Credential::None);
        assert!(Arrival::read(&head("/v1/users/%6de", &[])).is_err());
    }
}
