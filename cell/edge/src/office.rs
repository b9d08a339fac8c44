//! The common way of every call, whatever its protocol: who asks, whom, may they; then to the desk, bounded in number and time.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::body::Body;
use base_fault::{Code, Fault};
use base_ids::{GuestSecret, Tenant};
use base_telemetry::TraceContext;
use base_time::Clock;
use bytes::Bytes;
use cell_kernel::Caller;
use cell_runtime::ephemeral::Ephemeral;
use futures_util::FutureExt as _;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use ring::rand::SystemRandom;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

use crate::{
    Answered, Call, Changes, Desk, EdgeConfig, Shelf, Unanswered,
    addressing::{Settled, fresh_guest, settle},
    answer::Told,
    arrival,
    contract::{Contract, Method},
    count::Count,
    identity::Identity,
};

/// How long a client is asked to wait when there are too many.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// What every call needs.
pub(crate) struct Office {
    pub(crate) contract: Contract,
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) ephemeral: Arc<dyn Ephemeral>,
    pub(crate) shelf: Arc<dyn Shelf>,
    pub(crate) config: EdgeConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) count: Count,
    pub(crate) identity: Identity,
    pub(crate) random: SystemRandom,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) large_bodies: Arc<Semaphore>,
    pub(crate) uploads: Arc<Semaphore>,
    pub(crate) downloads: Arc<Semaphore>,
    /// Mutations that go on after their callers have gone.
    pub(crate) running: TaskTracker,
    /// Told when the process stops: streams end.
    pub(crate) stopping: CancellationToken,
}

/// One request's number, trace and deadline.
pub(crate) struct Errand {
    pub(crate) request_id: String,
    pub(crate) trace: TraceContext,
    pub(crate) started: Instant,
}

/// A call that was let in; its request is still to come.
pub(crate) struct Admitted {
    pub(crate) tenant: Tenant,
    pub(crate) caller: Caller,
    /// The addressee's name with `users/me` resolved.
    pub(crate) renamed: Option<String>,
    pub(crate) new_guest: Option<GuestSecret>,
    pub(crate) until: Instant,
    idempotency_key: Option<String>,
    if_match: Option<base_ids::Version>,
}

/// A body, and the right to hold it if it is large.
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    _large: Option<OwnedSemaphorePermit>,
}

impl Errand {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self {
            request_id: arrival::request_id(headers),
            trace: arrival::trace(headers),
            started: Instant::now(),
        }
    }

    pub(crate) fn span(&self, protocol: &'static str, method: &str) -> tracing::Span {
        let span = tracing::info_span!(
            "call", protocol, method, request_id = %self.request_id, trace = %self.trace.trace
        );
        base_telemetry::link(&span, self.trace);
        span
    }
}

