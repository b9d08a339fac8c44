//! REST: a path and JSON in, JSON or events out.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::body::Body;
use base_fault::{Code, Fault};
use base_ids::GuestSecret;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{
    HeaderMap, HeaderValue, Method as Verb, Request, Response, StatusCode, header, request::Parts,
};
use prost::Message as _;
use tracing::Instrument as _;

use crate::{
    Answered, addressing,
    answer::Told,
    arrival,
    contract::{Binding, Method},
    events,
    identity::GUEST_COOKIE,
    office::{Errand, Office},
    raw, request,
    routes::Found,
    show, text, wire,
};

/// How long a guest is known after the visit that made the cookie: half a year, as the router has it.
const GUEST_COOKIE_SECS: u32 = 15_552_000;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers any request that is neither gRPC nor one of the edge's own pages.
pub(crate) async fn answer(office: Arc<Office>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let errand = Errand::of(&head.headers);
    let mut method = None;
    let served = serve(&office, &head, body, &errand, &mut method);
    let mut response = match Box::pin(AssertUnwindSafe(served).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(told)) => told.response(&errand.request_id),
        Err(_) => office.panicked(&errand).response(&errand.request_id),
    };
    if let Ok(id) = HeaderValue::try_from(&errand.request_id) {
        response.headers_mut().insert(arrival::REQUEST_ID, id);
    }
    if head.method == Verb::HEAD {
        *response.body_mut() = Body::empty();
    }
    let status = response.status().as_u16();
    let name = method.as_ref().map(|method: &Arc<Method>| &method.name);
    office.count.ended(name, "rest", status, errand.started.elapsed());
    response
}

async fn serve(
    office: &Arc<Office>,
    head: &Parts,
    body: Body,
    errand: &Errand,
    called: &mut Option<Arc<Method>>,
) -> Result<Response<Body>, Told> {
    // HEAD is GET without the answer's body.
    let verb = if head.method == Verb::HEAD { &Verb::GET } else { &head.method };
    let (at, which, segments) = match office.contract.routes.find(verb, head.uri.path()) {
        Found::Route { route: (at, which), segments } => (at, which, segments),
        Found::OtherMethods(verbs) => return Ok(other_methods(head, errand, &verbs)),
        Found::Nothing => {
            let path = text::shortened(head.uri.path());
            let text = format!("there is no route `{path}`; /openapi.json lists all");
            return Err(Fault::caller(Code::RouteUnknown, text).into());
        }
    };
    let method = Arc::clone(called.insert(Arc::clone(&office.contract.methods[at])));
    let span = errand.span("rest", &method.name);
    let visit = Visit { office, binding: &method.bindings[which], method: &method, head, errand };
    visit.serve(&segments, body).instrument(span).await
}

