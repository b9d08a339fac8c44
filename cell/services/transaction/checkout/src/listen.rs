//! What checkout does when carts, vendors, payments and orders speak, or a wait is over: it follows the news.

use base_ids::Tenant;
use base_time::Timestamp;
use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::{
    read_problem,
    told::{read, speaker},
};

use crate::{
    Checkout,
    command::{Ask, Command, News, PaymentNews, Quote, ShareOf, Shortage},
    wire,
};

type Heeded = Result<Command, Unreadable>;

pub(crate) fn listener() -> Listener<Checkout> {
    Listener::new()
        .on(ask_vendors_once_the_cart_is_claimed)
        .on(undo_when_the_cart_is_refused)
        .on(note_a_quote)
        .on(note_that_a_vendor_does_not_quote)
        .on(note_held_stock)
        .on(note_refused_stock)
        .on(note_sold_stock)
        .on(follow_the_payment)
        .on(commit_once_the_group_is_placed)
        .on(end_a_wait)
}

fn ask_vendors_once_the_cart_is_claimed(message: &wire::CartClaimed, _: &Heard<'_>) -> Heeded {
    hear(&message.checkout, News::CartClaimed)
}

fn undo_when_the_cart_is_refused(message: &wire::CartRefused, _: &Heard<'_>) -> Heeded {
    hear(&message.checkout, News::CartRefused { code: message.code.clone() })
}

fn note_a_quote(message: &wire::OffersQuoted, heard: &Heard<'_>) -> Heeded {
    let vendor = speaker(&message.vendor, heard)?;
    let quote = Quote::read(&vendor, message)?;
    hear_of(&message.quote, vendor, |share| News::Quoted { share, quote })
}

fn note_that_a_vendor_does_not_quote(message: &wire::OffersNotQuoted, heard: &Heard<'_>) -> Heeded {
    let problems = message.problems.iter().map(read_problem).collect();
    let vendor = speaker(&message.vendor, heard)?;
    hear_of(&message.quote, vendor, |share| News::NotQuoted { share, problems })
}

fn note_held_stock(message: &wire::StockReserved, heard: &Heard<'_>) -> Heeded {
    let until = Timestamp::from_millis(message.until_ms);
    let vendor = speaker(&message.vendor, heard)?;
    hear_of(&message.reservation, vendor, |share| News::StockHeld { share, until })
}

fn note_refused_stock(message: &wire::StockRefused, heard: &Heard<'_>) -> Heeded {
    let shortages = message.shortages.iter().map(Shortage::read).collect::<Result<_, _>>()?;
    let vendor = speaker(&message.vendor, heard)?;
    hear_of(&message.reservation, vendor, |share| News::StockRefused { share, shortages })
}

fn note_sold_stock(message: &wire::CommitOutcome, heard: &Heard<'_>) -> Heeded {
    let (vendor, sold) = (speaker(&message.vendor, heard)?, message.committed);
    hear_of(&message.reservation, vendor, |share| News::StockCommitted { share, sold })
}

fn follow_the_payment(message: &wire::PaymentOutcome, _: &Heard<'_>) -> Heeded {
    hear(&message.payment, News::Payment(PaymentNews::read(message)?))
}

fn commit_once_the_group_is_placed(message: &wire::GroupPlaced, _: &Heard<'_>) -> Heeded {
    hear(&message.group, News::OrderPlaced { number: message.number.clone() })
}

fn end_a_wait(message: &wire::WaitOver, _: &Heard<'_>) -> Heeded {
    hear(&message.checkout, News::WaitOver(read(message.wait().as_str_name())?))
}

fn hear(checkout: &str, news: News) -> Heeded {
    Ok(Command { checkout: read(checkout)?, ask: Ask::Hear { news } })
}

fn hear_of(share: &str, vendor: Tenant, news: impl FnOnce(ShareOf) -> News) -> Heeded {
    let (checkout, share) = ShareOf::read(share, vendor)?;
    Ok(Command { checkout, ask: Ask::Hear { news: news(share) } })
}
