//! How a service looks on the wire: for each method of its `.proto`, how the request is read and the answer written.

use std::{future::Future, pin::Pin, sync::Arc};

use base_fault::{Fault, Status};
use base_ids::{ResourceId, Tenant, Version};
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Asked, Caller, Decider, Problem, Reading, Refusal, Table, Versioned, View, Words};

/// A request as a method sees it: verified, routed, with the time and a source of fresh ids. Cheap to clone.
#[derive(Clone)]
pub struct Request {
    /// The tenant that the request is addressed to; this cell owns it. For reads that belong to nobody, the caller's own tenant.
    pub tenant: Tenant,
    /// Who asks.
    pub caller: Caller,
    /// When.
    pub at: Timestamp,
    /// Rows of this cell.
    pub reading: Reading,
    /// Gives a fresh id at each call: 32 characters of `0-9a-f`, ordered by time.
    pub mint: Arc<dyn Fn() -> String + Send + Sync>,
    /// The key under which the request may be repeated, if it has one.
    pub idempotency_key: Option<String>,
    /// Of a request that goes on: whom it went on to when it first came under its key. A method whose choice does not follow from
    /// the request alone keeps to it.
    pub went_to: Option<Tenant>,
}

impl Request {
    /// A fresh id.
    pub fn new_id(&self) -> String {
        (self.mint)()
    }
}

/// A "no" on its way to the client: the world's, or the business's.
#[derive(Clone, Debug)]
pub enum No {
    /// The world failed, or the request is wrong.
    Fault(Fault),
    /// The business says no.
    Refused {
        /// The refusal's code.
        code: String,
        /// Its class.
        status: Status,
        /// What it says.
        text: String,
        /// The single problems, where there are several.
        problems: Vec<Problem>,
    },
}

impl No {
    /// A service's refusal.
    pub fn refused(refusal: &impl Refusal) -> Self {
        Self::Refused {
            code: refusal.code().to_owned(),
            status: refusal.status(),
            text: refusal.to_string(),
            problems: refusal.problems(),
        }
    }
}

impl From<Fault> for No {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A command that was carried out, as its answer is written.
pub struct Done<'a, D: Decider> {
    /// Who asked whom, and when.
    pub asked: &'a Asked,
    /// The command.
    pub command: &'a D::Command,
    /// The stream's state after the command.
    pub state: &'a D::State,
    /// The stream's version after the command.
    pub version: Version,
}

/// Where a request goes on to: another tenant, wherever it lives, answers it instead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Onward {
    /// Whom.
    pub tenant: Tenant,
    /// Full name of the method there; its answer is this method's answer.
    pub method: String,
    /// The encoded request.
    pub request: Vec<u8>,
}

impl Onward {
    /// Goes on to `method` of `tenant` with `request`.
    pub fn to(tenant: Tenant, method: &str, request: &impl Words) -> Self {
        Self { tenant, method: method.to_owned(), request: request.encode_to_vec() }
    }
}

type Later<T> = Pin<Box<dyn Future<Output = Result<T, No>> + Send>>;

/// Reads a request as a command.
pub type Decode<D> =
    Box<dyn Fn(&Request, &[u8]) -> Result<<D as Decider>::Command, Fault> + Send + Sync>;

/// One method: its full name (`souk.carts.v1.Carts/AddLine`) and how it is served.
pub struct Method<D: Decider> {
    /// Full name.
    pub name: String,
    /// How it is served.
    pub kind: MethodKind<D>,
}

/// How a method is served.
pub enum MethodKind<D: Decider> {
    /// It asks for a change: decided, appended, answered from the state after it.
    Command {
        /// Reads the request.
        decode: Decode<D>,
        /// Writes the answer.
        encode: Box<dyn Fn(&Done<'_, D>) -> Vec<u8> + Send + Sync>,
    },
    /// It reads rows.
    Query {
        /// Answers; the version becomes the ETag, 0 for none.
        answer: Box<dyn Fn(Request, Vec<u8>) -> Later<Versioned<Vec<u8>>> + Send + Sync>,
    },
    /// It follows one row: answers with the row as it is and again at each change, until the last.
    Watch {
        /// The row's table.
        table: Table,
        /// The row's key.
        key: Box<dyn Fn(&Request, &[u8]) -> Result<String, Fault> + Send + Sync>,
        /// Writes the answer, and says whether it is the last one.
        show: Box<dyn Fn(&[u8]) -> Result<(Vec<u8>, bool), Fault> + Send + Sync>,
    },
    /// It finds out who is to answer, and passes the request on.
    Forward {
        /// Finds out.
        onward: Box<dyn Fn(Request, Vec<u8>) -> Later<Onward> + Send + Sync>,
    },
}

/// The methods of one service of the contract.
pub struct Api<D: Decider> {
    service: &'static str,
    methods: Vec<Method<D>>,
}

impl<D: Decider> Api<D> {
    /// The API of the proto service with this full name, such as `souk.inventory.v1.Inventory`.
    pub fn new(service: &'static str) -> Self {
        Self { service, methods: Vec::new() }
    }

