//! The fault itself.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Code;

/// Who must change something for the next try to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Who called us: the request is wrong.
    Caller,
    /// We: a bug or a broken store.
    Us,
    /// Somebody we depend on.
    Downstream,
}

/// What a retry of the same request would do; decided where the fault is born.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again.
    Never,
    /// It may succeed, at once.
    Same,
    /// It may succeed after this long.
    After(Duration),
}

/// One wrong field: where, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldViolation {
    /// Path of the field in the request, such as `lines[2].quantity`.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// The world failed, or the request cannot be served as it stands. Cheap to clone.
#[derive(Clone)]
pub struct Fault(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    source: Source,
    retry: Retry,
    context: String,
    fields: Vec<FieldViolation>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault of the caller: the request is wrong and a retry would fail again.
    pub fn caller(code: Code, context: impl Into<String>) -> Self {
        Self::new(code, Source::Caller, Retry::Never, context)
    }

    /// A fault of ours.
    pub fn ours(code: Code, context: impl Into<String>) -> Self {
        Self::new(code, Source::Us, Retry::Never, context)
    }

    /// A fault of somebody we depend on, who may be back after `after`.
    pub fn downstream(code: Code, after: Duration, context: impl Into<String>) -> Self {
        Self::new(code, Source::Downstream, Retry::After(after), context)
    }

    /// A fault with everything said.
    pub fn new(code: Code, source: Source, retry: Retry, context: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            code,
            source,
            retry,
            context: context.into(),
            fields: Vec::new(),
            cause: None,
        }))
    }

    /// A request whose `field` holds what it must not; `problem` says what would be right.
    pub fn invalid_field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        let violation = FieldViolation { field: field.into(), problem: problem.into() };
        Self::caller(Code::InvalidField, format!("{}: {}", violation.field, violation.problem))
            .with_field(violation)
    }

    /// Adds a wrong field.
    pub fn with_field(mut self, violation: FieldViolation) -> Self {
        Arc::make_mut(&mut self.0).fields.push(violation);
        self
    }

    /// Adds what caused it.
    pub fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).cause = Some(Arc::new(cause));
        self
    }

    /// What failed.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Who must change something.
    pub fn origin(&self) -> Source {
        self.0.source
    }

    /// What a retry would do.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// What was being done, for people.
    pub fn context(&self) -> &str {
        &self.0.context
    }

    /// The wrong fields, if the request was wrong.
    pub fn fields(&self) -> &[FieldViolation] {
        &self.0.fields
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.context)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), crate::chain(self))
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause.as_ref() as &(dyn Error + 'static))
    }
}
