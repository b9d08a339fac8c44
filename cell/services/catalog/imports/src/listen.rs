//! What an import does when the vendor's offers have carried out one of its lines.

use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::import::Ended;

use crate::{
    Imports,
    command::{Ask, Command},
    wire,
};

pub(crate) fn listener() -> Listener<Imports> {
    Listener::new().on(note_a_line_that_has_ended)
}

fn note_a_line_that_has_ended(
    message: &wire::LineCarriedOut,
    _: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let Ended { import, line, offer, outcome } = Ended::read(message)?;
    Ok(Command { import, ask: Ask::NoteLine { line, offer, outcome } })
}
