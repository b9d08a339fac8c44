//! What sellers tells: everyone how the seller shows itself, names which handles it wants, and itself when time has come.

use cell_kernel::{Decider as _, Outbox, Seen};

use crate::{
    Sellers,
    event::Event,
    state::{Claim, Seller},
    wire,
};

/// The service that decides on handles.
const NAMES: &str = "names";

pub(crate) fn announce(seen: &Seen<'_, Sellers>, outbox: &mut Outbox) {
    let Some(seller) = &seen.state.seller else { return };
    ask_names(seen, outbox);
    remind(seen, outbox);
    if shows(seen.event) {
        outbox.publish(seen.tenant.as_str(), &published(seen, seller));
    }
}

fn ask_names(seen: &Seen<'_, Sellers>, outbox: &mut Outbox) {
    let kind = wire::Kind::Handle;
    match seen.event {
        Event::HandleAsked { claim, name, .. } => {
            let ask = wire::ClaimName { claim: claim.to_string(), kind: kind.into() };
            outbox.tell(name, NAMES, &ask);
        }
        Event::HandleKept { claim, name } => {
            let confirm = wire::ConfirmName { claim: claim.to_string(), kind: kind.into() };
            outbox.tell(name, NAMES, &confirm);
        }
        Event::HandleGivenBack { claim, name } => {
            outbox.tell(name, NAMES, &wire::ReleaseName { claim: claim.to_string() });
        }
        _ => {}
    }
}

fn remind(seen: &Seen<'_, Sellers>, outbox: &mut Outbox) {
    match seen.event {
        Event::HolidayPlanned { window } => {
            let (from_ms, until_ms) = (window.from.as_millis(), window.until.as_millis());
            let begins = wire::HolidayBegins { from_ms, until_ms };
            outbox.remind(seen.tenant, Sellers::SERVICE, window.from, &begins);
            let over = wire::HolidayOver { from_ms, until_ms };
            outbox.remind(seen.tenant, Sellers::SERVICE, window.until, &over);
        }
        Event::MemberInvited { user, until, .. } => {
            let due = wire::InvitationDue { user: user.to_string(), until_ms: until.as_millis() };
            outbox.remind(seen.tenant, Sellers::SERVICE, *until, &due);
        }
        _ => {}
    }
}

/// Whether a shopper, a checkout or an operator's list could see the event's effect.
fn shows(event: &Event) -> bool {
    match event {
        Event::Applied { .. }
        | Event::HandleHeld { .. }
        | Event::HandleLost { .. }
        | Event::ProfileChanged { .. }
        | Event::Submitted
        | Event::Approved { .. }
        | Event::Rejected { .. }
        | Event::Suspended { .. }
        | Event::Reinstated { .. }
        | Event::Terminated { .. }
        | Event::HolidayBegan { .. }
        | Event::HolidayEnded { .. } => true,
        Event::HandleAsked { .. }
        | Event::HandleKept { .. }
        | Event::HandleGivenBack { .. }
        | Event::PaperSubmitted { .. }
        | Event::PaperVerified { .. }
        | Event::PaperRejected { .. }
        | Event::CommissionSet { .. }
        | Event::DeliveryFeeSet { .. }
        | Event::HolidayPlanned { .. }
        | Event::MemberInvited { .. }
        | Event::InvitationEnded { .. }
        | Event::MemberJoined { .. }
        | Event::RoleChanged { .. }
        | Event::MemberLeft { .. } => false,
    }
}

fn published(seen: &Seen<'_, Sellers>, seller: &Seller) -> wire::SellerPublished {
    let script = |name: &Option<base_ids::Text<100>>| {
        name.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let latin = script(&seller.name.latin);
    let (ar, fr, en) = (script(&seller.name.arabic), latin.clone(), latin);
    let closed_because = seller.closed_because();
    let held = seller.handles.held.as_ref();
    let handle = |claim: &Claim| claim.handle.as_str().to_owned();
    let holiday = seller.on_holiday().filter(|_| closed_because == Some("holiday"));
    wire::SellerPublished {
        vendor: seen.tenant.to_string(),
        open: closed_because.is_none(),
        closed_because: closed_because.unwrap_or_default().to_owned(),
        display_name: Some(wire::LocalText { ar, fr, en }),
        city: seller.city.to_string(),
        handle: held.map(handle).unwrap_or_default(),
        closed_until_ms: holiday.map_or(0, |window| window.until.as_millis()),
        display_name_tifinagh: script(&seller.name.tifinagh),
        status: seller.status.as_str().to_owned(),
    }
}
