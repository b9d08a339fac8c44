//! The API page, as clients and reviewers read it.

use crate::house::{House, compile, get};

#[test]
fn the_inventorys_page_reads_as_reviewed() {
    let page = cell_edge::openapi(&compile(&["souk/inventory/v1/inventory.proto"])).unwrap();
    insta::assert_json_snapshot!("inventory", page);
}

#[test]
fn the_samples_page_shows_each_thing_that_a_method_can_be() {
    let page = cell_edge::openapi(&compile(&["sample.proto"])).unwrap();
    insta::assert_json_snapshot!("sample_paths", page["paths"]);
}

#[test]
fn every_reference_leads_somewhere() {
    let page = cell_edge::openapi(souk_proto::DESCRIPTORS).unwrap();
    let text = page.to_string();
    let references =
        text.split(r##""$ref":"#/"##).skip(1).map(|behind| behind.split('"').next().unwrap());
    for reference in references {
        let found = reference.split('/').try_fold(&page, |at, name| at.get(name));
        assert!(found.is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_page_is_served_once_and_then_remembered() {
    let house = House::new().await;
    let heard = house.ask(get("/openapi.json", "")).await;
    assert_eq!(heard.json()["openapi"], "3.1.0");
    let mut again = get("/openapi.json", "");
    again.headers_mut().insert("if-none-match", heard.headers["etag"].clone());
    assert_eq!(house.ask(again).await.status, 304);
}
