//! A seller's documents: sent, submitted, read by those who may, in a directory and in S3.

use std::fs;

use base_token::TokenAudience;
use bytes::Bytes;
use cell_kernel::VendorRole;
use http::Method;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::house::{Heard, House};

fn pdf(len: usize) -> Bytes {
    format!("%PDF-1.4 {}", "souk".repeat(len / 4)).into()
}

fn place(vendor: &str, bytes: &[u8]) -> String {
    let digits = digest(&SHA256, bytes);
    let digits: String = digits.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("/v1/{vendor}/documents/{digits}")
}

fn owner_of(house: &House, vendor: &str) -> String {
    let audience =
        TokenAudience::Vendor { vendor: vendor.parse().unwrap(), role: VendorRole::Owner };
    house.token("users/leila", audience)
}

async fn applied(house: &House) -> String {
    let shopper = house.token("users/leila", TokenAudience::Shopper);
    let asks = json!({"handle": "atlas", "city": "Rabat", "displayName": {"latin": "Atlas"}});
    let heard = house.ask(Method::POST, "/v1/vendors:apply", Some(&shopper), Some(asks)).await;
    heard.json()["name"].as_str().unwrap().to_owned()
}

async fn submit(house: &House, vendor: &str, document: Value) -> Heard {
    let asks = json!({"requirement": "IDENTITY", "document": document});
    let path = format!("/v1/{vendor}/submissions");
    house.ask(Method::POST, &path, Some(&owner_of(house, vendor)), Some(asks)).await
}

/// The journey of a document, with the cell started anew in the middle.
async fn a_document_goes_its_way(house: House) -> House {
    let vendor = applied(&house).await;
    let (bytes, owner) = (pdf(6_000_000), owner_of(&house, &vendor));
    let path = place(&vendor, &bytes);
    let said = json!({
        "blob": path.trim_start_matches("/v1/"), "sha256": path.rsplit('/').next(),
        "mediaType": "application/pdf", "sizeBytes": bytes.len().to_string(),
    });
    assert_eq!(submit(&house, &vendor, said.clone()).await.code(), "seller_document_missing");

    let other = pdf(1_000);
    let heard = house.put(&path, &owner, "application/pdf", other).await;
    assert_eq!((heard.status.as_u16(), heard.code()), (400, "invalid_field".to_owned()));
    let heard = house.put(&path, &owner, "image/png", bytes.clone()).await;
    assert_eq!((heard.status.as_u16(), heard.code()), (400, "invalid_field".to_owned()));
    let heard = house.put(&path, &owner, "application/pdf", pdf(20_000_004)).await;
    assert_eq!((heard.status.as_u16(), heard.code()), (413, "body_too_large".to_owned()));
    assert_eq!(house.ask(Method::GET, &path, Some(&owner), None).await.code(), "not_found");

    for _ in 0..2 {
        let heard = house.put(&path, &owner, "application/pdf", bytes.clone()).await;
        assert_eq!((heard.status.as_u16(), heard.json()), (200, said.clone()), "{}", heard.text);
    }
    let with = |field: &str, value: Value| {
        let mut said = said.clone();
        said[field] = value;
        said
    };
    let elsewhere = with("blob", json!("papers/atlas/identity.pdf"));
    assert_eq!(submit(&house, &vendor, elsewhere).await.code(), "seller_document_missing");
    for differs in [with("sizeBytes", json!(7)), with("mediaType", json!("image/jpeg"))] {
        assert_eq!(submit(&house, &vendor, differs).await.code(), "seller_document_differs");
    }
    let heard = submit(&house, &vendor, said.clone()).await;
    assert_eq!((heard.status.as_u16(), &heard.json()["document"]), (200, &said), "{}", heard.text);

    let house = house.reopen().await;
    let operator = house.token("users/omar", TokenAudience::Operator);
    for who in [&owner, &operator] {
        let heard = house.ask(Method::GET, &path, Some(who), None).await;
        assert_eq!(heard.status, 200);
        assert!(heard.text.as_bytes() == bytes, "other bytes came back");
        assert_eq!(heard.headers["content-type"], "application/pdf");
        assert_eq!(heard.headers["x-content-type-options"], "nosniff");
    }
    let stranger = owner_of(&house, "vendors/rif");
    assert_eq!(house.ask(Method::GET, &path, Some(&stranger), None).await.code(), "forbidden");
    let heard = house.put(&path, &stranger, "application/pdf", bytes).await;
    assert_eq!(heard.code(), "forbidden");
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_sent_submitted_and_read_by_those_who_may() {
    let house = Box::pin(a_document_goes_its_way(House::open().await)).await;
    let kept = house.stop().await;
    let blobs = kept.path().join("cell/blobs");
    assert_eq!(fs::read_dir(blobs.join("vendors")).unwrap().count(), 1);
    let incoming = fs::read_dir(blobs.join("incoming"));
    assert_eq!(incoming.map_or(0, Iterator::count), 0, "of what was refused nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_goes_the_same_way_in_s3() {
    let Some(house) = House::open_on_s3("a_document_goes_the_same_way_in_s3").await else { return };
    let house = Box::pin(a_document_goes_its_way(house)).await;
    let kept = house.stop().await;
    assert!(!kept.path().join("cell/blobs").exists(), "nothing lies in a directory");
}
