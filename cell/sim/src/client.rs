//! A client as clients should be: it repeats a request without an answer, under the same key, until it has one.

use std::time::Duration;

use base_fault::Code;
use base_ids::Tenant;
use cell_kernel::{Caller, No, VendorRole};
use cell_runtime::{Answered, Call, Unanswered};
use prost::Message;

use crate::{clock, fleet::Fleet};

/// How long a client waits for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Milliseconds before the first repetition; doubled each time up to the longest.
const AGAIN_MS: u64 = 50;
const AGAIN_MS_MAX: u64 = 5_000;
/// Repetitions until a client gives up: hours.
const TRIES: u32 = 2_000;

/// A no that a client got.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{method}: {code}: {text}")]
pub struct Refused {
    /// The method.
    pub method: String,
    /// The code.
    pub code: String,
    /// What it says.
    pub text: String,
}

impl Refused {
    /// Whether it says that what was wanted is sold to others.
    pub(crate) fn is_sold_out(&self) -> bool {
        let listed = self.code == "checkout_not_ready" && self.text.contains("out_of_stock");
        self.code == "out_of_stock" || listed
    }
}

/// Somebody who calls the API.
#[derive(Clone)]
pub(crate) struct Client {
    fleet: Fleet,
    caller: Caller,
}

impl Client {
    /// Nobody in particular.
    pub(crate) fn anonymous(fleet: &Fleet) -> Self {
        Self { fleet: fleet.clone(), caller: Caller::anonymous() }
    }

    /// A shopper, or a guest.
    pub(crate) fn shopper(fleet: &Fleet, user: &Tenant) -> Self {
        let user = user.clone();
        let caller = if user.is_guest() { Caller::guest(user) } else { Caller::shopper(user) };
        Self { fleet: fleet.clone(), caller }
    }

    /// A vendor's owner.
    pub(crate) fn vendor(fleet: &Fleet, user: &Tenant, vendor: &Tenant) -> Self {
        let caller = Caller::vendor(user.clone(), vendor.clone(), VendorRole::Owner);
        Self { fleet: fleet.clone(), caller }
    }

    /// An operator.
    pub(crate) fn operator(fleet: &Fleet) -> Self {
        let user = "users/operator".parse().expect("`operator` is an id");
        Self { fleet: fleet.clone(), caller: Caller::operator(user) }
    }

    /// Calls a method without a key: a read, or something that is harmless to repeat.
    pub(crate) async fn ask<Req: Message, Resp: Message + Default>(
        &self,
        to: &Tenant,
        method: &str,
        request: &Req,
    ) -> Result<Resp, Refused> {
        self.call(to, method, request, None).await.map(|(resp, _)| resp)
    }

    /// Calls a method that changes something.
    pub(crate) async fn tell<Req: Message, Resp: Message + Default>(
        &self,
        to: &Tenant,
        method: &str,
        request: &Req,
        key: &str,
    ) -> Result<Resp, Refused> {
        self.call(to, method, request, Some(key)).await.map(|(resp, _)| resp)
    }

    /// The same, with the answer's bytes.
    pub(crate) async fn call<Req: Message, Resp: Message + Default>(
        &self,
        to: &Tenant,
        method: &str,
        request: &Req,
        key: Option<&str>,
    ) -> Result<(Resp, Answered), Refused> {
        let refused = |code: &str, text: String| Refused {
            method: method.to_owned(),
            code: code.to_owned(),
            text,
        };
        let call = Call {
            tenant: to.clone(),
            method: method.into(),
            request: request.encode_to_vec(),
            caller: self.caller.clone(),
            idempotency_key: key.map(str::to_owned),
            if_match: None,
            trace: None,
            deadline: PATIENCE,
        };
        let mut wait = AGAIN_MS;
        for _ in 0..TRIES {
            match self.once(call.clone()).await {
                Ok(answered) => {
                    let response = Resp::decode(&*answered.response)
                        .map_err(|error| refused("unreadable", error.to_string()))?;
                    return Ok((response, answered));
                }
                Err(No::Refused { code, text, .. }) => return Err(refused(&code, text)),
                Err(No::Fault(fault)) if !passes(fault.code()) => {
                    return Err(refused(fault.code().as_str(), base_fault::chain(&fault)));
                }
                Err(No::Fault(_)) => {
                    clock::millis(wait).await;
                    wait = (wait * 2).min(AGAIN_MS_MAX);
                }
            }
        }
        Err(refused("no_answer", "nobody has answered for hours".to_owned()))
    }

    async fn once(&self, call: Call) -> Result<Answered, No> {
        let away = || {
            let fault = base_fault::Fault::downstream(Code::Unavailable, Duration::ZERO, "away");
            Err(No::Fault(fault))
        };
        let Some(cell) = self.fleet.cell(self.fleet.home(&call.tenant)) else { return away() };
        cell.serve(call).await.map_err(Unanswered::into_no)
    }
}

/// Whether a fault passes: the cell died under the request, or cannot answer just now.
fn passes(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::OutcomeUnknown
            | Code::StoreBroken
            | Code::Busy
            | Code::Contended
            | Code::NotMine
            | Code::Held
    )
}
