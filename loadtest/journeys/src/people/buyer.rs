//! A buyer, guest or registered: fills a basket, checks out, watches how it ends.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{Account, Keys};
use crate::http::{Api, As, Ask, Events, list, text};

/// How a purchase is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paying {
    /// In cash, at the door.
    Cash,
    /// By a card that is good.
    Card,
    /// By a card that is declined.
    DeclinedCard,
}

impl Paying {
    fn chosen(self) -> Value {
        match self {
            Self::Cash => json!({"method": "cash_on_delivery"}),
            Self::Card => json!({"method": "card", "instrument": "pm_card_visa"}),
            Self::DeclinedCard => json!({"method": "card", "instrument": "pm_card_chargeDeclined"}),
        }
    }
}

/// What is to be bought.
#[derive(Clone, Debug)]
pub struct Basket {
    /// Vendor, offer and how many.
    pub lines: Vec<(String, String, i64)>,
    /// How it is paid.
    pub paying: Paying,
    /// Buy from the vendors that can deliver and drop the others.
    pub ship_what_you_can: bool,
}

/// How a purchase ended.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// `users/{user}/checkouts/{checkout}`
    pub checkout: String,
    /// `users/{user}/orders/{order}`, if there is one.
    pub order: Option<String>,
    /// The checkout as it ended.
    pub ended: Value,
}

impl Purchase {
    /// The codes of what stood in the way.
    pub fn problems(&self) -> Vec<String> {
        list(&self.ended, "/problems")
            .iter()
            .filter_map(|problem| Some(problem["code"].as_str()?.to_owned()))
            .collect()
    }
}

#[derive(Clone, Debug)]
enum Identity {
    Guest(As),
    Account(Box<Account>),
}

/// A buyer.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// `users/{user}`
    pub user: String,
    api: Api,
    keys: Keys,
    identity: Identity,
}

impl Buyer {
    /// A visitor without an account who satisfies `wanted`, such as to live in some cell.
    pub fn guest(api: &Api, keys: &Keys, wanted: impl Fn(&base_ids::Tenant) -> bool) -> Self {
        loop {
            let secret = keys.guest();
            let tenant = secret.tenant();
            if wanted(&tenant) {
                let identity = Identity::Guest(As::Guest(secret.as_str().to_owned()));
                return Self {
                    user: tenant.to_string(),
                    api: api.clone(),
                    keys: keys.clone(),
                    identity,
                };
            }
        }
    }

    /// A registered buyer.
    pub fn registered(account: Account, api: &Api, keys: &Keys) -> Self {
        Self {
            user: account.user.clone(),
            api: api.clone(),
            keys: keys.clone(),
            identity: Identity::Account(Box::new(account)),
        }
    }

    /// As whom it asks.
    ///
    /// Errors: those of signing in again.
    pub async fn caller(&self) -> anyhow::Result<As> {
        match &self.identity {
            Identity::Guest(caller) => Ok(caller.clone()),
            Identity::Account(account) => account.caller().await,
        }
    }

    /// Asks for a change of something of its own; `what` follows the user's name.
    ///
    /// Errors: those of the platform.
    pub async fn ask(&self, what: &str, body: &Value) -> anyhow::Result<Value> {
        let ask = Ask::post(format!("/v1/{}{what}", self.user), body);
        self.api.surely(&ask.by(&self.caller().await?).key(self.keys.next())).await
    }

    /// Reads by a resource's name.
    ///
    /// Errors: those of the platform.
    pub async fn read(&self, name: &str) -> anyhow::Result<Value> {
        self.api.surely(&Ask::get(format!("/v1/{name}")).by(&self.caller().await?)).await
    }

    /// Puts lines into the cart.
    ///
    /// Errors: those of the platform.
    pub async fn fill(&self, lines: &[(String, String, i64)]) -> anyhow::Result<Value> {
        let mut cart = Value::Null;
        for (vendor, offer, quantity) in lines {
            let line = json!({"vendor": vendor, "offer": offer, "quantity": quantity.to_string()});
            cart = self.ask("/carts/main:addLine", &line).await?;
        }
        Ok(cart)
    }

