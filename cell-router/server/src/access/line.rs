//! One line of the access log: what an operator needs to know of a request, and nothing that lets anybody in.

use std::{fmt::Display, net::IpAddr};

use base_ids::{CellId, PodName};
use base_telemetry::TraceId;
use base_time::Timestamp;
use http::Method;
use serde::{Serialize, Serializer};

/// Longest path that is written, in bytes.
const PATH_LEN_MAX: usize = 256;

/// What is written of one request. Neither headers nor queries nor bodies: they may hold tokens, addresses and searches.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// When the request ended, RFC 3339.
    #[serde(serialize_with = "as_text")]
    pub(crate) time: Timestamp,
    /// The request's id, as client and cell know it.
    pub(crate) request: String,
    /// The trace that it belongs to.
    #[serde(serialize_with = "as_text")]
    pub(crate) trace: TraceId,
    /// `http/1.1`, `h2` or `grpc`.
    pub(crate) protocol: &'static str,
    #[serde(serialize_with = "as_text")]
    pub(crate) method: Method,
    /// As the client sent it, without the query.
    pub(crate) path: String,
    /// The kind of tenant.
    pub(crate) route: &'static str,
    /// Whose request it was: the id that was given at random, never a name or an address.
    pub(crate) tenant: Option<String>,
    /// The cell that was asked last.
    #[serde(serialize_with = "as_text_if_any")]
    pub(crate) cell: Option<CellId>,
    /// Which of its pods.
    #[serde(serialize_with = "as_text_if_any")]
    pub(crate) pod: Option<PodName>,
    /// How many cells were asked.
    pub(crate) tries: u8,
    /// `null` if the client left before the answer.
    pub(crate) status: Option<u16>,
    /// The status of a gRPC call.
    pub(crate) grpc_status: Option<u16>,
    /// The code of an answer that the router made.
    pub(crate) code: Option<&'static str>,
    /// Microseconds from the head to the last byte.
    pub(crate) micros: u64,
    /// Bytes of the request's body.
    pub(crate) bytes_in: usize,
    /// Bytes of the answer's body.
    pub(crate) bytes_out: usize,
    /// The client's address, as far as it is to be written.
    pub(crate) client: Option<IpAddr>,
}

/// What is written of a path.
pub(crate) fn shown(path: &str) -> String {
    let mut end = path.len().min(PATH_LEN_MAX);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    path[..end].to_owned()
}

fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[expect(clippy::ref_option, reason = "serde asks for this form")]
fn as_text_if_any<S: Serializer>(
    value: &Option<impl Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
impl Line {
    /// A line in which only the status says anything.
    pub(crate) fn of_test(status: u16) -> Self {
        Self {
            time: Timestamp::from_millis(0),
            request: "r1".into(),
            trace: TraceId([1; 16]),
            protocol: "h2",
            method: Method::GET,
            path: shown("/v1/users/me"),
            route: "user",
            tenant: Some("users/u1".into()),
            cell: "cell-1".parse().ok(),
            pod: "0".parse().ok(),
            tries: 1,
            status: Some(status),
            grpc_status: None,
            code: None,
            micros: 120,
            bytes_in: 0,
            bytes_out: 1024,
            client: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, shown};

    #[test]
    fn a_line_is_one_object_with_these_names() {
        let text = serde_json::to_string(&Line::of_test(200)).unwrap();
        assert_eq!(
            text,
            r#"{"time":"1970-01-01T00:00:00.000Z","request":"r1","trace":"01010101010101010101010101010101","protocol":"h2","method":"GET","path":"/v1/users/me","route":"user","tenant":"users/u1","cell":"cell-1","pod":"0","tries":1,"status":200,"grpc_status":null,"code":null,"micros":120,"bytes_in":0,"bytes_out":1024,"client":null}"#
        );
    }

    #[test]
    fn a_long_path_is_cut_between_letters() {
        let long = "é".repeat(200);
        assert_eq!(shown(&format!("/{long}")).len(), 255);
    }
}
