//! Atlas sends files; its offers are played by a shelf that answers line by line, when a story says so.

use std::collections::BTreeMap;

use base_ids::{ResourceId, StreamName};
use cell_kernel::{
    Caller, VendorRole, Words,
    story::{House, Told},
};
use cell_words::{
    LineProblem, Price,
    import::{Ended, Line, Outcome},
};

use super::{EAN, atlas};
use crate::{Imports, spec, wire};

/// A vendor with its imports, and its offers as far as imports speak with them.
pub(super) struct Vendor {
    pub(super) house: House<Imports>,
    shelf: BTreeMap<ResourceId, Price>,
}

/// A line that offers the product for so much.
pub(super) fn line(sku: &str, minor: i64) -> String {
    let price = format!(r#"{{"currency": "MAD", "minor": {minor}}}"#);
    format!(r#"{{"sku": "{sku}", "isbn": "{EAN}", "price": {price}}}"#)
}

impl Vendor {
    pub(super) fn new() -> Self {
        Self { house: House::of(|_| spec()), shelf: BTreeMap::new() }
    }

    pub(super) fn call<Req: Words, Resp: Words>(&mut self, method: &str, request: &Req) -> Resp {
        let caller = Caller::vendor("users/leila".parse().unwrap(), atlas(), VendorRole::Manager);
        self.house.call(&atlas(), &caller, method, request).unwrap()
    }

    /// Sends a file.
    pub(super) fn send(&mut self, lines: &[String]) -> wire::Import {
        let body = lines.join("\n").into_bytes();
        self.call("ImportOffers", &wire::Callback { body, ..wire::Callback::default() })
    }

    pub(super) fn import(&mut self, name: &str) -> wire::Import {
        self.call("GetImport", &wire::GetImportRequest { name: name.to_owned() })
    }

    pub(super) fn lines(&mut self, name: &str, failed_only: bool) -> Vec<wire::ImportLine> {
        let ask = wire::ListImportLinesRequest {
            parent: name.to_owned(),
            failed_only,
            page_size: 200,
            ..wire::ListImportLinesRequest::default()
        };
        self.call::<_, wire::ListImportLinesResponse>("ListImportLines", &ask).lines
    }

    /// What the offers have been asked since the last time.
    pub(super) fn asked(&mut self) -> Vec<wire::CarryOutLine> {
        let told = self.house.take_told::<wire::CarryOutLine>();
        let to_offers = |(told, _): &(Told, _)| told.to == atlas() && told.service == "offers";
        assert!(told.iter().all(to_offers), "{told:?}");
        told.into_iter().map(|(_, line)| line).collect()
    }

    /// The offers carry a line out, and say how it ended.
    pub(super) fn carry_out(&mut self, line: &wire::CarryOutLine) -> wire::LineCarriedOut {
        let Line { import, line, offer, draft, .. } = Line::read(line).unwrap();
        let outcome = match self.shelf.insert(offer.clone(), draft.price) {
            None if offer.as_str().starts_with("odd") => {
                self.shelf.remove(&offer);
                Outcome::Failed(LineProblem::new("product_unknown", "isbn", "nobody knows it"))
            }
            None => Outcome::Created,
            Some(price) if price == draft.price => Outcome::Unchanged,
            Some(_) => Outcome::Updated,
        };
        (&Ended { import, line, offer: offer.to_string(), outcome }).into()
    }

    /// The import hears how a line ended.
    pub(super) fn hear(&mut self, ended: &wire::LineCarriedOut) {
        let offer = format!("offer-{}", ended.offer);
        let from = StreamName::new(atlas(), "offers", &offer).unwrap();
        self.house.tell(&atlas(), &from, ended).unwrap();
    }

    /// All lines that are on their way end.
    pub(super) fn settle(&mut self) {
        for line in self.asked() {
            let ended = self.carry_out(&line);
            self.hear(&ended);
        }
    }
}
