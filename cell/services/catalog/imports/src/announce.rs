//! What imports tells the vendor's offers: line by line, what to carry out.

use cell_kernel::{Outbox, Seen};
use cell_words::service::OFFERS;

use crate::{Event, Imports, wire};

pub(crate) fn announce(seen: &Seen<'_, Imports>, outbox: &mut Outbox) {
    match seen.event {
        Event::LinesTaken { lines } => {
            for line in lines {
                outbox.tell(seen.tenant, OFFERS, &wire::CarryOutLine::from(line));
            }
        }
        Event::ImportStarted { .. } | Event::LinesFaulty { .. } | Event::LineNoted { .. } => {}
    }
}
