//! Every route of the API page, tried as somebody who has no business there.

use std::collections::BTreeSet;

use base_token::TokenAudience;
use cell_kernel::VendorRole;
use http::{Method, StatusCode};
use prost::Message as _;
use serde_json::{Value, json};

use crate::house::House;

/// What the edge serves without any service: bytes as they are, tried in `documents`.
const CARRY_BYTES: [&str; 2] =
    ["souk.sellers.v1.Sellers/GetDocument", "souk.sellers.v1.Sellers/PutDocument"];

/// A route with the victim's names filled in.
struct Door {
    method: Method,
    path: String,
    open_to_all: bool,
}

async fn doors(house: &House) -> Vec<Door> {
    let page = house.ask(Method::GET, "/openapi.json", None, None).await.json();
    let mut doors = Vec::new();
    for (template, verbs) in page["paths"].as_object().unwrap() {
        for (verb, operation) in verbs.as_object().unwrap() {
            let access = operation["x-souk-access"].to_string().to_lowercase();
            doors.push(Door {
                method: verb.to_uppercase().parse().unwrap(),
                path: filled(template),
                open_to_all: access.contains("anyone") || !tenanted(template),
            });
        }
    }
    assert!(doors.len() > 60, "only {} routes on the API page", doors.len());
    doors
}

fn tenanted(template: &str) -> bool {
    ["/v1/users/", "/v1/vendors/", "/v1/platform/"].iter().any(|start| template.starts_with(start))
}

fn filled(template: &str) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let close = open + rest[open..].find('}').unwrap();
        path.push_str(&rest[..open]);
        path.push_str("victim");
        rest = &rest[close + 1..];
    }
    path + rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_gets_through_no_door_of_another_tenant() {
    let house = House::open().await;
    let vendor = "vendors/attacker".parse().unwrap();
    let strangers = [
        ("nobody", None),
        ("another shopper", Some(house.token("users/attacker", TokenAudience::Shopper))),
        (
            "another vendor's owner",
            Some(house.token(
                "users/attacker",
                TokenAudience::Vendor { vendor, role: VendorRole::Owner },
            )),
        ),
    ];
    let mut open = BTreeSet::new();
    for door in doors(&house).await.iter().filter(|door| !door.open_to_all) {
        for (who, token) in &strangers {
            let body = (door.method != Method::GET).then(|| json!({}));
            let heard = house.ask(door.method.clone(), &door.path, token.as_deref(), body).await;
            let locked = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&heard.status);
            if !locked && !asks_any_registered(&door.path) {
                open.insert(format!(
                    "{} {} as {who}: {} {}",
                    door.method, door.path, heard.status, heard.text
                ));
            }
            assert_ne!(
                heard.status,
                StatusCode::INTERNAL_SERVER_ERROR,
                "{} {}",
                door.method,
                door.path
            );
            assert!(
                !heard.status.is_success(),
                "{} {} as {who}: {}",
                door.method,
                door.path,
                heard.text
            );
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

/// Doors at which any registered user may knock, to be told at the door whether they are of the house.
fn asks_any_registered(path: &str) -> bool {
    [":token", ":acceptInvitation", ":declineInvitation"].iter().any(|verb| path.ends_with(verb))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_for_one_audience_opens_nothing_of_another() {
    let house = House::open().await;
    let victim = "vendors/victim".parse().unwrap();
    let viewer = house
        .token("users/victim", TokenAudience::Vendor { vendor: victim, role: VendorRole::Viewer });
    let receive = json!({"offer": "o1", "quantity": "1"});
    let heard = house
        .ask(Method::POST, "/v1/vendors/victim/stock:receive", Some(&viewer), Some(receive))
        .await;
    assert_eq!(heard.status, StatusCode::FORBIDDEN, "a viewer only looks");
    let carts = house.ask(Method::GET, "/v1/users/victim/carts/main", Some(&viewer), None).await;
    assert_eq!(carts.status, StatusCode::FORBIDDEN, "a vendor's token is no shopper's");
    let operator = house.token("users/victim", TokenAudience::Operator);
    let line = json!({"vendor": "vendors/v", "offer": "o", "quantity": "1"});
    let cart = house
        .ask(Method::POST, "/v1/users/victim/carts/main:addLine", Some(&operator), Some(line))
        .await;
    assert_eq!(cart.status, StatusCode::FORBIDDEN, "operators do not shop: {}", cart.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_of_the_contract_is_served_and_nothing_else() {
    let house = House::open().await;
    let descriptors = prost_types::FileDescriptorSet::decode(souk_proto::DESCRIPTORS).unwrap();
    let mut contract = BTreeSet::new();
    for file in &descriptors.file {
        for service in &file.service {
            for method in &service.method {
                contract.insert(format!("{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    let mut served: BTreeSet<String> =
        house.running.cell().method_names().map(str::to_owned).collect();
    served.extend(CARRY_BYTES.map(str::to_owned));
    assert_eq!(
        contract.difference(&served).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "not served"
    );
    assert_eq!(
        served.difference(&contract).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "not in the contract"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_an_error_can_be_read() {
    let house = House::open().await;
    let list = house.ask(Method::GET, "/errors/out_of_stock", None, None).await;
    let missing = house.ask(Method::GET, "/errors/not-a-code", None, None).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(list.status == StatusCode::OK || list.status == StatusCode::NOT_FOUND);
    let heard = house.ask(Method::GET, "/v1/users/victim/carts/main", None, None).await;
    let page = heard.json()["type"].as_str().unwrap().to_owned();
    assert_eq!(house.ask(Method::GET, &page, None, None).await.status, StatusCode::OK, "{page}");
    assert_eq!(heard.headers["content-type"], "application/problem+json");
    let _: Value = heard.json();
    assert_eq!(heard.code(), "unauthenticated");
}
