//! Writing a catalogue as JSON lines, one thing a line.

use std::io::{self, Write};

use serde::Serialize;

use crate::{Author, Catalogue, Edition, ForeignStore, Offer, User, Vendor, foreign_stores};

/// A line of a whole catalogue: the thing, with its kind first.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Author(Author),
    Vendor(Vendor),
    Edition(Edition),
    Offer(Offer),
    User(User),
    ForeignStore(ForeignStore),
}

/// Writes each item as JSON on a line of its own and tells how many there were.
///
/// Errors: those of the writer.
pub fn write_lines<T: Serialize>(
    items: impl IntoIterator<Item = T>,
    out: &mut impl Write,
) -> io::Result<u64> {
    let mut written = 0;
    for item in items {
        serde_json::to_writer(&mut *out, &item)?;
        out.write_all(b"\n")?;
        written += 1;
    }
    Ok(written)
}

/// Writes a whole catalogue, each line with its `kind`, and tells how many lines there were. What a
/// line refers to stands above it.
///
/// Errors: those of the writer.
pub fn write_catalogue(catalogue: Catalogue, out: &mut impl Write) -> io::Result<u64> {
    let people = catalogue.authors().map(Line::Author).chain(catalogue.vendors().map(Line::Vendor));
    let books = catalogue.editions().map(Line::Edition).chain(catalogue.offers().map(Line::Offer));
    let stores = foreign_stores().into_iter().map(Line::ForeignStore);
    write_lines(people.chain(books).chain(catalogue.users().map(Line::User)).chain(stores), out)
}