    /// A method that changes something.
    pub fn command<Req: Words, Resp: Words>(
        self,
        name: &str,
        decode: impl Fn(&Request, &Req) -> Result<D::Command, Fault> + Send + Sync + 'static,
        encode: impl Fn(&Done<'_, D>) -> Resp + Send + Sync + 'static,
    ) -> Self {
        let kind = MethodKind::Command {
            decode: Box::new(move |request, body| decode(request, &read(body)?)),
            encode: Box::new(move |done| encode(done).encode_to_vec()),
        };
        self.with(name, kind)
    }

    /// A method that reads one resource; its version becomes the ETag.
    pub fn get<Req: Words, Resp: Words, F>(
        self,
        name: &str,
        answer: impl Fn(Request, Req) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Versioned<Resp>, No>> + Send + 'static,
    {
        let answer = move |request, body: Vec<u8>| -> Later<Versioned<Vec<u8>>> {
            match read(&body) {
                Ok(asked) => {
                    let found = answer(request, asked);
                    Box::pin(async move {
                        let Versioned { row, version } = found.await?;
                        Ok(Versioned { row: row.encode_to_vec(), version })
                    })
                }
                Err(fault) => Box::pin(std::future::ready(Err(No::Fault(fault)))),
            }
        };
        self.with(name, MethodKind::Query { answer: Box::new(answer) })
    }

    /// A method that reads a list, or anything else without a version.
    pub fn list<Req: Words, Resp: Words, F>(
        self,
        name: &str,
        answer: impl Fn(Request, Req) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Resp, No>> + Send + 'static,
    {
        self.get(name, move |request, asked| {
            let found = answer(request, asked);
            async move { Ok(Versioned { row: found.await?, version: Version(0) }) }
        })
    }

    /// A method that follows one row of a view until `last` says that nothing more will come.
    pub fn watch<V: View<D>, Req: Words, Resp: Words>(
        self,
        name: &str,
        key: impl Fn(&Request, &Req) -> Result<String, Fault> + Send + Sync + 'static,
        show: impl Fn(&V::Row) -> Resp + Send + Sync + 'static,
        last: impl Fn(&V::Row) -> bool + Send + Sync + 'static,
    ) -> Self {
        let show = move |bytes: &[u8]| {
            let row: V::Row = serde_json::from_slice(bytes).map_err(|error| {
                Fault::ours(base_fault::Code::StoreBroken, "a watched row cannot be read")
                    .because(error)
            })?;
            Ok((show(&row).encode_to_vec(), last(&row)))
        };
        let kind = MethodKind::Watch {
            table: Table { service: D::SERVICE, name: V::NAME },
            key: Box::new(move |request, body| key(request, &read(body)?)),
            show: Box::new(show),
        };
        self.with(name, kind)
    }

    /// A method that another tenant answers: `onward` finds out which. Under an idempotency key the choice is made once: a repeated
    /// request finds it in [`Request::went_to`].
    pub fn forward<Req: Words, F>(
        self,
        name: &str,
        onward: impl Fn(Request, Req) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Onward, No>> + Send + 'static,
    {
        let onward = move |request, body: Vec<u8>| -> Later<Onward> {
            match read(&body) {
                Ok(asked) => Box::pin(onward(request, asked)),
                Err(fault) => Box::pin(std::future::ready(Err(No::Fault(fault)))),
            }
        };
        self.with(name, MethodKind::Forward { onward: Box::new(onward) })
    }

    /// The methods.
    pub fn into_methods(self) -> Vec<Method<D>> {
        self.methods
    }

    fn with(mut self, name: &str, kind: MethodKind<D>) -> Self {
        self.methods.push(Method { name: format!("{}/{name}", self.service), kind });
        self
    }
}

fn read<M: Words>(body: &[u8]) -> Result<M, Fault> {
    M::decode(body).map_err(|error| {
        Fault::caller(base_fault::Code::Malformed, format!("the request is not a {}", M::NAME))
            .because(error)
    })
}

/// Reads the ids out of a resource name that a request holds in `field`; the fault says which form is expected.
pub fn ids_of<const STARS: usize>(
    field: &str,
    pattern: &str,
    name: &str,
) -> Result<[ResourceId; STARS], Fault> {
    base_ids::match_name(pattern, name).ok_or_else(|| {
        Fault::invalid_field(field, format!("`{name}` is not a name of the form `{pattern}`"))
    })
}

/// Reads a field whose text must be a valid `T`; the fault repeats what `T` says is wrong.
pub fn field<T>(field: &str, text: &str) -> Result<T, Fault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Fault::invalid_field(field, error.to_string()))
}
