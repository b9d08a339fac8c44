//! Sellers as every cell knows them, folded from what they publish.

use base_ids::{NameInScripts, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{Heard, Replica, Rows, Unreadable};
use cell_words::told::{read, speaker};
use serde::{Deserialize, Serialize};

use crate::{command::Profile, state::Status, wire::sellers::SellerPublished};

/// Every seller; keyed `of/<vendor id>`, and again, for lists, `trading/<vendor id>` while it trades or is on holiday and
/// `status/<status>/<vendor id>`.
pub struct SellersEverywhere;

/// A seller as every cell knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerRow {
    /// vendors/{vendor}
    pub vendor: Tenant,
    /// How far it is. For operators.
    pub status: Status,
    /// Why its offers do not sell; empty if they do.
    pub closed_because: String,
    /// With a holiday: until when.
    pub closed_until: Timestamp,
    /// How it shows itself.
    pub profile: Profile,
    /// Its handle, once it is its own.
    pub handle: String,
    /// The event that told this: older news, which may come late when a seller has moved, is passed over.
    pub version: Version,
}

impl SellerRow {
    /// Whether its offers sell.
    pub fn open(&self) -> bool {
        self.closed_because.is_empty()
    }

    /// Whether shoppers may know of it at all: not before it was opened for the first time.
    pub fn is_public(&self) -> bool {
        self.closed_because != "onboarding"
    }

    /// Under which keys it is found now.
    fn keys(&self) -> Vec<String> {
        let id = self.vendor.id();
        let mut keys = vec![key_of(id), format!("{}{id}", status_prefix(self.status))];
        if self.open() || self.closed_because == "holiday" {
            keys.push(format!("{TRADING}{id}"));
        }
        keys
    }
}

/// The key of a seller's row.
pub fn key_of(vendor_id: &str) -> String {
    format!("of/{vendor_id}")
}

/// What the keys of trading sellers begin with.
pub const TRADING: &str = "trading/";

/// What the keys of the sellers of a status begin with.
pub fn status_prefix(status: Status) -> String {
    format!("status/{}/", status.as_str())
}

impl Replica for SellersEverywhere {
    const NAME: &'static str = "sellers";
    type Row = SellerRow;

    fn hears() -> &'static [&'static str] {
        &["souk.sellers.v1.SellerPublished"]
    }

    fn key(heard: &Heard<'_>) -> Result<String, Unreadable> {
        Ok(key_of(heard.from.tenant.id()))
    }

    fn fold(
        before: Option<SellerRow>,
        heard: &Heard<'_>,
        rows: &mut Rows<SellerRow>,
    ) -> Result<(), Unreadable> {
        if before.as_ref().is_some_and(|before| before.version >= heard.version) {
            return Ok(());
        }
        let row = row(heard.read()?, heard)?;
        for key in before.iter().flat_map(SellerRow::keys) {
            rows.delete(key);
        }
        for key in row.keys() {
            rows.put(key, &row);
        }
        Ok(())
    }
}

fn row(told: SellerPublished, heard: &Heard<'_>) -> Result<SellerRow, Unreadable> {
    if told.open != told.closed_because.is_empty() {
        return Err(Unreadable("a seller is open and says why it is closed".to_owned()));
    }
    let shown = told.display_name.unwrap_or_default();
    let name = NameInScripts {
        arabic: read(&shown.ar)?,
        latin: read(&shown.fr)?,
        tifinagh: read(&told.display_name_tifinagh)?,
    };
    Ok(SellerRow {
        vendor: speaker(&told.vendor, heard)?,
        status: read(&told.status)?,
        closed_because: told.closed_because,
        closed_until: Timestamp::from_millis(told.closed_until_ms),
        profile: Profile { name, city: read(&told.city)? },
        handle: told.handle,
        version: heard.version,
    })
}
