//! What checkout does when carts, vendors, payments and orders speak, or a wait is over: it follows the news.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::{Heard, Listener, Problem, Unreadable};

use crate::{
    Checkout,
    command::{Command, Line, News, PaymentNews, Quote, ShareOf, Shortage, Title, Wait},
    wire,
};

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

fn ask_vendors_once_the_cart_is_claimed(
    message: &wire::CartClaimed,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    hear(&message.checkout, News::CartClaimed)
}

fn undo_when_the_cart_is_refused(
    message: &wire::CartRefused,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    hear(&message.checkout, News::CartRefused { code: message.code.clone() })
}

fn note_a_quote(message: &wire::OffersQuoted, heard: &Heard<'_>) -> Result<Command, Unreadable> {
    let (checkout, share) = share_of(&message.quote, &message.vendor, heard)?;
    let lines = message.lines.iter().map(|line| quoted_line(&share.vendor, line));
    let lines: Vec<Line> = lines.collect::<Result<_, _>>()?;
    // A vendor that says nothing about delivery delivers for nothing.
    let free = lines.first().map(|line| wire::money(Money::zero(line.price.currency)));
    let fee = message.delivery_fee.as_ref().or(free.as_ref());
    let delivery_fee = wire::read_money(fee).map_err(Unreadable)?;
    let commission = message.commission_basis_points.try_into();
    let commission_basis_points = commission.map_err(Unreadable::because)?;
    let quote = Quote { lines, commission_basis_points, delivery_fee };
    Ok(Command::Hear { checkout, news: News::Quoted { share, quote } })
}

fn note_that_a_vendor_does_not_quote(
    message: &wire::OffersNotQuoted,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let (checkout, share) = share_of(&message.quote, &message.vendor, heard)?;
    let problems = message.problems.iter().map(|problem| Problem {
        code: problem.code.clone(),
        subject: problem.subject.clone(),
        text: problem.text.clone(),
    });
    let news = News::NotQuoted { share, problems: problems.collect() };
    Ok(Command::Hear { checkout, news })
}

fn note_held_stock(
    message: &wire::StockReserved,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let (checkout, share) = share_of(&message.reservation, &message.vendor, heard)?;
    let until = Timestamp::from_millis(message.until_ms);
    Ok(Command::Hear { checkout, news: News::StockHeld { share, until } })
}

fn note_refused_stock(
    message: &wire::StockRefused,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let (checkout, share) = share_of(&message.reservation, &message.vendor, heard)?;
    let shortages = message
        .shortages
        .iter()
        .map(|short| Ok(Shortage { offer: read(&short.offer)?, available: short.available }));
    let news = News::StockRefused { share, shortages: shortages.collect::<Result<_, _>>()? };
    Ok(Command::Hear { checkout, news })
}

fn note_sold_stock(
    message: &wire::CommitOutcome,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let (checkout, share) = share_of(&message.reservation, &message.vendor, heard)?;
    let news = News::StockCommitted { share, sold: message.committed };
    Ok(Command::Hear { checkout, news })
}

fn follow_the_payment(
    message: &wire::PaymentOutcome,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    use wire::payment_outcome::Status;
    let reason = || message.reason.clone();
    let news = match message.status() {
        Status::Authorised => PaymentNews::Authorised,
        Status::RequiresAction => PaymentNews::ActionRequired { url: message.action_url.clone() },
        Status::Declined => PaymentNews::Declined { reason: reason() },
        Status::Expired => PaymentNews::Expired,
        Status::Voided => PaymentNews::Voided,
        Status::Captured => PaymentNews::Captured,
        Status::CaptureFailed => PaymentNews::CaptureFailed { reason: reason() },
        Status::Unspecified => {
            return Err(Unreadable(format!("payment status {} is not known", message.status)));
        }
    };
    hear(&message.payment, News::Payment(news))
}

fn commit_once_the_group_is_placed(
    message: &wire::GroupPlaced,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    hear(&message.group, News::OrderPlaced { number: message.number.clone() })
}

fn end_a_wait(message: &wire::WaitOver, _: &Heard<'_>) -> Result<Command, Unreadable> {
    use wire::wait_over::Wait as Told;
    let wait = match message.wait() {
        Told::Buyer => Wait::Buyer,
        Told::Cart => Wait::Cart,
        Told::Vendors => Wait::Vendors,
        Told::Payment => Wait::Payment,
        Told::Settling => Wait::Settling,
        Told::GivingUp => Wait::GivingUp,
        Told::Undoing => Wait::Undoing,
        Told::Unspecified => {
            return Err(Unreadable(format!("wait {} is not known", message.wait)));
        }
    };
    hear(&message.checkout, News::WaitOver(wait))
}

fn hear(checkout: &str, news: News) -> Result<Command, Unreadable> {
    Ok(Command::Hear { checkout: read(checkout)?, news })
}

/// Reads `<checkout>-<number>`. A vendor speaks for itself only.
fn share_of(
    name: &str,
    vendor: &str,
    heard: &Heard<'_>,
) -> Result<(ResourceId, ShareOf), Unreadable> {
    let vendor: Tenant = read(vendor)?;
    if heard.from.tenant != vendor {
        return Err(Unreadable(format!("{} speaks for {vendor}", heard.from.tenant)));
    }
    let (checkout, number) = name
        .rsplit_once('-')
        .ok_or_else(|| Unreadable(format!("`{name}` is not a share's name")))?;
    Ok((read(checkout)?, ShareOf { number: read(number)?, vendor }))
}

fn quoted_line(vendor: &Tenant, line: &wire::QuotedLine) -> Result<Line, Unreadable> {
    let wire::LocalText { ar, fr, en } = line.title.clone().unwrap_or_default();
    Ok(Line {
        vendor: vendor.clone(),
        offer: read(&line.offer)?,
        product: read(&line.product)?,
        title: Title { ar, fr, en },
        quantity: line.quantity.try_into().map_err(Unreadable::because)?,
        price: wire::read_money(line.price.as_ref()).map_err(Unreadable)?,
    })
}

fn read<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(Unreadable::because)
}
