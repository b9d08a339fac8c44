//! The team: who may act for the seller, and who is asked to.

use std::time::Duration;

use base_ids::Tenant;
use base_time::Timestamp;
use cell_kernel::VendorRole;

use super::{Decided, Refusal, TEAM_MAX};
use crate::{
    event::{Event, TeamStep},
    state::{Member, Seller},
};

/// How long an invitation is open.
pub(crate) const OPEN_FOR: Duration = Duration::from_hours(14 * 24);

pub(super) fn invite(seller: &Seller, user: &Tenant, role: VendorRole, now: Timestamp) -> Decided {
    match seller.team.get(user) {
        Some(known) if !known.invited => Err(Refusal::MemberKnown(user.clone())),
        None if seller.team.len() >= TEAM_MAX => Err(Refusal::TeamFull),
        _ => {
            let invited = Member { role, invited: true, at: now.after(OPEN_FOR) };
            Ok(moved(user, TeamStep::Invited, Some(invited)))
        }
    }
}

pub(super) fn accept(seller: &Seller, user: &Tenant, now: Timestamp) -> Decided {
    if member(seller, user).is_ok() {
        return Ok(Vec::new());
    }
    let role = open_invitation(seller, user, now)?.role;
    Ok(moved(user, TeamStep::Joined, Some(Member { role, invited: false, at: now })))
}

pub(super) fn decline(seller: &Seller, user: &Tenant, now: Timestamp) -> Decided {
    open_invitation(seller, user, now)?;
    Ok(moved(user, TeamStep::Declined, None))
}

/// The clock and the invitation as it is now decide: the timer of one that was given anew since changes nothing.
pub(super) fn expire(seller: &Seller, user: &Tenant, now: Timestamp) -> Vec<Event> {
    match seller.team.get(user) {
        Some(known) if known.invited && known.at <= now => moved(user, TeamStep::Expired, None),
        _ => Vec::new(),
    }
}

pub(super) fn set_role(seller: &Seller, user: &Tenant, role: VendorRole) -> Decided {
    let before = member(seller, user)?;
    if before.role == role {
        return Ok(Vec::new());
    }
    an_owner_stays(seller, before, user)?;
    Ok(moved(user, TeamStep::RoleChanged, Some(Member { role, ..before })))
}

/// Removing somebody who was only invited takes the invitation back; nobody leaves what they have not joined.
pub(super) fn remove(seller: &Seller, user: &Tenant, how: TeamStep) -> Decided {
    let invited = seller.team.get(user).is_some_and(|known| known.invited);
    if invited && how == TeamStep::Removed {
        return Ok(moved(user, TeamStep::Withdrawn, None));
    }
    an_owner_stays(seller, member(seller, user)?, user)?;
    Ok(moved(user, how, None))
}

/// An invitation that has run out is none, whether or not its timer has come.
fn open_invitation(seller: &Seller, user: &Tenant, now: Timestamp) -> Result<Member, Refusal> {
    let open = seller.team.get(user).filter(|known| known.invited && now < known.at);
    open.copied().ok_or_else(|| Refusal::NotInvited(user.clone()))
}

fn member(seller: &Seller, user: &Tenant) -> Result<Member, Refusal> {
    let member = seller.team.get(user).filter(|known| !known.invited);
    member.copied().ok_or_else(|| Refusal::MemberUnknown(user.clone()))
}

/// Invariant seller-3: without this one there is still an owner.
fn an_owner_stays(seller: &Seller, without: Member, user: &Tenant) -> Result<(), Refusal> {
    if without.role == VendorRole::Owner && seller.owners() == 1 {
        return Err(Refusal::LastOwner(user.clone()));
    }
    Ok(())
}

fn moved(user: &Tenant, how: TeamStep, member: Option<Member>) -> Vec<Event> {
    vec![Event::MemberMoved { user: user.clone(), how, member }]
}
