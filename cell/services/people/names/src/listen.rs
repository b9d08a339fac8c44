//! What a name does when others speak, or a claim's time comes.

use base_ids::{ClaimKind, ResourceId};
use cell_kernel::{Heard, Listener, Unreadable};

use crate::{
    Names,
    command::{Claim, Command, Service},
    wire,
};

pub(crate) fn listener() -> Listener<Names> {
    Listener::new()
        .on(claim_for_who_asks)
        .on(confirm_when_proven)
        .on(release_what_is_given_back)
        .on(expire_when_due)
}

fn claim_for_who_asks(message: &wire::ClaimName, heard: &Heard<'_>) -> Result<Command, Unreadable> {
    let (claim, kind) = (claim(&message.claim, heard)?, kind(message.kind())?);
    Ok(Command::ClaimName { claim, kind })
}

fn confirm_when_proven(
    message: &wire::ConfirmName,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    let (claim, kind) = (claim(&message.claim, heard)?, kind(message.kind())?);
    Ok(Command::ConfirmName { claim, kind })
}

fn release_what_is_given_back(
    message: &wire::ReleaseName,
    heard: &Heard<'_>,
) -> Result<Command, Unreadable> {
    Ok(Command::ReleaseName { claim: claim(&message.claim, heard)? })
}

fn expire_when_due(message: &wire::ClaimDue, _: &Heard<'_>) -> Result<Command, Unreadable> {
    let claimant = message.claimant.parse().map_err(Unreadable::because)?;
    Ok(Command::ExpireClaim { claimant, id: id(&message.claim)? })
}

/// The claimant is who speaks: nobody can claim, confirm or release for somebody else.
fn claim(text: &str, heard: &Heard<'_>) -> Result<Claim, Unreadable> {
    let speaks = &*heard.from.service;
    let service = Service::ALL.into_iter().find(|known| known.as_str() == speaks);
    let service = service.ok_or_else(|| Unreadable(format!("`{speaks}` does not claim names")))?;
    Ok(Claim { claimant: heard.from.tenant.clone(), id: id(text)?, service })
}

fn id(text: &str) -> Result<ResourceId, Unreadable> {
    text.parse().map_err(Unreadable::because)
}

fn kind(kind: wire::Kind) -> Result<ClaimKind, Unreadable> {
    match kind {
        wire::Kind::Email => Ok(ClaimKind::Email),
        wire::Kind::Phone => Ok(ClaimKind::Phone),
        wire::Kind::Handle => Ok(ClaimKind::Handle),
        wire::Kind::Unspecified => Err(Unreadable("the kind of name is not said".to_owned())),
    }
}
