//! Shared records: every stage × every command, and changes that meet.

use base_ids::StreamName;
use cell_kernel::story::{code_of, story};
use cell_words::{Title, details::FieldChange};

use super::{
    atlas, details, ean, id, manager_of, market::Market, of_record, operator, proposed, record,
    tenant, text, wire_details,
};
use crate::{
    Event, Products, Refusal,
    command::{Ask, Proposal},
    state::{ChangeStage, Stage},
    wire,
};

const ALL: [Stage; 4] = [Stage::Proposed, Stage::Published, Stage::Rejected, Stage::Withdrawn];

fn in_stage(stage: Stage) -> Vec<Event> {
    let reason = || text("because");
    match stage {
        Stage::Proposed => vec![proposed()],
        Stage::Published => vec![proposed(), Event::ProductPublished],
        Stage::Rejected => vec![proposed(), Event::ProductRejected { reason: reason() }],
        Stage::Withdrawn => {
            vec![proposed(), Event::ProductPublished, Event::ProductWithdrawn { reason: reason() }]
        }
    }
}

#[derive(Debug, PartialEq)]
enum Ends {
    In(Stage),
    Same,
    No,
}

#[test]
fn every_stage_answers_every_command() {
    use Ends::{In, No, Same};
    let (published, rejected, withdrawn) = (Stage::Published, Stage::Rejected, Stage::Withdrawn);
    let propose = Ask::Propose { details: details("Other"), by: None, publish: true };
    let reason = || text("because");
    // In the order of ALL.
    let table = [
        (propose, [Same, Same, Same, Same]),
        (Ask::Publish, [In(published), Same, In(published), In(published)]),
        (Ask::Reject { reason: reason() }, [In(rejected), No, Same, No]),
        (Ask::Withdraw { reason: reason() }, [No, In(withdrawn), No, Same]),
    ];
    for (ask, ends) in table {
        let command = of_record(ask);
        for (stage, expected) in ALL.into_iter().zip(ends) {
            let told = record().given(in_stage(stage));
            let (told, decided) = told.when(&command).decided();
            let end = match decided {
                Err(Refusal::ProductStage { stage: said, .. }) if said == stage => No,
                Err(other) => panic!("{stage:?} × {command:?}: {other}"),
                Ok(events) if events.is_empty() => Same,
                Ok(_) => In(told.state().product.as_ref().unwrap().stage),
            };
            assert_eq!(end, expected, "{stage:?} × {command:?}");
        }
    }
}

#[test]
fn a_record_lives_in_its_shard_and_nowhere_else() {
    let command = of_record(Ask::Publish);
    let elsewhere = Refusal::ProductElsewhere { product: ean(), shard: ean().shard() };
    story::<Products>("platform/catalog-000").when(&command).refused(&elsewhere);
    let unknown = Refusal::ProductUnknown(ean());
    record().when(&command).refused(&unknown);
}

fn proposal(change: &str, title: &str, base_revision: u64) -> Proposal {
    let title = Title { fr: title.to_owned(), ..Title::default() };
    let fields = vec![FieldChange::Title(title), FieldChange::Year(1999)];
    Proposal { change: id(change), by: Some(atlas()), base_revision, fields, note: text("") }
}

#[test]
fn of_two_changes_of_one_revision_one_is_approved_and_the_other_is_in_conflict() {
    let propose = |proposal| of_record(Ask::ProposeChange(Box::new(proposal)));
    let approve = |change: &str| of_record(Ask::ApproveChange { change: id(change) });
    let told = record().given(in_stage(Stage::Published));
    let told = told.when(&propose(proposal("c1", "Un", 1))).decided().0;
    let told = told.when(&propose(proposal("c2", "Deux", 1))).decided().0;
    let told = told.when(&approve("c2")).then([
        Event::ChangeApproved { change: id("c2") },
        Event::ChangeOvertaken { change: id("c1"), by: id("c2") },
    ]);
    let told = told
        .when(&approve("c1"))
        .refused(&Refusal::ChangeEnded(ChangeStage::Conflict))
        .when(&approve("c2"))
        .then_nothing()
        .when(&approve("c3"))
        .refused(&Refusal::ChangeUnknown(id("c3")))
        .when(&propose(proposal("c4", "Trois", 1)))
        .refused(&Refusal::ProductChanged(2));
    let product = told.state().product.as_ref().unwrap();
    assert_eq!((product.revision, product.details.title.fr.as_str()), (2, "Deux"));
    assert_eq!((product.details.year, product.details.pages), (1999, 210), "the rest stayed");
}

