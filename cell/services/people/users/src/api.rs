//! How users looks on the wire.

mod read;
mod show;

use base_fault::{Code, Fault};
use base_ids::ResourceId;
use cell_kernel::{Api, Done, No, PageAsk, Request, Versioned, field, ids_of};
use cell_words::asked;

use crate::{
    Users,
    command::{Command, Purpose},
    view, wire,
};

const ADDRESS: &str = "users/*/addresses/*";

pub(crate) fn api() -> Api<Users> {
    Api::new("souk.users.v1.Users")
        .get("GetProfile", get_profile)
        .command("UpdateProfile", read::update_profile, show::profile_after)
        .list("ListAddresses", list_addresses)
        .get("GetAddress", get_address)
        .command("CreateAddress", create_address, show::address_after)
        .command("ReplaceAddress", replace_address, show::address_after)
        .command("SetDefaultAddress", set_default_address, show::address_after)
        .command("DeleteAddress", delete_address, deleted)
        .command("SetConsent", set_consent, show::consent_after)
        .list("ListConsents", list_consents)
        .list("ExportUser", export_user)
}

async fn get_profile(
    request: Request,
    _: wire::GetProfileRequest,
) -> Result<Versioned<wire::Profile>, No> {
    let found = view::profile_of(&request.reading, &request.tenant).await?;
    Ok(Versioned { row: show::profile(&request.tenant, &found.row), version: found.version })
}

async fn list_addresses(
    request: Request,
    _: wire::ListAddressesRequest,
) -> Result<wire::ListAddressesResponse, No> {
    let book = view::book_of(&request.reading, &request.tenant).await?.row;
    Ok(wire::ListAddressesResponse { addresses: show::book(&request.tenant, &book) })
}

async fn get_address(
    request: Request,
    asked: wire::GetAddressRequest,
) -> Result<Versioned<wire::SavedAddress>, No> {
    let id = address_id(&asked.name)?;
    let Versioned { row: book, version } = view::book_of(&request.reading, &request.tenant).await?;
    let saved = book.find(&id).ok_or_else(|| {
        Fault::caller(Code::NotFound, format!("there is no address `{id}` in the book"))
    })?;
    Ok(Versioned { row: show::address(&request.tenant, &book, saved), version })
}

fn create_address(request: &Request, asked: &wire::CreateAddressRequest) -> Result<Command, Fault> {
    let address = field("address", &request.new_id())?;
    let (label, place) =
        (field("label", &asked.label)?, asked::address("address", asked.address.as_ref())?);
    Ok(Command::AddAddress { address, label, place })
}

fn replace_address(_: &Request, asked: &wire::ReplaceAddressRequest) -> Result<Command, Fault> {
    let (label, place) =
        (field("label", &asked.label)?, asked::address("address", asked.address.as_ref())?);
    Ok(Command::ReplaceAddress { address: address_id(&asked.name)?, label, place })
}

fn set_default_address(
    _: &Request,
    asked: &wire::SetDefaultAddressRequest,
) -> Result<Command, Fault> {
    let (address, kind) = (address_id(&asked.name)?, read::kind(asked.kind())?);
    Ok(Command::SetDefaultAddress { address, kind })
}

fn delete_address(_: &Request, asked: &wire::DeleteAddressRequest) -> Result<Command, Fault> {
    Ok(Command::DeleteAddress { address: address_id(&asked.name)? })
}

fn deleted(_: &Done<'_, Users>) -> wire::DeleteAddressResponse {
    wire::DeleteAddressResponse {}
}

fn address_id(name: &str) -> Result<ResourceId, Fault> {
    let [_, id] = ids_of("name", ADDRESS, name)?;
    Ok(id)
}

fn set_consent(_: &Request, asked: &wire::SetConsentRequest) -> Result<Command, Fault> {
    let purpose: Purpose = asked.purpose.parse().map_err(|_| {
        let expected =
            "expected terms, privacy, marketing_email, marketing_sms, analytics or personalisation";
        Fault::invalid_field("purpose", expected)
    })?;
    let text_version = field("text_version", &asked.text_version)?;
    Ok(Command::SetConsent { purpose, granted: asked.granted, text_version })
}

async fn list_consents(
    request: Request,
    asked: wire::ListConsentsRequest,
) -> Result<wire::ListConsentsResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?.newest_first();
    let page = request.reading.list::<Users, view::Consents>(&request.tenant, "", &ask).await?;
    let page = page.map(|entry| show::consent(&entry));
    Ok(wire::ListConsentsResponse { consents: page.rows, next_page_token: page.next_page_token })
}

async fn export_user(request: Request, _: wire::ExportUserRequest) -> Result<wire::Export, No> {
    let (reading, user) = (&request.reading, &request.tenant);
    let profile = view::profile_of(reading, user).await?.row;
    let book = view::book_of(reading, user).await?.row;
    let consents = view::consents_of(reading, user).await?;
    let kept = wire::ExportedUser {
        profile: Some(show::profile(user, &profile)),
        addresses: show::book(user, &book),
        consents: consents.iter().map(show::consent).collect(),
    };
    let (name, made_at_ms) = (user.to_string(), request.at.as_millis());
    Ok(wire::Export { name, made_at_ms, users: Some(kept) })
}
