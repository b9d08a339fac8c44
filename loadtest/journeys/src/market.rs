//! A small market for journeys: an operator, vendors in every cell, offers with so many copies each.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, ensure};
use base_testkit::eventually;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use loadtest_demo::{Catalogue, Scale};
use serde_json::{Value, json};

use crate::{
    demo,
    http::{Api, Ask, list},
    launch::{Fleet, Homes},
    people::{Account, Application, Buyer, Keys, Mailbox, Operator, Vendor},
};

/// The password of everybody in a journey.
const PASSWORD: &str = "journeys-2026-souk";
/// What the platform keeps, in basis points.
const COMMISSION: u32 = 1_000;
/// What delivery costs with each vendor.
const DELIVERY: i64 = 2_500;
/// How long news may take to reach every cell.
const NEWS: Duration = Duration::from_mins(1);
/// How much is done at once.
const AT_ONCE: usize = 8;

/// How large a market is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Vendors in each cell.
    pub vendors_per_cell: usize,
    /// Offers of each vendor.
    pub offers: u32,
    /// Copies of each offer.
    pub copies: i64,
}

/// A market that trades.
#[derive(Clone, Debug)]
pub struct Market {
    /// The platform.
    pub api: Api,
    /// Chance and keys.
    pub keys: Keys,
    /// Who owns which slot.
    pub homes: Homes,
    /// Who operates.
    pub operator: Operator,
    /// The vendors.
    pub stalls: Vec<Stall>,
}

/// A vendor and what it sells.
#[derive(Clone, Debug)]
pub struct Stall {
    /// The vendor.
    pub vendor: Vendor,
    /// The cell that it lives in.
    pub cell: String,
    /// What it sells.
    pub wares: Vec<Ware>,
}

/// An offer.
#[derive(Clone, Debug)]
pub struct Ware {
    /// Its id.
    pub offer: String,
    /// The price of one, in minor units of MAD.
    pub price: i64,
    /// How many came in.
    pub received: i64,
}

impl Market {
    /// Opens a market in a fresh fleet, all through the public API.
    ///
    /// Errors: those of the platform.
    pub async fn open(fleet: &Fleet, api: &Api, keys: &Keys, size: Size) -> anyhow::Result<Self> {
        let mailbox = Mailbox::at(&fleet.place().mail());
        let homes = fleet.homes().await?;
        let person = |email: &'static str, name: &'static str| {
            Account::open(api, &mailbox, email, PASSWORD, name, "fr-MA")
        };
        let (clerk, owner) = tokio::try_join!(
            person("operator@souk.example", "Souk"),
            person("owner@souk.example", "Idris Berrada")
        )?;
        fleet.ctl(&["operators", "grant", &clerk.user]).await?;
        let operator = Operator::new(clerk, api, keys);
        let catalogue = Catalogue::generate(7, Scale::FULL);
        let books: Vec<Value> =
            (0..size.offers).map(|index| demo::details(&catalogue.edition(index))).collect();
        let isbns: Vec<String> =
            (0..size.offers).map(|index| catalogue.edition(index).isbn13).collect();
        let added = stream::iter(isbns.iter().zip(&books))
            .map(|(isbn, details)| operator.publish(isbn, details));
        added.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let vendors =
            vendors_everywhere(&owner, api, keys, &homes, &catalogue, size.vendors_per_cell)
                .await?;
        let opened = stream::iter(vendors).map(|(application, vendor)| {
            let (operator, homes, books, isbns) = (&operator, &homes, &books, &isbns);
            async move {
                open_stall(operator, &vendor, &application, COMMISSION).await?;
                let wares: Vec<Ware> = (1..)
                    .zip(isbns)
                    .map(|(nth, isbn)| Ware {
                        offer: format!("b-{isbn}"),
                        price: 1_999 + 700 * nth,
                        received: size.copies,
                    })
                    .collect();
                vendor.import(&lines(&wares, isbns, books)).await?;
                let cell = homes.of(&vendor.name.parse()?).to_owned();
                Ok::<_, anyhow::Error>(Stall { vendor, cell, wares })
            }
        });
        let stalls = opened.buffer_unordered(AT_ONCE).try_collect().await?;
        let market = Self { api: api.clone(), keys: keys.clone(), homes, operator, stalls };
        market.known_everywhere(&isbns).await?;
        Ok(market)
    }