impl Office {
    /// Who asks; decided before a body is read.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Fault> {
        self.identity.caller(headers, &self.desk.keys(), self.clock.now())
    }

    /// Lets the call in that names `name` as its addressee, or says why not.
    pub(crate) fn admit(
        &self,
        method: &Method,
        headers: &HeaderMap,
        caller: Caller,
        name: &str,
        started: Instant,
    ) -> Result<Admitted, Fault> {
        let field = method.addressee.as_ref().map_or("", |addressee| addressee.field.as_str());
        let tenant = arrival::tenant(headers);
        let settled = settle(field, name, caller, tenant, || fresh_guest(&self.random))?;
        let Settled { tenant, caller, renamed, new_guest } = settled;
        method.rule.admit(&caller, &tenant)?;
        Ok(Admitted {
            tenant,
            caller,
            renamed,
            new_guest,
            until: started + arrival::patience(headers, &self.config)?,
            idempotency_key: arrival::idempotency_key(headers, method)?,
            if_match: arrival::if_match(headers)?,
        })
    }

    /// A place among the calls that are served at once.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        Arc::clone(&self.calls).try_acquire_owned().map_err(|_| busy("requests"))
    }

    /// Reads a body, within the method's limit and the caller's patience.
    pub(crate) async fn body(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: Body,
        framing_len: usize,
        until: Instant,
    ) -> Result<Held, Fault> {
        let ordinary_max = self.config.body_max_bytes + framing_len;
        let len_max = if method.callback {
            self.config.callback_max_bytes + framing_len
        } else {
            ordinary_max
        };
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|text| text.to_str().ok());
        let declared: Option<usize> = declared.and_then(|text| text.parse().ok());
        if declared.is_some_and(|len| len > len_max) {
            return Err(too_large(len_max));
        }
        let may_be_large = len_max > ordinary_max && declared.is_none_or(|len| len > ordinary_max);
        let large = if may_be_large {
            let permit = Arc::clone(&self.large_bodies).try_acquire_owned();
            Some(permit.map_err(|_| busy("large bodies"))?)
        } else {
            None
        };
        let read = Limited::new(body, len_max).collect();
        match tokio::time::timeout_at(until, read).await {
            Ok(Ok(collected)) => Ok(Held { bytes: collected.to_bytes(), _large: large }),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(len_max)),
            Ok(Err(_)) => Err(Fault::caller(Code::Malformed, "the body broke off")),
            Err(_) => Err(Fault::caller(Code::DeadlineExceeded, "the body did not arrive in time")),
        }
    }

    /// The call as the desk gets it.
    pub(crate) fn call(
        method: &Method,
        admitted: Admitted,
        request: Vec<u8>,
        errand: &Errand,
    ) -> Call {
        Call {
            tenant: admitted.tenant,
            method: Arc::clone(&method.name),
            request,
            caller: admitted.caller,
            idempotency_key: admitted.idempotency_key,
            if_match: admitted.if_match,
            trace: Some(errand.trace.trace.0),
            deadline: admitted.until.saturating_duration_since(Instant::now()),
        }
    }

    /// Has the desk carry the call out.
    pub(crate) async fn serve(
        &self,
        method: &Method,
        call: Call,
        place: OwnedSemaphorePermit,
    ) -> Result<Answered, Told> {
        let at_hand = self.at_hand(method, &call);
        if let Some(key) = &at_hand
            && let Some(answered) = self.recall(key).await
        {
            return Ok(answered);
        }
        let patience = call.deadline;
        let desk = Arc::clone(&self.desk);
        let work = async move {
            let served = AssertUnwindSafe(desk.serve(call)).catch_unwind().await;
            drop(place);
            served
        };
        let served = if method.mutation {
            // Runs to its end though the client hangs up: what is half done is done by no one else.
            let task = self.running.spawn(work.in_current_span());
            tokio::time::timeout(patience, task)
                .await
                .map(|joined| joined.unwrap_or_else(|error| Err(Box::new(error))))
        } else {
            tokio::time::timeout(patience, work).await
        };
        let answered = self.judge(method, served)?;
        if let Some(key) = &at_hand {
            self.remember(key, &answered).await;
        }
        Ok(answered)
    }

    /// Has the desk follow what the call names.
    pub(crate) async fn watch(&self, method: &Method, call: Call) -> Result<Changes, Told> {
        let opening = AssertUnwindSafe(self.desk.watch(call.clone())).catch_unwind();
        self.judge(method, tokio::time::timeout(call.deadline, opening).await)
    }

    /// The answer to a request during which our own code panicked; whoever is on duty finds it in the log.
    pub(crate) fn panicked(&self, errand: &Errand) -> Told {
        self.count.panicked();
        tracing::error!(
            request_id = errand.request_id,
            "the edge panicked while it served a request"
        );
        Fault::ours(Code::Internal, "a bug of ours").into()
    }

    /// A place among the streams.
    pub(crate) fn stream_place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| busy("open streams"))
    }

    fn judge<T, P, E>(
        &self,
        method: &Method,
        served: Result<Result<Result<T, Unanswered>, P>, E>,
    ) -> Result<T, Told> {
        let unanswered = match served {
            Ok(Ok(Ok(answer))) => return Ok(answer),
            Ok(Ok(Err(unanswered))) => unanswered,
            Ok(Err(_)) => {
                self.count.panicked();
                Fault::ours(Code::Internal, format!("{} panicked", method.name)).into()
            }
            Err(_) => {
                let text = if method.mutation {
                    "the answer did not come in time; send the request again with the same Idempotency-Key to learn how it ended"
                } else {
                    "the answer did not come in time"
                };
                Fault::downstream(Code::DeadlineExceeded, BUSY_FOR, text).into()
            }
        };
        log(&unanswered);
        Err(unanswered.into())
    }
}

/// Logs once, here, where the answer is given: refusals for the curious, our own failures for whoever is on duty.
fn log(unanswered: &Unanswered) {
    use cell_kernel::No;
    match unanswered {
        Unanswered::No(No::Fault(fault)) if fault.origin() == base_fault::Source::Us => {
            tracing::error!(code = fault.code().as_str(), "{}", base_fault::chain(fault));
        }
        Unanswered::No(No::Fault(fault)) => {
            tracing::debug!(code = fault.code().as_str(), "{}", base_fault::chain(fault));
        }
        Unanswered::No(No::Refused { code, text, .. }) => tracing::debug!(code, "{text}"),
        Unanswered::NotMine { .. } | Unanswered::Held { .. } => tracing::debug!(?unanswered),
    }
}

fn busy(what: &str) -> Fault {
    Fault::downstream(Code::Busy, BUSY_FOR, format!("the cell serves as many {what} as it can"))
}

pub(crate) fn too_large(len_max: usize) -> Fault {
    Fault::caller(Code::BodyTooLarge, format!("the body may have at most {len_max} bytes"))
}
