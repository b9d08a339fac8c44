//! The first few of each at seed 1, to be read by a person when they change.

use loadtest_demo::{cover_svg, foreign_stores};

use crate::full;

#[test]
fn the_first_vendors_are_these() {
    insta::assert_json_snapshot!(full().vendors().take(3).collect::<Vec<_>>());
}

#[test]
fn the_first_editions_are_these() {
    insta::assert_json_snapshot!(full().editions().take(6).collect::<Vec<_>>());
}

#[test]
fn the_first_titles_are_these() {
    let titles: Vec<_> = full().editions().take(60).map(|edition| edition.titles).collect();
    insta::assert_json_snapshot!(titles);
}

#[test]
fn the_first_offers_are_these() {
    insta::assert_json_snapshot!(full().offers().take(5).collect::<Vec<_>>());
}

#[test]
fn the_first_users_are_these() {
    insta::assert_json_snapshot!(full().users().take(3).collect::<Vec<_>>());
}

#[test]
fn the_stores_abroad_are_these() {
    insta::assert_json_snapshot!(foreign_stores());
}

#[test]
fn the_first_cover_is_this() {
    let first = full().edition(0);
    insta::assert_snapshot!(cover_svg(first.title(), &first.isbn13));
}
