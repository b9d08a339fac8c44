//! Tokens for those who act for a vendor or for the platform, and the list of operators.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_ids::{ResourceId, Tenant, TenantKind};
use base_token::TokenAudience;
use cell_kernel::{Api, Audience, Done, No, PageAsk, Request, VendorRole, field};

use super::tokens;
use crate::{
    Auth, Ports, Refusal,
    command::Command,
    view::{OperatorRow, Operators},
    wire,
};

/// The tenant that knows who operates the platform.
const OPERATORS: &str = "platform/operators";

pub(super) fn methods(api: Api<Auth>, ports: &Arc<Ports>) -> Api<Auth> {
    let (for_vendor, for_platform) = (ports.clone(), ports.clone());
    api.list("IssueVendorToken", move |request, _: wire::IssueVendorTokenRequest| {
        issue_vendor_token(for_vendor.clone(), request)
    })
    .list("IssueOperatorToken", move |request, _: wire::IssueOperatorTokenRequest| {
        issue_operator_token(for_platform.clone(), request)
    })
    .command("GrantOperator", grant_operator, operator_after)
    .command("RevokeOperator", revoke_operator, operator_after)
    .list("ListOperators", list_operators)
}

async fn issue_vendor_token(ports: Arc<Ports>, request: Request) -> Result<wire::RoleToken, No> {
    let (user, session) = shopper(&request)?;
    let vendor = &request.tenant;
    if vendor.kind() != TenantKind::Vendor {
        return Err(No::refused(&Refusal::NotAMember));
    }
    let role = ports.members.role_of(vendor, &user).await?;
    let role = role.ok_or_else(|| No::refused(&Refusal::NotAMember))?;
    let audience = TokenAudience::Vendor { vendor: vendor.clone(), role };
    let (access_token, until) = tokens::access(&ports, &user, &session, audience, request.at);
    let role = name_of(role).to_owned();
    Ok(wire::RoleToken { access_token, access_until_ms: until.as_millis(), role })
}

async fn issue_operator_token(ports: Arc<Ports>, request: Request) -> Result<wire::RoleToken, No> {
    let (user, session) = shopper(&request)?;
    only_operators(&request.tenant)?;
    let found = request.reading.get::<Auth, Operators>(&request.tenant, user.id()).await?;
    if !found.is_some_and(|found| found.row.active) {
        return Err(No::refused(&Refusal::NotAnOperator));
    }
    let audience = TokenAudience::Operator;
    let (access_token, until) = tokens::access(&ports, &user, &session, audience, request.at);
    let role = "operator".to_owned();
    Ok(wire::RoleToken { access_token, access_until_ms: until.as_millis(), role })
}

/// The user and session of a shopper's token. A token with a role does not beget another one.
fn shopper(request: &Request) -> Result<(Tenant, ResourceId), Fault> {
    let caller = &request.caller;
    let user = caller.subject.clone().filter(|_| caller.audience == Audience::Shopper);
    user.zip(super::session::current(request)).ok_or_else(|| {
        Fault::caller(Code::Forbidden, "ask with the access token of a signed-in shopper")
    })
}

fn name_of(role: VendorRole) -> &'static str {
    match role {
        VendorRole::Viewer => "viewer",
        VendorRole::Staff => "staff",
        VendorRole::Manager => "manager",
        VendorRole::Owner => "owner",
    }
}

fn only_operators(tenant: &Tenant) -> Result<(), Fault> {
    if tenant.as_str() == OPERATORS {
        Ok(())
    } else {
        Err(Fault::invalid_field("name", format!("expected {OPERATORS}")))
    }
}

fn grant_operator(request: &Request, asked: &wire::GrantOperatorRequest) -> Result<Command, Fault> {
    only_operators(&request.tenant)?;
    Ok(Command::GrantOperator { user: user(&asked.user)?, reason: field("reason", &asked.reason)? })
}

fn revoke_operator(
    request: &Request,
    asked: &wire::RevokeOperatorRequest,
) -> Result<Command, Fault> {
    only_operators(&request.tenant)?;
    Ok(Command::RevokeOperator {
        user: user(&asked.user)?,
        reason: field("reason", &asked.reason)?,
    })
}

fn user(text: &str) -> Result<Tenant, Fault> {
    let user: Tenant = field("user", text)?;
    if user.kind() == TenantKind::User && !user.is_guest() {
        Ok(user)
    } else {
        Err(Fault::invalid_field("user", "expected a registered user, users/{user}"))
    }
}

fn operator_after(done: &Done<'_, Auth>) -> wire::Operator {
    let (Command::GrantOperator { user, reason } | Command::RevokeOperator { user, reason }) =
        done.command
    else {
        unreachable!("only these commands answer with an operator")
    };
    let since = done.state.operators.get(user);
    wire::Operator {
        user: user.to_string(),
        active: since.is_some(),
        by: done.asked.caller.name(),
        at_ms: since.copied().unwrap_or(done.asked.at).as_millis(),
        reason: reason.to_string(),
    }
}

async fn list_operators(
    request: Request,
    asked: wire::ListOperatorsRequest,
) -> Result<wire::ListOperatorsResponse, No> {
    only_operators(&request.tenant)?;
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let page = request.reading.list::<Auth, Operators>(&request.tenant, "", &ask).await?;
    let page = page.map(|row: OperatorRow| wire::Operator {
        user: row.user.to_string(),
        active: row.active,
        by: row.by,
        at_ms: row.at.as_millis(),
        reason: row.reason.to_string(),
    });
    Ok(wire::ListOperatorsResponse { operators: page.rows, next_page_token: page.next_page_token })
}
