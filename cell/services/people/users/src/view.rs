//! How others read a user: the profile, the address book, and the history of consents.

use base_fault::Fault;
use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use cell_kernel::{PageAsk, Reading, Rows, Seen, Versioned, View};
use serde::{Deserialize, Serialize};

use crate::{
    Event, Users,
    command::{Purpose, TextVersion},
    state::{AddressBook, Profile, Saved},
};

/// The key of tables that have one row.
const ROW: &str = "all";

/// The profile; one row, none until something was set.
pub struct Profiles;

impl View<Users> for Profiles {
    const NAME: &'static str = "profiles";
    type Row = Profile;

    fn fold(seen: &Seen<'_, Users>, rows: &mut Rows<Profile>) {
        if let Event::ProfileUpdated { .. } | Event::UserRegistered { .. } = seen.event {
            rows.put(ROW, &seen.state.profile);
        }
    }
}

/// The address book; one row, so that the book has one version.
pub struct AddressBooks;

impl View<Users> for AddressBooks {
    const NAME: &'static str = "books";
    type Row = AddressBook;

    fn fold(seen: &Seen<'_, Users>, rows: &mut Rows<AddressBook>) {
        if let Event::AddressAdded { .. }
        | Event::AddressReplaced { .. }
        | Event::DefaultAddressSet { .. }
        | Event::AddressDeleted { .. } = seen.event
        {
            rows.put(ROW, &seen.state.book);
        }
    }
}

/// Every consent given and withdrawn; keyed by version, so in time order.
pub struct Consents;

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentEntry {
    /// To what.
    pub purpose: Purpose,
    /// Given or withdrawn.
    pub granted: bool,
    /// Which version of the text was shown.
    pub text_version: TextVersion,
    /// When.
    pub at: Timestamp,
}

impl View<Users> for Consents {
    const NAME: &'static str = "consents";
    type Row = ConsentEntry;

    fn fold(seen: &Seen<'_, Users>, rows: &mut Rows<ConsentEntry>) {
        if let Event::ConsentSet { purpose, granted, text_version, at } = seen.event {
            let (purpose, granted, at) = (*purpose, *granted, *at);
            let entry = ConsentEntry { purpose, granted, text_version: text_version.clone(), at };
            rows.put(format!("{:016x}", seen.version.0), &entry);
        }
    }
}

/// The user's profile; what everybody starts with if nothing was set yet.
pub async fn profile_of(reading: &Reading, user: &Tenant) -> Result<Versioned<Profile>, Fault> {
    let found = reading.get::<Users, Profiles>(user, ROW).await?;
    Ok(found.unwrap_or_else(nothing_yet))
}

/// The user's address book.
pub async fn book_of(reading: &Reading, user: &Tenant) -> Result<Versioned<AddressBook>, Fault> {
    let found = reading.get::<Users, AddressBooks>(user, ROW).await?;
    Ok(found.unwrap_or_else(nothing_yet))
}

/// One address of a user's book.
pub async fn address_of(
    reading: &Reading,
    user: &Tenant,
    id: &ResourceId,
) -> Result<Option<Saved>, Fault> {
    Ok(book_of(reading, user).await?.row.find(id).cloned())
}

/// The whole history of consents, oldest first.
pub async fn consents_of(reading: &Reading, user: &Tenant) -> Result<Vec<ConsentEntry>, Fault> {
    let mut all = Vec::new();
    let mut token = String::new();
    loop {
        let ask = PageAsk::read(i32::MAX, &token)?;
        let page = reading.list::<Users, Consents>(user, "", &ask).await?;
        all.extend(page.rows);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        token = page.next_page_token;
    }
}

fn nothing_yet<Row: Default>() -> Versioned<Row> {
    Versioned { row: Row::default(), version: base_ids::Version(0) }
}
