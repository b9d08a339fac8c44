//! `explain`: a whole purchase, message by message, across cells.

mod journals;
mod purchase;
mod story;
#[cfg(test)]
mod tests;
mod traces;
mod walk;

use base_ids::Tenant;

use crate::{explain::journals::FleetJournals, reach::Reach, trouble::Trouble};

pub(crate) use purchase::Purchase;
pub(crate) use story::Story;

/// Follows a purchase from its order group or its checkout.
pub(crate) async fn explain(reach: &mut Reach, purchase: &Purchase) -> Result<Story, Trouble> {
    let mut journals = FleetJournals { reach };
    let starts = journals.starts(purchase).await?;
    let found = walk::walk(&mut journals, starts).await?;
    Ok(Story::of(purchase.to_string(), found))
}

/// What a name's tenant is called in errors.
fn tenant_of(stream: &str) -> Option<Tenant> {
    let mut parts = stream.splitn(3, '/');
    format!("{}/{}", parts.next()?, parts.next()?).parse().ok()
}
