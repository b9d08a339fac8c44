//! Reads requests as commands; every mistake names its field.

use std::{fmt::Display, time::Duration};

use base_fault::Fault;
use base_ids::{NameInScripts, ResourceId, Tenant, TenantKind};
use base_papers::{Document, Paper, PaperKind};
use base_time::{Period, Timestamp};
use cell_kernel::{Request, VendorRole, field, ids_of};
use cell_words::asked::{money_within, optional, present};

use super::{show, subject};
use crate::{
    command::{Application, Change, Command, Profile},
    state::Status,
    wire::sellers as wire,
};

/// The longest holiday, and how far ahead it may be planned.
const AHEAD_MAX: Duration = Duration::from_hours(366 * 24);
/// The most that delivery may cost, in minor units.
const FEE_MAX: i64 = 1_000_000_000;

/// What [`wire::UpdateSellerRequest`] may change.
const PATHS: [&str; 3] = ["display_name", "city", "handle"];

type Read = Result<Command, Fault>;

/// A mistake is told as the field's.
pub(super) fn right<T, E: Display>(at: &str, read: Result<T, E>) -> Result<T, Fault> {
    read.map_err(|error| Fault::invalid_field(at, error.to_string()))
}

pub(super) fn application(
    request: &Request,
    asked: &wire::ApplyAsSellerRequest,
) -> Result<Application, Fault> {
    let name = display_name("display_name", asked.display_name.as_ref())?;
    let profile = Profile { name, city: field("city", &asked.city)? };
    let handle = field("handle", &asked.handle)?;
    Ok(Application { applicant: subject(request)?, handle, profile })
}

pub(super) fn file_application(request: &Request, asked: &wire::FileApplicationRequest) -> Read {
    let given = asked.application.clone().unwrap_or_default();
    application(request, &given).map(Command::FileApplication)
}

pub(super) fn update_seller(_: &Request, asked: &wire::UpdateSellerRequest) -> Read {
    let new = asked.seller.clone().unwrap_or_default();
    let paths = asked.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    if let Some(other) = paths.iter().find(|path| *path != "*" && !PATHS.contains(&path.as_str())) {
        let problem = format!("names `{other}`, which cannot be set so; expected {PATHS:?}");
        return Err(Fault::invalid_field("update_mask", problem));
    }
    // Without a mask, what is there is meant.
    let set = |path: &str, is_there: bool| {
        if paths.is_empty() { is_there } else { paths.iter().any(|one| one == path || one == "*") }
    };
    let shown = new.display_name.as_ref();
    let name = || display_name("seller.display_name", shown);
    let city = || field("seller.city", &new.city);
    let handle = || field("seller.handle", &new.handle);
    Ok(Command::ChangeProfile(Change {
        name: set("display_name", shown.is_some()).then(name).transpose()?,
        city: set("city", !new.city.is_empty()).then(city).transpose()?,
        handle: set("handle", !new.handle.is_empty()).then(handle).transpose()?,
    }))
}

fn display_name(at: &str, given: Option<&wire::DisplayName>) -> Result<NameInScripts, Fault> {
    let given = given.cloned().unwrap_or_default();
    let name = NameInScripts {
        arabic: field(&format!("{at}.arabic"), &given.arabic)?,
        latin: field(&format!("{at}.latin"), &given.latin)?,
        tifinagh: field(&format!("{at}.tifinagh"), &given.tifinagh)?,
    };
    if name.is_empty() {
        return Err(Fault::invalid_field(at, "is empty in every script; expected at least one"));
    }
    Ok(name)
}

pub(super) fn add_submission(_: &Request, asked: &wire::AddSubmissionRequest) -> Read {
    let document = || document(asked.document.as_ref());
    let paper = match asked.requirement() {
        wire::Requirement::Unspecified => {
            return Err(Fault::invalid_field("requirement", "does not say what is submitted"));
        }
        wire::Requirement::CompanyNumber => Paper::CompanyNumber(field("number", &asked.number)?),
        wire::Requirement::TaxNumber => Paper::TaxNumber(field("number", &asked.number)?),
        wire::Requirement::TradeRegister => Paper::TradeRegister {
            number: field("number", &asked.number)?,
            court: field("court", &asked.court)?,
        },
        wire::Requirement::BankAccount => Paper::BankAccount(field("number", &asked.number)?),
        wire::Requirement::Identity => Paper::Identity(document()?),
        wire::Requirement::Premises => Paper::Premises(document()?),
        wire::Requirement::Terms => {
            Paper::Terms { text_version: field("text_version", &asked.text_version)? }
        }
    };
    Ok(Command::SubmitPaper(paper))
}

fn document(given: Option<&wire::Document>) -> Result<Document, Fault> {
    let given = present("document", given)?;
    Ok(Document {
        blob: field("document.blob", &given.blob)?,
        sha256: field("document.sha256", &given.sha256)?,
        media_type: field("document.media_type", &given.media_type)?,
        size: right("document.size_bytes", given.size_bytes.try_into())?,
    })
}

