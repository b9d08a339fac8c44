//! What sellers tells: everyone how the seller shows itself, names which handles it wants, and itself when time has come.

use base_claims::{Moved, Step};
use base_ids::Handle;
use cell_kernel::{Decider as _, Outbox, Seen};

use crate::{
    Sellers,
    event::{Event, Holiday, TeamStep},
    state::Seller,
    wire,
};

/// The service that decides on handles.
const NAMES: &str = "names";

pub(crate) fn announce(seen: &Seen<'_, Sellers>, outbox: &mut Outbox) {
    match seen.event {
        Event::HandleMoved(moved) => ask_names(moved, outbox),
        Event::HolidayChanged { holiday: Some(Holiday { days, begun: false }) } => {
            let (from_ms, until_ms) = (days.from.as_millis(), days.until.as_millis());
            let begins = wire::sellers::HolidayBegins { from_ms, until_ms };
            outbox.remind(seen.tenant, Sellers::SERVICE, days.from, &begins);
            let over = wire::sellers::HolidayOver { from_ms, until_ms };
            outbox.remind(seen.tenant, Sellers::SERVICE, days.until, &over);
        }
        Event::MemberMoved { user, how: TeamStep::Invited, member: Some(invited) } => {
            let (user, until_ms) = (user.to_string(), invited.at.as_millis());
            let due = wire::sellers::InvitationDue { user, until_ms };
            outbox.remind(seen.tenant, Sellers::SERVICE, invited.at, &due);
        }
        _ => {}
    }
    if let Some(seller) = seen.state.seller.as_ref().filter(|_| shows(seen.event)) {
        outbox.publish(seen.tenant.as_str(), &published(seen, seller));
    }
}

/// Nothing has to be proven for a handle, so it is confirmed as soon as it is kept.
fn ask_names(Moved { claim, to }: &Moved<Handle>, outbox: &mut Outbox) {
    use wire::names::{ClaimName, ConfirmName, Kind, ReleaseName};
    let (decides, claim, kind) = (&claim.decides, claim.claim.to_string(), Kind::Handle.into());
    match to {
        Step::Asked => outbox.tell(decides, NAMES, &ClaimName { claim, kind }),
        Step::Kept => outbox.tell(decides, NAMES, &ConfirmName { claim, kind }),
        Step::GivenBack => outbox.tell(decides, NAMES, &ReleaseName { claim }),
        Step::Held | Step::Lost => {}
    }
}

/// Whether a shopper, a checkout or an operator's list could see the event's effect.
fn shows(event: &Event) -> bool {
    match event {
        Event::Applied { .. } | Event::ProfileChanged(_) | Event::StatusChanged { .. } => true,
        Event::HandleMoved(moved) => matches!(moved.to, Step::Held | Step::Lost),
        Event::HolidayChanged { holiday } => holiday.is_none_or(|holiday| holiday.begun),
        _ => false,
    }
}

fn published(seen: &Seen<'_, Sellers>, seller: &Seller) -> wire::sellers::SellerPublished {
    let name = &seller.profile.name;
    let latin = name.latin.to_string();
    let (ar, fr, en) = (name.arabic.to_string(), latin.clone(), latin);
    let closed_because = seller.closed_because();
    let held = seller.handles.held.as_ref();
    let holiday = seller.on_holiday().filter(|_| closed_because == Some("holiday"));
    wire::sellers::SellerPublished {
        vendor: seen.tenant.to_string(),
        open: closed_because.is_none(),
        closed_because: closed_because.unwrap_or_default().to_owned(),
        display_name: Some(wire::words::LocalText { ar, fr, en }),
        city: seller.profile.city.to_string(),
        handle: held.map(|held| held.wanted.to_string()).unwrap_or_default(),
        closed_until_ms: holiday.map_or(0, |days| days.until.as_millis()),
        display_name_tifinagh: name.tifinagh.to_string(),
        status: seller.status.as_str().to_owned(),
    }
}
