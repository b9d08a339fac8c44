//! Loads the demo catalogue through the public API, as people would: they register, apply, are approved, import, publish.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use base_testkit::eventually;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use loadtest_demo::{Catalogue, Offer, Scale, VendorStatus};
use serde_json::{Value, json};

use super::record::{Counts, FILE, Person, Pick, Record, UNFINISHED};
use crate::{
    demo,
    http::{Api, Ask, list},
    launch::{Fleet, Homes},
    market::open_stall,
    people::{Account, Keys, Mailbox, Operator, Vendor},
    say,
};

/// The catalogue's seed: everybody has the same books.
const SEED: u64 = 2026;
/// The password of everybody in the demo.
const PASSWORD: &str = "souk-demo-2026";
/// How much is done at once.
const AT_ONCE: usize = 16;
/// Copies that an offer has to have to be the one that people are told to buy.
const PLENTY: u32 = 20;
/// How long news may take to reach every cell.
const NEWS: Duration = Duration::from_mins(1);

struct Loader<'f> {
    fleet: &'f Fleet,
    api: &'f Api,
    catalogue: Catalogue,
    mailbox: Mailbox,
    keys: Keys,
    homes: Homes,
}

/// Loads the catalogue, or finds it loaded.
pub(super) async fn once(fleet: &Fleet, api: &Api, scale: Scale) -> anyhow::Result<Record> {
    if let Some(record) = fleet.place().read::<Record>(FILE) {
        if record.scale != scale.to_string() {
            say::line(format!(
                "the catalogue was loaded at scale {}; --fresh begins anew at another",
                record.scale
            ));
        }
        return Ok(record);
    }
    let loader = Loader {
        fleet,
        api,
        catalogue: Catalogue::generate(SEED, scale),
        mailbox: Mailbox::at(&fleet.place().mail()),
        keys: Keys::of_seed(rand::random()),
        homes: fleet.homes().await?,
    };
    loader.load().await
}

