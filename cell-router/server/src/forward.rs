//! Commit: the head of a request and of its answer as they pass; internal names come from the router and from nobody else.

use std::{net::IpAddr, time::Duration};

use base_telemetry::TraceContext;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, request::Parts, uri::PathAndQuery};
use pingora::{
    Error as ProxyError, ErrorType, OrErr as _,
    http::{RequestHeader, ResponseHeader},
};
use router_table::Target;

use crate::{arrival::GUEST_COOKIE, course::Course, deadline};

/// Headers that say where a request came from: ours to say, as long as nobody in front of us is trusted.
const ORIGIN_HEADERS: [&str; 7] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
];
/// How long a guest is known after the last visit that made a new cookie: half a year.
const GUEST_COOKIE_SECS: u32 = 15_552_000;

const TENANT: HeaderName = HeaderName::from_static("souk-tenant");
const GENERATION: HeaderName = HeaderName::from_static("souk-generation");
const EPOCH: HeaderName = HeaderName::from_static("souk-epoch");
const REQUEST_ID: HeaderName = HeaderName::from_static("souk-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What the router says to the cell about one request.
pub(crate) struct Told<'a> {
    pub(crate) course: &'a Course,
    pub(crate) target: &'a Target,
    pub(crate) request_id: &'a str,
    pub(crate) trace: TraceContext,
    pub(crate) client: Option<IpAddr>,
    /// How long the client still waits, if it says so.
    pub(crate) left: Option<Duration>,
}

/// Whether a name is one of Souk's internal ones in any spelling: some servers read `_`, others any mark, as `-`.
pub(crate) fn is_internal(name: &HeaderName) -> bool {
    let behind = name.as_str().strip_prefix("souk");
    behind.is_some_and(|behind| behind.starts_with(|mark: char| !mark.is_ascii_alphanumeric()))
}

/// Forgets how a client spelt the names in its head: nobody minds, and Pingora would keep it with each name that is added, at the
/// cost of the name itself. With it goes an absolute target, of which cells need the path alone.
pub(crate) fn forget_spelling(head: &mut RequestHeader) {
    if head.has_case() {
        change(head, |_| ());
    }
}

/// Changes the parts of a head.
fn change<T>(head: &mut RequestHeader, how: impl FnOnce(&mut Parts) -> T) -> T {
    let (nothing, ()) = http::Request::new(()).into_parts();
    let mut parts = Parts::from(std::mem::replace(head, nothing.into()));
    let done = how(&mut parts);
    *head = parts.into();
    done
}

/// Makes the head that the cell reads.
pub(crate) fn tell(head: &mut RequestHeader, told: &Told<'_>) -> Result<(), Box<ProxyError>> {
    change(head, |parts| told.write(parts))
}

impl Told<'_> {
    fn write(&self, parts: &mut Parts) -> Result<(), Box<ProxyError>> {
        let headers = &mut parts.headers;
        let hidden =
            |name: &HeaderName| is_internal(name) || ORIGIN_HEADERS.contains(&name.as_str());
        for name in strip(headers, hidden) {
            headers.remove(name);
        }
        headers.insert(TENANT, text(&self.course.tenant)?);
        headers.insert(GENERATION, HeaderValue::from(self.target.generation.0));
        headers.insert(EPOCH, HeaderValue::from(self.target.epoch.0));
        headers.insert(REQUEST_ID, text(self.request_id)?);
        headers.insert(TRACEPARENT, text(&self.trace.to_string())?);
        if let Some(left) = self.left {
            headers.insert(GRPC_TIMEOUT, text(&deadline::told(left))?);
        }
        if let Some(client) = self.client {
            headers.insert(FORWARDED_FOR, text(&client.to_string())?);
        }
        // Only if the client sent none of its own: a token wins over the cookie.
        if let Some(secret) = &self.course.guest
            && !headers.contains_key(header::AUTHORIZATION)
        {
            let mut value = text(&format!("Guest {}", secret.as_str()))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        if let Some(path) = &self.course.path_and_query {
            parts.uri = with_path(&parts.uri, path)?;
        }
        Ok(())
    }
}

fn text(value: &str) -> Result<HeaderValue, Box<ProxyError>> {
    HeaderValue::from_str(value).or_err(ErrorType::InvalidHTTPHeader, "a value of our own")
}

/// Makes the head that the client reads.
pub(crate) fn untell(
    head: &mut ResponseHeader,
    course: Option<&Course>,
    request_id: &str,
    secure_cookies: bool,
) -> Result<(), Box<ProxyError>> {
    for name in strip(&head.headers, is_internal) {
        head.remove_header(&name);
    }
    head.insert_header("x-request-id", request_id)?;
    if let Some(course) = course.filter(|course| course.guest_is_new)
        && let Some(secret) = &course.guest
    {
        let secure = if secure_cookies { "; Secure" } else { "" };
        let cookie = format!(
            "{GUEST_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={GUEST_COOKIE_SECS}{secure}",
            secret.as_str()
        );
        head.append_header(header::SET_COOKIE, cookie)?;
    }
    Ok(())
}

