//! Every stage hears every kind of news: it follows it, or it changes nothing; it never fails.

use std::fmt::Write as _;

use super::{ended, hear, nothing, quote, share, started, undo, up_to};
use cell_kernel::story::Story;

use crate::{
    Checkout, Event,
    command::{News, PaymentNews, Shortage, Wait},
    event::{Ending, Owed},
};

fn stages() -> Vec<(&'static str, Story<Checkout>)> {
    let owed = Owed { payment: true, cart: true, ..Owed::default() };
    let undone = || up_to("PaymentAsked").given([undo(Ending::Failed, Vec::new(), owed.clone())]);
    vec![
        ("unstarted", super::leila()),
        ("open", super::leila().given([started()])),
        ("claiming", up_to("PlacementAsked")),
        ("asking", up_to("VendorsAsked")),
        ("authorising", up_to("PaymentAsked")),
        ("placing", up_to("PaymentAuthorised")),
        ("committing", up_to("OrderPlaced")),
        ("capturing", up_to("CaptureAsked")),
        ("completed", up_to("Completed")),
        ("undoing", undone()),
        ("ended", undone().given([Event::PaymentReleased, ended(Ending::Failed)])),
    ]
}

fn all_news() -> Vec<News> {
    let payment = [
        PaymentNews::Authorised,
        PaymentNews::ActionRequired { url: "https://bank.example".to_owned() },
        PaymentNews::Declined { reason: String::new() },
        PaymentNews::Expired,
        PaymentNews::Voided,
        PaymentNews::Captured,
        PaymentNews::CaptureFailed { reason: String::new() },
    ];
    let waits = [
        Wait::Buyer,
        Wait::Cart,
        Wait::Vendors,
        Wait::Payment,
        Wait::Settling,
        Wait::GivingUp,
        Wait::Undoing,
    ];
    let short = Shortage { offer: super::id("a"), available: 0 };
    let mut news = vec![
        News::CartClaimed,
        News::CartRefused { code: "cart_changed".to_owned() },
        News::Quoted { share: share("atlas"), quote: quote("atlas", 0) },
        News::NotQuoted { share: share("atlas"), problems: Vec::new() },
        News::StockHeld { share: share("atlas"), until: super::at(1) },
        News::StockRefused { share: share("atlas"), shortages: vec![short] },
        News::OrderPlaced { number: "S7K2".to_owned() },
        News::StockCommitted { share: share("atlas"), sold: true },
        News::StockCommitted { share: share("atlas"), sold: false },
    ];
    news.extend(payment.map(News::Payment));
    news.extend(waits.map(News::WaitOver));
    news
}

fn name(news: &News) -> String {
    let shown = format!("{news:?}");
    let word = |text: &str| text.split([' ', '{', '(']).next().unwrap_or("").to_owned();
    match news {
        News::Payment(payment) => word(&format!("{payment:?}")),
        News::WaitOver(wait) => format!("{wait:?} over"),
        News::StockCommitted { sold, .. } => format!("Committed {sold}"),
        _ => word(&shown),
    }
}

#[test]
fn every_stage_follows_or_ignores_every_kind_of_news() {
    let mut table = String::new();
    for (stage, _) in stages() {
        let mut followed = Vec::new();
        let mut ignored = 0;
        for news in all_news() {
            let (_, story) = stages().into_iter().find(|(name, _)| *name == stage).unwrap();
            let decided = story.when_knowing(&hear(news.clone()), &nothing()).decided().1;
            let events = decided.expect("news is never refused");
            if events.is_empty() {
                ignored += 1;
                continue;
            }
            let kinds: Vec<&str> = events.iter().map(<&str>::from).collect();
            followed.push(format!("  {} -> {}", name(&news), kinds.join(", ")));
        }
        writeln!(table, "{stage}: ignores {ignored}\n{}", followed.join("\n")).unwrap();
    }
    insta::assert_snapshot!(table, @r"
    unstarted: ignores 23

    open: ignores 22
      Buyer over -> UndoStarted, Ended
    claiming: ignores 20
      CartClaimed -> VendorsAsked
      CartRefused -> UndoStarted, Ended
      Cart over -> UndoStarted, Ended
    asking: ignores 18
      Quoted -> VendorQuoted
      NotQuoted -> VendorRefused
      StockHeld -> StockHeld
      StockRefused -> StockRefused
      Vendors over -> UndoStarted, Ended
    authorising: ignores 16
      Authorised -> PaymentAuthorised
      ActionRequired -> ActionRequired
      Declined -> UndoStarted
      Expired -> UndoStarted
      Voided -> UndoStarted
      CaptureFailed -> UndoStarted
      Payment over -> UndoStarted
    placing: ignores 16
      OrderPlaced -> OrderPlaced
      Declined -> UndoStarted
      Expired -> UndoStarted
      Voided -> UndoStarted
      CaptureFailed -> UndoStarted
      Settling over -> AttentionNeeded
      GivingUp over -> UndoStarted
    committing: ignores 15
      Committed true -> StockSold
      Committed false -> UndoStarted
      Declined -> UndoStarted
      Expired -> UndoStarted
      Voided -> UndoStarted
      CaptureFailed -> UndoStarted
      Settling over -> AttentionNeeded
      GivingUp over -> UndoStarted
    capturing: ignores 17
      Declined -> UndoStarted
      Expired -> UndoStarted
      Voided -> UndoStarted
      Captured -> Completed
      CaptureFailed -> UndoStarted
      Settling over -> AttentionNeeded
    completed: ignores 23

    undoing: ignores 21
      Voided -> PaymentReleased, Ended
      Undoing over -> AttentionNeeded
    ended: ignores 23
    ");
}
