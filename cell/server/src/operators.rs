//! How the first operator of a platform comes to be: granted with `soukctl` at the cell that owns `platform/operators`.

use base_fault::{Code, Fault};
use base_ids::Tenant;
use prost::Message as _;
use souk_proto::souk::auth::v1::{GrantOperatorRequest, Operator, RevokeOperatorRequest};

/// The tenant that holds the grants.
const TENANT: &str = "platform/operators";

/// The tenant that holds the grants.
pub(crate) fn tenant() -> Tenant {
    TENANT.parse().expect("the name is valid")
}

/// The method and the encoded request that grant the role, or take it away.
pub(crate) fn grant(user: &Tenant, take_away: bool) -> (&'static str, Vec<u8>) {
    let (name, user, reason) = (TENANT.to_owned(), user.to_string(), "by soukctl".to_owned());
    if take_away {
        (
            "souk.auth.v1.Auth/RevokeOperator",
            RevokeOperatorRequest { name, user, reason }.encode_to_vec(),
        )
    } else {
        (
            "souk.auth.v1.Auth/GrantOperator",
            GrantOperatorRequest { name, user, reason }.encode_to_vec(),
        )
    }
}

/// The operator that the answer names.
pub(crate) fn listed(response: &[u8]) -> Result<Vec<String>, Fault> {
    let operator = Operator::decode(response).map_err(|error| {
        Fault::ours(Code::Internal, "the answer is not an operator").because(error)
    })?;
    Ok(vec![operator.user])
}
