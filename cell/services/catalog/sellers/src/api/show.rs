//! Writes answers: the seller for its team and operators, its papers, its team; and what everybody may see.

use base_ids::{Tenant, Text};
use base_money::Money;
use cell_kernel::{Done, VendorRole};

use crate::{
    Sellers,
    command::{Command, DisplayName},
    papers::{Check, Document, Paper, Requirement},
    replica::SellerRow,
    state::{self, Status, Submission},
    view::{CommissionRate, TeamRow},
    wire,
};

fn after<'a>(done: &'a Done<'_, Sellers>) -> &'a state::Seller {
    let Some(seller) = &done.state.seller else {
        unreachable!("a command on a seller that is not there is refused")
    };
    seller
}

pub(super) fn seller_after(done: &Done<'_, Sellers>) -> wire::Seller {
    seller(&done.asked.tenant, after(done))
}

pub(super) fn seller(vendor: &Tenant, seller: &state::Seller) -> wire::Seller {
    let (handle, handle_state) = handle(seller);
    let despite = seller.despite.as_ref();
    wire::Seller {
        name: vendor.to_string(),
        display_name: Some(display_name(&seller.name)),
        city: seller.city.to_string(),
        handle,
        handle_state: handle_state.into(),
        status: status(seller.status).into(),
        open: seller.closed_because().is_none(),
        closed_because: seller.closed_because().unwrap_or_default().to_owned(),
        status_reason: seller.status_reason.clone(),
        commission_basis_points: basis_points(seller.rate.get()),
        delivery_fees: seller.fees.iter().copied().map(money).collect(),
        holiday: seller.holiday.map(|holiday| wire::Holiday {
            from_ms: holiday.window.from.as_millis(),
            until_ms: holiday.window.until.as_millis(),
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
    let text = |claim: &state::Claim| claim.handle.as_str().to_owned();
    match (&handles.asked, &handles.held, &handles.lost) {
        (Some(asked), ..) => (text(asked), HandleState::Asked),
        (None, Some(held), _) => (text(held), HandleState::Held),
        (None, None, Some(lost)) => (lost.as_str().to_owned(), HandleState::Taken),
        (None, None, None) => (String::new(), HandleState::Unspecified),
    }
}

fn display_name(name: &DisplayName) -> wire::DisplayName {
    let script =
        |text: &Option<Text<100>>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    wire::DisplayName {
        arabic: script(&name.arabic),
        latin: script(&name.latin),
        tifinagh: script(&name.tifinagh),
    }
}

pub(super) fn status(status: Status) -> wire::SellerStatus {
    match status {
        Status::Applied => wire::SellerStatus::Applied,
        Status::Submitted => wire::SellerStatus::Submitted,
        Status::Rejected => wire::SellerStatus::Rejected,
        Status::Open => wire::SellerStatus::Open,
        Status::Suspended => wire::SellerStatus::Suspended,
        Status::Terminated => wire::SellerStatus::Terminated,
    }
}

pub(super) fn requirements(of: &[Requirement]) -> Vec<i32> {
    of.iter().map(|requirement| wire_requirement(*requirement).into()).collect()
}

fn wire_requirement(requirement: Requirement) -> wire::Requirement {
    match requirement {
        Requirement::CompanyNumber => wire::Requirement::CompanyNumber,
        Requirement::TaxNumber => wire::Requirement::TaxNumber,
        Requirement::TradeRegister => wire::Requirement::TradeRegister,
        Requirement::BankAccount => wire::Requirement::BankAccount,
        Requirement::Identity => wire::Requirement::Identity,
        Requirement::Premises => wire::Requirement::Premises,
        Requirement::Terms => wire::Requirement::Terms,
    }
}

pub(super) fn submission_after(done: &Done<'_, Sellers>) -> wire::Submission {
    let requirement = match done.command {
        Command::SubmitPaper { paper } => paper.requirement(),
        Command::VerifyPaper { requirement } | Command::RejectPaper { requirement, .. } => {
            *requirement
        }
        _ => unreachable!("only these commands answer with a submission"),
    };
    let Some(found) = after(done).papers.get(&requirement) else {
        unreachable!("a submission that is not there is refused")
    };
    submission(&done.asked.tenant, found)
}

pub(super) fn submission(vendor: &Tenant, of: &Submission) -> wire::Submission {
    use wire::submission::Check as Shown;
    let requirement = of.paper.requirement();
    let (check, reason) = match &of.check {
        Check::Received => (Shown::Received, String::new()),
        Check::Computed => (Shown::Computed, String::new()),
        Check::Attested => (Shown::Attested, String::new()),
        Check::Verified => (Shown::Verified, String::new()),
        Check::Wrong(reason) => (Shown::FoundWrong, reason.to_string()),
    };
    let mut shown = wire::Submission {
        name: format!("{vendor}/submissions/{}", requirement.as_str()),
        requirement: wire_requirement(requirement).into(),
        check: check.into(),
        reason,
        at_ms: of.at.as_millis(),
        ..wire::Submission::default()
    };
    match &of.paper {
        Paper::CompanyNumber(number) => shown.number = number.to_string(),
        Paper::TaxNumber(number) => shown.number = number.to_string(),
        Paper::BankAccount(number) => shown.number = number.to_string(),
        Paper::TradeRegister { number, court } => {
            (shown.number, shown.court) = (number.to_string(), court.to_string());
        }
        Paper::Identity(kept) | Paper::Premises(kept) => shown.document = Some(document(kept)),
        Paper::Terms { text_version } => shown.text_version = text_version.to_string(),
    }
    shown
}

fn document(kept: &Document) -> wire::Document {
    wire::Document {
        blob: kept.blob.to_string(),
        sha256: kept.sha256.to_string(),
        media_type: <&str>::from(kept.media_type).to_owned(),
        size_bytes: kept.size.into(),
    }
}

pub(super) fn rate_after(done: &Done<'_, Sellers>) -> wire::CommissionRate {
    let Command::SetCommission { rate, reason } = done.command else {
        unreachable!("only this command answers with a rate")
    };
    let (from, by) = (done.asked.at, done.asked.caller.name());
    self::rate(&CommissionRate { rate: *rate, from, reason: Some(reason.clone()), by })
}

pub(super) fn rate(rate: &CommissionRate) -> wire::CommissionRate {
    wire::CommissionRate {
        basis_points: basis_points(rate.rate.get()),
        from_ms: rate.from.as_millis(),
        reason: rate.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
        by: rate.by.clone(),
    }
}

pub(super) fn basis_points(share: u32) -> i32 {
    i32::try_from(share).expect("a share is at most 10000 basis points")
}

pub(super) fn member_after(done: &Done<'_, Sellers>) -> wire::Member {
    let (Command::Invite { user, .. }
    | Command::AcceptInvitation { user }
    | Command::SetRole { user, .. }) = done.command
    else {
        unreachable!("only these commands answer with a member")
    };
    let seller = after(done);
    let row = match (seller.team.get(user), seller.invitations.get(user)) {
        (Some(member), _) => {
            TeamRow { user: user.clone(), role: member.role, invited: false, at: member.since }
        }
        (None, Some(open)) => {
            TeamRow { user: user.clone(), role: open.role, invited: true, at: open.until }
        }
        (None, None) => unreachable!("after these commands the user is in the team or invited"),
    };
    member(&done.asked.tenant, &row)
}

pub(super) fn member(vendor: &Tenant, row: &TeamRow) -> wire::Member {
    let role = match row.role {
        VendorRole::Viewer => wire::MemberRole::Viewer,
        VendorRole::Staff => wire::MemberRole::Staff,
        VendorRole::Manager => wire::MemberRole::Manager,
        VendorRole::Owner => wire::MemberRole::Owner,
    };
    wire::Member {
        name: format!("{vendor}/members/{}", row.user.id()),
        user: row.user.to_string(),
        role: role.into(),
        invited: row.invited,
        at_ms: row.at.as_millis(),
    }
}

pub(super) fn money(amount: Money) -> wire::Money {
    wire::Money { currency: amount.currency.code().to_owned(), minor: amount.minor }
}

/// What everybody may see of a seller, and nothing else.
pub(super) fn catalog_seller(row: &SellerRow) -> wire::CatalogSeller {
    let id = row.vendor.strip_prefix("vendors/").unwrap_or(&row.vendor);
    let on_holiday = row.closed_because == "holiday";
    wire::CatalogSeller {
        name: format!("catalog/sellers/{id}"),
        vendor: row.vendor.clone(),
        display_name: Some(name_of(row)),
        city: row.city.clone(),
        handle: row.handle.clone(),
        open: row.open(),
        holiday_until_ms: if on_holiday { row.closed_until.as_millis() } else { 0 },
    }
}

pub(super) fn summary(row: &SellerRow) -> wire::SellerSummary {
    wire::SellerSummary {
        vendor: row.vendor.clone(),
        status: status(row.status).into(),
        display_name: Some(name_of(row)),
        city: row.city.clone(),
        handle: row.handle.clone(),
        open: row.open(),
        closed_because: row.closed_because.clone(),
    }
}

fn name_of(row: &SellerRow) -> wire::DisplayName {
    wire::DisplayName {
        arabic: row.arabic.clone(),
        latin: row.latin.clone(),
        tifinagh: row.tifinagh.clone(),
    }
}