#[test]
fn a_change_can_be_declined_and_then_stays_so() {
    let change = || id("c1");
    let decline = of_record(Ask::DeclineChange { change: change(), reason: text("it is right") });
    let proposed = Event::ChangeProposed {
        proposal: Box::new(proposal("c1", "Un", 1)),
        at: base_time::Timestamp::default(),
    };
    record()
        .given(in_stage(Stage::Published))
        .given([proposed])
        .when(&decline)
        .then([Event::ChangeDeclined { change: change(), reason: text("it is right") }])
        .when(&decline)
        .then_nothing()
        .when(&of_record(Ask::ApproveChange { change: change() }))
        .refused(&Refusal::ChangeEnded(ChangeStage::Declined));
}

#[test]
fn changes_that_wait_are_bounded_and_ended_ones_are_forgotten_in_time() {
    let mut told = record().given(in_stage(Stage::Published));
    for at in 0..80 {
        let change = format!("c{at:02}");
        let proposal = Box::new(proposal(&change, "Un", 1));
        told = told.at(at).when(&of_record(Ask::ProposeChange(proposal))).decided().0;
        let decline = Ask::DeclineChange { change: id(&change), reason: text("no") };
        if at < 60 {
            told = told.when(&of_record(decline)).decided().0;
        }
    }
    let proposal = Box::new(proposal("one-more", "Un", 1));
    let told = told.when(&of_record(Ask::ProposeChange(proposal))).refused(&Refusal::ChangesFull);
    let product = told.state().product.as_ref().unwrap();
    assert_eq!(product.changes.len(), 20 + crate::state::Product::ENDED_KEPT);
    assert!(!product.changes.contains_key(&id("c00")), "the oldest is forgotten first");
}

#[test]
fn operators_need_not_know_where_a_record_lives() {
    let (mut house, nowhere) = (Market::new().house, tenant("users/omar"));
    let product = ean().to_string();
    let add = wire::AddProductRequest {
        product: "978-9954-90-000-0".to_owned(),
        details: Some(wire_details("Les Mérinides")),
        publish: false,
    };
    let added: wire::Product = house.call(&nowhere, &operator(), "AddProduct", &add).unwrap();
    assert_eq!((added.name, added.state), (ean().record(), wire::State::Proposed.into()));
    let publish = wire::PublishCatalogProductRequest { product: product.clone() };
    let shown: wire::Product =
        house.call(&nowhere, &operator(), "PublishCatalogProduct", &publish).unwrap();
    assert_eq!(shown.state(), wire::State::Published);
    let reason = "recalled".to_owned();
    let withdraw = wire::WithdrawCatalogProductRequest { product: product.clone(), reason };
    let shown: wire::Product =
        house.call(&nowhere, &operator(), "WithdrawCatalogProduct", &withdraw).unwrap();
    assert_eq!((shown.state(), shown.reason.as_str()), (wire::State::Withdrawn, "recalled"));
    let reject = wire::RejectCatalogProductRequest { product, reason: "x".to_owned() };
    let no = house.call::<_, wire::Product>(&nowhere, &operator(), "RejectCatalogProduct", &reject);
    assert_eq!(code_of(no), "product_state_conflict");
    let odd =
        wire::PublishProductRequest { name: format!("platform/catalog-000/products/{}", ean()) };
    let no = house.call::<_, wire::Product>(
        &tenant("platform/catalog-000"),
        &operator(),
        "PublishProduct",
        &odd,
    );
    assert_eq!(code_of(no), "product_elsewhere");
}

