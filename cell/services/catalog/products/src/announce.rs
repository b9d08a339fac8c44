//! What products tells everyone: each record as it is, whenever it changes.

use cell_kernel::{Outbox, Seen};
use cell_words::signed;

use crate::{
    Products,
    event::Event,
    state::{Product, Stage},
    wire,
};

pub(crate) fn announce(seen: &Seen<'_, Products>, outbox: &mut Outbox) {
    match seen.event {
        Event::ProductProposed { .. }
        | Event::ProductPublished
        | Event::ProductRejected { .. }
        | Event::ProductWithdrawn { .. }
        | Event::ChangeApproved { .. } => {
            if let Some(product) = &seen.state.product {
                let key = format!("products/{}", product.product);
                outbox.publish(key, &published(product));
            }
        }
        Event::ChangeProposed { .. }
        | Event::ChangeDeclined { .. }
        | Event::ChangeOvertaken { .. } => {}
    }
}

fn published(product: &Product) -> wire::ProductPublished {
    let details: wire::ProductDetails = (&product.details).into();
    wire::ProductPublished {
        name: product.product.record(),
        product: product.product.to_string(),
        state: wire::State::from(product.stage).into(),
        title: details.title,
        authors: details.authors,
        language: details.language,
        publisher: details.publisher,
        year: details.year,
        subject: details.subject,
        format: details.format,
        pages: details.pages,
        weight_grams: details.weight_grams,
        revision: signed(product.revision),
        reason: product.reason.clone(),
    }
}

impl From<Stage> for wire::State {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Proposed => Self::Proposed,
            Stage::Published => Self::Published,
            Stage::Rejected => Self::Rejected,
            Stage::Withdrawn => Self::Withdrawn,
        }
    }
}
