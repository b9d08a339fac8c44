//! How others read products: records and their changes at a shard, and the catalogue everywhere.

pub mod everywhere;
pub mod snapshot;

use cell_kernel::{Rows, Seen, View};
use cell_words::ProductId;
use serde::{Deserialize, Serialize};

use crate::{
    Products,
    event::Event,
    state::{Change, Product},
};

pub use everywhere::ProductRow;

/// The shard's records; keyed by the product. Written at each event, so that a row's version is its stream's.
pub struct Records;

impl View<Products> for Records {
    const NAME: &'static str = "records";
    type Row = Product;

    fn fold(seen: &Seen<'_, Products>, rows: &mut Rows<Product>) {
        if let Some(product) = &seen.state.product {
            rows.put(product.product.as_str(), product);
        }
    }
}

/// Every change that was ever proposed; keyed `of/<product>/<change>`, and again `by/<vendor id>/<product>/<change>`.
pub struct Changes;

/// A proposed change with the record that it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Of which product.
    pub product: ProductId,
    /// The change.
    pub change: Change,
}

impl View<Products> for Changes {
    const NAME: &'static str = "changes";
    type Row = ChangeRow;

    fn fold(seen: &Seen<'_, Products>, rows: &mut Rows<ChangeRow>) {
        let name = match seen.event {
            Event::ChangeProposed { proposal, .. } => &proposal.change,
            Event::ChangeApproved { change }
            | Event::ChangeDeclined { change, .. }
            | Event::ChangeOvertaken { change, .. } => change,
            Event::ProductProposed { .. }
            | Event::ProductPublished
            | Event::ProductRejected { .. }
            | Event::ProductWithdrawn { .. } => return,
        };
        let Some(product) = &seen.state.product else { return };
        let Some(change) = product.changes.get(name) else { return };
        let row = ChangeRow { product: product.product.clone(), change: change.clone() };
        rows.put(format!("of/{}/{name}", row.product), &row);
        if let Some(vendor) = &change.proposal.by {
            rows.put(format!("by/{}/{}/{name}", vendor.id(), row.product), &row);
        }
    }
}
