//! What there is before anybody buys: two open sellers in two cells, published books, offers and stock; made through the API.

use std::sync::Arc;

use base_ids::{GuestSecret, Tenant, TenantKind};
use souk_proto::souk::{
    inventory::v1::{ReceiveStockRequest, StockLevel},
    offers::v1::{CreateOfferRequest, Offer},
    products::v1::{AddProductRequest, Product, ProductDetails},
    sellers::v1::{
        ApplyAsSellerRequest, ApproveSellerRequest, DisplayName, GetSellerRequest, Seller,
        SetDeliveryFeeRequest, SubmitApplicationRequest,
    },
    v1::{LocalText, Money},
};

use crate::{
    client::{Client, Refused},
    days::{Days, Planned},
    fleet::{self, Fleet, World, home_of},
    rest::{self, Restless},
};

/// A market cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum NoMarket {
    /// A cell says no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A store fails.
    #[error(transparent)]
    Fault(#[from] base_fault::Fault),
    /// It does not come to rest.
    #[error(transparent)]
    Restless(#[from] Restless),
}

/// The books that are sold: number, title.
const BOOKS: [(&str, &str); 2] =
    [("9783161484100", "La Boîte à merveilles"), ("9780306406157", "Le Pain nu")];
/// Copies of each offer that come in at first.
pub(crate) const STOCK: i64 = 8;

/// An offer.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    /// Who sells.
    pub(crate) vendor: Tenant,
    /// The vendor's owner.
    pub(crate) owner: Tenant,
    /// The offer's id.
    pub(crate) offer: String,
}

/// The market as it is before anybody buys.
pub struct Market {
    /// The world.
    pub(crate) world: World,
    /// One offer of a vendor in cell-1, one of a vendor in cell-2.
    pub(crate) listings: Vec<Listing>,
    /// How chance fell when it was opened.
    pub(crate) seed: u64,
}

/// Opens the market of a seed.
pub(crate) async fn open(seed: u64) -> Result<Market, NoMarket> {
    let good_days: Arc<dyn Days> = Arc::new(Planned(Vec::new()));
    let fleet = Fleet::start(World::empty(seed), &good_days);
    fleet::settle(&fleet).await?;
    for (isbn, title) in BOOKS {
        publish(&fleet, isbn, title).await?;
    }
    let mut listings = Vec::new();
    for (home, (isbn, _)) in (1..).zip(BOOKS) {
        let (owner, vendor) = open_seller(&fleet, home).await?;
        rest::quiet(&fleet).await?;
        listings.push(list(&fleet, owner, vendor, isbn).await?);
    }
    rest::quiet(&fleet).await?;
    Ok(Market { world: fleet.stop().await, listings, seed })
}

async fn publish(fleet: &Fleet, isbn: &str, title: &str) -> Result<(), Refused> {
    let request = AddProductRequest {
        product: isbn.to_owned(),
        details: Some(ProductDetails {
            title: Some(LocalText { fr: title.to_owned(), ..LocalText::default() }),
            authors: vec!["A. Sefrioui".to_owned()],
            language: "fr".to_owned(),
            subject: "novel".to_owned(),
            format: "paperback".to_owned(),
            ..ProductDetails::default()
        }),
        publish: true,
    };
    let home = user_in(0, 0);
    let method = "souk.products.v1.Products/AddProduct";
    Client::operator(fleet).tell::<_, Product>(&home, method, &request, isbn).await.map(drop)
}

/// Applies until the application lies in the wished cell, and has that one approved.
async fn open_seller(fleet: &Fleet, home: usize) -> Result<(Tenant, Tenant), Refused> {
    let owner = user_in(home, 1);
    let applicant = Client::shopper(fleet, &owner);
    for number in 0.. {
        let request = ApplyAsSellerRequest {
            handle: format!("books-{home}-{number}"),
            display_name: Some(DisplayName {
                latin: "Livres".to_owned(),
                ..DisplayName::default()
            }),
            city: "Fès".to_owned(),
        };
        let method = "souk.sellers.v1.Sellers/ApplyAsSeller";
        let seller: Seller = applicant.tell(&owner, method, &request, &request.handle).await?;
        let vendor: Tenant = seller.name.parse().expect("a seller's name is a tenant's");
        if fleet.home(&vendor) == home {
            approve(fleet, &owner, &vendor).await?;
            return Ok((owner, vendor));
        }
    }
    unreachable!("one of three applications lies in the wished cell")
}

