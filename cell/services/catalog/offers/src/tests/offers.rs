//! Offers: every stage × every command, prices and their versions.

use cell_kernel::story::{Story, code_of, story};
use cell_words::{Condition, offer::Draft};

use super::{
    atlas, created, details, draft, ean, id, of_offer, price,
    shop::{call, sell, shop},
    wire_details,
};
use crate::{Event, Facts, Offers, Refusal, command::Ask, state::OfferStage, wire};

fn atlas_offers() -> Story<Offers> {
    story("vendors/atlas")
}

fn knowing(product_known: bool) -> Facts {
    Facts { product_known, quote: None }
}

fn update(minor: Option<i64>, condition: Option<Condition>) -> Ask {
    Ask::Update { price: minor.map(price), condition }
}

#[test]
fn every_stage_answers_every_command() {
    use OfferStage::{Active, Paused, Withdrawn};
    let given = |stage| match stage {
        Active => vec![created(4_900)],
        Paused => vec![created(4_900), Event::OfferPaused],
        Withdrawn => vec![created(4_900), Event::OfferWithdrawn],
    };
    let gone = || Err(Refusal::OfferWithdrawn(id("b-1")));
    let exists = || Err(Refusal::OfferExists(id("b-1")));
    let one = |event| Ok(vec![event]);
    let none = || Ok(Vec::new());
    let repriced = || one(Event::OfferRepriced { price: price(5_000) });
    // In the order active, paused, withdrawn.
    let table = [
        (Ask::Create(Box::new(draft(4_900))), [exists(), exists(), exists()]),
        (update(Some(5_000), None), [repriced(), repriced(), gone()]),
        (update(Some(4_900), Some(Condition::New)), [none(), none(), gone()]),
        (Ask::Pause, [one(Event::OfferPaused), none(), gone()]),
        (Ask::Resume, [none(), one(Event::OfferResumed), gone()]),
        (Ask::Withdraw, [one(Event::OfferWithdrawn), one(Event::OfferWithdrawn), none()]),
    ];
    for (ask, ends) in table {
        let command = of_offer(ask);
        for (stage, expected) in [Active, Paused, Withdrawn].into_iter().zip(ends) {
            let told = atlas_offers().given(given(stage));
            let decided = told.when_knowing(&command, &knowing(true)).decided().1;
            assert_eq!(decided, expected, "{stage:?} × {command:?}");
        }
    }
    for ask in [update(Some(1), None), Ask::Pause, Ask::Resume, Ask::Withdraw] {
        let unknown = Refusal::OfferUnknown(id("b-1"));
        atlas_offers().when_knowing(&of_offer(ask), &knowing(true)).refused(&unknown);
    }
}

#[test]
fn the_version_of_a_price_grows_with_each_change_and_only_then() {
    let told = atlas_offers()
        .given([created(4_900)])
        .when_knowing(&of_offer(update(Some(5_000), Some(Condition::Good))), &knowing(true))
        .then([
            Event::OfferRepriced { price: price(5_000) },
            Event::OfferRegraded { condition: Condition::Good },
        ])
        .when_knowing(&of_offer(update(Some(5_000), None)), &knowing(true))
        .then_nothing()
        .when_knowing(&of_offer(update(Some(4_900), None)), &knowing(true))
        .then([Event::OfferRepriced { price: price(4_900) }]);
    let offer = told.state().offer().unwrap();
    assert_eq!((offer.price_version, offer.condition), (3, Condition::Good));
}

#[test]
fn a_product_that_nobody_knows_is_proposed_with_its_first_offer() {
    let without = of_offer(Ask::Create(Box::new(draft(4_900))));
    let said = || Some(details());
    let with = of_offer(Ask::Create(Box::new(Draft { details: said(), ..draft(4_900) })));
    let Event::OfferCreated { offer, product, condition, price, .. } = created(4_900) else {
        unreachable!()
    };
    let proposing =
        Event::OfferCreated { offer, product, condition, price, proposes: said(), stock: None };
    atlas_offers()
        .when_knowing(&without, &knowing(false))
        .refused(&Refusal::ProductUnknown(ean()))
        .when_knowing(&with, &knowing(false))
        .then([proposing]);
    atlas_offers().when_knowing(&with, &knowing(true)).then([created(4_900)]);
}