#[test]
fn a_vendor_suggests_a_change_and_sees_what_became_of_it() {
    let mut house = Market::new().house;
    let (vendor, rival, product) = (atlas(), tenant("vendors/rif"), ean().to_string());
    let add = wire::AddProductRequest {
        product: product.clone(),
        details: Some(wire_details("Les Mérinides")),
        publish: true,
    };
    house.call::<_, wire::Product>(&vendor, &operator(), "AddProduct", &add).unwrap();
    let suggest = |pages, mask: &[&str]| {
        let details = wire::ProductDetails { pages, ..wire::ProductDetails::default() };
        let mut asked = wire::SuggestChangeRequest {
            product: product.clone(),
            base_revision: 1,
            details: Some(details),
            note: "counted".to_owned(),
            ..wire::SuggestChangeRequest::default()
        };
        if !mask.is_empty() {
            asked.update_mask.get_or_insert_default().paths =
                mask.iter().map(|path| (*path).to_owned()).collect();
        }
        asked
    };
    let by_us: wire::ProductChange =
        house.call(&vendor, &manager_of(&vendor), "SuggestChange", &suggest(212, &[])).unwrap();
    assert_eq!((by_us.by.as_str(), by_us.details.unwrap().pages), ("vendors/atlas", 212));
    assert_eq!(by_us.update_mask.unwrap().paths, ["pages"]);
    let by_them: wire::ProductChange = house
        .call(&rival, &manager_of(&rival), "SuggestChange", &suggest(0, &["pages", "publisher"]))
        .unwrap();
    let approve = wire::ApproveChangeRequest { name: by_them.name };
    let shard = ean().shard();
    house.call::<_, wire::ProductChange>(&shard, &operator(), "ApproveChange", &approve).unwrap();
    let ask = wire::ListSuggestionsRequest { product: product.clone(), ..Default::default() };
    let ours: wire::ListChangesResponse =
        house.call(&vendor, &manager_of(&vendor), "ListSuggestions", &ask).unwrap();
    let statuses: Vec<_> = ours.changes.iter().map(wire::ProductChange::status).collect();
    assert_eq!(statuses, [wire::product_change::Status::Conflict], "only ours, and overtaken");
    let get = wire::GetRecordRequest { name: ean().record() };
    let shown: wire::Product = house.call(&shard, &operator(), "GetRecord", &get).unwrap();
    let details = shown.details.unwrap();
    assert_eq!((shown.revision, details.pages, details.publisher.as_str()), (2, 0, ""));
    let bad = [
        (suggest(-1, &[]), "invalid_field details.pages"),
        (suggest(0, &[]), "invalid_field details"),
        (suggest(1, &["price"]), "invalid_field update_mask"),
    ];
    for (asked, expected) in bad {
        let no = house.call::<_, wire::ProductChange>(
            &vendor,
            &manager_of(&vendor),
            "SuggestChange",
            &asked,
        );
        assert_eq!(code_of(no), expected);
    }
}

#[test]
fn the_first_vendor_says_what_a_product_is_and_the_others_find_it_said() {
    let (mut house, shard) = (Market::new().house, ean().shard());
    let propose = |title: &str| wire::ProposeProduct {
        product: ean().to_string(),
        details: Some(wire_details(title)),
    };
    for (vendor, title) in [("vendors/atlas", "Les Mérinides"), ("vendors/rif", "Autre chose")] {
        let offer = StreamName::new(tenant(vendor), "offers", "offer-b-1").unwrap();
        house.tell(&shard, &offer, &propose(title)).unwrap();
    }
    let [(_, history)] = house.histories("product-")[..] else { panic!("one record") };
    assert_eq!(history, [proposed()], "product-1");
}

#[test]
fn a_product_that_is_published_at_once_is_told_once_as_it_is() {
    let mut market = Market::new();
    let added = market.add(&ean(), "fr", "history", true);
    assert_eq!(added.state(), wire::State::Published);
    assert_eq!(market.page(&operator()).state(), wire::State::Published);
}
