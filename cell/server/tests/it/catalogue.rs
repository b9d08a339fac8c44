//! The catalogue's journey: vendors send files, their lines become offers and first stock, and everybody sees one record per book.

use std::time::Duration;

use base_testkit::eventually;
use base_token::TokenAudience;
use cell_kernel::VendorRole;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::House;

const BOOK: &str = "9789954900000";
const OTHER: &str = "9789954900017";

/// A line that says what its product is.
fn line(sku: &str, isbn: &str, price: &str) -> String {
    json!({
        "sku": sku, "isbn": isbn, "price": price, "stock": 5,
        "titles": {"fr": "Les Mérinides"}, "authors": ["Aya Idrissi"], "language": "fr",
        "subject": "history", "format": "paperback",
    })
    .to_string()
}

fn manager_of(house: &House, vendor: &str) -> String {
    let audience = TokenAudience::Vendor {
        vendor: format!("vendors/{vendor}").parse().unwrap(),
        role: VendorRole::Manager,
    };
    house.token("users/leila", audience)
}

/// What `path` shows once `settled` says that nothing more will come.
async fn once(
    house: &House,
    path: &str,
    who: Option<&str>,
    settled: impl Fn(&Value) -> bool,
) -> Value {
    let shown = eventually(Duration::from_secs(20), async || {
        let heard = house.ask(Method::GET, path, who, None).await;
        let shown = heard.json();
        if settled(&shown) { Ok(shown) } else { Err(heard.text) }
    });
    shown.await.unwrap()
}

/// Sends a file; how it has ended.
async fn import(house: &House, vendor: &str, lines: &[String]) -> Value {
    let who = manager_of(house, vendor);
    let path = format!("/v1/vendors/{vendor}/offers:import");
    let (key, file) = (uuid::Uuid::new_v4().to_string(), lines.join("\n").into());
    let answer = house.send(Some(&key), Method::POST, &path, Some(&who), file).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let name = answer.json()["name"].as_str().unwrap().to_owned();
    once(house, &format!("/v1/{name}"), Some(&who), |shown| shown["finished"] == json!(true)).await
}

fn counts(import: &Value) -> [i64; 3] {
    ["created", "updated", "failed"].map(|count| import[count].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_several_vendors_become_offers_on_one_record_per_book() {
    let house = House::open().await;
    let operator = house.token("users/omar", TokenAudience::Operator);
    let file = [
        line("a", BOOK, "49.00 MAD"),
        line("b", OTHER, "50.00 MAD"),
        "not json".to_owned(),
        json!({"sku": "c", "isbn": "9789954900024", "price": "1.00 MAD"}).to_string(),
    ];
    let atlas = import(&house, "atlas", &file).await;
    assert_eq!(counts(&atlas), [2, 0, 2], "{atlas}");
    let rif = import(&house, "rif", &[line("a", BOOK, "45.00 MAD")]).await;
    assert_eq!(counts(&rif), [1, 0, 0], "{rif}");
    let again = import(&house, "atlas", &[line("a", BOOK, "47.00 MAD")]).await;
    assert_eq!(counts(&again), [0, 1, 0], "{again}");

    let page = format!("/v1/catalog/products/{BOOK}");
    once(&house, &page, Some(&operator), |shown| shown["state"] == json!("PROPOSED")).await;
    let hidden = house.ask(Method::GET, &page, None, None).await;
    assert_eq!(hidden.code(), "not_found", "{}", hidden.text);
    let publish = format!("{page}:publish");
    let published = house.ask(Method::POST, &publish, Some(&operator), Some(json!({}))).await;
    assert_eq!(published.json()["revision"], json!("1"), "{}", published.text);

    // An offer is few once it is stocked: what each of the services told has come together.
    let shown = once(&house, &page, None, |shown| {
        let offers = shown["offers"].as_array().map(Vec::as_slice).unwrap_or_default();
        offers.len() == 2 && offers.iter().all(|offer| offer["few"] == json!("5"))
    });
    let mut offers: Vec<(String, String)> = Vec::new();
    for offer in shown.await["offers"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        offers.push((text(&offer["name"]), text(&offer["price"]["minor"])));
    }
    let offer = |name: &str, minor: &str| (name.to_owned(), minor.to_owned());
    let expected = [offer("vendors/rif/offers/a", "4500"), offer("vendors/atlas/offers/a", "4700")];
    assert_eq!(offers, expected, "the cheapest first");
    let stock = "/v1/vendors/atlas/stock";
    let stock = house.ask(Method::GET, stock, Some(&manager_of(&house, "atlas")), None).await;
    let stock = stock.json();
    let of =
        |at: usize| (stock["stock"][at]["offer"].clone(), stock["stock"][at]["onHand"].clone());
    assert_eq!([of(0), of(1)], ["a", "b"].map(|offer| (json!(offer), json!("5"))), "booked once");
}
