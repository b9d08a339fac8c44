//! How a "no" is told to clients: one set of words for every fault and refusal, whoever says it, over HTTP and gRPC.

use std::{borrow::Cow, fmt::Write as _, time::Duration};

use prost::Message as _;
use serde::{Deserialize, Serialize};

use crate::{Code, Fault, FieldViolation, Retry, Source, Status, rpc};

/// One of several problems that a refusal lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable code.
    pub code: String,
    /// What it is about: a field's path or a resource's name.
    pub subject: String,
    /// What is wrong and what can be done, for people.
    pub text: String,
}

/// A "no" as a client gets it: a problem (RFC 9457) over HTTP, a status with details over gRPC.
#[derive(Clone, Debug)]
pub struct Told(Box<Words>);

#[derive(Clone, Debug)]
struct Words {
    code: Cow<'static, str>,
    http: u16,
    grpc: i32,
    title: Cow<'static, str>,
    detail: String,
    fields: Vec<FieldViolation>,
    problems: Vec<Problem>,
    retry_after: Option<Duration>,
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

impl Code {
    /// The HTTP status code: its class's, but 405 for a method that a route does not take.
    pub const fn http(self) -> u16 {
        match self {
            Self::MethodNotAllowed => 405,
            _ => self.status().http(),
        }
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
            http: code.http(),
            grpc: code.status().grpc(),
            title: code.title().into(),
            detail,
            fields: fault.fields().to_vec(),
            problems: Vec::new(),
            retry_after,
        }))
    }
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Self {
        Self::from(&fault)
    }
}

impl Told {
    /// A service's refusal. Its title is its code in words.
    pub fn refused(code: String, status: Status, text: String, problems: Vec<Problem>) -> Self {
        Self(Box::new(Words {
            title: title_of(&code).into(),
            code: code.into(),
            http: status.http(),
            grpc: status.grpc(),
            detail: text,
            fields: Vec::new(),
            problems,
            retry_after: None,
        }))
    }

    /// The code as clients see it.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The HTTP status code.
    pub fn http(&self) -> u16 {
        self.0.http
    }

    /// The canonical gRPC code (`google.rpc.Code`).
    pub fn grpc(&self) -> i32 {
        self.0.grpc
    }

    /// What happened, for people; the message of a gRPC status.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// After how many whole seconds a client may try again, if that is of any use: rounded up, for coming too early helps nobody.
    pub fn retry_after_secs(&self) -> Option<u64> {
        self.0.retry_after.map(|span| span.as_secs() + u64::from(span.subsec_nanos() > 0))
    }

    /// The body of an HTTP answer, `application/problem+json`. `pages` is the address under which `/errors/<code>` is found, empty
    /// where that is the answer's own; `instance` is the number of the request.
    pub fn problem_json(&self, pages: &str, instance: &str) -> String {
        let Words { code, http, title, detail, fields, problems, retry_after, .. } = &*self.0;
        let retry_after = retry_after.map(|span| u64::try_from(span.as_millis()));
        let problem = ProblemJson {
            r#type: format!("{pages}/errors/{code}"),
            title,
            status: *http,
            detail,
            code,
            instance,
            fields,
            problems,
            retry_after_ms: retry_after.map(|millis| millis.unwrap_or(u64::MAX)),
        };
        serde_json::to_string(&problem).expect("plain fields always serialise")
    }

    /// The encoded `google.rpc.Status` that goes with a gRPC answer as `grpc-status-details-bin`: the code as the reason of an
    /// `ErrorInfo`, the number of the request, wrong fields, problems, and when to try again.
    pub fn grpc_details(&self, instance: &str) -> Vec<u8> {
        let Words { code, grpc, detail, fields, problems, retry_after, .. } = &*self.0;
        let mut details = vec![
            rpc::packed(&rpc::Reason { reason: code.to_string(), domain: rpc::DOMAIN.into() }),
            rpc::packed(&rpc::Request { request_id: instance.to_owned() }),
        ];
        if !fields.is_empty() {
            let violations = fields.iter().map(rpc::FieldViolation::of).collect();
            details.push(rpc::packed(&rpc::BadRequest { violations }));
        }
        if !problems.is_empty() {
            let violations = problems.iter().map(rpc::PreconditionViolation::of).collect();
            details.push(rpc::packed(&rpc::PreconditionFailure { violations }));
        }
        if let Some(span) = retry_after {
            details.push(rpc::packed(&rpc::Wait::of(*span)));
        }
        rpc::Status { code: *grpc, message: detail.clone(), details }.encode_to_vec()
    }
}

