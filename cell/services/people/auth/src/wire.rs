//! The generated messages of this service's contract, and of names', whose answers it waits for.

pub use souk_proto::souk::{
    auth::v1::{
        Account, AccountOpened, ChangePasswordRequest, CodePurpose, ConfirmRegistrationRequest,
        CreateAccountRequest, GetAccountRequest, GrantOperatorRequest, IssueOperatorTokenRequest,
        IssueVendorTokenRequest, ListOperatorsRequest, ListOperatorsResponse, ListSessionsRequest,
        ListSessionsResponse, NewPassword, Operator, ProveAtRequest, RefreshSessionRequest,
        RegisterRequest, RegisterResponse, RequestCodeAtRequest, RequestCodeRequest,
        RequestCodeResponse, ResetPasswordRequest, RevokeAllSessionsRequest,
        RevokeAllSessionsResponse, RevokeOperatorRequest, RevokeSessionRequest,
        RevokeSessionResponse, RoleToken, Session, SessionDue, SignInRequest,
        SignInWithCodeRequest, Tokens, prove_at_request,
    },
    names::v1::{
        ClaimName, ConfirmName, Kind as NameKind, NameClaimed, NameConfirmed, NameExpired,
        NameTaken,
    },
};
