//! Reads requests as commands; every mistake names its field.

use std::time::Duration;

use base_fault::Fault;
use base_ids::{ResourceId, Tenant, TenantKind, Text};
use base_money::{Currency, Money};
use base_time::Timestamp;
use cell_kernel::{Request, VendorRole, field, ids_of};

use super::subject;
use crate::{
    command::{BasisPoints, City, Command, DisplayName, Handle, Window},
    papers::{Document, Paper, Requirement},
    wire,
};

/// The longest holiday, and how far ahead it may be planned.
const AHEAD_MAX: Duration = Duration::from_hours(366 * 24);
/// The most that delivery may cost, in minor units.
const FEE_MAX: i64 = 1_000_000_000;

type Read = Result<Command, Fault>;

pub(super) fn application(
    asked: &wire::ApplyAsSellerRequest,
) -> Result<(Handle, DisplayName, City), Fault> {
    let handle = field("handle", &asked.handle)?;
    let name = display_name("display_name", asked.display_name.as_ref())?;
    Ok((handle, name, field("city", &asked.city)?))
}

pub(super) fn file_application(request: &Request, asked: &wire::FileApplicationRequest) -> Read {
    let given = asked.application.clone().unwrap_or_default();
    let (handle, name, city) = application(&given)?;
    Ok(Command::FileApplication { applicant: subject(request)?, handle, name, city })
}

pub(super) fn update_seller(_: &Request, asked: &wire::UpdateSellerRequest) -> Read {
    let given = asked.seller.clone().unwrap_or_default();
    let paths = asked.update_mask.as_ref().map(|mask| mask.paths.clone()).unwrap_or_default();
    let paths = if paths.is_empty() { not_empty(&given) } else { paths };
    let (mut name, mut city, mut handle) = (None, None, None);
    for path in &paths {
        match path.as_str() {
            "display_name" => {
                name = Some(display_name("seller.display_name", given.display_name.as_ref())?);
            }
            "city" => city = Some(field("seller.city", &given.city)?),
            "handle" => handle = Some(field("seller.handle", &given.handle)?),
            "*" => {
                name = Some(display_name("seller.display_name", given.display_name.as_ref())?);
                city = Some(field("seller.city", &given.city)?);
                handle = Some(field("seller.handle", &given.handle)?);
            }
            other => {
                let problem = format!(
                    "names `{other}`, which cannot be set so; expected display_name, city and handle"
                );
                return Err(Fault::invalid_field("update_mask", problem));
            }
        }
    }
    Ok(Command::ChangeProfile { name, city, handle })
}

fn not_empty(given: &wire::Seller) -> Vec<String> {
    let there = [
        ("display_name", given.display_name.is_some()),
        ("city", !given.city.is_empty()),
        ("handle", !given.handle.is_empty()),
    ];
    there.into_iter().filter(|(_, there)| *there).map(|(path, _)| path.to_owned()).collect()
}

