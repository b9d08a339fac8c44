//! How others read a seller: all of it for its team and operators, the team, the rates; and what quoting and tokens need.

pub mod replica;

use base_fault::Fault;
use base_ids::Tenant;
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::{Reading, Rows, Seen, VendorRole, View};
use serde::{Deserialize, Serialize};

use crate::{
    Sellers as Service,
    command::{BasisPoints, Reason},
    event::Event,
    state::{Invitation, Member, Seller},
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

/// Somebody in the team, or invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamRow {
    /// Who.
    pub user: Tenant,
    /// As what.
    pub role: VendorRole,
    /// Has not joined yet.
    pub invited: bool,
    /// Since when a member; until when the invitation is open.
    pub at: Timestamp,
}

impl View<Service> for Team {
    const NAME: &'static str = "team";
    type Row = TeamRow;

    fn fold(seen: &Seen<'_, Service>, rows: &mut Rows<TeamRow>) {
        let (Some(seller), Some(user)) = (&seen.state.seller, touched(seen.event)) else { return };
        let row = match (seller.team.get(user), seller.invitations.get(user)) {
            (Some(Member { role, since }), _) => {
                TeamRow { user: user.clone(), role: *role, invited: false, at: *since }
            }
            (None, Some(Invitation { role, until })) => {
                TeamRow { user: user.clone(), role: *role, invited: true, at: *until }
            }
            (None, None) => return rows.delete(user.id()),
        };
        rows.put(user.id(), &row);
    }
}

/// Whose place in the team an event changes.
fn touched(event: &Event) -> Option<&Tenant> {
    match event {
        Event::Applied { applicant: user, .. }
        | Event::MemberInvited { user, .. }
        | Event::InvitationEnded { user, .. }
        | Event::MemberJoined { user, .. }
        | Event::RoleChanged { user, .. }
        | Event::MemberLeft { user } => Some(user),
        _ => None,
    }
}

/// Every commission rate that was ever agreed; keyed by the event's version.
pub struct CommissionRates;

/// A rate that is or was agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommissionRate {
    /// How much.
    pub rate: BasisPoints,
    /// From when on.
    pub from: Timestamp,
    /// Why; none for the rate that everybody begins with.
    pub reason: Option<Reason>,
    /// By whom.
    pub by: String,
}

impl View<Service> for CommissionRates {
    const NAME: &'static str = "commission_rates";
    type Row = CommissionRate;

    fn fold(seen: &Seen<'_, Service>, rows: &mut Rows<CommissionRate>) {
        let (rate, reason, by) = match seen.event {
            Event::Applied { rate, .. } => (*rate, None, String::new()),
            Event::CommissionSet { rate, reason, by } => (*rate, Some(reason.clone()), by.clone()),
            _ => return,
        };
        let agreed = CommissionRate { rate, from: seen.at, reason, by };
        rows.put(format!("{:016x}", seen.version.0), &agreed);
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
        commission_basis_points: found.row.rate.get(),
        delivery_fees: found.row.fees,
    }))
}

/// What a user may do for a vendor that lives in this cell; `None` if the user is not in the team. Errors: the store's.
pub async fn role_of(
    reading: &Reading,
    vendor: &Tenant,
    user: &Tenant,
) -> Result<Option<VendorRole>, Fault> {
    let found = reading.get::<Service, Team>(vendor, user.id()).await?;
    let member = found.map(|found| found.row).filter(|row| row.user == *user && !row.invited);
    Ok(member.map(|member| member.role))
}