/// The names in `headers` that must not pass.
pub(crate) fn strip(headers: &HeaderMap, hidden: impl Fn(&HeaderName) -> bool) -> Vec<HeaderName> {
    headers.keys().filter(|name| hidden(name)).cloned().collect()
}

fn with_path(uri: &Uri, path_and_query: &str) -> Result<Uri, Box<ProxyError>> {
    let mut parts = uri.clone().into_parts();
    let path = PathAndQuery::try_from(path_and_query);
    parts.path_and_query = Some(path.or_err(ErrorType::InvalidHTTPHeader, "rewritten path")?);
    Uri::from_parts(parts).or_err(ErrorType::InvalidHTTPHeader, "rewritten path")
}

#[cfg(test)]
mod tests {
    use base_ids::{Epoch, Generation, GuestSecret, PodName};
    use base_telemetry::TraceContext;
    use pingora::http::{RequestHeader, ResponseHeader};
    use router_table::Target;

    use super::{Told, forget_spelling, tell, untell};
    use crate::course::Course;

    fn course() -> Course {
        Course {
            tenant: "users/u1".into(),
            sender: None,
            path_and_query: Some("/v1/users/u1/carts?view=full".into()),
            guest: Some(GuestSecret::of_random(&[1; 32])),
            guest_is_new: true,
        }
    }

    #[test]
    fn internal_headers_of_a_client_never_reach_a_cell_in_any_spelling() {
        let mut head = RequestHeader::build("GET", b"/v1/users/me/carts?view=full", None).unwrap();
        for name in [
            "Souk-Tenant",
            "souk_tenant",
            "SOUK-GENERATION",
            "souk-new",
            "souk.tenant",
            "Souk_-epoch",
            "X-Forwarded-For",
            "Forwarded",
            "soukaina",
        ] {
            head.append_header(name.to_owned(), "evil").unwrap();
            head.append_header(name.to_owned(), "twice").unwrap();
        }
        let target = Target {
            cell: "cell-1".parse().unwrap(),
            index: 0,
            pod: PodName::default(),
            edge: ([127, 0, 0, 1], 1).into(),
            generation: Generation(7),
            epoch: Epoch(9),
            after_pause: false,
            ask: false,
        };
        let told = Told {
            course: &course(),
            target: &target,
            request_id: "r1",
            trace: TraceContext::root(),
            client: Some([10, 0, 0, 1].into()),
            left: None,
        };
        tell(&mut head, &told).unwrap();
        let mut left: Vec<_> = (head.headers.iter())
            .filter(|(name, _)| *name != "traceparent" && *name != "authorization")
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                "souk-epoch: 9",
                "souk-generation: 7",
                "souk-request-id: r1",
                "souk-tenant: users/u1",
                "soukaina: evil",
                "soukaina: twice",
                "x-forwarded-for: 10.0.0.1",
            ]
        );
        assert_eq!(head.raw_path(), b"/v1/users/u1/carts?view=full");
        let guest = format!("Guest {}", course().guest.unwrap().as_str());
        assert_eq!(head.headers["authorization"], guest);
    }

    #[test]
    fn how_a_client_spelt_a_name_is_forgotten_and_nothing_else() {
        let mut head = RequestHeader::build("PUT", b"http://souk.example/v1/a?x=1", None).unwrap();
        head.append_header("X-Custom", "Once").unwrap();
        head.append_header("x-cUSTOM", "Twice").unwrap();
        forget_spelling(&mut head);
        assert!(!head.has_case());
        let values: Vec<_> = head.headers.get_all("x-custom").iter().collect();
        assert_eq!(values, ["Once", "Twice"]);
        assert_eq!((head.method.as_str(), head.raw_path()), ("PUT", &b"/v1/a?x=1"[..]));
    }

    #[test]
    fn a_client_never_sees_internal_headers_and_a_new_guest_gets_a_cookie() {
        let mut head = ResponseHeader::build(200, None).unwrap();
        head.append_header("Souk-Refusal", "held; epoch=1").unwrap();
        head.append_header("souk-cell", "cell-1").unwrap();
        head.append_header("set-cookie", "theme=dark").unwrap();
        untell(&mut head, Some(&course()), "r1", true).unwrap();
        assert!(head.headers.keys().all(|name| !name.as_str().starts_with("souk")));
        let cookies: Vec<_> = head.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies.len(), 2);
        let cookie = cookies[1].to_str().unwrap();
        assert!(cookie.starts_with("souk_guest=") && cookie.ends_with("; Secure"), "{cookie}");
    }
}
