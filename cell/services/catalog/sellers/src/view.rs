//! How others read a seller: all of it for its team and operators, the team, the rates; and what quoting and tokens need.

pub mod replica;

use base_fault::Fault;
use base_ids::Tenant;
use base_money::Money;
use cell_kernel::{Reading, Rows, Seen, VendorRole, View};
use serde::{Deserialize, Serialize};

use crate::{
    Sellers as Service,
    event::{CommissionRate, Event},
    state::{Member, Seller},
};

/// The one key of [`Sellers`].
pub const SELLER: &str = "seller";

/// The whole seller, under the key `seller`. Written at each event, so that its version is the stream's. Private.
pub struct Sellers;

impl View<Service> for Sellers {
    const NAME: &'static str = "seller";
    type Row = Seller;

    fn fold(seen: &Seen<'_, Service>, rows: &mut Rows<Seller>) {
        if let Some(seller) = &seen.state.seller {
            rows.put(SELLER, seller);
        }
    }
}

/// Who is in the team, or invited into it; keyed by the user's id.
pub struct Team;

impl View<Service> for Team {
    const NAME: &'static str = "team";
    type Row = (Tenant, Member);

    fn fold(seen: &Seen<'_, Service>, rows: &mut Rows<(Tenant, Member)>) {
        let (Event::Applied { applicant: user, .. } | Event::MemberMoved { user, .. }) = seen.event
        else {
            return;
        };
        match seen.state.seller.as_ref().and_then(|seller| seller.team.get(user)) {
            Some(member) => rows.put(user.id(), &(user.clone(), *member)),
            None => rows.delete(user.id()),
        }
    }
}

/// Every commission rate that was ever agreed; keyed by the event's version.
pub struct CommissionRates;

impl View<Service> for CommissionRates {
    const NAME: &'static str = "commission_rates";
    type Row = CommissionRate;

    fn fold(seen: &Seen<'_, Service>, rows: &mut Rows<CommissionRate>) {
        let agreed = matches!(seen.event, Event::Applied { .. } | Event::CommissionSet(_));
        if let Some(seller) = seen.state.seller.as_ref().filter(|_| agreed) {
            rows.put(format!("{:016x}", seen.version.0), &seller.rate);
        }
    }
}

/// On which terms a seller sells today: what a quote freezes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Why its offers do not sell; `None` if they do.
    pub closed_because: Option<String>,
    /// What the platform keeps of the goods' value, in basis points.
    pub commission_basis_points: u32,
    /// What delivery costs, by currency; nothing in a currency that is not there.
    pub delivery_fees: Vec<Money>,
}

/// The terms of a vendor that lives in this cell; `None` if nobody has applied for it. Errors: the store's.
pub async fn terms_of(reading: &Reading, vendor: &Tenant) -> Result<Option<Terms>, Fault> {
    let found = reading.get::<Service, Sellers>(vendor, SELLER).await?;
    Ok(found.map(|found| Terms {
        closed_because: found.row.closed_because().map(str::to_owned),
        commission_basis_points: found.row.rate.rate.get(),
        delivery_fees: found.row.fees.into_values().collect(),
    }))
}

/// What a user may do for a vendor that lives in this cell; `None` if the user is not in the team. Errors: the store's.
pub async fn role_of(
    reading: &Reading,
    vendor: &Tenant,
    user: &Tenant,
) -> Result<Option<VendorRole>, Fault> {
    let found = reading.get::<Service, Team>(vendor, user.id()).await?;
    let member = found.map(|found| found.row.1).filter(|member| !member.invited);
    Ok(member.map(|member| member.role))
}
