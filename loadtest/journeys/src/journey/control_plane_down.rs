//! The control plane is away: trading goes on, and routers and cells start without it from what they have on disk.

use std::time::Duration;

use super::{
    rest::books_balance,
    stage::{Set, Stage},
};
use crate::{
    accounts::Made,
    launch::Member,
    market::Size,
    people::{Basket, Paying},
    say,
};

const PURCHASE: Duration = Duration::from_mins(1);
const SIZE: Size = Size { vendors_per_cell: 1, offers: 2, copies: 100 };

/// Walks the journey; true if every purchase succeeded and all books balance.
///
/// Errors: what could not be carried out at all.
pub async fn control_plane_down(stage: &Stage) -> anyhow::Result<bool> {
    let mut set = stage.set("control-plane-down", SIZE).await?;
    let mut made = Vec::new();
    say::step("kill -9 of the control plane; buyers of every cell buy from the two others");
    set.fleet.kill(Member::ControlPlane)?;
    let mut holds = round(&set, &mut made).await?;
    for member in [Member::Router, Member::Cell(1), Member::Cell(2)] {
        say::step(format!(
            "kill -9 of {member} while the control plane is away; it starts from its disk"
        ));
        set.fleet.kill(member)?;
        set.fleet.restart(member)?;
        set.fleet.ready(member).await?;
        holds &= round(&set, &mut made).await?;
    }
    say::step("the control plane comes back");
    set.fleet.restart(Member::ControlPlane)?;
    set.fleet.ready(Member::ControlPlane).await?;
    holds &= round(&set, &mut made).await?;
    holds &= books_balance(&set, &made).await?;
    say::verdict(
        holds,
        format!("{} purchases while the control plane was away or coming back", made.len()),
    );
    stage.strike(set, holds).await
}

/// A buyer in each cell buys from a vendor in each other cell.
pub(super) async fn round(set: &Set, made: &mut Vec<Made>) -> anyhow::Result<bool> {
    let mut holds = true;
    for home in set.market.homes.cells() {
        let stalls = set.market.stalls.iter().filter(|stall| stall.cell != *home);
        let lines = stalls
            .map(|stall| (stall.vendor.name.clone(), stall.wares[0].offer.clone(), 1))
            .collect();
        let buyer = set.market.visitor_of(home);
        let paying = if made.len().is_multiple_of(2) { Paying::Card } else { Paying::Cash };
        let purchase =
            buyer.buy(&Basket { lines, paying, ship_what_you_can: false }, PURCHASE).await?;
        holds &= purchase.order.is_some();
        let ended = &purchase.ended;
        say::verdict(
            purchase.order.is_some(),
            format!(
                "{} of a buyer in {home}: {} {}",
                purchase.checkout, ended["status"], ended["problems"]
            ),
        );
        made.push(Made { buyer, paying, purchase });
    }
    Ok(holds)
}
