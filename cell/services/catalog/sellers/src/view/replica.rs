//! Sellers as every cell knows them, folded from what they publish.

use base_ids::Version;
use base_time::Timestamp;
use cell_kernel::{Heard, Replica, Rows, Unreadable};
use serde::{Deserialize, Serialize};

use crate::{state::Status, wire};

/// Every seller; keyed `of/<vendor id>`, and again, for lists, `trading/<vendor id>` while it trades or is on holiday and
/// `status/<status>/<vendor id>`.
pub struct SellersEverywhere;

/// A seller as every cell knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerRow {
    /// vendors/{vendor}
    pub vendor: String,
    /// How far it is. For operators.
    pub status: Status,
    /// Why its offers do not sell; empty if they do.
    pub closed_because: String,
    /// With a holiday: until when.
    pub closed_until: Timestamp,
    /// Its name in Arabic letters.
    pub arabic: String,
    /// In Latin letters.
    pub latin: String,
    /// In Tifinagh.
    pub tifinagh: String,
    /// Its city.
    pub city: String,
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

    /// Whether shoppers find it in the list.
    fn trades(&self) -> bool {
        self.open() || self.closed_because == "holiday"
    }

    /// Whether shoppers may know of it at all: not before it was opened for the first time.
    pub fn is_public(&self) -> bool {
        self.closed_because != "onboarding"
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

fn id(vendor: &str) -> Result<&str, Unreadable> {
    vendor
        .strip_prefix("vendors/")
        .ok_or_else(|| Unreadable(format!("`{vendor}` is not a vendor's name")))
}

impl Replica for SellersEverywhere {
    const NAME: &'static str = "sellers";
    type Row = SellerRow;

    fn hears() -> &'static [&'static str] {
        &["souk.sellers.v1.SellerPublished"]
    }

    fn key(heard: &Heard<'_>) -> Result<String, Unreadable> {
        Ok(key_of(id(&heard.read::<wire::SellerPublished>()?.vendor)?))
    }

    fn fold(
        before: Option<SellerRow>,
        heard: &Heard<'_>,
        rows: &mut Rows<SellerRow>,
    ) -> Result<(), Unreadable> {
        if before.as_ref().is_some_and(|before| before.version >= heard.version) {
            return Ok(());
        }
        let told: wire::SellerPublished = heard.read()?;
        let vendor = id(&told.vendor)?.to_owned();
        let row = row(told, heard.version)?;
        if let Some(before) = before {
            rows.delete(format!("{}{vendor}", status_prefix(before.status)));
            rows.delete(format!("{TRADING}{vendor}"));
        }
        rows.put(key_of(&vendor), &row);
        rows.put(format!("{}{vendor}", status_prefix(row.status)), &row);
        if row.trades() {
            rows.put(format!("{TRADING}{vendor}"), &row);
        }
        Ok(())
    }
}

fn row(told: wire::SellerPublished, version: Version) -> Result<SellerRow, Unreadable> {
    let status = told
        .status
        .parse()
        .map_err(|_| Unreadable(format!("`{}` is not a seller's status", told.status)))?;
    if told.open != told.closed_because.is_empty() {
        return Err(Unreadable("a seller is open and says why it is closed".to_owned()));
    }
    let name = told.display_name.unwrap_or_default();
    Ok(SellerRow {
        vendor: told.vendor,
        status,
        closed_because: told.closed_because,
        closed_until: Timestamp::from_millis(told.closed_until_ms),
        arabic: name.ar,
        latin: name.fr,
        tifinagh: told.display_name_tifinagh,
        city: told.city,
        handle: told.handle,
        version,
    })
}
