//! `operators grant` and `operators revoke`.

use base_ids::Tenant;
use serde::Serialize;
use souk_proto_fleet::v1::GrantOperatorRequest;

use crate::{
    out::{View, columns},
    reach::Reach,
    trouble::Trouble,
    zone::Zone,
};

/// The tenant that knows who operates the platform.
const OPERATORS: &str = "platform/operators";

/// All operators, after the change.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Operators(pub(crate) Vec<String>);

impl View for Operators {
    fn text(&self, _: &Zone) -> String {
        columns(
            ["OPERATOR"],
            self.0.iter().map(|user| [user.clone()]),
            "nobody operates the platform",
        )
    }
}

pub(crate) async fn grant(
    reach: &mut Reach,
    user: &Tenant,
    take_away: bool,
) -> Result<Operators, Trouble> {
    let tenant = OPERATORS
        .parse()
        .map_err(|error: base_ids::InvalidTenant| Trouble::Refused(error.to_string()))?;
    let home = reach.home(&tenant).await?;
    let request = GrantOperatorRequest { user: user.to_string(), take_away };
    let answer = home.ask(async |admin| admin.grant_operator(request).await).await?;
    Ok(Operators(answer.operators))
}
