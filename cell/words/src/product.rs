//! A product's number, and the shard of the catalogue that its record lives in.

use std::{fmt, str::FromStr};

use base_ids::{ResourceId, Slot, Tenant, TenantKind};
use base_isbn::{Ean13, InvalidEan};
use serde::{Deserialize, Serialize};

/// A product's id: the 13 digits of its EAN, which an ISBN-13 is. Read from an ISBN-10 too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(Ean13);

impl ProductId {
    /// The 13 digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The tenant that owns the record: `platform/catalog-` and the first three hexadecimal digits of XXH3-64 over the number.
    pub fn shard(&self) -> Tenant {
        // A slot is the first four digits of the same hash.
        let shard = Slot::of(self.as_str()).0 >> 4;
        Tenant::new(TenantKind::Platform, &format!("catalog-{shard:03x}"))
            .expect("hexadecimal digits are allowed in an id")
    }

    /// The record's name: `platform/catalog-0a3/products/9789954000007`.
    pub fn record(&self) -> String {
        format!("{}/products/{self}", self.shard())
    }
}

impl FromStr for ProductId {
    type Err = InvalidEan;

    fn from_str(text: &str) -> Result<Self, InvalidEan> {
        text.parse().map(Self)
    }
}

impl From<&ProductId> for ResourceId {
    fn from(product: &ProductId) -> Self {
        product.as_str().parse().expect("thirteen digits are a resource's id")
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use base_ids::Slot;
    use base_isbn::Ean13;

    use super::ProductId;

    #[test]
    fn shards_are_pinned_so_that_two_builds_never_disagree() {
        let shard = |text: &str| text.parse::<ProductId>().unwrap().shard().to_string();
        assert_eq!(shard("9789954900000"), "platform/catalog-290");
        assert_eq!(shard("9782070408504"), "platform/catalog-18f");
        assert_eq!(shard("2070408507"), shard("9782070408504"), "however it is written");
    }

    #[test]
    fn a_large_catalogue_spreads_evenly_over_shards_and_slots() {
        let mut shards: BTreeMap<String, u32> = BTreeMap::new();
        for number in 0..50_000u32 {
            let ean = Ean13::with_check_digit(&format!("200{number:09}")).unwrap();
            *shards.entry(ProductId(ean).shard().to_string()).or_default() += 1;
        }
        let (least, most) = (shards.values().min().unwrap(), shards.values().max().unwrap());
        assert!(shards.len() > 4_090, "{} of 4,096 shards are used", shards.len());
        assert!(*least >= 1 && *most <= 40, "a shard has {least} to {most}, on average 12");
        // The shards themselves lie all over the slots, so that every cell gets its share.
        let mut quarters = [0_u32; 4];
        for shard in shards.keys() {
            quarters[usize::from(Slot::of(shard).0 >> 14)] += 1;
        }
        assert!(quarters.iter().all(|quarter| (800..1_250).contains(quarter)), "{quarters:?}");
    }
}
