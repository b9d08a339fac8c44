//! How inventory looks on the wire.

use base_fault::{Code, Fault};
use base_ids::{ResourceId, Tenant};
use cell_kernel::{Api, Done, No, PageAsk, Request, Versioned, field, ids_of};

use crate::{
    Inventory,
    command::{Command, Quantity},
    state::Level,
    view::{self, MovementKind, Movements, StockLevels},
    wire,
};

const STOCK: &str = "vendors/*/stock/*";

pub(crate) fn api() -> Api<Inventory> {
    Api::new("souk.inventory.v1.Inventory")
        .command("ReceiveStock", receive_stock, stock_after)
        .command("AdjustStock", adjust_stock, stock_after)
        .get("GetStock", get_stock)
        .list("ListStock", list_stock)
        .list("ListMovements", list_movements)
}

fn receive_stock(_: &Request, asked: &wire::ReceiveStockRequest) -> Result<Command, Fault> {
    let quantity = Quantity::try_from(asked.quantity)
        .map_err(|error| Fault::invalid_field("quantity", error.to_string()))?;
    let location = location(&asked.location)?;
    Ok(Command::ReceiveStock { offer: field("offer", &asked.offer)?, location, quantity })
}

fn adjust_stock(_: &Request, asked: &wire::AdjustStockRequest) -> Result<Command, Fault> {
    let change = asked.change;
    if change == 0 || change.checked_abs().is_none_or(|size| size > Quantity::MAX) {
        let problem =
            format!("is {change}; expected -{max} to {max}, and not 0", max = Quantity::MAX);
        return Err(Fault::invalid_field("change", problem));
    }
    let (offer, location) = (field("offer", &asked.offer)?, location(&asked.location)?);
    Ok(Command::AdjustStock { offer, location, change, reason: field("reason", &asked.reason)? })
}

fn location(text: &str) -> Result<ResourceId, Fault> {
    field("location", if text.is_empty() { "main" } else { text })
}

/// Both commands answer with the offer's level after them.
fn stock_after(done: &Done<'_, Inventory>) -> wire::StockLevel {
    let (Command::ReceiveStock { offer, .. } | Command::AdjustStock { offer, .. }) = done.command
    else {
        unreachable!("only these two commands come through the API")
    };
    let locations =
        done.state.locations(offer).map(|(location, level)| (location.clone(), level)).collect();
    show(&done.asked.tenant, &view::StockLevel { offer: offer.clone(), locations })
}

async fn get_stock(
    request: Request,
    asked: wire::GetStockRequest,
) -> Result<Versioned<wire::StockLevel>, No> {
    let [_, offer] = ids_of("name", STOCK, &asked.name)?;
    let found =
        request.reading.get::<Inventory, StockLevels>(&request.tenant, offer.as_str()).await?;
    let found = found.ok_or_else(|| {
        Fault::caller(Code::NotFound, format!("nothing was ever stocked of `{}`", asked.name))
    })?;
    Ok(Versioned { row: show(&request.tenant, &found.row), version: found.version })
}

async fn list_stock(
    request: Request,
    asked: wire::ListStockRequest,
) -> Result<wire::ListStockResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let page = request.reading.list::<Inventory, StockLevels>(&request.tenant, "", &ask).await?;
    let page = page.map(|level| show(&request.tenant, &level));
    Ok(wire::ListStockResponse { stock: page.rows, next_page_token: page.next_page_token })
}

async fn list_movements(
    request: Request,
    asked: wire::ListMovementsRequest,
) -> Result<wire::ListMovementsResponse, No> {
    let [_, offer] = ids_of("parent", STOCK, &asked.parent)?;
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page = request
        .reading
        .list::<Inventory, Movements>(&request.tenant, &format!("{offer}/"), &ask)
        .await?;
    let page = page.map(|movement| show_movement(&movement));
    Ok(wire::ListMovementsResponse { movements: page.rows, next_page_token: page.next_page_token })
}

fn show(vendor: &Tenant, found: &view::StockLevel) -> wire::StockLevel {
    let sum =
        |part: fn(&Level) -> i64| found.locations.iter().map(|(_, level)| part(level)).sum::<i64>();
    wire::StockLevel {
        name: format!("{vendor}/stock/{}", found.offer),
        offer: found.offer.to_string(),
        on_hand: sum(|level| level.on_hand),
        allocated: sum(|level| level.allocated),
        reserved: sum(|level| level.reserved),
        available: sum(|level| level.available()),
        locations: found.locations.iter().map(show_location).collect(),
    }
}

fn show_location((location, level): &(ResourceId, Level)) -> wire::LocationLevel {
    let Level { on_hand, allocated, reserved } = *level;
    wire::LocationLevel { location: location.to_string(), on_hand, allocated, reserved }
}

fn show_movement(movement: &view::Movement) -> wire::Movement {
    use wire::movement::Kind;
    let kind = match movement.kind {
        MovementKind::Received => Kind::Received,
        MovementKind::Adjusted => Kind::Adjusted,
        MovementKind::Allocated => Kind::Allocated,
        MovementKind::Deallocated => Kind::Deallocated,
        MovementKind::Shipped => Kind::Shipped,
    };
    wire::Movement {
        kind: kind.into(),
        location: movement.location.to_string(),
        quantity: movement.quantity,
        at_ms: movement.at.as_millis(),
        reference: movement.reference.clone(),
    }
}