fn display_name(at: &str, given: Option<&wire::DisplayName>) -> Result<DisplayName, Fault> {
    let given = given.cloned().unwrap_or_default();
    let script = |name: &str, text: &str| -> Result<Option<Text<100>>, Fault> {
        Some(text)
            .filter(|text| !text.is_empty())
            .map(|text| field(&format!("{at}.{name}"), text))
            .transpose()
    };
    let name = DisplayName {
        arabic: script("arabic", &given.arabic)?,
        latin: script("latin", &given.latin)?,
        tifinagh: script("tifinagh", &given.tifinagh)?,
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
    Ok(Command::SubmitPaper { paper })
}

fn document(given: Option<&wire::Document>) -> Result<Document, Fault> {
    let given = given.ok_or_else(|| Fault::invalid_field("document", "is missing"))?;
    let size =
        u32::try_from(given.size_bytes).ok().filter(|size| (1..=Document::SIZE_MAX).contains(size));
    let size = size.ok_or_else(|| {
        let problem = format!("is {}; expected 1 to {}", given.size_bytes, Document::SIZE_MAX);
        Fault::invalid_field("document.size_bytes", problem)
    })?;
    let media_type = given.media_type.parse().map_err(|_| {
        let expected = "expected application/pdf, image/jpeg or image/png";
        Fault::invalid_field("document.media_type", expected)
    })?;
    let blob = field("document.blob", &given.blob)?;
    Ok(Document { blob, sha256: field("document.sha256", &given.sha256)?, media_type, size })
}

pub(super) fn verify_submission(_: &Request, asked: &wire::VerifySubmissionRequest) -> Read {
    Ok(Command::VerifyPaper { requirement: requirement(&asked.name)? })
}

pub(super) fn reject_submission(_: &Request, asked: &wire::RejectSubmissionRequest) -> Read {
    let reason = field("reason", &asked.reason)?;
    Ok(Command::RejectPaper { requirement: requirement(&asked.name)?, reason })
}

fn requirement(name: &str) -> Result<Requirement, Fault> {
    let [_, requirement] = ids_of("name", "vendors/*/submissions/*", name)?;
    requirement.as_str().parse().map_err(|_| {
        Fault::invalid_field("name", format!("`{requirement}` is not something that is required"))
    })
}

pub(super) fn approve(_: &Request, asked: &wire::ApproveSellerRequest) -> Read {
    let reason = Some(asked.override_reason.as_str()).filter(|reason| !reason.is_empty());
    let override_reason = reason.map(|reason| field("override_reason", reason)).transpose()?;
    Ok(Command::Approve { override_reason })
}

pub(super) fn reject(_: &Request, asked: &wire::RejectSellerRequest) -> Read {
    Ok(Command::Reject { reason: field("reason", &asked.reason)? })
}

pub(super) fn suspend(_: &Request, asked: &wire::SuspendSellerRequest) -> Read {
    Ok(Command::Suspend { reason: field("reason", &asked.reason)? })
}

pub(super) fn reinstate(_: &Request, asked: &wire::ReinstateSellerRequest) -> Read {
    Ok(Command::Reinstate { reason: field("reason", &asked.reason)? })
}

pub(super) fn terminate(_: &Request, asked: &wire::TerminateSellerRequest) -> Read {
    Ok(Command::Terminate { reason: field("reason", &asked.reason)? })
}

pub(super) fn set_commission(_: &Request, asked: &wire::SetCommissionRequest) -> Read {
    let rate =
        u32::try_from(asked.basis_points).ok().and_then(|rate| BasisPoints::try_from(rate).ok());
    let rate = rate.ok_or_else(|| {
        let problem = format!("is {}; expected 0 to {}", asked.basis_points, BasisPoints::MAX);
        Fault::invalid_field("basis_points", problem)
    })?;
    Ok(Command::SetCommission { rate, reason: field("reason", &asked.reason)? })
}

pub(super) fn set_delivery_fee(_: &Request, asked: &wire::SetDeliveryFeeRequest) -> Read {
    let fee = money("fee", asked.fee.as_ref())?;
    if !(0..=FEE_MAX).contains(&fee.minor) {
        let problem = format!("is {}; expected 0 to {FEE_MAX}", fee.minor);
        return Err(Fault::invalid_field("fee.minor", problem));
    }
    Ok(Command::SetDeliveryFee { fee })
}

pub(super) fn money(at: &str, given: Option<&wire::Money>) -> Result<Money, Fault> {
    let given = given.ok_or_else(|| Fault::invalid_field(at, "is missing"))?;
    let currency: Currency = field(&format!("{at}.currency"), &given.currency)?;
    Ok(Money::new(currency, given.minor))
}

pub(super) fn plan_holiday(request: &Request, asked: &wire::PlanHolidayRequest) -> Read {
    let now = request.at;
    let from = match asked.from_ms {
        0 => now,
        millis => Timestamp::from_millis(millis),
    };
    let until = Timestamp::from_millis(asked.until_ms);
    if until <= from || until <= now {
        return Err(Fault::invalid_field(
            "until_ms",
            "expected a time after now and after `from_ms`",
        ));
    }
    if from < Timestamp::from_millis(0) || until > now.after(AHEAD_MAX) {
        return Err(Fault::invalid_field("until_ms", "expected a time at most a year from now"));
    }
    Ok(Command::PlanHoliday { window: Window { from, until } })
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
    match role {
        wire::MemberRole::Viewer => Ok(VendorRole::Viewer),
        wire::MemberRole::Staff => Ok(VendorRole::Staff),
        wire::MemberRole::Manager => Ok(VendorRole::Manager),
        wire::MemberRole::Owner => Ok(VendorRole::Owner),
        wire::MemberRole::Unspecified => {
            Err(Fault::invalid_field("role", "expected VIEWER, STAFF, MANAGER or OWNER"))
        }
    }
}

pub(super) fn accept(request: &Request, _: &wire::AcceptInvitationRequest) -> Read {
    Ok(Command::AcceptInvitation { user: subject(request)? })
}

pub(super) fn decline(request: &Request, _: &wire::DeclineInvitationRequest) -> Read {
    Ok(Command::DeclineInvitation { user: subject(request)? })
}

pub(super) fn set_role(_: &Request, asked: &wire::SetMemberRoleRequest) -> Read {
    Ok(Command::SetRole { user: member(&asked.name)?, role: role(asked.role())? })
}

pub(super) fn remove_member(_: &Request, asked: &wire::RemoveMemberRequest) -> Read {
    Ok(Command::RemoveMember { user: member(&asked.name)? })
}

pub(super) fn leave(request: &Request, _: &wire::LeaveTeamRequest) -> Read {
    Ok(Command::Leave { user: subject(request)? })
}

fn member(name: &str) -> Result<Tenant, Fault> {
    let [_, user]: [ResourceId; 2] = ids_of("name", "vendors/*/members/*", name)?;
    Tenant::new(TenantKind::User, user.as_str())
        .map_err(|error| Fault::invalid_field("name", error.to_string()))
}
