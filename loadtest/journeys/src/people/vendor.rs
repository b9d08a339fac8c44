//! A vendor: applies, shows papers, offers, stocks, works orders.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{Account, Keys, Paper, account::Badge};
use crate::http::{Api, Ask, list, number, text};

/// Bytes of what is scanned of a paper.
const SCAN: usize = 80_000;

/// What a vendor applies with.
#[derive(Clone, Debug)]
pub struct Application {
    /// 3 to 30 of a-z, 0-9 and -, unique.
    pub handle: String,
    /// In Latin letters.
    pub latin: String,
    /// In Arabic letters.
    pub arabic: String,
    /// In Tifinagh.
    pub tifinagh: String,
    /// Where it is.
    pub city: String,
    /// The firm's number.
    pub ice: String,
    /// The tax number.
    pub tax_number: String,
    /// The bank account.
    pub rib: String,
}

/// A vendor with its owner.
#[derive(Clone, Debug)]
pub struct Vendor {
    /// `vendors/{vendor}`
    pub name: String,
    /// The owner.
    pub owner: Account,
    api: Api,
    keys: Keys,
    badge: Badge,
}

impl Vendor {
    /// Applies. Applying again with the same handle is the same application.
    ///
    /// Errors: those of the platform.
    pub async fn apply(
        owner: &Account,
        api: &Api,
        keys: &Keys,
        with: &Application,
    ) -> anyhow::Result<Self> {
        let body = json!({
            "handle": with.handle, "city": with.city,
            "displayName": {"latin": with.latin, "arabic": with.arabic, "tifinagh": with.tifinagh},
        });
        let ask = Ask::post("/v1/vendors:apply", &body)
            .by(&owner.caller().await?)
            .key(format!("apply-{}", with.handle));
        let seller = api.surely(&ask).await?;
        Ok(Self::known(text(&seller, "/name")?, owner, api, keys))
    }

    /// A vendor that has applied before.
    pub fn known(name: &str, owner: &Account, api: &Api, keys: &Keys) -> Self {
        let badge = Badge::new(owner, name);
        Self {
            name: name.to_owned(),
            owner: owner.clone(),
            api: api.clone(),
            keys: keys.clone(),
            badge,
        }
    }

    /// Shows every paper that is required.
    ///
    /// Errors: those of the platform.
    pub async fn show_papers(&self, with: &Application) -> anyhow::Result<()> {
        let identity = self.send_document(&format!("identity of {}", with.handle)).await?;
        let premises = self.send_document(&format!("premises of {}", with.handle)).await?;
        let papers = [
            json!({"requirement": "COMPANY_NUMBER", "number": with.ice}),
            json!({"requirement": "TAX_NUMBER", "number": with.tax_number}),
            json!({"requirement": "TRADE_REGISTER", "number": with.tax_number, "court": with.city}),
            json!({"requirement": "BANK_ACCOUNT", "number": with.rib}),
            json!({"requirement": "IDENTITY", "document": identity}),
            json!({"requirement": "PREMISES", "document": premises}),
            json!({"requirement": "TERMS", "textVersion": "2026-11"}),
        ];
        for paper in papers {
            self.ask("/submissions", &paper).await?;
        }
        Ok(())
    }

    /// Sends a document that says this, and gives it as a submission names it.
    async fn send_document(&self, says: &str) -> anyhow::Result<Value> {
        let paper = Paper::that_says(says, SCAN);
        self.api.surely(&paper.sent(&self.name, &self.badge.caller().await?)).await
    }

    /// Hands the application to the operators.
    ///
    /// Errors: those of the platform.
    pub async fn submit(&self) -> anyhow::Result<()> {
        self.ask(":submit", &json!({})).await.map(drop)
    }

    /// Says what delivery costs.
    ///
    /// Errors: those of the platform.
    pub async fn set_delivery_fee(&self, currency: &str, minor: i64) -> anyhow::Result<()> {
        let fee = json!({"fee": {"currency": currency, "minor": minor.to_string()}});
        self.ask(":setDeliveryFee", &fee).await.map(drop)
    }

