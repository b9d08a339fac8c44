//! Decide: which tenant a request belongs to and what the cell is told. Pure: clock, keys and chance come in as arguments.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_ids::{GuestSecret, Tenant};
use router_table::Addressed;

use crate::{
    arrival::{Arrival, Credential},
    token::Unproven,
};

/// Where a request belongs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Course {
    /// Name of the tenant.
    pub(crate) tenant: Arc<str>,
    /// Path and query with `users/me` resolved; `None` if the request's own stands.
    pub(crate) path_and_query: Option<String>,
    /// The guest's secret, if the cell must be told in a header that the client did not send.
    pub(crate) guest: Option<GuestSecret>,
    /// Whether the guest is new and must be given the secret to keep.
    pub(crate) guest_is_new: bool,
}

/// Decides where a request belongs. `subject` proves a token, `fresh` makes a secret for a new guest.
pub(crate) fn decide(
    arrival: Arrival<'_>,
    subject: impl FnOnce(&str) -> Result<Tenant, Unproven>,
    fresh: impl FnOnce() -> Result<GuestSecret, Fault>,
) -> Result<Course, Fault> {
    if let Addressed::Tenant(name) = arrival.addressed {
        // Whether the caller may is for the cell to say, which verifies for itself.
        let guest = match arrival.credential {
            Credential::Guest { secret, in_cookie: true } => Some(secret),
            _ => None,
        };
        return Ok(Course {
            tenant: name.into(),
            path_and_query: None,
            guest,
            guest_is_new: false,
        });
    }
    let mut guest_is_new = false;
    let (home, guest) = match arrival.credential {
        Credential::Token(token) => (subject(token)?, None),
        Credential::Guest { secret, in_cookie } => (secret.tenant(), in_cookie.then_some(secret)),
        Credential::None => {
            guest_is_new = true;
            let secret = fresh()?;
            (secret.tenant(), Some(secret))
        }
        Credential::Unreadable => {
            return Err(Fault::caller(
                Code::Unauthenticated,
                "the Authorization header holds neither `Bearer <token>` nor `Guest <secret>`",
            ));
        }
    };
    let path_and_query = match arrival.addressed {
        Addressed::Me { rest } if !arrival.grpc => Some(format!("/v1/{home}{rest}")),
        _ => None,
    };
    Ok(Course { tenant: home.as_str().into(), path_and_query, guest, guest_is_new })
}

#[cfg(test)]
mod tests {
    use base_fault::Code;
    use base_ids::GuestSecret;
    use router_table::Addressed;

    use super::{Course, decide};
    use crate::{
        arrival::{Arrival, Credential},
        token::Unproven,
    };

    fn secret() -> GuestSecret {
        GuestSecret::of_random(&[9; 32])
    }

    fn course(addressed: Addressed<'_>, credential: Credential<'_>) -> Result<Course, Code> {
        let arrival = Arrival { addressed, credential, grpc: false };
        let subject = |token: &str| match token {
            "good" => Ok("users/u1".parse().unwrap()),
            "old" => Err(Unproven::Expired),
            _ => Err(Unproven::Forged("is forged")),
        };
        decide(arrival, subject, || Ok(secret())).map_err(|fault| fault.code())
    }

    #[test]
    fn me_is_the_subject_of_the_token() {
        let course = course(Addressed::Me { rest: "/carts/main?x=1" }, Credential::Token("good"));
        let course = course.unwrap();
        assert_eq!(&*course.tenant, "users/u1");
        assert_eq!(course.path_and_query.unwrap(), "/v1/users/u1/carts/main?x=1");
        assert!(course.guest.is_none());
    }

    #[test]
    fn a_visitor_without_anything_becomes_a_guest() {
        let me = course(Addressed::Me { rest: "" }, Credential::None).unwrap();
        assert_eq!(&*me.tenant, secret().tenant().as_str());
        assert_eq!(me.path_and_query.unwrap(), format!("/v1/{}", secret().tenant()));
        assert!(me.guest_is_new && me.guest == Some(secret()));
        let home = course(Addressed::Nobody, Credential::None).unwrap();
        assert!(home.guest_is_new && home.path_and_query.is_none());
    }

    #[test]
    fn a_token_that_proves_nothing_reaches_a_named_tenant_but_no_home() {
        let named =
            course(Addressed::Tenant("vendors/atlas"), Credential::Token("forged")).unwrap();
        assert_eq!(&*named.tenant, "vendors/atlas");
        assert_eq!(course(Addressed::Nobody, Credential::Token("old")), Err(Code::TokenExpired));
        assert_eq!(
            course(Addressed::Nobody, Credential::Token("forged")),
            Err(Code::Unauthenticated)
        );
        assert_eq!(course(Addressed::Nobody, Credential::Unreadable), Err(Code::Unauthenticated));
    }

    #[test]
    fn a_named_tenant_makes_no_new_guest_but_hears_of_a_known_one() {
        let bare = course(Addressed::Tenant("vendors/atlas"), Credential::None).unwrap();
        assert!(bare.guest.is_none() && !bare.guest_is_new);
        let credential = Credential::Guest { secret: secret(), in_cookie: true };
        let known = course(Addressed::Tenant("vendors/atlas"), credential).unwrap();
        assert_eq!(known.guest, Some(secret()));
    }
}