#[test]
fn a_vendor_works_its_offers_through_the_api() {
    let mut shop = shop(&[], None);
    let create = |sku: &str, product: &str, minor, condition: &str| wire::CreateOfferRequest {
        parent: atlas().to_string(),
        sku: sku.to_owned(),
        product: product.to_owned(),
        condition: condition.to_owned(),
        price: Some(wire::Money { currency: "MAD".to_owned(), minor }),
        details: Some(wire_details()),
    };
    let ean = ean().to_string();
    let made: wire::Offer =
        call(&mut shop, "CreateOffer", &create("B-1", &ean, 4_900, "")).unwrap();
    assert_eq!((made.name.as_str(), made.condition.as_str()), ("vendors/atlas/offers/b-1", "new"));
    let bad = [
        (create("B 1", &ean, 4_900, ""), "invalid_field sku"),
        (create("B-2", "9789954900001", 4_900, ""), "invalid_field product"),
        (create("B-2", &ean, 0, ""), "invalid_field price.minor"),
        (create("B-2", &ean, -5, ""), "invalid_field price.minor"),
        (create("B-2", &ean, i64::MAX, ""), "invalid_field price.minor"),
        (create("B-2", &ean, 1, "torn"), "invalid_field condition"),
        (create("b-1", &ean, 1, ""), "offer_exists"),
    ];
    for (request, expected) in bad {
        let no = call::<_, wire::Offer>(&mut shop, "CreateOffer", &request);
        assert_eq!(code_of(no), expected);
    }
    let name = made.name;
    let euros = wire::Money { currency: "EUR".to_owned(), minor: 450 };
    let offer = wire::Offer { price: Some(euros), condition: "fair".into(), ..Default::default() };
    let mut asked =
        wire::UpdateOfferRequest { name: name.clone(), offer: Some(offer), update_mask: None };
    asked.update_mask.get_or_insert_default().paths = vec!["price".to_owned()];
    let shown: wire::Offer = call(&mut shop, "UpdateOffer", &asked).unwrap();
    assert_eq!((shown.price_version, shown.condition.as_str()), (2, "new"), "only what is named");
    asked.update_mask = None;
    let shown: wire::Offer = call(&mut shop, "UpdateOffer", &asked).unwrap();
    assert_eq!((shown.price_version, shown.condition.as_str()), (2, "fair"));
    asked.update_mask.get_or_insert_default().paths = vec!["product".to_owned()];
    let no = call::<_, wire::Offer>(&mut shop, "UpdateOffer", &asked);
    assert_eq!(code_of(no), "invalid_field update_mask");
    let pause = wire::PauseOfferRequest { name: name.clone() };
    call::<_, wire::Offer>(&mut shop, "PauseOffer", &pause).unwrap();
    let get = wire::GetOfferRequest { name };
    let shown: wire::Offer = call(&mut shop, "GetOffer", &get).unwrap();
    assert_eq!(shown.state(), wire::offer::State::Paused);
    let other = wire::GetOfferRequest { name: "vendors/atlas/offers/b-2".to_owned() };
    assert_eq!(code_of(call::<_, wire::Offer>(&mut shop, "GetOffer", &other)), "not_found");
}

#[test]
fn everything_that_happens_to_an_offer_is_told_to_everyone_as_it_then_is() {
    let mut shop = shop(&[(ean(), true)], None);
    sell(&mut shop, "b-1", &ean(), ("MAD", 4_900));
    let name = || "vendors/atlas/offers/b-1".to_owned();
    let pause = wire::PauseOfferRequest { name: name() };
    call::<_, wire::Offer>(&mut shop, "PauseOffer", &pause).unwrap();
    let told = shop.published::<wire::OfferPublished>();
    let shown: Vec<_> = told
        .iter()
        .map(|told| (told.offer.as_str(), told.condition.as_str(), told.active))
        .collect();
    assert_eq!(shown, [("b-1", "new", true), ("b-1", "new", false)]);
    let list = wire::ListOffersRequest { parent: atlas().to_string(), ..Default::default() };
    let page: wire::ListOffersResponse = call(&mut shop, "ListOffers", &list).unwrap();
    assert_eq!(page.offers.iter().map(|offer| &offer.name).collect::<Vec<_>>(), [&name()]);
}
