//! Writes answers: the seller for its team and operators, its papers, its team; and what everybody may see.

use base_ids::{NameInScripts, Tenant};
use base_papers::{Check, Document, Paper, PaperKind, Submission};
use cell_kernel::{Done, VendorRole};
use cell_words::money;

use crate::{
    Sellers,
    command::{Command, Reason},
    event::CommissionRate,
    replica::SellerRow,
    state::{self, Member, Status},
    wire::sellers as wire,
};

fn after<'a>(done: &'a Done<'_, Sellers>) -> &'a state::Seller {
    done.state.seller.as_ref().expect("a command on a seller that is not there is refused")
}

pub(super) fn seller_after(done: &Done<'_, Sellers>) -> wire::Seller {
    seller(&done.asked.tenant, after(done))
}

pub(super) fn seller(vendor: &Tenant, seller: &state::Seller) -> wire::Seller {
    let (handle, handle_state) = handle(seller);
    let despite = seller.despite.as_ref();
    wire::Seller {
        name: vendor.to_string(),
        display_name: Some(display_name(&seller.profile.name)),
        city: seller.profile.city.to_string(),
        handle,
        handle_state: handle_state.into(),
        status: status(seller.status).into(),
        open: seller.closed_because().is_none(),
        closed_because: seller.closed_because().unwrap_or_default().to_owned(),
        status_reason: text(seller.status_reason.as_ref()),
        commission_basis_points: seller.rate.rate.into(),
        delivery_fees: seller.fees.values().copied().map(money).collect(),
        holiday: seller.holiday.map(|holiday| wire::Holiday {
            from_ms: holiday.days.from.as_millis(),
            until_ms: holiday.days.until.as_millis(),
            begun: holiday.begun,
        }),
        missing: requirements(&seller.missing()),
        approval_override: despite.map(|despite| wire::Override {
            reason: despite.reason.to_string(),
            missing: requirements(&despite.missing),
            by: despite.by.clone(),
            at_ms: despite.at.as_millis(),
        }),
        applied_at_ms: seller.applied_at.as_millis(),
    }
}

/// What is being asked for is told before what is held: it is the newer wish.
fn handle(seller: &state::Seller) -> (String, wire::seller::HandleState) {
    use wire::seller::HandleState;
    let handles = &seller.handles;
    match (&handles.asked, &handles.held, &handles.lost) {
        (Some(asked), ..) => (asked.wanted.to_string(), HandleState::Asked),
        (None, Some(held), _) => (held.wanted.to_string(), HandleState::Held),
        (None, None, Some(lost)) => (lost.to_string(), HandleState::Taken),
        (None, None, None) => (String::new(), HandleState::Unspecified),
    }
}

fn text(reason: Option<&Reason>) -> String {
    reason.map(ToString::to_string).unwrap_or_default()
}

fn display_name(name: &NameInScripts) -> wire::DisplayName {
    wire::DisplayName {
        arabic: name.arabic.to_string(),
        latin: name.latin.to_string(),
        tifinagh: name.tifinagh.to_string(),
    }
}

/// Statuses, requirements and checks have the same names on the wire.
pub(super) fn status(status: Status) -> wire::SellerStatus {
    wire::SellerStatus::from_str_name(&status.as_str().to_uppercase()).unwrap_or_default()
}

fn requirement(kind: PaperKind) -> wire::Requirement {
    wire::Requirement::from_str_name(&kind.as_str().to_uppercase()).unwrap_or_default()
}

fn check(check: &Check) -> wire::submission::Check {
    wire::submission::Check::from_str_name(&check.as_str().to_uppercase()).unwrap_or_default()
}

pub(super) fn requirements(of: &[PaperKind]) -> Vec<i32> {
    of.iter().map(|kind| requirement(*kind).into()).collect()
}

