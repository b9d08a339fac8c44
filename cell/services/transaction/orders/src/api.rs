//! How orders looks on the wire: to a buyer, and to a vendor.

mod show;

use base_fault::Fault;
use base_ids::Text;
use cell_kernel::{Api, Done, No, Page, PageAsk, Request, Versioned, View, field, ids_of};
use cell_words::asked;

use crate::{
    Orders,
    command::{ChildAsk, Command, GroupAsk, Parcel},
    view::{self, Children, Groups},
    wire,
};

const BUYERS: &str = "users/*/orders/*";
const VENDORS: &str = "vendors/*/orders/*";

pub(crate) fn api() -> Api<Orders> {
    Api::new("souk.orders.v1.Orders")
        .get("GetOrder", |request, asked: wire::GetOrderRequest| {
            get::<Groups, _>(request, (BUYERS, asked.name), show::order)
        })
        .list("ListOrders", list_orders)
        .watch::<Groups, _, _>(
            "WatchOrder",
            |_, asked: &wire::WatchOrderRequest| key_of(BUYERS, &asked.name),
            show::order,
            |row| row.group.is_final(),
        )
        .command("CancelOrder", cancel_order, group_after)
        .get("GetVendorOrder", |request, asked: wire::GetVendorOrderRequest| {
            get::<Children, _>(request, (VENDORS, asked.name), show::vendor_order)
        })
        .list("ListVendorOrders", list_vendor_orders)
        .watch::<Children, _, _>(
            "WatchVendorOrder",
            |_, asked: &wire::WatchVendorOrderRequest| key_of(VENDORS, &asked.name),
            show::vendor_order,
            |row| row.child.status.is_final(),
        )
        .command("AcceptOrder", accept_order, child_after)
        .command("RejectOrder", reject_order, child_after)
        .command("ShipOrder", ship_order, child_after)
        .command("DeliverOrder", deliver_order, child_after)
}

/// The key of the row that a resource's name means.
fn key_of(form: &str, name: &str) -> Result<String, Fault> {
    let [_, id] = ids_of("name", form, name)?;
    Ok(format!("{}{id}", view::BY_ID))
}

fn cancel_order(_: &Request, asked: &wire::CancelOrderRequest) -> Result<Command, Fault> {
    let [_, group] = ids_of("name", BUYERS, &asked.name)?;
    let parts = asked.parts.iter().map(|part| field("parts", part)).collect::<Result<_, _>>()?;
    let reason = some("reason", &asked.reason)?;
    Ok(Command::Group { group, ask: GroupAsk::Cancel { parts, reason } })
}

fn accept_order(_: &Request, asked: &wire::AcceptOrderRequest) -> Result<Command, Fault> {
    of_child(&asked.name, ChildAsk::Accept)
}

fn reject_order(_: &Request, asked: &wire::RejectOrderRequest) -> Result<Command, Fault> {
    of_child(&asked.name, ChildAsk::Reject { reason: field("reason", &asked.reason)? })
}

fn ship_order(_: &Request, asked: &wire::ShipOrderRequest) -> Result<Command, Fault> {
    let tracking_number = some("tracking_number", &asked.tracking_number)?;
    let parcel = Parcel { carrier: field("carrier", &asked.carrier)?, tracking_number };
    of_child(&asked.name, ChildAsk::Ship { parcel })
}

fn deliver_order(_: &Request, asked: &wire::DeliverOrderRequest) -> Result<Command, Fault> {
    of_child(&asked.name, ChildAsk::Deliver)
}

/// Reads a field that may be empty.
fn some<const MAX: usize>(name: &str, text: &str) -> Result<Option<Text<MAX>>, Fault> {
    (!text.is_empty()).then(|| field(name, text)).transpose()
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
    let (id, buyer, group) = (id.clone(), done.asked.tenant.clone(), group.clone());
    show::order(&view::Group { id, buyer, group })
}

/// Commands on a child order answer with the child order after them.
fn child_after(done: &Done<'_, Orders>) -> wire::VendorOrder {
    let Some(child) = done.state.child() else {
        unreachable!("only a child order that is there takes a step")
    };
    show::vendor_order(&view::Child { vendor: done.asked.tenant.clone(), child: child.clone() })
}

async fn get<V: View<Orders>, Shown>(
    request: Request,
    (form, name): (&'static str, String),
    show: fn(&V::Row) -> Shown,
) -> Result<Versioned<Shown>, No> {
    let key = key_of(form, &name)?;
    let found = request.reading.get::<Orders, V>(&request.tenant, &key).await?;
    Ok(asked::found(("order", &name), found, show)?)
}

async fn list_orders(
    request: Request,
    asked: wire::ListOrdersRequest,
) -> Result<wire::ListOrdersResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page = request.reading.list::<Orders, Groups>(&request.tenant, view::ALL, &ask).await?;
    let Page { rows: orders, next_page_token } = page.map(|row| show::order(&row));
    Ok(wire::ListOrdersResponse { orders, next_page_token })
}

async fn list_vendor_orders(
    request: Request,
    asked: wire::ListVendorOrdersRequest,
) -> Result<wire::ListVendorOrdersResponse, No> {
    let status = wire::read_status(asked.status);
    if asked.status != 0 && status.is_none() {
        let problem = format!("{} is not a status of an order", asked.status);
        return Err(Fault::invalid_field("status", problem).into());
    }
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let list = status.map_or_else(|| view::ALL.to_owned(), view::of_status);
    let page = request.reading.list::<Orders, Children>(&request.tenant, &list, &ask).await?;
    let Page { rows: orders, next_page_token } = page.map(|row| show::vendor_order(&row));
    Ok(wire::ListVendorOrdersResponse { orders, next_page_token })
}
