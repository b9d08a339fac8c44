//! Stripe's provider against our stand-in for Stripe.

mod calls;
mod events;
mod purchase;

use std::{sync::Arc, time::Duration};

use base_fault::Retry;
use base_ids::ResourceId;
use base_money::{Currency, Money};
use base_time::{Clock, SystemClock, Timestamp};
use cell_providers::stripe::{Config, Stripe};
use loadtest_stripe::{After, Misdeed, Rule, StandIn, When};
use svc_payments::{
    effect::{AuthoriseAsk, CaptureAsk, LookUpAsk, RefundAsk, ReleaseAsk, Subject},
    report::{IntentReport, RefundReport, Said},
};

const MINUTE_MS: i64 = 60_000;

/// A clock that stands still.
struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

async fn stand_in() -> StandIn {
    let (first, most) = (Duration::from_millis(5), Duration::from_millis(100));
    let retry = loadtest_stripe::Retry { first, most, attempts: 60 };
    let config = loadtest_stripe::Config { retry, ..loadtest_stripe::Config::default() };
    StandIn::start(config).await.unwrap()
}

fn config(stand_in: &StandIn) -> Config {
    Config {
        api_url: stand_in.url.clone(),
        secret_key: "sk_test_1".to_owned().into(),
        webhook_secret: loadtest_stripe::WEBHOOK_SECRET.to_owned().into(),
        return_url: "http://127.0.0.1:1/checkout".to_owned(),
        ..Config::default()
    }
}

fn stripe(stand_in: &StandIn) -> Stripe {
    Stripe::new(config(stand_in)).unwrap()
}

/// The provider as it is so many minutes from now.
fn stripe_in(stand_in: &StandIn, minutes: i64) -> Stripe {
    Stripe::with_clock(config(stand_in), Arc::new(Still(in_minutes(minutes)))).unwrap()
}

fn in_minutes(minutes: i64) -> Timestamp {
    Timestamp::from_millis(SystemClock.now().as_millis() + minutes * MINUTE_MS)
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

fn subject() -> Subject {
    Subject { user: "users/leila".parse().unwrap(), payment: id("c1"), attempt: 1 }
}

fn hold(instrument: &str) -> AuthoriseAsk {
    AuthoriseAsk {
        subject: subject(),
        instrument: instrument.parse().unwrap(),
        amount: mad(10_000),
        until: in_minutes(15),
        at: SystemClock.now(),
    }
}

fn take(intent: &str, minor: i64) -> CaptureAsk {
    CaptureAsk { subject: subject(), intent: intent.to_owned(), amount: mad(minor) }
}

fn let_go(intent: &str) -> ReleaseAsk {
    ReleaseAsk { subject: subject(), intent: intent.to_owned() }
}

fn give_back(intent: &str, order: &str, minor: i64) -> RefundAsk {
    let (intent, order, amount) = (intent.to_owned(), id(order), mad(minor));
    RefundAsk { subject: subject(), intent, order, amount, at: SystemClock.now() }
}

fn look_up(intent: Option<&str>) -> LookUpAsk {
    LookUpAsk { subject: subject(), intent: intent.map(str::to_owned), since: SystemClock.now() }
}

#[track_caller]
fn intent(said: Said) -> IntentReport {
    match said {
        Said::Intent(report) => report,
        other => panic!("{other:?} is not about an intent"),
    }
}

#[track_caller]
fn refund(said: Said) -> RefundReport {
    match said {
        Said::Refund(report) => report,
        other => panic!("{other:?} is not about a refund"),
    }
}

/// The next call of this path goes wrong.
fn goes_wrong(stand_in: &StandIn, path: &str, misdeed: Misdeed) {
    let (method, path) = (Some("POST".to_owned()), Some(path.to_owned()));
    stand_in.add_rule(Rule::Request { method, path, when: When::default(), misdeed });
}

fn after(after: After) -> Misdeed {
    Misdeed { after: Some(after), ..Misdeed::default() }
}

#[track_caller]
fn tried_again(fault: &base_fault::Fault) {
    assert!(matches!(fault.retry(), Retry::After(_)), "{fault:?}");
}