pub(super) fn submission_after(done: &Done<'_, Sellers>) -> wire::Submission {
    let kind = match done.command {
        Command::SubmitPaper(paper) => paper.kind(),
        Command::VerifyPaper(requirement) | Command::RejectPaper { requirement, .. } => {
            *requirement
        }
        _ => unreachable!("only these commands answer with a submission"),
    };
    let found =
        after(done).papers.get(kind).expect("what is not there is neither found right nor wrong");
    submission(&done.asked.tenant, found)
}

pub(super) fn submission(vendor: &Tenant, of: &Submission) -> wire::Submission {
    let kind = of.paper.kind();
    let (mut court, mut text_version, mut document) = (String::new(), String::new(), None);
    match &of.paper {
        Paper::TradeRegister { court: of, .. } => court = of.to_string(),
        Paper::Terms { text_version: of } => text_version = of.to_string(),
        Paper::Identity(kept) | Paper::Premises(kept) => document = Some(self::document(kept)),
        Paper::CompanyNumber(_) | Paper::TaxNumber(_) | Paper::BankAccount(_) => {}
    }
    wire::Submission {
        name: format!("{vendor}/submissions/{}", kind.as_str()),
        requirement: requirement(kind).into(),
        number: of.paper.number().map(ToString::to_string).unwrap_or_default(),
        court,
        document,
        text_version,
        check: check(&of.check).into(),
        reason: text(of.check.reason()),
        at_ms: of.at.as_millis(),
    }
}

fn document(kept: &Document) -> wire::Document {
    wire::Document {
        blob: kept.blob.to_string(),
        sha256: kept.sha256.to_string(),
        media_type: kept.media_type.to_string(),
        size_bytes: kept.size.into(),
    }
}

pub(super) fn rate_after(done: &Done<'_, Sellers>) -> wire::CommissionRate {
    rate(&after(done).rate)
}

pub(super) fn rate(agreed: &CommissionRate) -> wire::CommissionRate {
    wire::CommissionRate {
        basis_points: agreed.rate.into(),
        from_ms: agreed.from.as_millis(),
        reason: text(agreed.reason.as_ref()),
        by: agreed.by.clone(),
    }
}

pub(super) fn member_after(done: &Done<'_, Sellers>) -> wire::Member {
    let (Command::Invite { user, .. }
    | Command::AcceptInvitation(user)
    | Command::SetRole { user, .. }) = done.command
    else {
        unreachable!("only these commands answer with a member")
    };
    let found = after(done).team.get(user).expect("after these commands they have a place there");
    member(&done.asked.tenant, user, found)
}

pub(super) fn member(vendor: &Tenant, user: &Tenant, found: &Member) -> wire::Member {
    wire::Member {
        name: format!("{vendor}/members/{}", user.id()),
        user: user.to_string(),
        role: role(found.role).into(),
        invited: found.invited,
        at_ms: found.at.as_millis(),
    }
}

pub(super) fn role(role: VendorRole) -> wire::MemberRole {
    match role {
        VendorRole::Viewer => wire::MemberRole::Viewer,
        VendorRole::Staff => wire::MemberRole::Staff,
        VendorRole::Manager => wire::MemberRole::Manager,
        VendorRole::Owner => wire::MemberRole::Owner,
    }
}

/// What everybody may see of a seller, and nothing else.
pub(super) fn catalog_seller(row: &SellerRow) -> wire::CatalogSeller {
    let on_holiday = row.closed_because == "holiday";
    wire::CatalogSeller {
        name: format!("catalog/sellers/{}", row.vendor.id()),
        vendor: row.vendor.to_string(),
        display_name: Some(display_name(&row.profile.name)),
        city: row.profile.city.to_string(),
        handle: row.handle.clone(),
        open: row.open(),
        holiday_until_ms: if on_holiday { row.closed_until.as_millis() } else { 0 },
    }
}

pub(super) fn summary(row: &SellerRow) -> wire::SellerSummary {
    wire::SellerSummary {
        vendor: row.vendor.to_string(),
        status: status(row.status).into(),
        display_name: Some(display_name(&row.profile.name)),
        city: row.profile.city.to_string(),
        handle: row.handle.clone(),
        open: row.open(),
        closed_because: row.closed_because.clone(),
    }
}