impl Loader<'_> {
    async fn load(&self) -> anyhow::Result<Record> {
        let scale = self.catalogue.scale();
        say::step(format!(
            "loading the demo catalogue at scale {scale}, through {}",
            self.api.base()
        ));
        self.fleet
            .place()
            .write(UNFINISHED, &json!({"since": "this file is gone once everything is loaded"}))?;
        let clerk = self.person("operator@souk.example", "Souk", "fr-MA").await?;
        self.fleet.ctl(&["operators", "grant", &clerk.user]).await?;
        let operator = Operator::new(clerk, self.api, &self.keys);
        let (users, vendors, products) =
            tokio::try_join!(self.users(), self.vendors(&operator), self.products(&operator))?;
        let offers = self.offers(&vendors).await?;
        let (shopper, picks) = self.picks(&users, &vendors)?;
        self.known_everywhere(&picks).await?;
        let counts = Counts {
            users: u32::try_from(users.len())?,
            vendors: u32::try_from(vendors.len())?,
            products,
            offers,
        };
        let record = Record {
            scale: scale.to_string(),
            counts,
            shopper,
            operator: self.shown(&operator.account),
            picks,
        };
        self.fleet.place().write(FILE, &record)?;
        self.fleet.place().remove(UNFINISHED)?;
        Ok(record)
    }

    async fn person(&self, email: &str, name: &str, locale: &str) -> anyhow::Result<Account> {
        let opened = Account::open(self.api, &self.mailbox, email, PASSWORD, name, locale).await;
        opened.with_context(|| format!("{email} cannot register"))
    }

    async fn users(&self) -> anyhow::Result<Vec<Account>> {
        let bar = say::progress("users", usize::try_from(self.catalogue.scale().users())?);
        let opened = stream::iter(self.catalogue.users()).map(|user| {
            let bar = bar.clone();
            async move {
                let locale = serde_json::to_value(user.locale)?;
                let account = self
                    .person(&user.email, &user.display_name, locale.as_str().unwrap_or_default())
                    .await?;
                bar.inc(1);
                anyhow::Ok(account)
            }
        });
        let users: Vec<Account> = opened.buffer_unordered(AT_ONCE).try_collect().await?;
        bar.finish_and_clear();
        say::good(format!("{} users registered", users.len()));
        Ok(users)
    }

    /// All vendors, each as far as the catalogue says; those that are open are returned, by handle.
    async fn vendors(&self, operator: &Operator) -> anyhow::Result<BTreeMap<String, Vendor>> {
        let bar = say::progress("vendors", usize::try_from(self.catalogue.scale().vendors())?);
        let opened = stream::iter(self.catalogue.vendors()).map(|sample| {
            let bar = bar.clone();
            async move {
                let owner = self.person(&sample.email, &sample.names.latin, "fr-MA").await?;
                let application = demo::application(&sample);
                let vendor = Vendor::apply(&owner, self.api, &self.keys, &application).await?;
                onboard(operator, &vendor, &sample).await?;
                bar.inc(1);
                anyhow::Ok((sample, vendor))
            }
        });
        let vendors: Vec<_> = opened.buffer_unordered(AT_ONCE).try_collect().await?;
        bar.finish_and_clear();
        let all = vendors.len();
        let open: BTreeMap<String, Vendor> = vendors
            .into_iter()
            .filter(|(sample, _)| sample.status == VendorStatus::Approved)
            .map(|(sample, vendor)| (sample.handle, vendor))
            .collect();
        say::good(format!("{all} vendors have applied, {} are open", open.len()));
        Ok(open)
    }

    async fn products(&self, operator: &Operator) -> anyhow::Result<u32> {
        let editions = self.catalogue.scale().editions();
        let bar = say::progress("products", usize::try_from(editions)?);
        let added = stream::iter(self.catalogue.editions()).map(|edition| {
            let bar = bar.clone();
            async move {
                operator.publish(&edition.isbn13, &demo::details(&edition)).await?;
                bar.inc(1);
                anyhow::Ok(())
            }
        });
        added.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        bar.finish_and_clear();
        say::good(format!("{editions} products published"));
        Ok(editions)
    }

    /// Each vendor imports its offers with their first stock.
    async fn offers(&self, vendors: &BTreeMap<String, Vendor>) -> anyhow::Result<u32> {
        let mut lines: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for edition in self.catalogue.editions().zip(0..) {
            let details = demo::details(&edition.0);
            for offer in self.catalogue.offers_on(edition.1) {
                lines.entry(offer.vendor.clone()).or_default().push(line(&offer, &details));
            }
        }
        let bar = say::progress("offers", lines.values().map(Vec::len).sum());
        let count = lines.values().map(Vec::len).sum::<usize>();
        let imported = stream::iter(&lines).map(|(handle, lines)| {
            let bar = bar.clone();
            async move {
                let vendor = vendors
                    .get(handle)
                    .with_context(|| format!("{handle} offers and is not open"))?;
                vendor.import(lines).await?;
                bar.inc(u64::try_from(lines.len())?);
                anyhow::Ok(())
            }
        });
        imported.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        bar.finish_and_clear();
        say::good(format!("{count} offers imported with their stock"));
        Ok(u32::try_from(count)?)
    }

    /// Two offers of vendors in two cells, and a shopper in a third.
    fn picks(
        &self,
        users: &[Account],
        vendors: &BTreeMap<String, Vendor>,
    ) -> anyhow::Result<(Person, Vec<Pick>)> {
        let mut picks: Vec<Pick> = Vec::new();
        let wanted = self.homes.cells().len().clamp(1, 2);
        for (edition, index) in self.catalogue.editions().zip(0..) {
            for offer in
                self.catalogue.offers_on(index).into_iter().filter(|offer| offer.stock >= PLENTY)
            {
                let Some(vendor) = vendors.get(&offer.vendor) else { continue };
                let cell = self.homes.of(&vendor.name.parse()?).to_owned();
                if picks.iter().all(|pick| pick.cell != cell) && picks.len() < wanted {
                    let title = edition.title().to_owned();
                    picks.push(self.pick(&offer, vendor, cell, title)?);
                }
            }
        }
        let shopper = users
            .iter()
            .find(|user| picks.iter().all(|pick| pick.cell != self.cell_of(&user.user)));
        let shopper = shopper.or(users.first()).context("nobody has registered")?;
        Ok((self.shown(shopper), picks))
    }

    fn pick(
        &self,
        offer: &Offer,
        vendor: &Vendor,
        cell: String,
        title: String,
    ) -> anyhow::Result<Pick> {
        let sample = self.catalogue.vendors().find(|sample| sample.handle == offer.vendor);
        let shop = sample.context("an offer of no vendor")?.names.latin;
        let (owner, name) = (self.shown(&vendor.owner), vendor.name.clone());
        Ok(Pick {
            vendor: name,
            shop,
            cell,
            owner,
            offer: offer.sku.to_lowercase(),
            isbn: offer.isbn.clone(),
            title,
        })
    }

    fn shown(&self, account: &Account) -> Person {
        let (email, user) = (account.email.clone(), account.user.clone());
        Person { email, password: PASSWORD.to_owned(), cell: self.cell_of(&user), user }
    }

    fn cell_of(&self, name: &str) -> String {
        name.parse().map(|tenant| self.homes.of(&tenant).to_owned()).unwrap_or_default()
    }

    /// Waits until every cell shows the picks as offers that can be bought.
    async fn known_everywhere(&self, picks: &[Pick]) -> anyhow::Result<()> {
        for cell in self.homes.cells() {
            let caller = crate::people::Buyer::guest(self.api, &self.keys, |tenant| {
                self.homes.of(tenant) == cell
            })
            .caller()
            .await?;
            for pick in picks {
                let shown = eventually(NEWS, async || {
                    let path = format!("/v1/catalog/products/{}", pick.isbn);
                    let product = self
                        .api
                        .surely(&Ask::get(path).by(&caller))
                        .await
                        .map_err(|error| format!("{error:#}"))?;
                    let there = list(&product, "/offers").iter().any(|offer| {
                        offer["vendor"] == json!(pick.vendor) && offer["buyable"] == json!(true)
                    });
                    if there { Ok(()) } else { Err(format!("{} is not buyable yet", pick.offer)) }
                });
                shown.await.with_context(|| format!("{} in {cell}", pick.isbn))?;
            }
        }
        Ok(())
    }
}

