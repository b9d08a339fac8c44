//! How others read a vendor's offers.

use cell_kernel::{Rows, Seen, View};

use crate::{Offers as Rules, state::Offer};

/// The vendor's offers; keyed by the offer. Written at each event, so that a row's version is its stream's.
pub struct Offers;

impl View<Rules> for Offers {
    const NAME: &'static str = "offers";
    type Row = Offer;

    fn fold(seen: &Seen<'_, Rules>, rows: &mut Rows<Offer>) {
        if let Some(offer) = seen.state.offer() {
            rows.put(offer.offer.as_str(), offer);
        }
    }
}