    /// A visitor who lives in a cell.
    pub fn visitor_of(&self, cell: &str) -> Buyer {
        Buyer::guest(&self.api, &self.keys, |tenant| self.homes.of(tenant) == cell)
    }

    /// The vendors of a cell.
    pub fn stalls_in(&self, cell: &str) -> Vec<&Stall> {
        self.stalls.iter().filter(|stall| stall.cell == cell).collect()
    }

    /// Vendors by name.
    pub fn by_vendor(&self) -> BTreeMap<&str, &Stall> {
        self.stalls.iter().map(|stall| (stall.vendor.name.as_str(), stall)).collect()
    }

    /// Waits until every cell shows every offer as one that can be bought.
    ///
    /// Errors: a cell that does not in time.
    async fn known_everywhere(&self, isbns: &[String]) -> anyhow::Result<()> {
        for cell in self.homes.cells() {
            let visitor = self.visitor_of(cell);
            let caller = visitor.caller().await?;
            for isbn in isbns {
                let shown = eventually(NEWS, async || {
                    let product = self
                        .api
                        .surely(&Ask::get(format!("/v1/catalog/products/{isbn}")).by(&caller))
                        .await;
                    let product = product.map_err(|error| format!("{error:#}"))?;
                    let buyable = list(&product, "/offers")
                        .iter()
                        .filter(|offer| offer["buyable"] == json!(true))
                        .count();
                    if buyable == self.stalls.len() {
                        Ok(())
                    } else {
                        Err(format!("{buyable} of {} offers", self.stalls.len()))
                    }
                });
                shown.await.with_context(|| format!("{isbn} in {cell}"))?;
            }
        }
        Ok(())
    }
}

/// Applies until every cell has as many vendors as it should; which cell a new vendor falls into is not ours to say.
async fn vendors_everywhere(
    owner: &Account,
    api: &Api,
    keys: &Keys,
    homes: &Homes,
    catalogue: &Catalogue,
    per_cell: usize,
) -> anyhow::Result<Vec<(Application, Vendor)>> {
    let cells = homes.cells();
    let mut found: BTreeMap<String, Vec<(Application, Vendor)>> = BTreeMap::new();
    for index in 0..u32::try_from(60 * cells.len() * per_cell)? {
        if cells.iter().all(|cell| found.get(cell).is_some_and(|vendors| vendors.len() >= per_cell))
        {
            break;
        }
        let application = demo::application(&catalogue.vendor(index));
        let vendor = Vendor::apply(owner, api, keys, &application).await?;
        let of_cell = found.entry(homes.of(&vendor.name.parse()?).to_owned()).or_default();
        if of_cell.len() < per_cell {
            of_cell.push((application, vendor));
        }
    }
    let vendors: Vec<_> = found.into_values().flatten().collect();
    ensure!(
        vendors.len() == per_cell * cells.len(),
        "the vendors did not spread over {} cells",
        cells.len()
    );
    Ok(vendors)
}

/// Takes a vendor through onboarding.
pub(crate) async fn open_stall(
    operator: &Operator,
    vendor: &Vendor,
    application: &Application,
    commission_basis_points: u32,
) -> anyhow::Result<()> {
    vendor.show_papers(application).await?;
    vendor.owns_its_handle().await?;
    vendor.submit().await?;
    operator.approve(&vendor.name, commission_basis_points, "").await?;
    vendor.set_delivery_fee("MAD", DELIVERY).await
}

fn lines(wares: &[Ware], isbns: &[String], books: &[Value]) -> Vec<Value> {
    let each = wares.iter().zip(isbns).zip(books);
    each.map(|((ware, isbn), details)| {
        demo::import_line(&ware.offer, isbn, details, ("MAD", ware.price), "new", ware.received)
    })
    .collect()
}