/// Takes a vendor as far as the catalogue says.
async fn onboard(
    operator: &Operator,
    vendor: &Vendor,
    sample: &loadtest_demo::Vendor,
) -> anyhow::Result<()> {
    let application = demo::application(sample);
    let reason = json!({"reason": "as the demo catalogue has it"});
    match sample.status {
        VendorStatus::Applied => Ok(()),
        VendorStatus::Documented => vendor.show_papers(&application).await,
        VendorStatus::Submitted => {
            vendor.show_papers(&application).await?;
            vendor.submit().await
        }
        VendorStatus::Approved => {
            open_stall(operator, vendor, &application, sample.commission_bp).await
        }
        VendorStatus::Rejected => {
            vendor.show_papers(&application).await?;
            vendor.submit().await?;
            operator.ask(&format!("/v1/{}:reject", vendor.name), &reason).await.map(drop)
        }
        VendorStatus::Suspended => {
            open_stall(operator, vendor, &application, sample.commission_bp).await?;
            operator.ask(&format!("/v1/{}:suspend", vendor.name), &reason).await.map(drop)
        }
    }
}

fn line(offer: &Offer, details: &Value) -> Value {
    let condition = serde_json::to_value(offer.condition).unwrap_or_default();
    let price = (offer.price.currency.code(), offer.price.minor);
    let condition = condition.as_str().unwrap_or("new");
    demo::import_line(&offer.sku, &offer.isbn, details, price, condition, i64::from(offer.stock))
}
