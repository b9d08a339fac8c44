//! Requests that come again under their idempotency key, of methods that another tenant's home answers.

use std::time::Duration;

use base_token::TokenAudience;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{GUEST, Heard, House};

/// A request, and one that differs from it, for a method that goes on.
struct Errand {
    path: &'static str,
    who: String,
    body: Value,
    other: Value,
}

impl Errand {
    /// All errands of one caller have keys of their own.
    async fn run(&self, house: &House, body: &Value) -> Heard {
        let body = Some(body.clone());
        house.ask_under(Some(self.path), Method::POST, self.path, Some(&self.who), body).await
    }
}

fn registering(email: &str) -> Value {
    json!({"email": email, "password": "correct horse", "displayName": "Leïla", "locale": "fr-MA"})
}

fn at_the_door() -> [Errand; 3] {
    let errand = |path, body, other| Errand { path, who: GUEST.to_owned(), body, other };
    let sign_in = |email: &str| json!({"email": email, "password": "correct horse"});
    let code_for = |email: &str| json!({"email": email, "purpose": "SIGN_IN"});
    let (leila, omar) = ("leila@example.ma", "omar@example.ma");
    [
        errand("/v1/users:register", registering(leila), registering(omar)),
        errand("/v1/auth:signIn", sign_in("nobody@example.ma"), sign_in(omar)),
        errand("/v1/auth:requestCode", code_for("nobody@example.ma"), code_for(omar)),
    ]
}

fn inside(house: &House) -> [Errand; 2] {
    let book = |title: &str| {
        json!({"product": "9789981896512", "publish": true, "details": {
            "title": {"fr": title}, "authors": ["A. Sefrioui"], "language": "fr", "subject": "novel",
            "format": "paperback",
        }})
    };
    let seller =
        |handle: &str| json!({"handle": handle, "city": "Fès", "displayName": {"latin": "Livres"}});
    [
        Errand {
            path: "/v1/vendors:apply",
            who: house.token("users/leila", TokenAudience::Shopper),
            body: seller("livres-fes"),
            other: seller("livres-rabat"),
        },
        Errand {
            path: "/v1/catalog/products",
            who: house.token("users/omar", TokenAudience::Operator),
            body: book("La Boîte à merveilles"),
            other: book("Le Passé simple"),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_on_to_another_home_is_answered_alike_under_its_key() {
    errands_are_answered_alike(House::open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_on_cassandra_answers_alike_under_a_key_before_and_after_a_restart() {
    let name = "a_cell_on_cassandra_answers_alike_under_a_key_before_and_after_a_restart";
    if let Some(house) = House::open_on_cassandra(name).await {
        Box::pin(errands_are_answered_alike(house)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cell_on_kafka_answers_alike_and_tells_its_tenants_over_the_queue() {
    let name = "a_cell_on_kafka_answers_alike_and_tells_its_tenants_over_the_queue";
    let Some(house) = House::open_on_kafka(name).await else { return };
    let registered = at_the_door()[0].run(&house, &registering("leila@example.ma")).await;
    assert_eq!(registered.status, StatusCode::OK, "{}", registered.text);
    let heard = base_testkit::eventually(Duration::from_mins(1), async || {
        let sent = house.number("cell_kafka_sent_total").await;
        let acknowledged = house.number("cell_kafka_acknowledged_total").await;
        let told = house.number("cell_kafka_told_total").await;
        let all = sent > 0 && sent == acknowledged && told > 0;
        if all { Ok(()) } else { Err((sent, acknowledged, told)) }
    });
    heard.await.unwrap();
    Box::pin(errands_are_answered_alike(house)).await;
}

async fn errands_are_answered_alike(house: House) {
    let mut heard = Vec::new();
    for errand in at_the_door().iter().chain(&inside(&house)) {
        let first = errand.run(&house, &errand.body).await;
        let expected = if errand.path.ends_with("signIn") { 401 } else { 200 };
        assert_eq!(first.status, expected, "{}: {}", errand.path, first.text);
        assert_alike(&first, &errand.run(&house, &errand.body).await);
        assert_refused(&errand.run(&house, &errand.other).await);
        heard.push(first);
    }
    let house = house.reopen().await;
    for (errand, first) in at_the_door().iter().chain(&inside(&house)).zip(&heard) {
        assert_alike(first, &errand.run(&house, &errand.body).await);
        assert_refused(&errand.run(&house, &errand.other).await);
    }
    house.stop().await;
}

/// The same answer; of a problem all but the number of its occurrence.
fn assert_alike(first: &Heard, again: &Heard) {
    let told = |heard: &Heard| {
        let mut told = heard.json();
        if let Some(problem) = told.as_object_mut() {
            problem.remove("instance");
        }
        (heard.status, told)
    };
    assert_eq!(told(first), told(again));
}

fn assert_refused(other: &Heard) {
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text);
    assert_eq!(other.code(), "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_registers_without_a_cookie_is_one_user_under_one_key() {
    let house = House::open().await;
    let register = async |house: &House, key: &str, email: &str| {
        let body = Some(registering(email));
        let heard =
            house.ask_under(Some(key), Method::POST, "/v1/users:register", None, body).await;
        assert_eq!(heard.status, StatusCode::OK, "{}", heard.text);
        heard.json()["user"].as_str().unwrap().to_owned()
    };
    let user = register(&house, "k1", "leila@example.ma").await;
    assert_eq!(register(&house, "k1", "leila@example.ma").await, user);
    assert_ne!(register(&house, "k2", "leila@example.ma").await, user, "another attempt");
    assert_ne!(register(&house, "k1", "omar@example.ma").await, user, "another visitor");
    let house = house.reopen().await;
    assert_eq!(register(&house, "k1", "leila@example.ma").await, user, "after a restart");
}
