//! How orders looks on the wire: to a buyer, and to a vendor.

mod show;

use std::collections::BTreeSet;

use base_fault::{Code, Fault};
use base_ids::ResourceId;
use cell_kernel::{Api, Decider as _, Done, No, PageAsk, Request, Versioned, field, ids_of};

use crate::{
    Orders,
    command::{ChildAsk, Command, GroupAsk, Parcel},
    view::{self, Children, ChildrenByStatus, Groups, GroupsByTime},
    wire,
};

const BUYERS: &str = "users/*/orders/*";
const VENDORS: &str = "vendors/*/orders/*";

pub(crate) fn api() -> Api<Orders> {
    Api::new("souk.orders.v1.Orders")
        .get("GetOrder", get_order)
        .list("ListOrders", list_orders)
        .watch::<Groups, _, _>(
            "WatchOrder",
            |_, asked: &wire::WatchOrderRequest| id_of(BUYERS, &asked.name),
            show::order,
            |row| row.group.is_final(),
        )
        .command("CancelOrder", cancel_order, group_after)
        .get("GetVendorOrder", get_vendor_order)
        .list("ListVendorOrders", list_vendor_orders)
        .watch::<Children, _, _>(
            "WatchVendorOrder",
            |_, asked: &wire::WatchVendorOrderRequest| id_of(VENDORS, &asked.name),
            show::vendor_order,
            |row| row.child.status.is_final(),
        )
        .command("AcceptOrder", accept_order, child_after)
        .command("RejectOrder", reject_order, child_after)
        .command("ShipOrder", ship_order, child_after)
        .command("DeliverOrder", deliver_order, child_after)
}

fn id_of(form: &str, name: &str) -> Result<String, Fault> {
    let [_, id] = ids_of("name", form, name)?;
    Ok(id.to_string())
}

fn cancel_order(_: &Request, asked: &wire::CancelOrderRequest) -> Result<Command, Fault> {
    let [_, group] = ids_of("name", BUYERS, &asked.name)?;
    let named = asked.parts.iter().enumerate();
    let parts = named
        .map(|(at, part)| field(&format!("parts[{at}]"), part))
        .collect::<Result<BTreeSet<_>, _>>()?;
    let reason = field("reason", &asked.reason)?;
    Ok(Command::Group { group, ask: GroupAsk::Cancel { parts, reason } })
}

fn accept_order(_: &Request, asked: &wire::AcceptOrderRequest) -> Result<Command, Fault> {
    of_child(&asked.name, ChildAsk::Accept)
}

fn reject_order(_: &Request, asked: &wire::RejectOrderRequest) -> Result<Command, Fault> {
    of_child(&asked.name, ChildAsk::Reject { reason: field("reason", &asked.reason)? })
}

fn ship_order(_: &Request, asked: &wire::ShipOrderRequest) -> Result<Command, Fault> {
    let number = Some(asked.tracking_number.as_str()).filter(|number| !number.is_empty());
    let tracking_number = number.map(|number| field("tracking_number", number)).transpose()?;
    let parcel = Parcel { carrier: field("carrier", &asked.carrier)?, tracking_number };
    of_child(&asked.name, ChildAsk::Ship { parcel })
}

fn deliver_order(_: &Request, asked: &wire::DeliverOrderRequest) -> Result<Command, Fault> {
    of_child(&asked.name, ChildAsk::Deliver)
}

fn of_child(name: &str, ask: ChildAsk) -> Result<Command, Fault> {
    let [_, order] = ids_of("name", VENDORS, name)?;
    Ok(Command::Child { order, ask })
}

/// Commands on a group answer with the group after them.
fn group_after(done: &Done<'_, Orders>) -> wire::Order {
    let (Command::Group { group: id, .. }, Some(group)) = (done.command, done.state.group()) else {
        unreachable!("only a group can be cancelled, and only one that is there")
    };
    let buyer = done.asked.tenant.clone();
    show::order(&view::Group { id: id.clone(), buyer, group: group.clone() })
}

/// Commands on a child order answer with the child order after them.
fn child_after(done: &Done<'_, Orders>) -> wire::VendorOrder {
    let Some(child) = done.state.child() else {
        unreachable!("only a child order that is there takes a step")
    };
    show::vendor_order(&view::Child { vendor: done.asked.tenant.clone(), child: child.clone() })
}

async fn get_order(
    request: Request,
    asked: wire::GetOrderRequest,
) -> Result<Versioned<wire::Order>, No> {
    let [_, id]: [ResourceId; 2] = ids_of("name", BUYERS, &asked.name)?;
    let found = request.reading.get::<Orders, Groups>(&request.tenant, id.as_str()).await?;
    let found = found.ok_or_else(|| not_found(&asked.name))?;
    Ok(Versioned { row: show::order(&found.row), version: found.version })
}

async fn get_vendor_order(
    request: Request,
    asked: wire::GetVendorOrderRequest,
) -> Result<Versioned<wire::VendorOrder>, No> {
    let [_, id]: [ResourceId; 2] = ids_of("name", VENDORS, &asked.name)?;
    let found = request.reading.get::<Orders, Children>(&request.tenant, id.as_str()).await?;
    let found = found.ok_or_else(|| not_found(&asked.name))?;
    Ok(Versioned { row: show::vendor_order(&found.row), version: found.version })
}

fn not_found(name: &str) -> Fault {
    Fault::caller(Code::NotFound, format!("there is no order `{name}`"))
}

async fn list_orders(
    request: Request,
    asked: wire::ListOrdersRequest,
) -> Result<wire::ListOrdersResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page = request.reading.list::<Orders, GroupsByTime>(&request.tenant, "", &ask).await?;
    let page = page.map(|summary| show::summary(&request.tenant, &summary));
    Ok(wire::ListOrdersResponse { orders: page.rows, next_page_token: page.next_page_token })
}

async fn list_vendor_orders(
    request: Request,
    asked: wire::ListVendorOrdersRequest,
) -> Result<wire::ListVendorOrdersResponse, No> {
    let status = wire::read_status(asked.status);
    if asked.status != 0 && status.is_none() {
        let problem = format!("{} is not a status of {}", asked.status, Orders::SERVICE);
        return Err(Fault::invalid_field("status", problem).into());
    }
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let prefix = view::list_prefix(status);
    let page =
        request.reading.list::<Orders, ChildrenByStatus>(&request.tenant, &prefix, &ask).await?;
    let page = page.map(|summary| show::vendor_summary(&request.tenant, &summary));
    Ok(wire::ListVendorOrdersResponse { orders: page.rows, next_page_token: page.next_page_token })
}
