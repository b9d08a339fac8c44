//! The catalogue itself: a seed and a scale, from which everything is made when it is asked for.

use crate::scale::Scale;
use crate::{Author, Edition, Offer, User, Vendor, offers};

/// A catalogue. It holds nothing but its seed and scale: each thing is made on demand, so cloning
/// is free and walking through a catalogue of any size takes constant memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Catalogue {
    seed: u64,
    scale: Scale,
}

impl Catalogue {
    /// The one catalogue of this seed and scale.
    pub const fn generate(seed: u64, scale: Scale) -> Self {
        Self { seed, scale }
    }

    /// The seed it is made from.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// How large it is, and with it how many there are of each.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// The author of this index, counted from 0.
    pub fn author(&self, index: u32) -> Author {
        Author::new(self.seed, index)
    }

    /// The vendor of this index, counted from 0.
    pub fn vendor(&self, index: u32) -> Vendor {
        Vendor::new(self.seed, index)
    }

    /// The edition of this index, counted from 0.
    pub fn edition(&self, index: u32) -> Edition {
        Edition::new(self.seed, self.scale, index)
    }

    /// The offers on the edition of this index: none to five, each of another vendor.
    pub fn offers_on(&self, edition: u32) -> Vec<Offer> {
        offers::on_edition(self.seed, self.scale, edition)
    }

    /// The user of this index, counted from 0.
    pub fn user(&self, index: u32) -> User {
        User::new(self.seed, index)
    }

    /// All authors, one at a time.
    pub fn authors(self) -> impl Iterator<Item = Author> {
        (0..self.scale.authors()).map(move |index| self.author(index))
    }

    /// All vendors, one at a time.
    pub fn vendors(self) -> impl Iterator<Item = Vendor> {
        (0..self.scale.vendors()).map(move |index| self.vendor(index))
    }

    /// All editions, one at a time.
    pub fn editions(self) -> impl Iterator<Item = Edition> {
        (0..self.scale.editions()).map(move |index| self.edition(index))
    }

    /// All offers, by edition, one edition at a time.
    pub fn offers(self) -> impl Iterator<Item = Offer> {
        (0..self.scale.editions()).flat_map(move |index| self.offers_on(index))
    }

    /// All users, one at a time.
    pub fn users(self) -> impl Iterator<Item = User> {
        (0..self.scale.users()).map(move |index| self.user(index))
    }
}
