//! What the stand-in calls back with is believed if it is signed, and says what happened.

use std::{collections::BTreeMap, time::Duration};

use base_fault::Code;
use base_time::{Clock as _, SystemClock};
use bytes::Bytes;
use cell_providers::stripe::{Stripe, Webhooks};
use http::StatusCode;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use loadtest_stripe::{Plan, Rule, StandIn, When};
use svc_payments::{CardProvider as _, ProviderEvent, WebhookVerifier as _, report::Said};
use tokio::{net::TcpListener, sync::mpsc};

use super::{config, give_back, hold, intent, stand_in, subject, take};

/// One proven call of the stand-in's: the path, and what was read.
pub(super) struct Called {
    pub(super) path: String,
    pub(super) event: ProviderEvent,
}

/// Listens on a free port until it is dropped; answers 400 to what is not proven, as the edge does.
pub(super) struct Receiver {
    pub(super) url: String,
    pub(super) called: mpsc::UnboundedReceiver<Called>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (heard, called) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let heard = heard.clone();
                let service = service_fn(move |request| take_in(heard.clone(), request));
                let served = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(served);
            }
        });
        Self { url, called, task }
    }
}

async fn take_in(
    heard: mpsc::UnboundedSender<Called>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let signature = request.headers().get("stripe-signature").cloned();
    let signature = signature.as_ref().and_then(|value| value.to_str().ok());
    let body = request.into_body().collect().await?.to_bytes();
    let webhooks = Webhooks::new(&loadtest_stripe::WEBHOOK_SECRET.to_owned().into());
    let mut response = Response::new(Empty::new());
    match webhooks.verify(&body, signature, SystemClock.now()) {
        Ok(event) => {
            // Nobody listens any more once the test has ended.
            let _ = heard.send(Called { path, event });
        }
        Err(fault) => {
            assert_eq!(fault.code(), Code::InvalidField);
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
    }
    Ok(response)
}

pub(super) fn stripe_called_back(stand_in: &StandIn, receiver: &Receiver) -> Stripe {
    let mut config = config(stand_in);
    config.webhook_base_url.clone_from(&receiver.url);
    Stripe::new(config).unwrap()
}

#[tokio::test]
async fn a_wrong_or_stale_signature_is_refused_until_a_right_one_comes() {
    let stand_in = stand_in().await;
    let mut receiver = Receiver::start().await;
    let plan = Plan { wrong_signature: 1, stale: 1, duplicate: 1, ..Plan::default() };
    let (event, when) = (Some("payment_intent.created".to_owned()), When::default());
    stand_in.add_rule(Rule::Webhook { event, when, plan });
    let stripe = stripe_called_back(&stand_in, &receiver);
    stripe.authorise(&hold("pm_card_visa"), "k1").await.unwrap();
    assert!(stand_in.quiet(Duration::from_secs(20)).await);
    let mut times = BTreeMap::<String, u32>::new();
    while let Ok(called) = receiver.called.try_recv() {
        *times.entry(called.event.id).or_default() += 1;
    }
    let times: Vec<_> = times.into_values().collect();
    assert_eq!(times.iter().max(), Some(&2), "the copy that was asked for: {times:?}");
    assert_eq!(times.iter().filter(|times| **times == 1).count(), times.len() - 1, "{times:?}");
}

#[tokio::test]
async fn every_step_is_called_back_to_its_own_payment() {
    let stand_in = stand_in().await;
    let mut receiver = Receiver::start().await;
    let stripe = stripe_called_back(&stand_in, &receiver);
    let held = intent(stripe.authorise(&hold("pm_card_visa"), "k1").await.unwrap());
    let name = held.intent.clone().unwrap();
    let taken = intent(stripe.capture(&take(&name, 10_000), "k2").await.unwrap());
    let back = stripe.refund(&give_back(&name, "o-rif", 3_333), "k3").await.unwrap();
    let mut said = Vec::new();
    while said.last() != Some(&back) {
        let Called { path, event } = receiver.called.recv().await.unwrap();
        assert_eq!(path, "/v1/users/leila/payments/c1:providerEvent");
        let ours = (subject().user, subject().payment);
        assert!(event.subject.as_ref().is_none_or(|about| *about == ours), "{event:?}");
        said.extend(event.said);
    }
    assert!(said.contains(&Said::Intent(held)), "{said:?}");
    assert!(said.contains(&Said::Intent(taken)), "{said:?}");
}
