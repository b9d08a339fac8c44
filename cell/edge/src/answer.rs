//! Every "no" in one form, for REST as problem+json (RFC 9457) and for gRPC as a status with details: one renderer for faults of
//! the world and refusals of the business.

use std::{borrow::Cow, fmt::Write as _, time::Duration};

use axum::body::Body;
use base_fault::{Code, Fault, FieldViolation, Retry, Source, Status};
use base_ids::CellId;
use cell_kernel::{No, Problem};
use http::{HeaderValue, Response, header};
use router_table::{REFUSAL_HEADER, Refusal};
use serde::Serialize;
use tonic::metadata::MetadataMap;
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::Unanswered;

/// Who says what a reason means (`google.rpc.ErrorInfo.domain`).
const DOMAIN: &str = "souk";
/// How long a client is asked to wait where nobody knows better.
const RETRY_AFTER: Duration = Duration::from_secs(1);
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A "no", ready to be told.
#[derive(Debug)]
pub(crate) struct Told(Box<Words>);

#[derive(Debug)]
struct Words {
    code: Cow<'static, str>,
    http: u16,
    grpc: i32,
    title: Cow<'static, str>,
    detail: String,
    fields: Vec<FieldViolation>,
    problems: Vec<Problem>,
    retry_after: Option<Duration>,
    refusal: Option<Refusal>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemJson<'t> {
    r#type: String,
    title: &'t str,
    status: u16,
    detail: &'t str,
    code: &'t str,
    instance: &'t str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'t [FieldViolation],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'t [Problem],
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// The HTTP status of a fault. Two codes have one of their own: 405 says which methods there are, 421 is for routers.
pub(crate) fn http_of(code: Code) -> u16 {
    match code {
        Code::MethodNotAllowed => 405,
        Code::NotMine => 421,
        _ => code.status().http(),
    }
}

impl From<&Fault> for Told {
    fn from(fault: &Fault) -> Self {
        let code = fault.code();
        let retry_after = match fault.retry() {
            Retry::Never => None,
            Retry::Same => Some(Duration::ZERO),
            Retry::After(span) => Some(span),
        };
        // What failed inside is for the log, not for the caller.
        let ours = fault.origin() == Source::Us && code.status() == Status::Internal;
        let detail = if ours {
            "the platform failed; tell its operators the number in `instance`".to_owned()
        } else {
            fault.context().to_owned()
        };
        Self(Box::new(Words {
            code: code.as_str().into(),
            http: http_of(code),
            grpc: code.status().grpc(),
            title: code.title().into(),
            detail,
            fields: fault.fields().to_vec(),
            problems: Vec::new(),
            retry_after,
            refusal: None,
        }))
    }
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Self {
        Self::from(&fault)
    }
}

impl From<No> for Told {
    fn from(no: No) -> Self {
        match no {
            No::Fault(fault) => fault.into(),
            No::Refused { code, status, text, problems } => Self(Box::new(Words {
                title: title_of(&code).into(),
                code: code.into(),
                http: status.http(),
                grpc: status.grpc(),
                detail: text,
                fields: Vec::new(),
                problems,
                retry_after: None,
                refusal: None,
            })),
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
        let mut told = Self::from(&Fault::downstream(code, RETRY_AFTER, text));
        told.0.refusal = Some(refusal);
        told
    }
}

impl Told {
    /// As an answer over HTTP.
    pub(crate) fn response(&self, request_id: &str) -> Response<Body> {
        let mut response = Response::new(Body::from(self.problem(request_id)));
        *response.status_mut() = http::StatusCode::from_u16(self.0.http)
            .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(span) = self.0.retry_after {
            // Whole seconds, rounded up: coming too early helps nobody.
            let secs = span.as_secs() + u64::from(span.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if self.0.http == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(refusal) = self.refusal_header() {
            headers.insert(REFUSAL_HEADER, refusal);
        }
        response
    }

    /// As the body of an answer, or the data of an event.
    pub(crate) fn problem(&self, request_id: &str) -> String {
        let problem = ProblemJson {
            r#type: format!("/errors/{}", self.0.code),
            title: &self.0.title,
            status: self.0.http,
            detail: &self.0.detail,
            code: &self.0.code,
            instance: request_id,
            fields: &self.0.fields,
            problems: &self.0.problems,
            retry_after_ms: self
                .0
                .retry_after
                .map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        };
        serde_json::to_string(&problem).expect("plain fields always serialise")
    }

    /// As an answer over gRPC.
    pub(crate) fn status(&self, request_id: &str) -> tonic::Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(self.0.code.as_ref(), DOMAIN, std::collections::HashMap::new());
        details.set_request_info(request_id, "");
        for violation in &self.0.fields {
            details.add_bad_request_violation(&violation.field, &violation.problem);
        }
        for problem in &self.0.problems {
            details.add_precondition_failure_violation(
                &problem.code,
                &problem.subject,
                &problem.text,
            );
        }
        if self.0.retry_after.is_some() {
            details.set_retry_info(self.0.retry_after);
        }
        let mut metadata = MetadataMap::new();
        if let Some(refusal) = self.refusal_header().and_then(|value| {
            let text = value.to_str().ok()?;
            tonic::metadata::MetadataValue::try_from(text).ok()
        }) {
            metadata.insert(REFUSAL_HEADER, refusal);
        }
        let code = tonic::Code::from_i32(self.0.grpc);
        tonic::Status::with_error_details_and_metadata(code, &self.0.detail, details, metadata)
    }

    fn refusal_header(&self) -> Option<HeaderValue> {
        let refusal = self.0.refusal.as_ref()?;
        HeaderValue::try_from(refusal.to_string()).ok()
    }
}

/// A refusal's title: its code in words, `out_of_stock` as `Out of stock`.
fn title_of(code: &str) -> String {
    let mut title = String::with_capacity(code.len());
    for (at, char) in code.replace('_', " ").chars().enumerate() {
        let _ = if at == 0 {
            write!(title, "{}", char.to_uppercase())
        } else {
            write!(title, "{char}")
        };
    }
    title
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base_fault::{Code, Fault, Status};
    use base_ids::{Epoch, Generation};
    use cell_kernel::{No, Problem};
    use tonic_types::StatusExt as _;

    use super::Told;
    use crate::Unanswered;

    #[test]
    fn a_fault_and_a_refusal_read_alike() {
        let fault = Fault::invalid_field("lines[2].quantity", "is -1; expected 1 to 999");
        let told = Told::from(&fault);
        let json: serde_json::Value = serde_json::from_str(&told.problem("r1")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "/errors/invalid_field", "title": "A field holds a value that is not allowed", "status": 400,
                "detail": "lines[2].quantity: is -1; expected 1 to 999", "code": "invalid_field", "instance": "r1",
                "fields": [{"field": "lines[2].quantity", "problem": "is -1; expected 1 to 999"}],
            })
        );
        let problem =
            Problem { code: "out_of_stock".into(), subject: "o1".into(), text: "2 left".into() };
        let told = Told::from(No::Refused {
            code: "cart_not_ready".into(),
            status: Status::FailedPrecondition,
            text: "two lines wait".into(),
            problems: vec![problem],
        });
        let json: serde_json::Value = serde_json::from_str(&told.problem("r1")).unwrap();
        assert_eq!(
            (json["status"].as_u64(), json["title"].as_str()),
            (Some(409), Some("Cart not ready"))
        );
        assert_eq!(json["problems"][0]["text"], "2 left");
        let status = told.status("r1");
        assert_eq!(status.code(), tonic::Code::FailedPrecondition);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "cart_not_ready");
        assert_eq!(details.precondition_failure().unwrap().violations[0].subject, "o1");
    }

    #[test]
    fn what_failed_inside_is_not_told() {
        let fault = Fault::ours(Code::StoreBroken, "/var/souk/journal is damaged");
        let told = Told::from(fault);
        assert!(!told.problem("r1").contains("/var/souk"));
        assert_eq!(told.0.http, 500);
    }

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
    fn waiting_is_told_in_whole_seconds_and_in_milliseconds() {
        let told = Told::from(Fault::downstream(Code::Busy, Duration::from_millis(1200), "full"));
        let response = told.response("r1");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (429, &"2".parse().unwrap())
        );
        assert!(told.problem("r1").contains(r#""retryAfterMs":1200"#));
        assert_eq!(Told::from(Fault::caller(Code::MethodNotAllowed, "x")).0.http, 405);
    }
}
