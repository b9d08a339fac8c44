//! Lines of imports: each ends, says how, and books stock only with a new offer.

use base_ids::StreamName;
use cell_kernel::story::House;
use cell_words::{
    Condition, ProductId,
    import::{Line, Outcome},
    offer::{Draft, FirstStock},
};

use super::{
    atlas, details, draft, ean, id, price,
    shop::{call, shop},
    text,
};
use crate::{Offers, wire};

fn line(number: u32, sku: &str, minor: i64) -> Line {
    let stock = Some(FirstStock { quantity: 5, location: id("main") });
    Line { import: id("i1"), line: number, offer: id(sku), draft: draft(minor), stock }
}

/// Carries the line out; what the import is told of it.
fn carry_out(shop: &mut House<Offers>, line: &Line) -> Outcome {
    let import: StreamName = text("vendors/atlas/imports/import-i1");
    shop.tell(&atlas(), &import, &wire::CarryOutLine::from(line)).unwrap();
    let told = shop.told::<wire::LineCarriedOut>();
    let (told, ended) = told.last().unwrap();
    assert_eq!((&told.to, told.service.as_str()), (&atlas(), "imports"));
    let ended = cell_words::import::Ended::read(ended).unwrap();
    assert_eq!((ended.import, ended.line), (line.import.clone(), line.line));
    assert_eq!(ended.offer, line.offer.as_str());
    ended.outcome
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(problem) => &problem.code,
        Outcome::Created | Outcome::Updated | Outcome::Unchanged => "",
    }
}

fn booked(shop: &House<Offers>) -> Vec<(String, i64)> {
    let told = shop.told::<wire::BookStock>().into_iter();
    told.map(|(_, book)| (book.offer, book.quantity)).collect()
}

#[test]
fn a_line_that_comes_again_changes_the_price_and_books_nothing_twice() {
    let mut shop = shop(&[(ean(), true)], None);
    assert_eq!(carry_out(&mut shop, &line(1, "a", 4_900)), Outcome::Created);
    assert_eq!(carry_out(&mut shop, &line(2, "a", 4_900)), Outcome::Unchanged);
    assert_eq!(carry_out(&mut shop, &line(3, "a", 4_000)), Outcome::Updated);
    let mut used = line(4, "a", 4_000);
    used.draft.condition = Condition::Fair;
    assert_eq!(carry_out(&mut shop, &used), Outcome::Updated);
    assert_eq!(booked(&shop), [("a".to_owned(), 5)]);
    let told = shop.published::<wire::OfferPublished>();
    let last = told.last().unwrap();
    assert_eq!((last.price_version, last.condition.as_str()), (2, "fair"));
}

#[test]
fn a_sku_keeps_its_product_and_its_end() {
    let other: ProductId = text("9789954900017");
    let mut shop = shop(&[(ean(), true), (other.clone(), true)], None);
    carry_out(&mut shop, &line(1, "a", 4_900));
    let renamed = Line { draft: Draft { product: other, ..draft(1) }, ..line(2, "a", 1) };
    assert_eq!(code(&carry_out(&mut shop, &renamed)), "offer_exists");
    let withdraw = wire::WithdrawOfferRequest { name: "vendors/atlas/offers/a".to_owned() };
    call::<_, wire::Offer>(&mut shop, "WithdrawOffer", &withdraw).unwrap();
    assert_eq!(code(&carry_out(&mut shop, &line(3, "a", 4_900))), "offer_withdrawn");
}

#[test]
fn what_nobody_knows_needs_details_and_is_proposed_with_them() {
    let mut shop = shop(&[], None);
    assert_eq!(code(&carry_out(&mut shop, &line(1, "a", 4_900))), "product_unknown");
    assert!(booked(&shop).is_empty());
    let draft = Draft { details: Some(details()), price: price(4_900), ..draft(1) };
    let said = Line { draft, ..line(2, "a", 1) };
    assert_eq!(carry_out(&mut shop, &said), Outcome::Created);
    let proposed = shop.told::<wire::ProposeProduct>();
    let [(told, propose)] = &proposed[..] else { panic!("{proposed:?}") };
    assert_eq!((&told.to, told.service.as_str()), (&ean().shard(), "products"));
    assert_eq!(propose.product, ean().to_string());
    assert_eq!(booked(&shop), [("a".to_owned(), 5)]);
}
