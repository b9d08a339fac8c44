//! The one rule of routing: the first two segments behind `/v1/` name the tenant.

use base_ids::{Tenant, TenantKind};

/// Whom a request is addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressed<'p> {
    /// To the tenant with this name, such as `users/0190…`.
    Tenant(&'p str),
    /// To `users/me`: the subject of the token, or the guest.
    Me {
        /// What follows `users/me`: empty, or it starts with `/`, `:` or `?`.
        rest: &'p str,
    },
    /// To nobody: any cell can answer; it goes to the caller's home cell.
    Nobody,
}

/// The two segments that name a tenant do not hold a tenant's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` does not name a tenant: an id is 1 to 80 of a-z, 0-9 and -, and neither part is percent-encoded"
)]
pub struct BadTenant(String);

/// Whom a request for `path` (with or without its query) is addressed to.
///
/// `users/-` and the like address every tenant of a kind and so nobody; `users:register` has no second segment.
pub fn tenant_of_path(path: &str) -> Result<Addressed<'_>, BadTenant> {
    match path.strip_prefix("/v1/") {
        Some(name) => addressed(name),
        None => Ok(Addressed::Nobody),
    }
}

/// Whom a call is addressed to whose metadata names the tenant `name`: a whole name, or `users/me`.
pub fn tenant_of_name(name: &str) -> Result<Addressed<'_>, BadTenant> {
    match addressed(name)? {
        Addressed::Tenant(tenant) if tenant.len() == name.len() => Ok(Addressed::Tenant(tenant)),
        Addressed::Me { rest: "" } => Ok(Addressed::Me { rest: "" }),
        _ => Err(BadTenant(shortened(name))),
    }
}

fn addressed(name: &str) -> Result<Addressed<'_>, BadTenant> {
    let end_of = |text: &str, ends: &[char]| text.find(ends).unwrap_or(text.len());
    let collection_end = end_of(name, &['/', ':', '?', '#']);
    let (collection, behind) = name.split_at(collection_end);
    // Nothing that we serve has such a name; to decode it might name a tenant by another spelling.
    if collection.contains('%') {
        return Err(BadTenant(shortened(collection)));
    }
    let (Some(kind), Some(behind)) =
        (TenantKind::of_collection(collection), behind.strip_prefix('/'))
    else {
        return Ok(Addressed::Nobody);
    };
    let id = &behind[..end_of(behind, &['/', ':', '?', '#'])];
    let whole = &name[..=collection_end + id.len()];
    match id {
        "" | "-" => Ok(Addressed::Nobody),
        "me" if kind == TenantKind::User => Ok(Addressed::Me { rest: &name[whole.len()..] }),
        _ if Tenant::new(kind, id).is_ok() => Ok(Addressed::Tenant(whole)),
        _ => Err(BadTenant(shortened(whole))),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Addressed, tenant_of_name, tenant_of_path};

    #[test]
    fn the_first_two_segments_name_the_tenant() {
        let tenant = |path| tenant_of_path(path).unwrap();
        assert_eq!(tenant("/v1/users/u1/carts/main:merge"), Addressed::Tenant("users/u1"));
        assert_eq!(tenant("/v1/vendors/atlas"), Addressed::Tenant("vendors/atlas"));
        assert_eq!(tenant("/v1/vendors/atlas?view=full"), Addressed::Tenant("vendors/atlas"));
        assert_eq!(tenant("/v1/vendors/atlas:suspend"), Addressed::Tenant("vendors/atlas"));
        assert_eq!(tenant("/v1/names/9f86:claim"), Addressed::Tenant("names/9f86"));
        assert_eq!(
            tenant("/v1/platform/catalog-0a/works"),
            Addressed::Tenant("platform/catalog-0a")
        );
    }

    #[test]
    fn me_keeps_what_follows_it() {
        let rest = |path| match tenant_of_path(path) {
            Ok(Addressed::Me { rest }) => rest.to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(rest("/v1/users/me"), "");
        assert_eq!(rest("/v1/users/me:export"), ":export");
        assert_eq!(rest("/v1/users/me/carts/main:merge?x=1"), "/carts/main:merge?x=1");
        assert_eq!(tenant_of_path("/v1/vendors/me"), Ok(Addressed::Tenant("vendors/me")));
    }

    #[test]
    fn what_names_no_tenant_belongs_to_nobody() {
        for path in [
            "/",
            "/v1/users:register",
            "/v1/users",
            "/v1/users/",
            "/v1/offers/x",
            "/openapi.json",
            "/v1/vendors/-/products",
            "/v2/users/u1",
            "/v1/users?id=u1/x",
        ] {
            assert_eq!(tenant_of_path(path), Ok(Addressed::Nobody), "{path}");
        }
    }

    #[test]
    fn other_spellings_of_a_tenant_are_refused() {
        for path in [
            "/v1/users/%75",
            "/v1/%75sers/u1",
            "/v1/users/U1",
            "/v1/users/..",
            "/v1/users/a%2Fb",
            "/v1/users/é",
        ] {
            assert!(tenant_of_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn metadata_holds_a_whole_name_and_nothing_else() {
        assert_eq!(tenant_of_name("users/u1"), Ok(Addressed::Tenant("users/u1")));
        assert_eq!(tenant_of_name("users/me"), Ok(Addressed::Me { rest: "" }));
        for name in ["", "users", "users/u1/carts", "users/me/x", "carts/1", "users/-"] {
            assert!(tenant_of_name(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_path_has_an_answer(path in ".{0,60}", tail in "(/v1/)?(users|vendors|names|me|/|:|%|[a-zé]){0,6}") {
            let _ = tenant_of_path(&path);
            if let Ok(Addressed::Tenant(tenant)) = tenant_of_path(&tail) {
                prop_assert!(tenant.parse::<base_ids::Tenant>().is_ok());
            }
        }
    }
}