    /// Starts a checkout of the cart; returns it.
    ///
    /// Errors: those of the platform.
    pub async fn start_checkout(&self, basket: &Basket) -> anyhow::Result<Value> {
        let body = json!({
            "cart": "main", "address": address(), "email": "journey@post.example", "locale": "fr-MA",
            "payment": basket.paying.chosen(), "shipWhatYouCan": basket.ship_what_you_can,
        });
        self.ask("/checkouts", &body).await
    }

    /// Fills, starts, places, and waits until the checkout has ended.
    ///
    /// Errors: those of the platform; it does not end in time.
    pub async fn buy(&self, basket: &Basket, patience: Duration) -> anyhow::Result<Purchase> {
        self.fill(&basket.lines).await?;
        let checkout = self.start_checkout(basket).await?;
        let name = text(&checkout, "/name")?.to_owned();
        self.ask(&format!("{}:place", self.below(&name)?), &json!({})).await?;
        let ended = self.ended(&name, patience).await?;
        let order = ended["order"].as_str().filter(|order| !order.is_empty()).map(str::to_owned);
        Ok(Purchase { checkout: name, order, ended })
    }

    /// The same, told of the end by a stream instead of asking again and again.
    ///
    /// Errors: those of the platform; it does not end in time.
    pub async fn buy_watching(
        &self,
        basket: &Basket,
        patience: Duration,
    ) -> anyhow::Result<Purchase> {
        self.fill(&basket.lines).await?;
        let checkout = self.start_checkout(basket).await?;
        let name = text(&checkout, "/name")?.to_owned();
        self.ask(&format!("{}:place", self.below(&name)?), &json!({})).await?;
        let ended = tokio::time::timeout(patience, self.watch(&name)).await;
        let ended = ended.with_context(|| format!("{name} did not end in time"))??;
        let order = ended["order"].as_str().filter(|order| !order.is_empty()).map(str::to_owned);
        Ok(Purchase { checkout: name, order, ended })
    }

    /// Follows a checkout to its end; asks for it if the stream ends before.
    async fn watch(&self, checkout: &str) -> anyhow::Result<Value> {
        let ask = Ask::get(format!("/v1/{checkout}:watch"))
            .by(&self.caller().await?)
            .header("accept", "text/event-stream");
        let mut stream = Events::of(self.api.stream(&ask).await?)?;
        while let Some(event) = stream.next().await? {
            if event["ended"] == json!(true) {
                return Ok(event);
            }
        }
        self.ended(checkout, Duration::from_secs(1)).await
    }

    /// Waits until a checkout has ended.
    ///
    /// Errors: those of the platform; it does not end in time.
    pub async fn ended(&self, checkout: &str, patience: Duration) -> anyhow::Result<Value> {
        let begun = Instant::now();
        let mut wait = Duration::from_millis(5);
        loop {
            let found = self.read(checkout).await?;
            if found["ended"] == json!(true) {
                return Ok(found);
            }
            if begun.elapsed() > patience {
                bail!(
                    "{checkout} is still {} after {} s, waiting for {}",
                    found["status"],
                    patience.as_secs(),
                    found["waitingFor"]
                );
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_millis(250));
        }
    }

    /// Its orders.
    ///
    /// Errors: those of the platform.
    pub async fn orders(&self) -> anyhow::Result<Vec<Value>> {
        let page = self.read(&format!("{}/orders?pageSize=200", self.user)).await?;
        Ok(list(&page, "/orders").to_vec())
    }

    /// What follows the user's name in a resource's name.
    fn below<'n>(&self, name: &'n str) -> anyhow::Result<&'n str> {
        name.strip_prefix(&self.user).with_context(|| format!("{name} is not of {}", self.user))
    }
}

/// Where journeys deliver to: like many, without a postcode.
fn address() -> Value {
    json!({
        "recipient": "Leïla Amrani", "phone": "+212600000000", "lines": ["12, rue des Consuls"],
        "district": "Médina", "city": "Rabat", "country": "MA",
    })
}
