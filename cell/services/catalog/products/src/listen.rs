//! What products does when a vendor offers something that nobody has said yet what it is.

use base_ids::TenantKind;
use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::told;

use crate::{
    Products,
    command::{Ask, Command},
    wire,
};

pub(crate) fn listener() -> Listener<Products> {
    Listener::new().on(propose_what_a_vendor_offers)
}

fn propose_what_a_vendor_offers(
    message: &wire::ProposeProduct,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let details = told::details(message.details.as_ref())?;
    let details = details.ok_or_else(|| Unreadable("`details` is missing".to_owned()))?;
    let by = Some(heard.from.tenant.clone()).filter(|from| from.kind() == TenantKind::Vendor);
    let ask = Ask::Propose { details, by, publish: false };
    Ok(Command { product: told::read(&message.product)?, ask })
}
