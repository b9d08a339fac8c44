//! A line read as a record: a JSON object whose fields are known.

use serde::de::DeserializeOwned;

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: u32,
    /// What is on it.
    pub bytes: &'a [u8],
}

/// A line that is no record at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// It is not text.
    #[error("the line is not UTF-8")]
    NotText,
    /// It is not such an object.
    #[error("the line is not a JSON object that we know: {0}")]
    Malformed(String),
    /// It has a field that records do not have.
    #[error("{text}")]
    UnknownField {
        /// Which.
        field: String,
        /// Which fields there are.
        text: String,
    },
    /// It has a field twice.
    #[error("{text}")]
    DuplicateField {
        /// Which.
        field: String,
        /// Where.
        text: String,
    },
}

impl Line<'_> {
    /// The line as a record. `T` denies unknown fields, and its fields are optional values that a [`Reader`](crate::Reader) reads,
    /// so that all mistakes of a line can be told at once.
    ///
    /// Errors: it is no such record.
    pub fn record<T: DeserializeOwned>(&self) -> Result<T, BadLine> {
        let text = std::str::from_utf8(self.bytes).map_err(|_| BadLine::NotText)?;
        serde_json::from_str(text).map_err(|error| {
            let text = error.to_string();
            let field = text.split('`').nth(1).unwrap_or_default().to_owned();
            match text.split(' ').next() {
                Some("unknown") => BadLine::UnknownField { field, text },
                Some("duplicate") => BadLine::DuplicateField { field, text },
                _ => BadLine::Malformed(text),
            }
        })
    }
}

impl BadLine {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotText | Self::Malformed(_) => "malformed_line",
            Self::UnknownField { .. } => "unknown_field",
            Self::DuplicateField { .. } => "duplicate_field",
        }
    }

    /// The field, if it is about one.
    pub fn field(&self) -> &str {
        match self {
            Self::NotText | Self::Malformed(_) => "",
            Self::UnknownField { field, .. } | Self::DuplicateField { field, .. } => field,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::Line;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Record {
        sku: Option<Value>,
    }

    fn read(line: &[u8]) -> Result<Record, (&'static str, String)> {
        let line = Line { number: 1, bytes: line };
        line.record().map_err(|bad| (bad.code(), bad.field().to_owned()))
    }

    #[test]
    fn a_line_that_is_no_record_is_told_so() {
        assert_eq!(read(br#"{"sku": "b-1"}"#).unwrap().sku, Some("b-1".into()));
        let at = |code, field: &str| Err((code, field.to_owned()));
        let end = |line: &[u8]| read(line).map(|_| ());
        assert_eq!(end(b"not json"), at("malformed_line", ""));
        assert_eq!(end(b"[1, 2]"), at("malformed_line", ""));
        assert_eq!(end(br#"{"colour": "red"}"#), at("unknown_field", "colour"));
        assert_eq!(end(br#"{"sku": 1, "sku": 2}"#), at("duplicate_field", "sku"));
        assert_eq!(end("[".repeat(10_000).as_bytes()), at("malformed_line", ""));
        assert_eq!(end(b"\xff\xfe{}"), at("malformed_line", ""));
    }
}
