//! A seller's documents: sent, submitted, read by those who may, in a directory and in S3.

use std::{fs, path::Path, time::Duration};

use base_testkit::{OwnEngine, eventually};
use base_token::TokenAudience;
use bytes::Bytes;
use cell_kernel::VendorRole;
use http::Method;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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

/// Sends the head of a request and so much of its body; returns what takes the rest.
async fn begun(
    house: &House,
    path: &str,
    who: &str,
    bytes: &[u8],
    first: usize,
) -> tokio::net::TcpStream {
    let mut stream = tokio::net::TcpStream::connect(house.edge).await.unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: souk\r\nconnection: close\r\nauthorization: {who}\r\ncontent-type: application/pdf\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&bytes[..first]).await.unwrap();
    stream
}

/// Whether the server has got a part of anything.
fn has_a_part(folder: &Path) -> bool {
    let files = fs::read_dir(folder).unwrap().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().contains(".part-"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_sent_again_when_s3_has_died_in_the_middle_of_it() {
    let test = "a_document_is_sent_again_when_s3_has_died_in_the_middle_of_it";
    let Some(engine) = OwnEngine::start(test, "s3", &[]).unwrap() else { return };
    let house = House::open_on_s3_at(&engine.address().unwrap()).await;
    let vendor = applied(&house).await;
    let (bytes, owner) = (pdf(12_000_000), owner_of(&house, &vendor));
    let path = place(&vendor, &bytes);

    let mut stream = begun(&house, &path, &owner, &bytes, 6_000_000).await;
    let data = engine.folder().join("s3-1/data");
    let came =
        eventually(Duration::from_secs(30), async || has_a_part(&data).then_some(()).ok_or(()));
    came.await.unwrap();
    engine.kill("s3-1").unwrap();
    stream.write_all(&bytes[6_000_000..]).await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    for said in ["HTTP/1.1 503 ", "retry-after: ", "\"code\":\"unavailable\"", "send the same"] {
        assert!(heard.contains(said), "{said}: {heard}");
    }
    // What is not a document goes on.
    let shop = house.ask(Method::GET, &format!("/v1/{vendor}"), Some(&owner), None).await;
    assert_eq!(shop.status, 200, "{}", shop.text);
    assert_eq!(house.ask(Method::GET, &path, Some(&owner), None).await.code(), "unavailable");

    engine.restart().unwrap();
    assert_eq!(house.documents().await, Vec::<String>::new(), "nothing half");
    let heard = house.put(&path, &owner, "application/pdf", bytes.clone()).await;
    assert_eq!(heard.status, 200, "{}", heard.text);
    assert_eq!(house.documents().await, [path.trim_start_matches("/v1/")]);
    let heard = house.ask(Method::GET, &path, Some(&owner), None).await;
    assert!(heard.text.as_bytes() == bytes, "other bytes came back");
    house.stop().await;
}
