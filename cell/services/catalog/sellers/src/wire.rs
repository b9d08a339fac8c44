//! The generated messages of this service's contract, and those of the neighbours it speaks to.

pub use souk_proto::souk::{
    names::v1::{
        ClaimName, ConfirmName, Kind, NameClaimed, NameConfirmed, NameExpired, NameTaken,
        ReleaseName,
    },
    sellers::v1::{
        AcceptInvitationRequest, AddSubmissionRequest, ApplyAsSellerRequest, ApproveSellerRequest,
        CatalogSeller, CommissionRate, DeclineInvitationRequest, DeclineInvitationResponse,
        DisplayName, Document, EndHolidayRequest, FileApplicationRequest, GetCatalogSellerRequest,
        GetSellerRequest, Holiday, HolidayBegins, HolidayOver, InvitationDue, InviteMemberRequest,
        LeaveTeamRequest, LeaveTeamResponse, ListCatalogSellersRequest, ListCatalogSellersResponse,
        ListCommissionRatesRequest, ListCommissionRatesResponse, ListMembersRequest,
        ListMembersResponse, ListSellersByStatusRequest, ListSellersByStatusResponse,
        ListSubmissionsRequest, ListSubmissionsResponse, Member, MemberRole, Override,
        PlanHolidayRequest, ReinstateSellerRequest, RejectSellerRequest, RejectSubmissionRequest,
        RemoveMemberRequest, RemoveMemberResponse, Requirement, Seller, SellerPublished,
        SellerStatus, SellerSummary, SetCommissionRequest, SetDeliveryFeeRequest,
        SetMemberRoleRequest, SimulateCommissionRequest, SimulateCommissionResponse, Submission,
        SubmitApplicationRequest, SuspendSellerRequest, TerminateSellerRequest,
        UpdateSellerRequest, VerifySubmissionRequest, seller, submission,
    },
    v1::{LocalText, Money},
};
