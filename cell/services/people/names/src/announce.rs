//! What a name tells: answers to claimants, and a reminder to itself.

use cell_kernel::{Decider as _, Outbox, Seen};

use crate::{Event, Names, command::Claim, wire};

pub(crate) fn announce(seen: &Seen<'_, Names>, outbox: &mut Outbox) {
    let name = seen.tenant.to_string();
    match seen.event {
        Event::NameClaimed { claim, until, .. } => {
            let (id, until_ms) = (claim.id.to_string(), until.as_millis());
            tell(outbox, claim, &wire::NameClaimed { name, claim: id, until_ms });
            outbox.remind(seen.tenant, Names::SERVICE, *until, &due(claim));
        }
        Event::NameRefused { claim, confirmed, quiet, .. } => {
            let (id, confirmed, quiet) = (claim.id.to_string(), *confirmed, *quiet);
            tell(outbox, claim, &wire::NameTaken { name, claim: id, confirmed, quiet });
        }
        Event::NameConfirmed { claim, .. } => {
            outbox.call_off(&due(claim));
            tell(outbox, claim, &wire::NameConfirmed { name, claim: claim.id.to_string() });
        }
        Event::ClaimExpired { claim } => {
            tell(outbox, claim, &wire::NameExpired { name, claim: claim.id.to_string() });
        }
        Event::NameReleased { claim, .. } => outbox.call_off(&due(claim)),
        Event::ClaimBarred { .. } => {}
    }
}

fn due(claim: &Claim) -> wire::ClaimDue {
    wire::ClaimDue { claim: claim.id.to_string(), claimant: claim.claimant.to_string() }
}

fn tell<M: cell_kernel::Words>(outbox: &mut Outbox, claim: &Claim, message: &M) {
    outbox.tell(&claim.claimant, claim.service.as_str(), message);
}