async fn approve(fleet: &Fleet, owner: &Tenant, vendor: &Tenant) -> Result<(), Refused> {
    let (own, name) = (Client::vendor(fleet, owner, vendor), vendor.to_string());
    let sellers = |method: &str| format!("souk.sellers.v1.Sellers/{method}");
    let fee = SetDeliveryFeeRequest { name: name.clone(), fee: Some(mad(2_000)) };
    own.tell::<_, Seller>(vendor, &sellers("SetDeliveryFee"), &fee, "fee").await?;
    let submit = SubmitApplicationRequest { name: name.clone() };
    own.tell::<_, Seller>(vendor, &sellers("SubmitApplication"), &submit, "submit").await?;
    let approve =
        ApproveSellerRequest { name: name.clone(), override_reason: "known to us".to_owned() };
    let operator = Client::operator(fleet);
    operator.tell::<_, Seller>(vendor, &sellers("ApproveSeller"), &approve, "approve").await?;
    let get = GetSellerRequest { name };
    let seller: Seller = operator.ask(vendor, &sellers("GetSeller"), &get).await?;
    debug_assert!(seller.open, "an approved seller is open: {seller:?}");
    Ok(())
}

async fn list(
    fleet: &Fleet,
    owner: Tenant,
    vendor: Tenant,
    isbn: &str,
) -> Result<Listing, Refused> {
    let own = Client::vendor(fleet, &owner, &vendor);
    let request = CreateOfferRequest {
        parent: vendor.to_string(),
        sku: format!("b-{isbn}"),
        product: isbn.to_owned(),
        price: Some(mad(4_900)),
        ..CreateOfferRequest::default()
    };
    let method = "souk.offers.v1.Offers/CreateOffer";
    let offer: Offer = own.tell(&vendor, method, &request, "offer").await?;
    receive(fleet, &owner, &vendor, &offer.offer, STOCK).await?;
    Ok(Listing { vendor, owner, offer: offer.offer })
}

/// Books goods that have come in.
pub(crate) async fn receive(
    fleet: &Fleet,
    owner: &Tenant,
    vendor: &Tenant,
    offer: &str,
    quantity: i64,
) -> Result<(), Refused> {
    let request = ReceiveStockRequest {
        parent: vendor.to_string(),
        offer: offer.to_owned(),
        location: String::new(),
        quantity,
    };
    let (method, key) = ("souk.inventory.v1.Inventory/ReceiveStock", format!("receive-{quantity}"));
    let own = Client::vendor(fleet, owner, vendor);
    own.tell::<_, StockLevel>(vendor, method, &request, &key).await.map(drop)
}

/// So many minor units of the market's currency.
fn mad(minor: i64) -> Money {
    Money { currency: "MAD".to_owned(), minor }
}

/// The `nth` registered user who lives in a cell.
pub(crate) fn user_in(home: usize, nth: usize) -> Tenant {
    let users = (0..).map(|number| Tenant::new(TenantKind::User, &format!("u{number}")));
    let users = users.map(|user| user.expect("`u` and a number are an id"));
    nth_in(users, home, nth)
}

/// The `nth` guest who lives in a cell.
pub(crate) fn guest_in(home: usize, nth: usize) -> Tenant {
    let secret = |number: u64| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        GuestSecret::of_random(&bytes).tenant()
    };
    nth_in((0..).map(secret), home, nth)
}

fn nth_in(tenants: impl Iterator<Item = Tenant>, home: usize, nth: usize) -> Tenant {
    let mut here = tenants.filter(|tenant| home_of(tenant.slot()) == home);
    here.nth(nth).expect("there is always another name")
}