pub(super) fn verify_submission(_: &Request, asked: &wire::VerifySubmissionRequest) -> Read {
    Ok(Command::VerifyPaper(requirement(&asked.name)?))
}

pub(super) fn reject_submission(_: &Request, asked: &wire::RejectSubmissionRequest) -> Read {
    let reason = field("reason", &asked.reason)?;
    Ok(Command::RejectPaper { requirement: requirement(&asked.name)?, reason })
}

fn requirement(name: &str) -> Result<PaperKind, Fault> {
    let [_, requirement] = ids_of("name", "vendors/*/submissions/*", name)?;
    requirement.as_str().parse().map_err(|_| {
        Fault::invalid_field("name", format!("`{requirement}` is not something that is required"))
    })
}

pub(super) fn approve(_: &Request, asked: &wire::ApproveSellerRequest) -> Read {
    let override_reason = optional("override_reason", &asked.override_reason)?;
    Ok(Command::Approve { override_reason })
}

pub(super) fn reject(_: &Request, asked: &wire::RejectSellerRequest) -> Read {
    change_status(Status::Rejected, &asked.reason)
}

pub(super) fn suspend(_: &Request, asked: &wire::SuspendSellerRequest) -> Read {
    change_status(Status::Suspended, &asked.reason)
}

pub(super) fn reinstate(_: &Request, asked: &wire::ReinstateSellerRequest) -> Read {
    change_status(Status::Open, &asked.reason)
}

pub(super) fn terminate(_: &Request, asked: &wire::TerminateSellerRequest) -> Read {
    change_status(Status::Terminated, &asked.reason)
}

fn change_status(to: Status, reason: &str) -> Read {
    Ok(Command::ChangeStatus { to, reason: field("reason", reason)? })
}

pub(super) fn set_commission(_: &Request, asked: &wire::SetCommissionRequest) -> Read {
    let rate = right("basis_points", asked.basis_points.try_into())?;
    Ok(Command::SetCommission { rate, reason: field("reason", &asked.reason)? })
}

pub(super) fn set_delivery_fee(_: &Request, asked: &wire::SetDeliveryFeeRequest) -> Read {
    money_within("fee", asked.fee.as_ref(), 0..=FEE_MAX).map(Command::SetDeliveryFee)
}

pub(super) fn plan_holiday(request: &Request, asked: &wire::PlanHolidayRequest) -> Read {
    let now = request.at;
    let from = if asked.from_ms == 0 { now } else { Timestamp::from_millis(asked.from_ms) };
    let until = Timestamp::from_millis(asked.until_ms);
    let problem = if until <= from || until <= now {
        "expected a time after now and after `from_ms`"
    } else if from < Timestamp::default() || until > now.after(AHEAD_MAX) {
        "expected a time at most a year from now"
    } else {
        return Ok(Command::PlanHoliday(Period { from, until }));
    };
    Err(Fault::invalid_field("until_ms", problem))
}

pub(super) fn invite(_: &Request, asked: &wire::InviteMemberRequest) -> Read {
    let user: Tenant = field("user", &asked.user)?;
    if user.kind() != TenantKind::User || user.id().starts_with("g-") {
        let problem = format!("`{user}` is not a registered user's name, `users/*`");
        return Err(Fault::invalid_field("user", problem));
    }
    Ok(Command::Invite { user, role: role(asked.role())? })
}

fn role(role: wire::MemberRole) -> Result<VendorRole, Fault> {
    let roles = [VendorRole::Viewer, VendorRole::Staff, VendorRole::Manager, VendorRole::Owner];
    roles
        .into_iter()
        .find(|known| show::role(*known) == role)
        .ok_or_else(|| Fault::invalid_field("role", "expected VIEWER, STAFF, MANAGER or OWNER"))
}

pub(super) fn accept(request: &Request, _: &wire::AcceptInvitationRequest) -> Read {
    Ok(Command::AcceptInvitation(subject(request)?))
}

pub(super) fn decline(request: &Request, _: &wire::DeclineInvitationRequest) -> Read {
    Ok(Command::DeclineInvitation(subject(request)?))
}

pub(super) fn set_role(_: &Request, asked: &wire::SetMemberRoleRequest) -> Read {
    Ok(Command::SetRole { user: member(&asked.name)?, role: role(asked.role())? })
}

pub(super) fn remove_member(_: &Request, asked: &wire::RemoveMemberRequest) -> Read {
    Ok(Command::RemoveMember(member(&asked.name)?))
}

pub(super) fn leave(request: &Request, _: &wire::LeaveTeamRequest) -> Read {
    Ok(Command::Leave(subject(request)?))
}

fn member(name: &str) -> Result<Tenant, Fault> {
    let [_, user]: [ResourceId; 2] = ids_of("name", "vendors/*/members/*", name)?;
    right("name", Tenant::new(TenantKind::User, user.as_str()))
}
