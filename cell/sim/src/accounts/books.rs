//! Everything that the accounts are drawn up from, as the API shows it.

use std::collections::BTreeMap;

use base_ids::Tenant;
use prost::Message;
use souk_proto::souk::{
    carts::v1::{Cart, GetCartRequest},
    checkout::v1::{Checkout, ListCheckoutsRequest, ListCheckoutsResponse},
    inventory::v1::{
        ListMovementsRequest, ListMovementsResponse, ListStockRequest, ListStockResponse, Movement,
        StockLevel,
    },
    orders::v1::{
        GetOrderRequest, GetVendorOrderRequest, ListOrdersRequest, ListOrdersResponse,
        ListVendorOrdersRequest, ListVendorOrdersResponse, Order, VendorOrder,
    },
    payments::v1::{GetPaymentRequest, Payment},
};

use crate::{
    bank::Ledger,
    client::{Client, Refused},
    fleet::Fleet,
    market::Listing,
};

const PAGE: i32 = 200;

/// Everything.
pub(crate) struct Books {
    /// By name, `users/…/checkouts/…`.
    pub(crate) checkouts: BTreeMap<String, Checkout>,
    /// By name, `users/…/orders/…`.
    pub(crate) orders: BTreeMap<String, Order>,
    /// By name, `users/…/payments/…`.
    pub(crate) payments: BTreeMap<String, Payment>,
    /// By name, `users/…/carts/…`.
    pub(crate) carts: BTreeMap<String, Cart>,
    /// By id; with their names `vendors/…/orders/…`.
    pub(crate) children: BTreeMap<String, VendorOrder>,
    /// Of each offer.
    pub(crate) stock: Vec<StockLevel>,
    /// With the name of the stock, `vendors/…/stock/…`.
    pub(crate) movements: Vec<(String, Movement)>,
    /// The card provider's.
    pub(crate) bank: Ledger,
}

/// The last part of a resource's name.
pub(crate) fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Books {
    pub(super) async fn read(
        fleet: &Fleet,
        listings: &[Listing],
        buyers: &[Tenant],
    ) -> Result<Self, Refused> {
        let mut books = Self {
            checkouts: BTreeMap::new(),
            orders: BTreeMap::new(),
            payments: BTreeMap::new(),
            carts: BTreeMap::new(),
            children: BTreeMap::new(),
            stock: Vec::new(),
            movements: Vec::new(),
            bank: fleet.bank().books(),
        };
        let reader = Client::operator(fleet);
        for buyer in buyers {
            books.read_buyer(&reader, buyer).await?;
        }
        let mut vendors: Vec<&Tenant> = listings.iter().map(|listing| &listing.vendor).collect();
        vendors.sort();
        vendors.dedup();
        for vendor in vendors {
            books.read_vendor(&reader, vendor).await?;
        }
        Ok(books)
    }

    async fn read_buyer(&mut self, reader: &Client, buyer: &Tenant) -> Result<(), Refused> {
        let parent = buyer.to_string();
        let mut page_token = String::new();
        loop {
            let ask = ListCheckoutsRequest { parent: parent.clone(), page_size: PAGE, page_token };
            let page: ListCheckoutsResponse =
                reader.ask(buyer, "souk.checkout.v1.Checkouts/ListCheckouts", &ask).await?;
            for checkout in page.checkouts {
                let name = format!("{buyer}/payments/{}", id(&checkout.name));
                let get = GetPaymentRequest { name: name.clone() };
                let method = "souk.payments.v1.Payments/GetPayment";
                if let Some(payment) = found(reader.ask(buyer, method, &get).await)? {
                    self.payments.insert(name, payment);
                }
                self.checkouts.insert(checkout.name.clone(), checkout);
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        loop {
            let ask = ListOrdersRequest { parent: parent.clone(), page_size: PAGE, page_token };
            let page: ListOrdersResponse =
                reader.ask(buyer, "souk.orders.v1.Orders/ListOrders", &ask).await?;
            for listed in page.orders {
                let get = GetOrderRequest { name: listed.name.clone() };
                let order = reader.ask(buyer, "souk.orders.v1.Orders/GetOrder", &get).await?;
                self.orders.insert(listed.name, order);
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let get = GetCartRequest { name: format!("{buyer}/carts/main") };
        let cart = reader.ask(buyer, "souk.carts.v1.Carts/GetCart", &get).await;
        if let Some(cart) = found::<Cart>(cart)? {
            self.carts.insert(cart.name.clone(), cart);
        }
        Ok(())
    }

    async fn read_vendor(&mut self, reader: &Client, vendor: &Tenant) -> Result<(), Refused> {
        let parent = vendor.to_string();
        let mut page_token = String::new();
        loop {
            let ask = ListVendorOrdersRequest {
                parent: parent.clone(),
                page_size: PAGE,
                page_token,
                ..ListVendorOrdersRequest::default()
            };
            let page: ListVendorOrdersResponse =
                reader.ask(vendor, "souk.orders.v1.Orders/ListVendorOrders", &ask).await?;
            for listed in page.orders {
                let get = GetVendorOrderRequest { name: listed.name.clone() };
                let child =
                    reader.ask(vendor, "souk.orders.v1.Orders/GetVendorOrder", &get).await?;
                self.children.insert(id(&listed.name).to_owned(), child);
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        for level in stock_of(reader, vendor).await? {
            self.read_movements(reader, vendor, &level.name).await?;
            self.stock.push(level);
        }
        Ok(())
    }

    async fn read_movements(
        &mut self,
        reader: &Client,
        vendor: &Tenant,
        stock: &str,
    ) -> Result<(), Refused> {
        let mut page_token = String::new();
        loop {
            let parent = stock.to_owned();
            let ask = ListMovementsRequest { parent, page_size: PAGE, page_token };
            let page: ListMovementsResponse =
                reader.ask(vendor, "souk.inventory.v1.Inventory/ListMovements", &ask).await?;
            let moved = page.movements.into_iter().map(|movement| (stock.to_owned(), movement));
            self.movements.extend(moved);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(());
            }
        }
    }
}

/// What a vendor has of each offer.
pub(super) async fn stock_of(reader: &Client, vendor: &Tenant) -> Result<Vec<StockLevel>, Refused> {
    let ask =
        ListStockRequest { parent: vendor.to_string(), page_size: PAGE, ..Default::default() };
    let method = "souk.inventory.v1.Inventory/ListStock";
    let page: ListStockResponse = reader.ask(vendor, method, &ask).await?;
    Ok(page.stock)
}

/// Nothing, if there is no such thing.
fn found<T: Message>(answer: Result<T, Refused>) -> Result<Option<T>, Refused> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(no) if no.code == "not_found" => Ok(None),
        Err(no) => Err(no),
    }
}
