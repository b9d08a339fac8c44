//! Imports: good lines are carried out, bad ones are reported, and none stops another.

use prost::Message as _;

use super::{atlas, house::House, manager_of, numbered, tenant};
use crate::{
    Event,
    wire::{
        self,
        import_line::Outcome::{Created, Failed},
    },
};

fn import(house: &mut House, vendor: &str, body: &str) -> wire::Import {
    let vendor = tenant(vendor);
    let file = wire::Callback { body: body.as_bytes().to_vec(), ..Default::default() };
    house.call(&vendor, &manager_of(&vendor), "ImportOffers", &file).unwrap()
}

fn shown(house: &mut House, name: &str) -> wire::Import {
    let get = wire::GetImportRequest { name: name.to_owned() };
    house.call(&atlas(), &manager_of(&atlas()), "GetImport", &get).unwrap()
}

fn lines(house: &mut House, name: &str, failed_only: bool) -> Vec<wire::ImportLine> {
    let ask = wire::ListImportLinesRequest {
        parent: name.to_owned(),
        failed_only,
        page_size: 200,
        ..Default::default()
    };
    let page: wire::ListImportLinesResponse =
        house.call(&atlas(), &manager_of(&atlas()), "ListImportLines", &ask).unwrap();
    page.lines
}

fn line(sku: &str, product: u32, minor: i64, stock: u32) -> String {
    format!(
        r#"{{"sku": "{sku}", "isbn": "{}", "price": {{"currency": "MAD", "minor": {minor}}}, "stock": {stock}, "titles": {{"fr": "Livre {product}"}}, "authors": ["Aya Idrissi"], "language": "fr", "subject": "history", "format": "paperback"}}"#,
        numbered(product)
    )
}

fn booked(house: &House) -> Vec<(String, i64)> {
    let to_inventory = house.told.iter().filter(|(_, service, ..)| *service == "inventory");
    let mut booked: Vec<(String, i64)> = to_inventory
        .map(|(.., body)| wire::BookStock::decode(&**body).unwrap())
        .map(|book| (book.offer, book.quantity))
        .collect();
    booked.sort();
    booked
}

#[test]
fn good_lines_are_carried_out_and_bad_ones_reported() {
    let mut house = House::new();
    let orphan = format!(r#"{{"sku": "c", "isbn": "{}", "price": "1.00 MAD"}}"#, numbered(7));
    let body = [line("a", 1, 4_900, 5), "nonsense".to_owned(), line("b", 2, 5_000, 0), orphan];
    let answer = import(&mut house, "vendors/atlas", &body.join("\n"));
    assert_eq!((answer.lines, answer.failed, answer.pending, answer.finished), (4, 1, 3, false));
    assert_eq!((answer.faulty.len(), answer.faulty[0].line), (1, 2));
    assert_eq!(answer.faulty[0].problems[0].code, "malformed_line");
    house.settle();
    let now = shown(&mut house, &answer.name);
    assert_eq!((now.created, now.failed, now.pending, now.finished), (2, 2, 0, true));
    let failed = lines(&mut house, &answer.name, true);
    let why: Vec<(i32, &str, &str)> = failed
        .iter()
        .map(|line| (line.line, line.offer.as_str(), line.problems[0].code.as_str()))
        .collect();
    assert_eq!(why, [(2, "", "malformed_line"), (4, "c", "product_unknown")]);
    let all = lines(&mut house, &answer.name, false);
    let outcomes: Vec<_> = all.iter().map(wire::ImportLine::outcome).collect();
    assert_eq!(outcomes, [Created, Failed, Created, Failed]);
    assert_eq!(booked(&house), [("a".to_owned(), 5)]);
    assert_eq!(house.histories("product-").len(), 2, "what the lines say is proposed");
}

#[test]
fn a_file_sent_again_under_another_key_changes_prices_and_books_nothing_twice() {
    let mut house = House::new();
    let first = [line("a", 1, 4_900, 5), line("b", 2, 5_000, 3)].join("\n");
    import(&mut house, "vendors/atlas", &first);
    house.settle();
    let second = [line("a", 1, 4_900, 5), line("b", 2, 4_000, 3), line("d", 3, 100, 1)].join("\n");
    let again = import(&mut house, "vendors/atlas", &second);
    house.settle();
    let now = shown(&mut house, &again.name);
    assert_eq!((now.unchanged, now.updated, now.created, now.failed), (1, 1, 1, 0));
    let one = |offer: &str, quantity| (offer.to_owned(), quantity);
    assert_eq!(booked(&house), [one("a", 5), one("b", 3), one("d", 1)]);
}

#[test]
fn a_sku_keeps_its_product_and_its_end() {
    let mut house = House::new();
    let first = [line("a", 1, 4_900, 0), line("b", 2, 5_000, 0)].join("\n");
    import(&mut house, "vendors/atlas", &first);
    house.settle();
    let withdraw = wire::WithdrawOfferRequest { name: "vendors/atlas/offers/b".to_owned() };
    let caller = manager_of(&atlas());
    house.call::<_, wire::Offer>(&atlas(), &caller, "WithdrawOffer", &withdraw).unwrap();
    let second = [line("a", 3, 4_900, 0), line("b", 2, 5_000, 0)].join("\n");
    let again = import(&mut house, "vendors/atlas", &second);
    house.settle();
    let failed = lines(&mut house, &again.name, true);
    let why: Vec<&str> = failed.iter().map(|line| line.problems[0].code.as_str()).collect();
    assert_eq!(why, ["offer_exists", "offer_withdrawn"]);
}

#[test]
fn lines_may_end_in_any_order_and_be_told_twice() {
    let mut house = House::new();
    let body: Vec<String> = (0..40).map(|n| line(&format!("s{n}"), n, 100, 1)).collect();
    let answer = import(&mut house, "vendors/atlas", &body.join("\n"));
    while !house.mail.is_empty() {
        // The last goes first, and what an import hears it hears twice.
        let mail = house.mail.pop_back().unwrap();
        house.hear(&mail);
        if mail.kind.ends_with("LineCarriedOut") {
            house.hear(&mail);
        }
    }
    let now = shown(&mut house, &answer.name);
    assert_eq!((now.created, now.pending, now.finished), (40, 0, true));
    let (_, history) = house.histories("import-")[0];
    let noted = history.iter().filter(|event| matches!(event, Event::LineNoted { .. }));
    assert_eq!(noted.count(), 40, "import-1: each line ends once");
}

#[test]
fn ten_thousand_lines_are_taken_in_events_of_bounded_size() {
    let import = super::id("i1");
    let body: Vec<String> = (0..10_000).map(|n| line(&format!("s{n}"), n % 900, 100, 1)).collect();
    let lines = crate::api::lines::read(&import, body.join("\n").as_bytes()).unwrap();
    let command =
        crate::Command::Import { import, ask: crate::command::ImportAsk::Start { lines } };
    let told = cell_kernel::story::story::<crate::Products>("vendors/atlas")
        .when_knowing(&command, &crate::Facts::default())
        .decided()
        .0;
    assert_eq!(told.state().import().unwrap().pending.len(), 10_000);
    let largest = told.history().iter().map(|event| serde_json::to_vec(event).unwrap().len());
    assert!(largest.max().unwrap() < 200_000);
    let kept = serde_json::to_string(&command).unwrap();
    assert!(kept.len() < 200, "the lines are kept once, in the events: {kept}");
}
