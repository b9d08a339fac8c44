//! The endpoints under `/v1`: which there are, and what each is about.

pub(crate) mod balance;
pub(crate) mod charges;
pub(crate) mod events;
pub(crate) mod expand;
pub(crate) mod page;
pub(crate) mod payment_intents;
pub(crate) mod refunds;

use std::collections::BTreeMap;

use http::Method;

use crate::effect::Effect;
use crate::error::ApiError;
use crate::form::{Form, Node};
use crate::ledger::Ledger;

/// An endpoint with the id in its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    CreateIntent,
    ListIntents,
    GetIntent(String),
    ConfirmIntent(String),
    CaptureIntent(String),
    CancelIntent(String),
    GetMethod(String),
    ListCharges,
    GetCharge(String),
    CreateRefund,
    ListRefunds,
    GetRefund(String),
    ListEvents,
    GetEvent(String),
    Balance,
}

/// What an endpoint has to go by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) form: &'a Form,
    /// Unix seconds.
    pub(crate) now: i64,
    /// This server's URL.
    pub(crate) base: &'a str,
}

impl Route {
    /// Finds the endpoint for a method and path.
    pub(crate) fn find(method: &Method, path: &str) -> Option<Self> {
        let segments: Vec<_> = path.strip_prefix("/v1/")?.split('/').collect();
        let is_get = *method == Method::GET;
        let is_post = *method == Method::POST;
        let id = |id: &str| id.to_owned();
        Some(match segments.as_slice() {
            ["payment_intents"] if is_post => Self::CreateIntent,
            ["payment_intents"] if is_get => Self::ListIntents,
            ["payment_intents", it] if is_get => Self::GetIntent(id(it)),
            ["payment_intents", it, "confirm"] if is_post => Self::ConfirmIntent(id(it)),
            ["payment_intents", it, "capture"] if is_post => Self::CaptureIntent(id(it)),
            ["payment_intents", it, "cancel"] if is_post => Self::CancelIntent(id(it)),
            ["payment_methods", it] if is_get => Self::GetMethod(id(it)),
            ["charges"] if is_get => Self::ListCharges,
            ["charges", it] if is_get => Self::GetCharge(id(it)),
            ["refunds"] if is_post => Self::CreateRefund,
            ["refunds"] if is_get => Self::ListRefunds,
            ["refunds", it] if is_get => Self::GetRefund(id(it)),
            ["events"] if is_get => Self::ListEvents,
            ["events", it] if is_get => Self::GetEvent(id(it)),
            ["balance"] if is_get => Self::Balance,
            _ => return None,
        })
    }

    /// Decides what the call changes and answers.
    pub(crate) fn decide(&self, ask: Ask<'_>) -> Result<Effect, ApiError> {
        let mut effect = match self {
            Self::CreateIntent => payment_intents::create(ask),
            Self::ListIntents => payment_intents::list(ask),
            Self::GetIntent(id) => payment_intents::retrieve(ask, id),
            Self::ConfirmIntent(id) => payment_intents::confirm(ask, id),
            Self::CaptureIntent(id) => payment_intents::capture(ask, id),
            Self::CancelIntent(id) => payment_intents::cancel(ask, id),
            Self::GetMethod(id) => charges::retrieve_method(ask, id),
            Self::ListCharges => charges::list(ask),
            Self::GetCharge(id) => charges::retrieve(ask, id),
            Self::CreateRefund => refunds::create(ask),
            Self::ListRefunds => refunds::list(ask),
            Self::GetRefund(id) => refunds::retrieve(ask, id),
            Self::ListEvents => events::list(ask),
            Self::GetEvent(id) => events::retrieve(ask, id),
            Self::Balance => balance::retrieve(ask),
        }?;
        expand::apply(ask, &mut effect)?;
        Ok(effect)
    }

    /// The metadata a script may match: that of the intent in question, then the request's own.
    pub(crate) fn metadata(&self, ledger: &Ledger, form: &Form) -> BTreeMap<String, String> {
        let named = match self {
            Self::GetIntent(id)
            | Self::ConfirmIntent(id)
            | Self::CaptureIntent(id)
            | Self::CancelIntent(id) => Some(id),
            Self::CreateRefund => match form.get("payment_intent") {
                Some(Node::Text(id)) => Some(id),
                _ => None,
            },
            _ => None,
        };
        let intent = named.and_then(|id| ledger.intents.get(id));
        let mut metadata = intent.map(|intent| intent.metadata.clone()).unwrap_or_default();
        metadata.extend(form.texts("metadata"));
        metadata
    }
}
