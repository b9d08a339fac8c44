//! How sellers look on the wire: to applicants, to their teams, to operators and to everybody.

mod lists;
mod read;
mod show;

use base_fault::{Code, Fault};
use base_ids::{Handle, Tenant, TenantKind};
use cell_kernel::{Api, No, Onward, Request};

use crate::{
    Sellers,
    command::{Application, Command},
    wire::sellers as wire,
};

const SERVICE: &str = "souk.sellers.v1.Sellers";

pub(crate) fn api() -> Api<Sellers> {
    let api = Api::new(SERVICE)
        .forward("ApplyAsSeller", apply)
        .command("FileApplication", read::file_application, show::seller_after)
        .command("UpdateSeller", read::update_seller, show::seller_after)
        .command("AddSubmission", read::add_submission, show::submission_after)
        .command("VerifySubmission", read::verify_submission, show::submission_after)
        .command("RejectSubmission", read::reject_submission, show::submission_after)
        .command(
            "SubmitApplication",
            |_, _: &wire::SubmitApplicationRequest| Ok(Command::Submit),
            show::seller_after,
        )
        .command("ApproveSeller", read::approve, show::seller_after)
        .command("RejectSeller", read::reject, show::seller_after)
        .command("SuspendSeller", read::suspend, show::seller_after)
        .command("ReinstateSeller", read::reinstate, show::seller_after)
        .command("TerminateSeller", read::terminate, show::seller_after)
        .command("SetCommission", read::set_commission, show::rate_after)
        .command("SetDeliveryFee", read::set_delivery_fee, show::seller_after)
        .command("PlanHoliday", read::plan_holiday, show::seller_after)
        .command(
            "EndHoliday",
            |_, _: &wire::EndHolidayRequest| Ok(Command::EndHoliday),
            show::seller_after,
        )
        .command("InviteMember", read::invite, show::member_after)
        .command("AcceptInvitation", read::accept, show::member_after)
        .command("DeclineInvitation", read::decline, |_| wire::DeclineInvitationResponse {})
        .command("SetMemberRole", read::set_role, show::member_after)
        .command("RemoveMember", read::remove_member, |_| wire::RemoveMemberResponse {})
        .command("LeaveTeam", read::leave, |_| wire::LeaveTeamResponse {});
    lists::of_all_sellers(lists::of_a_seller(api))
}

async fn apply(request: Request, asked: wire::ApplyAsSellerRequest) -> Result<Onward, No> {
    // Everything is read here, so that a mistake is told before anybody is asked.
    let Application { applicant, handle, .. } = read::application(&request, &asked)?;
    let vendor = vendor_of(&applicant, &handle);
    let filed = wire::FileApplicationRequest { name: vendor.to_string(), application: Some(asked) };
    Ok(Onward::to(vendor, &format!("{SERVICE}/FileApplication"), &filed))
}

/// The vendor that an application makes: it follows from the applicant and the handle. So the same application, sent again under
/// whatever key, meets the same vendor, and nobody can take another's.
pub fn vendor_of(applicant: &Tenant, handle: &Handle) -> Tenant {
    let message = format!("{applicant} {}", handle.as_str());
    Tenant::derived(TenantKind::Vendor, b"souk vendor", &message)
}

/// The registered user who asks.
fn subject(request: &Request) -> Result<Tenant, Fault> {
    request.caller.subject.clone().ok_or_else(|| {
        Fault::caller(Code::Forbidden, "this is for registered users, who have signed in")
    })
}
