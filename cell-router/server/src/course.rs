//! Decide: which tenant a request belongs to and what the cell is told. Pure: clock, keys and chance come in as arguments.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_ids::GuestSecret;
use router_table::Addressed;

use crate::{
    arrival::{Arrival, Credential},
    token::{Sender, Unproven},
};

/// Where a request belongs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Course {
    /// Name of the tenant.
    pub(crate) tenant: Arc<str>,
    /// Who sends, if that is proven.
    pub(crate) sender: Option<Sender>,
    /// Path and query with `users/me` resolved; `None` if the request's own stands.
    pub(crate) path_and_query: Option<String>,
    /// The guest's secret, if the cell must be told in a header that the client did not send.
    pub(crate) guest: Option<GuestSecret>,
    /// Whether the guest is new and must be given the secret to keep.
    pub(crate) guest_is_new: bool,
}

/// Decides where a request belongs. `prove` proves a token, `fresh` makes a secret for a new guest.
pub(crate) fn decide(
    arrival: Arrival<'_>,
    prove: impl FnOnce(&str) -> Result<Sender, Unproven>,
    fresh: impl FnOnce() -> Result<GuestSecret, Fault>,
) -> Result<Course, Fault> {
    let named = match arrival.addressed {
        Addressed::Tenant(name) => Some(name),
        Addressed::Me { .. } | Addressed::Nobody => None,
    };
    let (mut guest, mut guest_is_new) = (None, false);
    let sender = match arrival.credential {
        Credential::Token(token) => match prove(token) {
            Ok(sender) => Some(sender),
            // The owner may have heard of the key, and proves for itself.
            Err(Unproven::UnknownKey) if named.is_some() => None,
            Err(unproven) => return Err(unproven.into()),
        },
        Credential::Guest { secret, in_cookie } => {
            let sender = Sender::guest(secret.tenant());
            guest = in_cookie.then_some(secret);
            Some(sender)
        }
        Credential::None if named.is_some() => None,
        Credential::None => {
            let secret = fresh()?;
            let sender = Sender::guest(secret.tenant());
            (guest, guest_is_new) = (Some(secret), true);
            Some(sender)
        }
        Credential::Unreadable => {
            return Err(Fault::caller(
                Code::Unauthenticated,
                "the Authorization header holds neither `Bearer <token>` nor `Guest <secret>`",
            ));
        }
    };
    // Whether the sender may is for the cell to say.
    let home = sender.as_ref().map_or("", |sender| sender.subject.as_str());
    let path_and_query = match arrival.addressed {
        Addressed::Me { rest } if !arrival.grpc => Some(format!("/v1/{home}{rest}")),
        _ => None,
    };
    let tenant = named.unwrap_or(home).into();
    Ok(Course { tenant, sender, path_and_query, guest, guest_is_new })
}

#[cfg(test)]
mod tests {
    use base_fault::Code;
    use base_ids::GuestSecret;
    use router_table::Addressed;

    use super::{Course, decide};
    use crate::{
        arrival::{Arrival, Credential},
        token::{Sender, Unproven},
    };

    fn secret() -> GuestSecret {
        GuestSecret::of_random(&[9; 32])
    }

    fn course(addressed: Addressed<'_>, credential: Credential<'_>) -> Result<Course, Code> {
        let arrival = Arrival { addressed, credential, grpc: false };
        let prove = |token: &str| match token {
            "good" => Ok(Sender { subject: "users/u1".parse().unwrap(), vendor: None }),
            "old" => Err(Unproven::Expired),
            "new" => Err(Unproven::UnknownKey),
            _ => Err(Unproven::Forged("is forged")),
        };
        decide(arrival, prove, || Ok(secret())).map_err(|fault| fault.code())
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
    fn a_token_that_proves_nothing_reaches_nobody() {
        for addressed in [Addressed::Nobody, Addressed::Tenant("vendors/atlas")] {
            let code = |credential| course(addressed, credential).unwrap_err();
            assert_eq!(code(Credential::Token("old")), Code::TokenExpired);
            assert_eq!(code(Credential::Token("forged")), Code::Unauthenticated);
            assert_eq!(code(Credential::Unreadable), Code::Unauthenticated);
        }
    }

    #[test]
    fn a_key_that_the_router_has_not_heard_of_may_be_known_to_the_owner() {
        let named = course(Addressed::Tenant("vendors/atlas"), Credential::Token("new")).unwrap();
        assert_eq!((&*named.tenant, named.sender), ("vendors/atlas", None));
        assert_eq!(
            course(Addressed::Nobody, Credential::Token("new")),
            Err(Code::Unauthenticated),
            "whose home it would be is not known"
        );
    }

    #[test]
    fn a_named_tenant_makes_no_new_guest_but_hears_of_a_known_one() {
        let bare = course(Addressed::Tenant("vendors/atlas"), Credential::None).unwrap();
        assert!(bare.guest.is_none() && !bare.guest_is_new);
        let credential = Credential::Guest { secret: secret(), in_cookie: true };
        let known = course(Addressed::Tenant("vendors/atlas"), credential).unwrap();
        assert_eq!(known.guest, Some(secret()));
        assert_eq!(known.sender, Some(Sender::guest(secret().tenant())));
    }
}