    /// Imports offers with their first stock, one JSON object a line, and waits until every line is carried out.
    ///
    /// Errors: those of the platform; lines that failed, with the first reasons.
    pub async fn import(&self, lines: &[Value]) -> anyhow::Result<()> {
        let file: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let ask = Ask::of(http::Method::POST, format!("/v1/{}/offers:import", self.name))
            .bytes("application/x-ndjson", file)
            .by(&self.badge.caller().await?)
            .key(self.keys.next());
        let mut import = self.api.surely(&ask).await?;
        let name = text(&import, "/name")?.to_owned();
        let mut wait = std::time::Duration::from_millis(20);
        while import["finished"] != json!(true) {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(std::time::Duration::from_millis(500));
            import = self.read_path(&format!("/v1/{name}")).await?;
        }
        if number(&import, "/failed") > 0 {
            let failed =
                self.read_path(&format!("/v1/{name}/lines?failedOnly=true&pageSize=5")).await?;
            bail!(
                "{} of {} lines of {name} failed, such as {}",
                number(&import, "/failed"),
                lines.len(),
                failed["lines"]
            );
        }
        Ok(())
    }

    /// Books goods that have come in.
    ///
    /// Errors: those of the platform.
    pub async fn receive(&self, offer: &str, quantity: i64) -> anyhow::Result<()> {
        self.ask("/stock:receive", &json!({"offer": offer, "quantity": quantity.to_string()}))
            .await
            .map(drop)
    }

    /// Everything that it stocks.
    ///
    /// Errors: those of the platform.
    pub async fn stock(&self) -> anyhow::Result<Vec<Value>> {
        self.all("stock", "/stock").await
    }

    /// Its orders, newest first.
    ///
    /// Errors: those of the platform.
    pub async fn orders(&self) -> anyhow::Result<Vec<Value>> {
        self.all("orders", "/orders").await
    }

    /// Works one of its orders: `accept`, `reject`, `ship` or `deliver`.
    ///
    /// Errors: those of the platform.
    pub async fn work(&self, order: &str, verb: &str, body: &Value) -> anyhow::Result<Value> {
        let ask = Ask::post(format!("/v1/{order}:{verb}"), body)
            .by(&self.badge.caller().await?)
            .key(self.keys.next());
        self.api.surely(&ask).await
    }

    /// Asks for a change of something of its own; `what` follows the vendor's name.
    ///
    /// Errors: those of the platform.
    pub async fn ask(&self, what: &str, body: &Value) -> anyhow::Result<Value> {
        let path = format!("/v1/{}{what}", self.name);
        let ask = Ask::post(path, body).by(&self.badge.caller().await?).key(self.keys.next());
        self.api.surely(&ask).await
    }

    /// Reads something of its own; `what` follows the vendor's name.
    ///
    /// Errors: those of the platform.
    pub async fn read(&self, what: &str) -> anyhow::Result<Value> {
        self.read_path(&format!("/v1/{}{what}", self.name)).await
    }

    async fn read_path(&self, path: &str) -> anyhow::Result<Value> {
        self.api.surely(&Ask::get(path).by(&self.badge.caller().await?)).await
    }

    async fn all(&self, collection: &str, field: &str) -> anyhow::Result<Vec<Value>> {
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            let page = self.read(&format!("/{collection}?pageSize=200&pageToken={token}")).await?;
            found.extend_from_slice(list(&page, field));
            page["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                return Ok(found);
            }
        }
    }

    /// Waits until its handle is its own.
    ///
    /// Errors: it is taken, or nobody says in time.
    pub async fn owns_its_handle(&self) -> anyhow::Result<()> {
        let held = base_testkit::eventually(std::time::Duration::from_mins(1), async || {
            let seller = self.read("").await.map_err(|error| format!("{error:#}"))?;
            match seller["handleState"].as_str() {
                Some("HELD") => Ok(Ok(())),
                Some("TAKEN") => Ok(Err(anyhow::anyhow!("the handle is taken"))),
                other => Err(format!("the handle is {other:?}")),
            }
        });
        held.await.with_context(|| self.name.clone())?
    }
}