/// A code in words: `out_of_stock` as `Out of stock`.
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

    use prost::Message as _;
    use serde_json::{Value, json};

    use super::{Problem, Told};
    use crate::{Code, Fault, Status, rpc};

    fn problem(told: &Told) -> Value {
        serde_json::from_str(&told.problem_json("", "r1")).unwrap()
    }

    fn refused() -> Told {
        let problem =
            Problem { code: "out_of_stock".into(), subject: "o1".into(), text: "2 left".into() };
        let (code, text) = ("cart_not_ready".to_owned(), "two lines wait".to_owned());
        Told::refused(code, Status::FailedPrecondition, text, vec![problem])
    }

    #[test]
    fn a_fault_and_a_refusal_read_alike() {
        let told =
            Told::from(Fault::invalid_field("lines[2].quantity", "is -1; expected 1 to 999"));
        assert_eq!(
            problem(&told),
            json!({
                "type": "/errors/invalid_field", "title": "A field holds a value that is not allowed", "status": 400,
                "detail": "lines[2].quantity: is -1; expected 1 to 999", "code": "invalid_field", "instance": "r1",
                "fields": [{"field": "lines[2].quantity", "problem": "is -1; expected 1 to 999"}],
            })
        );
        assert_eq!(
            problem(&refused()),
            json!({
                "type": "/errors/cart_not_ready", "title": "Cart not ready", "status": 409, "detail": "two lines wait",
                "code": "cart_not_ready", "instance": "r1",
                "problems": [{"code": "out_of_stock", "subject": "o1", "text": "2 left"}],
            })
        );
    }

    #[test]
    fn the_details_over_grpc_say_the_same() {
        let status = rpc::Status::decode(&*refused().grpc_details("r1")).unwrap();
        assert_eq!((status.code, status.message.as_str()), (9, "two lines wait"));
        let types: Vec<_> = status.details.iter().map(|any| any.type_url.as_str()).collect();
        assert_eq!(
            types,
            [
                "type.googleapis.com/google.rpc.ErrorInfo",
                "type.googleapis.com/google.rpc.RequestInfo",
                "type.googleapis.com/google.rpc.PreconditionFailure",
            ]
        );
        let reason = rpc::Reason::decode(&*status.details[0].value).unwrap().reason;
        assert_eq!(reason, "cart_not_ready");
    }

    #[test]
    fn what_failed_inside_is_not_told() {
        let told = Told::from(Fault::ours(Code::StoreBroken, "/var/souk/journal is damaged"));
        let status = rpc::Status::decode(&*told.grpc_details("r1")).unwrap();
        assert!(!format!("{} {}", told.problem_json("", "r1"), status.message).contains("/var"));
        assert_eq!(told.http(), 500);
    }

    #[test]
    fn waiting_is_told_in_whole_seconds_and_in_milliseconds() {
        let told = Told::from(Fault::downstream(Code::Busy, Duration::from_millis(1200), "full"));
        assert_eq!((told.http(), told.retry_after_secs()), (429, Some(2)));
        assert_eq!(problem(&told)["retryAfterMs"], 1200);
        let never = Told::from(Fault::caller(Code::MethodNotAllowed, "x"));
        assert_eq!((never.http(), never.retry_after_secs()), (405, None));
    }

    #[test]
    fn a_page_may_be_elsewhere() {
        let json = refused().problem_json("https://souk.example", "r1");
        assert!(json.contains(r#""type":"https://souk.example/errors/cart_not_ready""#), "{json}");
    }
}
