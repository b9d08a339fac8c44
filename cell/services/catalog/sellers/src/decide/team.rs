//! The team: who may act for the seller, and who is asked to.

use std::time::Duration;

use base_ids::Tenant;
use base_time::Timestamp;
use cell_kernel::VendorRole;

use super::{Refusal, TEAM_MAX};
use crate::{
    command::Command,
    event::{Event, InvitationEnd},
    state::Seller,
};

/// How long an invitation is open.
pub(crate) const OPEN_FOR: Duration = Duration::from_hours(14 * 24);

pub(super) fn decide(
    seller: &Seller,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Invite { user, role } => invite(seller, user, *role, now),
        Command::AcceptInvitation { user } => accept(seller, user, now),
        Command::DeclineInvitation { user } => {
            open_invitation(seller, user, now)?;
            Ok(vec![ended(user, InvitationEnd::Declined)])
        }
        Command::ExpireInvitation { user, until } => {
            let invitation = seller.invitations.get(user);
            let due = *until <= now && invitation.is_some_and(|open| open.until == *until);
            Ok(if due { vec![ended(user, InvitationEnd::Expired)] } else { Vec::new() })
        }
        Command::SetRole { user, role } => set_role(seller, user, *role),
        Command::RemoveMember { user } if seller.invitations.contains_key(user) => {
            Ok(vec![ended(user, InvitationEnd::Withdrawn)])
        }
        Command::RemoveMember { user } | Command::Leave { user } => {
            member(seller, user)?;
            an_owner_stays(seller, user)?;
            Ok(vec![Event::MemberLeft { user: user.clone() }])
        }
        _ => Ok(Vec::new()),
    }
}

fn invite(
    seller: &Seller,
    user: &Tenant,
    role: VendorRole,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if seller.team.contains_key(user) {
        return Err(Refusal::MemberKnown(user.clone()));
    }
    let known = seller.invitations.contains_key(user);
    if !known && seller.team.len() + seller.invitations.len() >= TEAM_MAX {
        return Err(Refusal::TeamFull);
    }
    Ok(vec![Event::MemberInvited { user: user.clone(), role, until: now.after(OPEN_FOR) }])
}

fn accept(seller: &Seller, user: &Tenant, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    if seller.team.contains_key(user) {
        return Ok(Vec::new());
    }
    let role = open_invitation(seller, user, now)?;
    Ok(vec![Event::MemberJoined { user: user.clone(), role, at: now }])
}

/// An invitation that has run out is none, whether or not its timer has come.
fn open_invitation(seller: &Seller, user: &Tenant, now: Timestamp) -> Result<VendorRole, Refusal> {
    let open = seller.invitations.get(user).filter(|invitation| now < invitation.until);
    open.map(|invitation| invitation.role).ok_or_else(|| Refusal::NotInvited(user.clone()))
}

fn set_role(seller: &Seller, user: &Tenant, role: VendorRole) -> Result<Vec<Event>, Refusal> {
    let before = member(seller, user)?;
    if before == role {
        return Ok(Vec::new());
    }
    an_owner_stays(seller, user)?;
    Ok(vec![Event::RoleChanged { user: user.clone(), role }])
}

fn member(seller: &Seller, user: &Tenant) -> Result<VendorRole, Refusal> {
    let member = seller.team.get(user);
    member.map(|member| member.role).ok_or_else(|| Refusal::MemberUnknown(user.clone()))
}

/// Invariant seller-3: without this one there is still an owner.
fn an_owner_stays(seller: &Seller, user: &Tenant) -> Result<(), Refusal> {
    let is_owner = seller.team.get(user).is_some_and(|member| member.role == VendorRole::Owner);
    if is_owner && seller.owners() == 1 {
        return Err(Refusal::LastOwner(user.clone()));
    }
    Ok(())
}

fn ended(user: &Tenant, because: InvitationEnd) -> Event {
    Event::InvitationEnded { user: user.clone(), because }
}
