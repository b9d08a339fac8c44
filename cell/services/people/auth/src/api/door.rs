//! Signing in from an e-mail: three steps, each at another tenant's home. An e-mail that nobody holds is sent on to a user that does
//! not exist, so that it goes as far, works as much and hears the same no (Invariant auth-3).

use std::{future::ready, sync::Arc};

use base_fault::{Code, Fault};
use base_ids::{Email, Tenant, TenantKind};
use base_proof::{CodePurpose, OneTimeCode, Password};
use cell_kernel::{Api, No, Onward, Request, Words, field};
use wire::prove_at_request::Proof;

use super::tokens;
use crate::{
    Auth, Ports,
    command::{Command, NewSession, ProvenBy},
    wire,
};

pub(super) fn methods(api: Api<Auth>, ports: &Arc<Ports>) -> Api<Auth> {
    let [a, b, c, d, prove, code] = std::array::from_fn(|_| ports.clone());
    api.forward("SignIn", move |_, asked: wire::SignInRequest| {
        let proof = Proof::Password(asked.password);
        ready(prove_at_name(&a, &asked.email, proof, asked.device))
    })
    .forward("SignInWithCode", move |_, asked: wire::SignInWithCodeRequest| {
        let proof = Proof::Code(asked.code);
        ready(prove_at_name(&b, &asked.email, proof, asked.device))
    })
    .forward("ResetPassword", move |_, asked: wire::ResetPasswordRequest| {
        let wire::ResetPasswordRequest { email, code, new_password, device } = asked;
        let proof = Proof::Reset(wire::NewPassword { code, new_password });
        ready(prove_at_name(&c, &email, proof, device))
    })
    .forward("RequestCode", move |_, asked: wire::RequestCodeRequest| {
        ready(request_code_at_name(&d, &asked))
    })
    .forward("ProveAtName", move |request, mut asked: wire::ProveAtRequest| {
        let ports = prove.clone();
        async move {
            let user = account_of(&ports, &request).await?;
            asked.name = user.to_string();
            Ok(Onward::to(user, "souk.auth.v1.Auth/ProveAtAccount", &asked))
        }
    })
    .forward("RequestCodeAtName", move |request, mut asked: wire::RequestCodeAtRequest| {
        let ports = code.clone();
        async move {
            let user = account_of(&ports, &request).await?;
            asked.name = user.to_string();
            Ok(Onward::to(user, "souk.auth.v1.Auth/RequestCodeAtAccount", &asked))
        }
    })
    .command("ProveAtAccount", prove_at_account, tokens::answering(ports))
    .command("RequestCodeAtAccount", request_code, |_| wire::RequestCodeResponse {})
}

/// Checks all fields first, so that what is wrong is told at once and by name.
fn prove_at_name(ports: &Ports, email: &str, proof: Proof, device: String) -> Result<Onward, No> {
    given(&proof)?;
    to_name(ports, email, "ProveAtName", |name| wire::ProveAtRequest {
        name,
        proof: Some(proof),
        device,
    })
}

fn request_code_at_name(ports: &Ports, asked: &wire::RequestCodeRequest) -> Result<Onward, No> {
    purpose(asked.purpose())?;
    let (email, purpose) = (&asked.email, asked.purpose);
    to_name(ports, email, "RequestCodeAtName", |name| wire::RequestCodeAtRequest { name, purpose })
}

fn to_name<M: Words>(
    ports: &Ports,
    email: &str,
    method: &str,
    request: impl FnOnce(String) -> M,
) -> Result<Onward, No> {
    let email: Email = field("email", email)?;
    let name = ports.secret.tenant_of(&email.to_claim());
    let request = request(name.to_string());
    Ok(Onward::to(name, &format!("souk.auth.v1.Auth/{method}"), &request))
}

/// The user who holds a name; for one that nobody holds a user that does not exist, always the same, living wherever users live.
/// A request that is repeated finds whom it found, whoever holds the name by now.
async fn account_of(ports: &Ports, request: &Request) -> Result<Tenant, Fault> {
    if let Some(user) = &request.went_to {
        return Ok(user.clone());
    }
    let name = &request.tenant;
    let holder = ports.owners.owner_of(name).await?;
    match holder.filter(|holder| holder.kind() == TenantKind::User) {
        Some(user) => Ok(user),
        None => Tenant::new(TenantKind::User, name.id()).map_err(|error| {
            Fault::ours(Code::Internal, "a name's id is not a tenant's").because(error)
        }),
    }
}

fn prove_at_account(request: &Request, asked: &wire::ProveAtRequest) -> Result<Command, Fault> {
    let proof = asked.proof.as_ref();
    let proof = proof.ok_or_else(|| Fault::invalid_field("proof", "something is needed"))?;
    Ok(Command::Prove { by: given(proof)?, start: new_session(request, &asked.device)? })
}

fn given(proof: &Proof) -> Result<ProvenBy, Fault> {
    Ok(match proof {
        Proof::Password(password) => ProvenBy::Password(password.clone().into()),
        Proof::Code(code) => ProvenBy::Code(field("code", code)?),
        Proof::Reset(wire::NewPassword { code, new_password }) => ProvenBy::Reset(
            field::<OneTimeCode>("code", code)?,
            field::<Password>("new_password", new_password)?,
        ),
    })
}

fn request_code(_: &Request, asked: &wire::RequestCodeAtRequest) -> Result<Command, Fault> {
    Ok(Command::RequestCode { purpose: purpose(asked.purpose())? })
}

fn purpose(purpose: wire::CodePurpose) -> Result<CodePurpose, Fault> {
    match purpose {
        wire::CodePurpose::SignIn => Ok(CodePurpose::SignIn),
        wire::CodePurpose::ResetPassword => Ok(CodePurpose::ResetPassword),
        wire::CodePurpose::Unspecified => {
            Err(Fault::invalid_field("purpose", "expected SIGN_IN or RESET_PASSWORD"))
        }
    }
}

pub(super) fn new_session(request: &Request, device: &str) -> Result<NewSession, Fault> {
    let session = field("session", &request.new_id())?;
    Ok(NewSession { session, device: field("device", device)? })
}
