//! The stories that prove imports, and the laws they keep.

mod files;
mod laws;
mod lines;
mod vendor;

use base_ids::{ResourceId, Tenant};

/// A product's number.
const EAN: &str = "9789954900000";

fn id(name: &str) -> ResourceId {
    name.parse().unwrap()
}

fn atlas() -> Tenant {
    "vendors/atlas".parse().unwrap()
}
