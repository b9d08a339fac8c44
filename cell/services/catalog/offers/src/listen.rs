//! What offers does when a checkout asks for a quote, or an import for a line to be carried out.

use base_ids::ResourceId;
use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::{
    ReplyTo,
    import::Line,
    told::{self, read},
};

use crate::{
    Offers,
    command::{Ask, Command, QuoteLine},
    wire,
};

/// Most lines that one quote may have.
const LINES_MAX: usize = 200;

pub(crate) fn listener() -> Listener<Offers> {
    Listener::new().on(quote_for_checkout).on(carry_out_a_line)
}

fn quote_for_checkout(message: &wire::QuoteOffers, _: &Heard<'_>) -> Result<Command, Unreadable> {
    if message.lines.is_empty() || message.lines.len() > LINES_MAX {
        let lines = message.lines.len();
        return Err(Unreadable(format!("a quote has 1 to {LINES_MAX} lines, not {lines}")));
    }
    let quote: ResourceId = read(&message.quote)?;
    let reply = ReplyTo::read(&message.reply_tenant, &message.reply_service)?;
    let lines = message.lines.iter().map(quote_line).collect::<Result<_, _>>()?;
    Ok(Command::Quote { quote, reply, lines })
}

fn quote_line(line: &wire::QuoteLine) -> Result<QuoteLine, Unreadable> {
    if line.quantity < 1 {
        return Err(Unreadable(format!("{} is not a quantity", line.quantity)));
    }
    let price_seen = told::money(line.price_seen.as_ref())?;
    Ok(QuoteLine { offer: read(&line.offer)?, quantity: line.quantity, price_seen })
}

fn carry_out_a_line(message: &wire::CarryOutLine, _: &Heard<'_>) -> Result<Command, Unreadable> {
    let line = Box::new(Line::read(message)?);
    Ok(Command::Offer { offer: line.offer.clone(), ask: Ask::CarryOut(line) })
}
