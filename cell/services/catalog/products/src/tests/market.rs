//! Products alone in a cell; offers, sellers and stock are told as their services would tell them.

use base_ids::{StreamName, Tenant, Version};
use cell_kernel::{Caller, story::House};
use cell_words::{Condition, ProductId};

use super::{atlas, ean, operator, tenant, wire_details};
use crate::{
    Products, spec,
    wire::{self, availability_changed::Level},
};

/// A cell that hears what others tell; each of their streams is at the version of the news.
pub(super) struct Market {
    pub(super) house: House<Products>,
    news: u64,
}

impl Market {
    pub(super) fn new() -> Self {
        Self { house: House::of(|_| spec()), news: 0 }
    }

    /// An operator adds a product.
    pub(super) fn add(
        &mut self,
        product: &ProductId,
        language: &str,
        subject: &str,
        publish: bool,
    ) -> wire::Product {
        let (language, subject) = (language.to_owned(), subject.to_owned());
        let details = Some(wire::ProductDetails { language, subject, ..wire_details("Livre") });
        let add = wire::AddProductRequest { product: product.to_string(), details, publish };
        self.house.call(&atlas(), &operator(), "AddProduct", &add).unwrap()
    }

    /// The catalogue's page of the product.
    pub(super) fn page(&mut self, caller: &Caller) -> wire::CatalogProduct {
        let get = wire::GetProductRequest { product: "978-9954-90-000-0".to_owned() };
        self.house.call(&tenant("users/leila"), caller, "GetProduct", &get).unwrap()
    }

    /// A vendor's offer `b-1` is as it is told.
    pub(super) fn offer(
        &mut self,
        vendor: &str,
        condition: Condition,
        (currency, minor): (&str, i64),
        active: bool,
    ) {
        let told = wire::OfferPublished {
            vendor: vendor.to_owned(),
            offer: "b-1".to_owned(),
            product: ean().to_string(),
            condition: condition.as_str().to_owned(),
            price: Some(wire::Money { currency: currency.to_owned(), minor }),
            price_version: 1,
            active,
        };
        self.publish(&tenant(vendor), "offers", &told);
    }

    /// A seller is open, or closed for a reason.
    pub(super) fn seller(&mut self, vendor: &Tenant, closed_because: &str) {
        let told = wire::SellerPublished {
            vendor: vendor.to_string(),
            open: closed_because.is_empty(),
            closed_because: closed_because.to_owned(),
            city: "Rabat".to_owned(),
            ..wire::SellerPublished::default()
        };
        self.publish(vendor, "sellers", &told);
    }

    /// A vendor's stock of `b-1` changes.
    pub(super) fn stock(&mut self, vendor: &Tenant, level: Level) {
        let (name, offer) = (vendor.to_string(), "b-1".to_owned());
        let told = wire::AvailabilityChanged { vendor: name, offer, level: level.into(), few: 2 };
        self.publish(vendor, "inventory", &told);
    }

    fn publish<M: cell_kernel::Words>(&mut self, vendor: &Tenant, service: &str, told: &M) {
        self.news += 1;
        let from = StreamName::new(vendor.clone(), service, "b-1").unwrap();
        self.house.publish(&from, Version(self.news), told);
    }

    /// All rows of all replicas: table, key, row.
    pub(super) fn replicas(&self) -> Vec<(&'static str, String, Vec<u8>)> {
        let rows = self.house.rows().all().filter(|(_, tenant, _)| tenant.is_none());
        rows.map(|(table, _, row)| (table.name, row.key.clone(), row.row.clone())).collect()
    }
}
