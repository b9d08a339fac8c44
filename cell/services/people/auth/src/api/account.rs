//! Registering, confirming, changing the password.

use std::{future::ready, sync::Arc};

use base_fault::{Code, Fault};
use base_ids::{Email, Locale, Tenant, TenantKind};
use base_proof::Password;
use cell_kernel::{Api, Done, No, Onward, Request, Versioned, field};

use super::{door, session, tokens};
use crate::{
    Auth, Ports,
    command::{Command, DisplayName, ProvenBy, Wish},
    view, wire,
};

pub(super) fn methods(api: Api<Auth>, ports: &Arc<Ports>) -> Api<Auth> {
    let (registering, creating) = (ports.clone(), ports.clone());
    api.forward("Register", move |request, asked| ready(register(&registering, &request, asked)))
        .command(
            "CreateAccount",
            move |request, asked| create_account(&creating, request, asked),
            |done| wire::RegisterResponse { user: done.asked.tenant.to_string() },
        )
        .command("ConfirmRegistration", confirm_registration, tokens::answering(ports))
        .command("ChangePassword", change_password, account_after)
        .get("GetAccount", get_account)
}

/// Checks all fields first, so that what is wrong is told at once; then a new user's home goes on. Whoever registers may keep no
/// cookie and so be another guest at each try: the same request under the same key finds the same user all the same.
fn register(ports: &Ports, request: &Request, asked: wire::RegisterRequest) -> Result<Onward, No> {
    field::<Email>("email", &asked.email)?;
    field::<Password>("password", &asked.password)?;
    field::<DisplayName>("display_name", &asked.display_name)?;
    locale(&asked.locale)?;
    let wire::RegisterRequest { email, password, display_name, locale } = asked;
    let id = match &request.idempotency_key {
        Some(key) => ports.secret.registrant(key, [&email, &password, &display_name, &locale]),
        None => request.new_id(),
    };
    let user = Tenant::new(TenantKind::User, &id).map_err(|error| {
        Fault::ours(Code::Internal, "a fresh id is not a tenant's").because(error)
    })?;
    let name = user.to_string();
    let onward = wire::CreateAccountRequest { name, email, password, display_name, locale };
    Ok(Onward::to(user, "souk.auth.v1.Auth/CreateAccount", &onward))
}

fn create_account(
    ports: &Ports,
    request: &Request,
    asked: &wire::CreateAccountRequest,
) -> Result<Command, Fault> {
    let email: Email = field("email", &asked.email)?;
    let wish = Wish {
        name: ports.secret.tenant_of(&email.to_claim()),
        email,
        claim: field("claim", &request.new_id())?,
        display_name: field("display_name", &asked.display_name)?,
        locale: locale(&asked.locale)?,
    };
    Ok(Command::CreateAccount { wish, password: field("password", &asked.password)? })
}

fn locale(text: &str) -> Result<Locale, Fault> {
    if text.is_empty() { Ok(Locale::DEFAULT) } else { field("locale", text) }
}

fn confirm_registration(
    request: &Request,
    asked: &wire::ConfirmRegistrationRequest,
) -> Result<Command, Fault> {
    let by = ProvenBy::Registration(field("code", &asked.code)?);
    Ok(Command::Prove { by, start: door::new_session(request, &asked.device)? })
}

fn change_password(
    request: &Request,
    asked: &wire::ChangePasswordRequest,
) -> Result<Command, Fault> {
    let (old, new) =
        (asked.old_password.clone().into(), field("new_password", &asked.new_password)?);
    Ok(Command::ChangePassword { old, new, keep: session::current(request) })
}

fn account_after(done: &Done<'_, Auth>) -> wire::Account {
    let row = done.state.account.as_ref().and_then(view::AccountRow::of);
    show(&done.asked.tenant, &row.expect("only an account that can be used changes its password"))
}

async fn get_account(
    request: Request,
    _: wire::GetAccountRequest,
) -> Result<Versioned<wire::Account>, No> {
    let user = &request.tenant;
    let found = request.reading.get::<Auth, view::Accounts>(user, view::ROW).await?;
    let found = found.ok_or_else(|| Fault::caller(Code::NotFound, "the user has no account"))?;
    Ok(Versioned { row: show(user, &found.row), version: found.version })
}

fn show(user: &Tenant, row: &view::AccountRow) -> wire::Account {
    wire::Account {
        name: format!("{user}/account"),
        email: row.email.to_string(),
        has_password: row.has_password,
        opened_at_ms: row.open_since.as_millis(),
    }
}