/// The path is known, but not with this HTTP method.
fn other_methods(head: &Parts, errand: &Errand, verbs: &[Verb]) -> Response<Body> {
    let mut names: Vec<&str> = verbs.iter().map(Verb::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    let allow = names.join(", ");
    let mut response = if head.method == Verb::OPTIONS {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        let text =
            format!("{} is not served here; {allow} are", text::shortened(head.method.as_str()));
        Told::from(Fault::caller(Code::MethodNotAllowed, text)).response(&errand.request_id)
    };
    if let Ok(allow) = HeaderValue::try_from(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// One request to one binding of one method.
struct Visit<'r> {
    office: &'r Arc<Office>,
    method: &'r Arc<Method>,
    binding: &'r Binding,
    head: &'r Parts,
    errand: &'r Errand,
}

impl Visit<'_> {
    async fn serve(self, segments: &[&str], body: Body) -> Result<Response<Body>, Told> {
        let Self { office, method, binding, head, errand } = self;
        let headers = &head.headers;
        let mut held = binding.held(segments)?;
        let caller = office.caller(headers)?;
        office.welcome(&caller).await?;
        let name = binding.addressee.map_or("", |at| held[at].as_str());
        let mut admitted = office.admit(method, headers, caller, name, errand.started)?;
        if let (Some(at), Some(renamed)) = (binding.addressee, admitted.renamed.take()) {
            held[at] = renamed;
        }
        if let (Some(rule), Some(at)) = (&method.bytes, binding.addressee) {
            let shelved = raw::Shelved { office, method, rule, name: &held[at] };
            return match head.method {
                Verb::PUT => shelved.take(head, body, errand, &admitted).await,
                _ => shelved.give(headers, &admitted).await,
            };
        }
        let place = office.place()?;
        let body = office.body(method, headers, body, 0, admitted.until).await?;
        if !method.callback && !body.bytes.is_empty() {
            expect_json(headers)?;
        }
        let query = head.uri.query().unwrap_or_default();
        let message = request::assemble(method, binding, &held, query, &body.bytes, headers)?;
        let mut request = message.encode_to_vec();
        if let (None, Some(at)) = (binding.addressee, &method.addressee) {
            let name = wire::addressee(&request, at)?;
            if let Some(renamed) = addressing::agree(&at.field, &name, &admitted.tenant)? {
                wire::readdress(&mut request, at, &renamed);
            }
        }
        drop((message, body));
        let new_guest = admitted.new_guest.take();
        let call = Office::call(method, admitted, request, errand);
        let mut response = if method.streaming {
            drop(place);
            let place = office.stream_place()?;
            let changes = office.watch(method, call).await?;
            events::response(
                Arc::clone(office),
                Arc::clone(method),
                changes,
                errand.request_id.clone(),
                place,
            )
        } else {
            let answered = office.serve(method, call, place).await?;
            self.show(&answered)?
        };
        if let Some(secret) = new_guest {
            response.headers_mut().append(header::SET_COOKIE, office.guest_cookie(&secret)?);
        }
        Ok(response)
    }

    fn show(&self, answered: &Answered) -> Result<Response<Body>, Told> {
        let changes = self.method.mutation;
        let version = answered.version;
        let tag = (version.0 > 0).then(|| arrival::etag(version));
        let mut response = Response::new(Body::empty());
        if tag.is_some() && !changes && arrival::has_version(&self.head.headers, version) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            let only = self.binding.response_body.as_ref();
            let json = show::json(&self.method.output, &answered.response, only)?;
            *response.body_mut() = Body::from(Bytes::from(json));
            response.headers_mut().insert(header::CONTENT_TYPE, JSON);
        }
        let headers = response.headers_mut();
        // What belongs to one caller is for no shared cache; with a version it can be asked for again cheaply.
        let cache = if tag.is_some() && !changes { "private, no-cache" } else { "no-store" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        if let Some(Ok(tag)) = tag.map(HeaderValue::try_from) {
            headers.insert(header::ETAG, tag);
        }
        if answered.replayed {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

impl Binding {
    /// The values of the path's variables, decoded.
    fn held(&self, segments: &[&str]) -> Result<Vec<String>, Fault> {
        (self.template.variables.iter())
            .map(|variable| {
                let rest = variable.to == self.template.segments.len();
                let to = if rest { segments.len() } else { variable.to };
                let mut value = String::new();
                for (index, segment) in segments[variable.from..to].iter().enumerate() {
                    if index > 0 {
                        value.push('/');
                    }
                    value.push_str(&text::path_segment(segment)?);
                }
                Ok(value)
            })
            .collect()
    }
}

impl Office {
    fn guest_cookie(&self, secret: &GuestSecret) -> Result<HeaderValue, Fault> {
        let secure = if self.config.secure_cookies { "; Secure" } else { "" };
        let cookie = format!(
            "{GUEST_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={GUEST_COOKIE_SECS}{secure}",
            secret.as_str()
        );
        let mut value = HeaderValue::try_from(cookie).map_err(|error| {
            Fault::ours(Code::Internal, "a cookie is plain text").because(error)
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// A browser may send other types across sites without asking first; JSON it may not.
fn expect_json(headers: &HeaderMap) -> Result<(), Fault> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    if subtype.eq_ignore_ascii_case("json") || subtype.ends_with("+json") {
        return Ok(());
    }
    let text =
        format!("the Content-Type is `{}`; expected application/json", text::shortened(essence));
    Err(Fault::caller(Code::Malformed, text))
}
