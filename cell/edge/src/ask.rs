//! Answers a router that asks, before it sends a request, whether this cell would serve it.

use axum::body::Body;
use base_fault::Fault;
use base_ids::Tenant;
use http::{HeaderValue, Method as Verb, Response, StatusCode, request::Parts};

use crate::{
    addressing::TENANT_HEADER, answer::Told, arrival, grpc, office::Office, routes::Found,
};

/// The answer, without a body: 204 with the generation and the epoch by which the cell would serve, or its refusal.
pub(crate) fn answer(office: &Office, head: &Parts) -> Response<Body> {
    let mut response = match owned(office, head) {
        Ok(response) => response,
        Err(told) => told.response(&arrival::request_id(&head.headers)),
    };
    *response.body_mut() = Body::empty();
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    response
}

fn owned(office: &Office, head: &Parts) -> Result<Response<Body>, Told> {
    let name = arrival::tenant(&head.headers).unwrap_or_default();
    let tenant: Tenant =
        name.parse().map_err(|_| Fault::invalid_field(TENANT_HEADER, "does not name a tenant"))?;
    let owned = office.desk.owns(&tenant, writes(office, head));
    let (generation, epoch) = owned.map_err(Told::from)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert("souk-generation", HeaderValue::from(generation.0));
    headers.insert("souk-epoch", HeaderValue::from(epoch.0));
    Ok(response)
}

/// Whether the request that is asked about would change anything. What is not served at all changes nothing.
fn writes(office: &Office, head: &Parts) -> bool {
    if grpc::is_grpc(&head.headers) {
        return office.contract.called(head.uri.path()).is_some_and(|method| method.mutation);
    }
    let verb = if head.method == Verb::HEAD { &Verb::GET } else { &head.method };
    match office.contract.routes.find(verb, head.uri.path()) {
        Found::Route { route: (at, _), .. } => office.contract.methods[at].mutation,
        Found::OtherMethods(_) | Found::Nothing => false,
    }
}

/// What is asked about is only told to routers, which name it.
pub(crate) fn is_question(head: &http::HeaderMap) -> bool {
    head.contains_key(router_table::ASK_HEADER)
}
