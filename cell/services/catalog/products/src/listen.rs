//! What products does when a checkout, a vendor's offer or an import of its own speaks.

use std::str::FromStr;

use base_ids::TenantKind;
use base_money::{Currency, Money};
use cell_kernel::{Heard, Listener, Unreadable};

use crate::{
    Products,
    command::{
        Command, Details, Draft, FirstStock, ImportAsk, Line, LineProblem, OfferAsk, Outcome,
        Price, ProductAsk, QuoteLine, ReplyTo, details::Mistake,
    },
    wire,
};

/// Most lines that one quote may have.
const LINES_MAX: usize = 200;

pub(crate) fn listener() -> Listener<Products> {
    Listener::new()
        .on(quote_for_checkout)
        .on(propose_what_a_vendor_offers)
        .on(carry_out_a_line)
        .on(note_a_line_that_has_ended)
}

fn quote_for_checkout(message: &wire::QuoteOffers, _: &Heard<'_>) -> Result<Command, Unreadable> {
    if message.lines.is_empty() || message.lines.len() > LINES_MAX {
        let lines = message.lines.len();
        return Err(Unreadable(format!("a quote has 1 to {LINES_MAX} lines, not {lines}")));
    }
    let reply =
        ReplyTo { tenant: read(&message.reply_tenant)?, service: read(&message.reply_service)? };
    let lines = message.lines.iter().map(quote_line).collect::<Result<_, _>>()?;
    Ok(Command::Quote { quote: read(&message.quote)?, reply, lines })
}

fn quote_line(line: &wire::QuoteLine) -> Result<QuoteLine, Unreadable> {
    if line.quantity < 1 {
        return Err(Unreadable(format!("{} is not a quantity", line.quantity)));
    }
    let price_seen = money(line.price_seen.as_ref())?;
    Ok(QuoteLine { offer: read(&line.offer)?, quantity: line.quantity, price_seen })
}

fn propose_what_a_vendor_offers(
    message: &wire::ProposeProduct,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let details = details(message.details.as_ref())?.ok_or_else(|| missing("details"))?;
    let by = Some(heard.from.tenant.clone()).filter(|from| from.kind() == TenantKind::Vendor);
    let ask = ProductAsk::Propose { details, by, publish: false };
    Ok(Command::Product { product: read(&message.product)?, ask })
}

fn carry_out_a_line(message: &wire::CarryOutLine, _: &Heard<'_>) -> Result<Command, Unreadable> {
    let price = Price::try_from(money(message.price.as_ref())?).map_err(Unreadable::because)?;
    let draft = Draft {
        product: read(&message.product)?,
        condition: read(&message.condition)?,
        price,
        details: details(message.details.as_ref())?,
    };
    let stock = match u32::try_from(message.stock).map_err(Unreadable::because)? {
        0 => None,
        quantity => Some(FirstStock { quantity, location: read(&message.location)? }),
    };
    let offer: base_ids::ResourceId = read(&message.offer)?;
    let line = Line {
        import: read(&message.import)?,
        line: line_number(message.line)?,
        offer: offer.clone(),
        draft,
        stock,
    };
    Ok(Command::Offer { offer, ask: OfferAsk::CarryOut(Box::new(line)) })
}

fn note_a_line_that_has_ended(
    message: &wire::LineCarriedOut,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    use wire::line_carried_out::Outcome as Told;
    let outcome = match message.outcome() {
        Told::Unspecified => return Err(missing("outcome")),
        Told::Created => Outcome::Created,
        Told::Updated => Outcome::Updated,
        Told::Unchanged => Outcome::Unchanged,
        Told::Failed => {
            let problem = message.problem.clone().unwrap_or_default();
            let wire::Problem { code, subject: field, text } = problem;
            Outcome::Failed(LineProblem { code, field, text })
        }
    };
    let offer = heard.from.key.strip_prefix("offer-").unwrap_or(&heard.from.key).to_owned();
    let ask = ImportAsk::NoteLine { line: line_number(message.line)?, offer, outcome };
    Ok(Command::Import { import: read(&message.import)?, ask })
}

fn line_number(line: i32) -> Result<u32, Unreadable> {
    u32::try_from(line).map_err(Unreadable::because)
}

fn details(given: Option<&wire::ProductDetails>) -> Result<Option<Box<Details>>, Unreadable> {
    let wrong = |mistakes: Vec<Mistake>| {
        let each = mistakes.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.text));
        Unreadable(each.collect::<Vec<_>>().join("; "))
    };
    given.map(|given| Details::read(given).map(Box::new)).transpose().map_err(wrong)
}

fn money(given: Option<&wire::Money>) -> Result<Money, Unreadable> {
    let given = given.ok_or_else(|| missing("price"))?;
    Ok(Money::new(read::<Currency>(&given.currency)?, given.minor))
}

fn missing(field: &str) -> Unreadable {
    Unreadable(format!("`{field}` is missing"))
}

fn read<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(Unreadable::because)
}
