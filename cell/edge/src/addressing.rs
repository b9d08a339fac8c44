//! Whom a call is addressed to: the name that the request holds, or the caller's own home; never what a header says alone.

use base_fault::{Code, Fault};
use base_ids::{GuestSecret, Tenant, TenantKind};
use cell_kernel::Caller;

/// The header by which a router or a gRPC client names the tenant.
pub(crate) const TENANT_HEADER: &str = "souk-tenant";

/// A call's addressee, settled.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) tenant: Tenant,
    pub(crate) caller: Caller,
    /// The addressee's name with `users/me` resolved, if the request says `users/me`.
    pub(crate) renamed: Option<String>,
    /// The secret of a visitor who had none before.
    pub(crate) new_guest: Option<GuestSecret>,
}

/// Settles the addressee. `field` is where `name` comes from, `header` is the tenant that the router or the client says.
pub(crate) fn settle(
    field: &str,
    name: &str,
    caller: Caller,
    header: Option<&str>,
    fresh: impl FnOnce() -> Result<GuestSecret, Fault>,
) -> Result<Settled, Fault> {
    let named = read(field, name)?;
    let (tenant, caller, new_guest) = match (&named, &caller.subject) {
        (Named::Tenant(tenant), _) => (tenant.clone(), caller, None),
        (Named::Me(_) | Named::Nobody, Some(subject)) => (subject.clone(), caller, None),
        (Named::Me(_) | Named::Nobody, None) => {
            let secret = fresh()?;
            let guest = secret.tenant();
            (guest.clone(), Caller::guest(guest), Some(secret))
        }
    };
    // A client may say `users/me` in a call's metadata; the router resolves it.
    let agrees = |header: &str| {
        header == tenant.as_str()
            || (header == "users/me" && Some(&tenant) == caller.subject.as_ref())
    };
    if let Some(header) = header
        && new_guest.is_none()
        && !agrees(header)
    {
        let header = crate::text::shortened(header);
        let problem = format!("the request is for `{tenant}`, but {TENANT_HEADER} says `{header}`");
        let place = if matches!(named, Named::Tenant(_)) { field } else { TENANT_HEADER };
        return Err(Fault::invalid_field(place, problem));
    }
    let renamed = match named {
        Named::Me(rest) => Some(format!("{tenant}{rest}")),
        _ => None,
    };
    Ok(Settled { tenant, caller, renamed, new_guest })
}

/// Checks the name in a request whose path names nobody, and resolves `users/me` in it: it may only be the caller's own, for the
/// request was routed to the caller's home.
pub(crate) fn agree(field: &str, name: &str, tenant: &Tenant) -> Result<Option<String>, Fault> {
    match read(field, name)? {
        Named::Tenant(named) if named != *tenant => {
            let problem = format!(
                "names `{named}`, which this path cannot be used for; put it into the path"
            );
            Err(Fault::invalid_field(field, problem))
        }
        Named::Me(rest) => Ok(Some(format!("{tenant}{rest}"))),
        Named::Tenant(_) | Named::Nobody => Ok(None),
    }
}

enum Named<'n> {
    Tenant(Tenant),
    /// `users/me`, and what follows it.
    Me(&'n str),
    Nobody,
}

/// The same rule as the router's for a path: the first two segments, where the first is a collection of tenants.
fn read<'n>(field: &str, name: &'n str) -> Result<Named<'n>, Fault> {
    let (collection, behind) = name.split_once('/').unwrap_or((name, ""));
    let Some(kind) = TenantKind::of_collection(collection) else { return Ok(Named::Nobody) };
    let id = behind.split('/').next().unwrap_or_default();
    match id {
        "" | "-" => Ok(Named::Nobody),
        "me" if kind == TenantKind::User => Ok(Named::Me(&behind[id.len()..])),
        _ => match Tenant::new(kind, id) {
            Ok(tenant) => Ok(Named::Tenant(tenant)),
            Err(error) => Err(Fault::invalid_field(field, error.to_string())),
        },
    }
}

/// A fresh secret for a visitor.
pub(crate) fn fresh_guest(random: &ring::rand::SystemRandom) -> Result<GuestSecret, Fault> {
    let mut bytes = [0; 32];
    ring::rand::SecureRandom::fill(random, &mut bytes)
        .map_err(|_| Fault::ours(Code::Internal, "the machine gives no random numbers"))?;
    Ok(GuestSecret::of_random(&bytes))
}

#[cfg(test)]
mod tests {
    use base_fault::Code;
    use base_ids::GuestSecret;
    use cell_kernel::Caller;

    use super::settle;

    fn secret() -> GuestSecret {
        GuestSecret::of_random(&[9; 32])
    }

    fn settled(
        name: &str,
        caller: Caller,
        header: Option<&str>,
    ) -> Result<(String, Option<String>), Code> {
        settle("parent", name, caller, header, || Ok(secret()))
            .map(|settled| (settled.tenant.to_string(), settled.renamed))
            .map_err(|fault| fault.code())
    }

    fn me() -> Caller {
        Caller::shopper("users/u1".parse().unwrap())
    }

    #[test]
    fn the_request_names_the_tenant_and_the_header_only_agrees() {
        let named = |header| settled("vendors/atlas/stock/o1", me(), header);
        assert_eq!(named(None), Ok(("vendors/atlas".into(), None)));
        assert_eq!(named(Some("vendors/atlas")), Ok(("vendors/atlas".into(), None)));
        for other in ["vendors/rif", "users/u1", "users/me", "nonsense", ""] {
            assert_eq!(named(Some(other)), Err(Code::InvalidField), "{other}");
        }
        assert_eq!(settled("vendors/Atlas", me(), None), Err(Code::InvalidField));
        assert_eq!(settled("users/../x", me(), None), Err(Code::InvalidField));
    }

    #[test]
    fn me_and_nobody_are_the_caller() {
        let own = |name: &str| settled(name, me(), Some("users/u1")).unwrap();
        assert_eq!(
            own("users/me/carts/main"),
            ("users/u1".into(), Some("users/u1/carts/main".into()))
        );
        for nobody in ["", "o1", "vendors/-", "vendors", "orders/x"] {
            assert_eq!(own(nobody), ("users/u1".into(), None), "{nobody}");
        }
        assert_eq!(settled("users/me", me(), Some("users/me")).unwrap().0, "users/u1");
        assert_eq!(settled("", me(), Some("users/u2")), Err(Code::InvalidField));
    }

    #[test]
    fn a_visitor_without_anything_becomes_a_guest_where_the_call_has_no_other_home() {
        let guest = settle("parent", "", Caller::anonymous(), None, || Ok(secret())).unwrap();
        assert_eq!(guest.tenant, secret().tenant());
        assert_eq!(
            (guest.caller, guest.new_guest),
            (Caller::guest(secret().tenant()), Some(secret()))
        );
        let named =
            settle("parent", "vendors/a", Caller::anonymous(), None, || Ok(secret())).unwrap();
        assert_eq!((named.caller, named.new_guest), (Caller::anonymous(), None));
    }
}
