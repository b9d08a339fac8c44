//! Every "no" as an answer: problem+json for REST, a status with details for gRPC, and for routers whose tenant it is.

use axum::body::Body;
use base_fault::{Code, Fault};
use base_ids::CellId;
use cell_kernel::No;
use http::{HeaderValue, Response, StatusCode, header};
use router_table::{BUSY_HEADER, REFUSAL_HEADER, Refusal};
use tonic::metadata::{MetadataMap, MetadataValue};

use crate::Unanswered;

/// How long a client is asked to wait where nobody knows better.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(1);
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A "no", ready to be told.
#[derive(Debug)]
pub(crate) struct Told {
    no: base_fault::Told,
    refusal: Option<Box<Refusal>>,
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Self {
        Self { no: fault.into(), refusal: None }
    }
}

impl From<No> for Told {
    fn from(no: No) -> Self {
        match no {
            No::Fault(fault) => fault.into(),
            No::Refused { code, status, text, problems } => {
                let no = base_fault::Told::refused(code, status, text, problems);
                Self { no, refusal: None }
            }
        }
    }
}

impl From<Unanswered> for Told {
    fn from(unanswered: Unanswered) -> Self {
        let (code, text, refusal) = match unanswered {
            Unanswered::No(no) => return no.into(),
            Unanswered::NotMine { owner, generation, epoch } => {
                let text = match &owner {
                    Some(owner) => format!("the tenant lives in {owner}"),
                    None => "the tenant lives in another cell".to_owned(),
                };
                let cell: Option<CellId> = owner;
                (Code::NotMine, text, Refusal::NotMine { cell, generation, epoch })
            }
            Unanswered::Held { epoch } => {
                (Code::Held, "the tenant is being moved".to_owned(), Refusal::Held { epoch })
            }
        };
        let no = Fault::downstream(code, RETRY_AFTER, text).into();
        Self { no, refusal: Some(Box::new(refusal)) }
    }
}

impl Told {
    /// As an answer over HTTP.
    pub(crate) fn response(&self, request_id: &str) -> Response<Body> {
        let mut response = Response::new(Body::from(self.problem(request_id)));
        *response.status_mut() = self.http();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(secs) = self.no.retry_after_secs() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if self.no.http() == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(refusal) = self.refusal_header() {
            headers.insert(REFUSAL_HEADER, refusal);
        }
        if self.is_busy() {
            headers.insert(BUSY_HEADER, HeaderValue::from_static("1"));
        }
        response
    }

    /// As the body of an answer, or the data of an event.
    pub(crate) fn problem(&self, request_id: &str) -> String {
        self.no.problem_json("", request_id)
    }

    /// As an answer over gRPC.
    pub(crate) fn status(&self, request_id: &str) -> tonic::Status {
        let mut metadata = MetadataMap::new();
        if let Some(refusal) = self.refusal_header().and_then(|value| {
            let text = value.to_str().ok()?;
            MetadataValue::try_from(text).ok()
        }) {
            metadata.insert(REFUSAL_HEADER, refusal);
        }
        if self.is_busy() {
            metadata.insert(BUSY_HEADER, MetadataValue::from_static("1"));
        }
        let code = tonic::Code::from_i32(self.no.grpc());
        let details = self.no.grpc_details(request_id).into();
        tonic::Status::with_details_and_metadata(code, self.no.detail(), details, metadata)
    }

    /// Whether the router had better send less.
    fn is_busy(&self) -> bool {
        self.no.code() == Code::Busy.as_str()
    }

    fn http(&self) -> StatusCode {
        // 421 is for routers, which know what to do.
        if matches!(self.refusal.as_deref(), Some(Refusal::NotMine { .. })) {
            return StatusCode::MISDIRECTED_REQUEST;
        }
        StatusCode::from_u16(self.no.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn refusal_header(&self) -> Option<HeaderValue> {
        let refusal = self.refusal.as_ref()?;
        HeaderValue::try_from(refusal.to_string()).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base_fault::{Code, Fault};
    use base_ids::{Epoch, Generation};
    use tonic_types::StatusExt as _;

    use super::Told;
    use crate::Unanswered;

    #[test]
    fn a_typed_refusal_is_for_the_router() {
        let not_mine = Unanswered::NotMine {
            owner: Some("cell-2".parse().unwrap()),
            generation: Generation(7),
            epoch: Epoch(9),
        };
        let told = Told::from(not_mine);
        let response = told.response("r1");
        assert_eq!(response.status(), 421);
        assert_eq!(
            response.headers()["souk-refusal"],
            "not-mine; cell=cell-2; generation=7; epoch=9"
        );
        assert_eq!(
            told.status("r1").metadata().get("souk-refusal").unwrap(),
            "not-mine; cell=cell-2; generation=7; epoch=9"
        );
        let held = Told::from(Unanswered::Held { epoch: Epoch(3) }).response("r1");
        assert_eq!(
            (held.status().as_u16(), &held.headers()["souk-refusal"]),
            (503, &"held; epoch=3".parse().unwrap())
        );
    }

    #[test]
    fn a_no_is_the_same_over_http_and_grpc() {
        let told = Told::from(Fault::downstream(Code::Busy, Duration::from_millis(1200), "full"));
        let response = told.response("r1");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (429, &"2".parse().unwrap())
        );
        assert_eq!(response.headers()["souk-busy"], "1");
        let status = told.status("r1");
        assert_eq!((status.code(), status.message()), (tonic::Code::ResourceExhausted, "full"));
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "busy");
        assert!(status.metadata().contains_key("souk-busy"));
        assert_eq!(details.request_info().unwrap().request_id, "r1");
        let delay = details.retry_info().unwrap().retry_delay;
        assert_eq!(delay, Some(Duration::from_millis(1200)));
        let wrong = Told::from(Fault::invalid_field("quantity", "is -1")).status("r1");
        assert!(!wrong.metadata().contains_key("souk-busy"));
        let violations = wrong.get_error_details().bad_request().unwrap().field_violations.clone();
        assert_eq!(
            (violations[0].field.as_str(), violations[0].description.as_str()),
            ("quantity", "is -1")
        );
    }
}
