//! What a store must not tell whoever reads its files: tokens in answers that are kept, and passwords in requests.

use std::path::{Path, PathBuf};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{GUEST, House};

const EMAIL: &str = "leila@example.ma";
const PASSWORD: &str = "correct horse 4711";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_answer_is_given_again_after_a_restart_and_its_tokens_lie_nowhere_in_the_store() {
    let house = House::open().await;
    let user = register(&house).await;
    let confirmation = format!("/v1/{user}:confirmRegistration");
    let code = house.code_sent_to(EMAIL).await;
    let confirm = json!({"code": code, "device": "phone"});
    let confirmed = post(&house, &confirmation, &confirm).await;
    let sign_in = json!({"email": EMAIL, "password": PASSWORD, "device": "phone"});
    let signed_in = post(&house, "/v1/auth:signIn", &sign_in).await;

    let house = house.reopen().await;
    assert_eq!(post(&house, &confirmation, &confirm).await, confirmed);
    assert_eq!(post(&house, "/v1/auth:signIn", &sign_in).await, signed_in);

    let scratch = house.stop().await;
    let stored = scratch.path().join("cell");
    assert!(!holders(&stored, EMAIL).is_empty(), "this is how what is stored is found");
    let tokens = [&confirmed, &signed_in].map(|answer| {
        ["accessToken", "refreshToken"].map(|token| answer[token].as_str().unwrap().to_owned())
    });
    for secret in tokens.as_flattened().iter().map(String::as_str).chain([PASSWORD]) {
        assert_eq!(holders(&stored, secret), Vec::<PathBuf>::new(), "{secret}");
    }
}

async fn register(house: &House) -> String {
    let body =
        json!({"email": EMAIL, "password": PASSWORD, "displayName": "Leïla", "locale": "fr-MA"});
    post(house, "/v1/users:register", &body).await["user"].as_str().unwrap().to_owned()
}

/// Asks under a key that is the method's.
async fn post(house: &House, path: &str, body: &Value) -> Value {
    let body = Some(body.clone());
    let heard = house.ask_under(Some(path), Method::POST, path, Some(GUEST), body).await;
    assert_eq!(heard.status, StatusCode::OK, "{path}: {}", heard.text);
    heard.json()
}

/// The files below a folder that hold a text.
fn holders(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, text));
        } else if std::fs::read(&path).unwrap().windows(text.len()).any(|at| at == text.as_bytes())
        {
            found.push(path);
        }
    }
    found
}
