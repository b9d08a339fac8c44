//! Offers: every stage × every command, prices and their versions.

use cell_kernel::story::{Story, story};

use super::{
    atlas, created, details, draft, ean,
    house::{House, code_of},
    id, manager_of, of_offer, price, tenant, wire_details,
};
use crate::{
    Event, Facts, Products, Refusal,
    command::{Condition, Draft, OfferAsk},
    state::OfferStage,
    wire,
};

fn shop() -> Story<Products> {
    story("vendors/atlas")
}

fn knowing(product_known: bool) -> Facts {
    Facts { product_known, quote: None }
}

fn update(minor: Option<i64>, condition: Option<Condition>) -> OfferAsk {
    OfferAsk::Update { price: minor.map(price), condition }
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
        (OfferAsk::Create(Box::new(draft(4_900))), [exists(), exists(), exists()]),
        (update(Some(5_000), None), [repriced(), repriced(), gone()]),
        (update(Some(4_900), Some(Condition::New)), [none(), none(), gone()]),
        (OfferAsk::Pause, [one(Event::OfferPaused), none(), gone()]),
        (OfferAsk::Resume, [none(), one(Event::OfferResumed), gone()]),
        (OfferAsk::Withdraw, [one(Event::OfferWithdrawn), one(Event::OfferWithdrawn), none()]),
    ];
    for (ask, ends) in table {
        let command = of_offer(ask);
        for (stage, expected) in [Active, Paused, Withdrawn].into_iter().zip(ends) {
            let told = shop().given(given(stage));
            let decided = told.when_knowing(&command, &knowing(true)).decided().1;
            assert_eq!(decided, expected, "{stage:?} × {command:?}");
        }
    }
    for ask in [update(Some(1), None), OfferAsk::Pause, OfferAsk::Resume, OfferAsk::Withdraw] {
        let unknown = Refusal::OfferUnknown(id("b-1"));
        shop().when_knowing(&of_offer(ask), &knowing(true)).refused(&unknown);
    }
}

#[test]
fn the_version_of_a_price_grows_with_each_change_and_only_then() {
    let told = shop()
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
    let without = of_offer(OfferAsk::Create(Box::new(draft(4_900))));
    let said = || Some(details("Les Mérinides"));
    let with = of_offer(OfferAsk::Create(Box::new(Draft { details: said(), ..draft(4_900) })));
    let Event::OfferCreated { offer, product, condition, price, .. } = created(4_900) else {
        unreachable!()
    };
    let proposing =
        Event::OfferCreated { offer, product, condition, price, proposes: said(), stock: None };
    shop()
        .when_knowing(&without, &knowing(false))
        .refused(&Refusal::ProductUnknown(ean()))
        .when_knowing(&with, &knowing(false))
        .then([proposing]);
    shop().when_knowing(&with, &knowing(true)).then([created(4_900)]);
}

#[test]
fn a_vendor_works_its_offers_through_the_api() {
    let (mut house, vendor) = (House::new(), atlas());
    let caller = manager_of(&vendor);
    let create = |sku: &str, product: &str, minor, condition: &str| wire::CreateOfferRequest {
        parent: vendor.to_string(),
        sku: sku.to_owned(),
        product: product.to_owned(),
        condition: condition.to_owned(),
        price: Some(wire::Money { currency: "MAD".to_owned(), minor }),
        details: Some(wire_details("Les Mérinides")),
    };
    let ean = ean().to_string();
    let made: wire::Offer =
        house.call(&vendor, &caller, "CreateOffer", &create("B-1", &ean, 4_900, "")).unwrap();
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
        let no = house.call::<_, wire::Offer>(&vendor, &caller, "CreateOffer", &request);
        assert_eq!(code_of(no), expected);
    }
    let name = made.name;
    let euros = wire::Money { currency: "EUR".to_owned(), minor: 450 };
    let offer = wire::Offer { price: Some(euros), condition: "fair".into(), ..Default::default() };
    let mut asked =
        wire::UpdateOfferRequest { name: name.clone(), offer: Some(offer), update_mask: None };
    asked.update_mask.get_or_insert_default().paths = vec!["price".to_owned()];
    let shown: wire::Offer = house.call(&vendor, &caller, "UpdateOffer", &asked).unwrap();
    assert_eq!((shown.price_version, shown.condition.as_str()), (2, "new"), "only what is named");
    asked.update_mask = None;
    let shown: wire::Offer = house.call(&vendor, &caller, "UpdateOffer", &asked).unwrap();
    assert_eq!((shown.price_version, shown.condition.as_str()), (2, "fair"));
    asked.update_mask.get_or_insert_default().paths = vec!["product".to_owned()];
    let no = house.call::<_, wire::Offer>(&vendor, &caller, "UpdateOffer", &asked);
    assert_eq!(code_of(no), "invalid_field update_mask");
    let pause = wire::PauseOfferRequest { name: name.clone() };
    house.call::<_, wire::Offer>(&vendor, &caller, "PauseOffer", &pause).unwrap();
    let get = wire::GetOfferRequest { name };
    let shown: wire::Offer = house.call(&vendor, &caller, "GetOffer", &get).unwrap();
    assert_eq!(shown.state(), wire::offer::State::Paused);
    let other = wire::GetOfferRequest { name: "vendors/rif/offers/b-1".to_owned() };
    let no = house.call::<_, wire::Offer>(&tenant("vendors/rif"), &caller, "GetOffer", &other);
    assert_eq!(code_of(no), "not_found");
}
