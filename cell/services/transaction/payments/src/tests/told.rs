//! What is told, listed and believed: outcomes, callbacks and the ways to pay.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_time::Timestamp;
use cell_kernel::{Caller, MethodKind, No, story::request};
use prost::Message as _;
use strum::VariantArray as _;

use super::{Standing, id, intent};
use crate::{
    Command, Config, Payments, ProviderEvent, WebhookVerifier, api,
    command::{Ask, Via},
    report::Said,
    state::Status,
    wire,
};

/// Believes `good` only, and takes the body for the payment's id.
struct Believer;

impl WebhookVerifier for Believer {
    fn verify(
        &self,
        body: &[u8],
        signature: Option<&str>,
        _: Timestamp,
    ) -> Result<ProviderEvent, Fault> {
        if signature != Some("good") {
            return Err(Fault::caller(Code::Malformed, "not signed"));
        }
        Ok(event_about(body))
    }
}

fn event_about(payment: &[u8]) -> ProviderEvent {
    let payment = std::str::from_utf8(payment).unwrap().parse().unwrap();
    ProviderEvent {
        id: "evt_1".to_owned(),
        subject: Some(("users/leila".parse().unwrap(), payment)),
        said: Some(Said::Intent(intent(Standing::Held))),
    }
}

fn method(name: &str) -> MethodKind<Payments> {
    let methods = api::api(Config::default(), Arc::new(Believer)).into_methods();
    let name = format!("souk.payments.v1.Payments/{name}");
    methods.into_iter().find(|method| method.name == name).unwrap().kind
}

fn called_back(name: &str, body: &str, signature: &str) -> Result<Command, Fault> {
    let MethodKind::Command { decode, .. } = method("ProviderEvent") else { unreachable!() };
    let (name, body) = (name.to_owned(), body.as_bytes().to_vec());
    let headers = [("stripe-signature".to_owned(), signature.to_owned())].into();
    let callback = wire::Callback { name, body, headers };
    decode(&request("users/leila", Caller::anonymous()), &callback.encode_to_vec())
}

#[test]
fn a_callback_is_believed_only_if_it_is_proven_and_about_its_own_payment() {
    let name = "users/leila/payments/c1";
    let said = Some(Said::Intent(intent(Standing::Held)));
    let via = Via::Event("evt_1".to_owned());
    let expected = Command { payment: id("c1"), ask: Ask::Hear { said, via } };
    assert_eq!(called_back(name, "c1", "good").unwrap(), expected);
    for (name, body, signature, code) in [
        (name, "c1", "bad", Code::Malformed),
        (name, "c2", "good", Code::InvalidField),
        ("users/leila/orders/c1", "c1", "good", Code::InvalidField),
    ] {
        let fault = called_back(name, body, signature).unwrap_err();
        assert_eq!((fault.code(), fault.code().status().http()), (code, 400), "{fault}");
    }
}

#[test]
fn the_ways_to_pay_depend_on_the_country() {
    let listed = |country: &str| {
        let MethodKind::Query { answer } = method("ListPaymentMethods") else { unreachable!() };
        let (parent, country) = ("users/leila".to_owned(), country.to_owned());
        let asked = wire::ListPaymentMethodsRequest { parent, country };
        let mut answered =
            answer(request("users/leila", Caller::anonymous()), asked.encode_to_vec());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(answered) = answered.as_mut().poll(&mut context) else {
            unreachable!("nothing is waited for")
        };
        answered.map(|found| {
            let found = wire::ListPaymentMethodsResponse::decode(&*found.row).unwrap();
            found.methods.into_iter().map(|it| it.method).collect::<Vec<_>>()
        })
    };
    assert_eq!(listed("MA").unwrap(), ["cash_on_delivery", "card"]);
    assert_eq!(listed("FR").unwrap(), ["card"]);
    for country in ["", "ma", "MAR", "ÉÉ"] {
        assert!(matches!(listed(country), Err(No::Fault(_))), "{country}");
    }
}

#[test]
fn every_status_has_its_word_in_the_contract() {
    for status in Status::VARIANTS {
        let word = api::show_status(*status);
        assert_ne!(word, wire::payment::Status::Unspecified, "{status:?}");
    }
}
