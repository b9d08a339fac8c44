//! Who may call a method: the contract's rule, the caller and the tenant decide, and nothing else.
//!
//! Whoever has proven nothing useful yet is told to sign in (401). Whoever is known and may not is told so (403), for any name,
//! whether it exists or not: the answer is decided before anything is looked up, so it gives nothing away.

use base_fault::{Code, Fault};
use base_ids::Tenant;
use cell_kernel::{Audience, Caller, VendorRole};
use souk_proto::souk::v1::{
    Access,
    access::{Role, Who},
};

/// A method's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    who: Kind,
    or_operator: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Anyone,
    Myself,
    RegisteredMyself,
    Vendor(VendorRole),
    Operator,
    Registered,
    Internal,
}

impl Rule {
    /// Reads the contract's option; says what is wrong with it.
    pub(crate) fn read(access: &Access) -> Result<Self, &'static str> {
        let role = match access.role() {
            Role::Unspecified => None,
            Role::Viewer => Some(VendorRole::Viewer),
            Role::Staff => Some(VendorRole::Staff),
            Role::Manager => Some(VendorRole::Manager),
            Role::Owner => Some(VendorRole::Owner),
        };
        let who = match (access.who(), role) {
            (Who::Vendor, Some(role)) => Kind::Vendor(role),
            (Who::Vendor, None) => return Err("souk.v1.access says VENDOR without a role"),
            (_, Some(_)) => return Err("souk.v1.access has a role without VENDOR"),
            (Who::Unspecified, None) => return Err("souk.v1.access does not say who"),
            (Who::Anyone, None) => Kind::Anyone,
            (Who::Self_, None) => Kind::Myself,
            (Who::RegisteredSelf, None) => Kind::RegisteredMyself,
            (Who::Operator, None) => Kind::Operator,
            (Who::Registered, None) => Kind::Registered,
            (Who::Internal, None) => Kind::Internal,
        };
        Ok(Self { who, or_operator: access.or_operator })
    }

    /// Whether only other parts of the platform may call: the edge does not know such a method.
    pub(crate) fn is_internal(self) -> bool {
        self.who == Kind::Internal
    }

    /// Whether a token or a guest's secret is needed at all.
    pub(crate) fn is_open(self) -> bool {
        self.who == Kind::Anyone
    }

    /// Whether a visitor without an account may call.
    pub(crate) fn takes_guests(self) -> bool {
        matches!(self.who, Kind::Anyone | Kind::Myself)
    }

    /// Lets the caller in, or says why not.
    pub(crate) fn admit(self, caller: &Caller, tenant: &Tenant) -> Result<(), Fault> {
        let own = caller.subject.as_ref() == Some(tenant);
        let admitted = match (self.who, &caller.audience) {
            (Kind::Internal, _) | (_, Audience::Platform { .. }) => false,
            (Kind::Anyone, _) => true,
            (_, Audience::Operator) if self.or_operator => true,
            (Kind::Myself, Audience::Guest | Audience::Shopper)
            | (Kind::RegisteredMyself, Audience::Shopper) => own,
            (Kind::Vendor(least), Audience::Vendor { vendor, role }) => {
                vendor == tenant && *role >= least
            }
            (Kind::Operator | Kind::Registered, Audience::Operator)
            | (Kind::Registered, Audience::Shopper | Audience::Vendor { .. }) => true,
            _ => false,
        };
        if admitted { Ok(()) } else { Err(self.refuse(caller)) }
    }

    fn refuse(self, caller: &Caller) -> Fault {
        let sign_in = match caller.audience {
            Audience::Anonymous => !self.is_internal(),
            Audience::Guest => !matches!(self.who, Kind::Internal | Kind::Myself),
            _ => false,
        };
        let (code, verb) = if sign_in {
            (Code::Unauthenticated, "needs")
        } else {
            (Code::Forbidden, "is only for")
        };
        Fault::caller(code, format!("the method {verb} {}", self.wanted()))
    }

    /// Who may call, for people.
    pub(crate) fn wanted(self) -> String {
        let wanted = match self.who {
            Kind::Anyone => "anyone".into(),
            Kind::Myself => "the user that it is about".into(),
            Kind::RegisteredMyself => "the registered user that it is about".into(),
            Kind::Vendor(role) => {
                let role = match role {
                    VendorRole::Viewer => "viewer",
                    VendorRole::Staff => "staff",
                    VendorRole::Manager => "manager",
                    VendorRole::Owner => "owner",
                };
                format!(
                    "a member of the vendor's team (a token for the vendor, role {role} or above)"
                )
            }
            Kind::Operator => "an operator".into(),
            Kind::Registered => "a registered user".into(),
            Kind::Internal => "other parts of the platform".into(),
        };
        if self.or_operator && self.who != Kind::Operator {
            format!("{wanted}, or an operator")
        } else {
            wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use base_fault::Code;
    use base_ids::Tenant;
    use cell_kernel::{Caller, VendorRole};
    use souk_proto::souk::v1::{
        Access,
        access::{Role, Who},
    };

    use super::Rule;

    fn tenant(name: &str) -> Tenant {
        name.parse().unwrap()
    }

    fn rule(who: Who, role: Role, or_operator: bool) -> Rule {
        let access =
            Access { who: who.into(), role: role.into(), or_operator, key_optional: false };
        Rule::read(&access).unwrap()
    }

    /// One letter per caller: `+` let in, `s` must sign in, `-` may not.
    fn row(rule: Rule, addressed: &str) -> String {
        let (me, other, guest) = (tenant("users/me1"), tenant("users/you"), tenant("users/guest"));
        let (atlas, rif) = (tenant("vendors/atlas"), tenant("vendors/rif"));
        let callers = [
            Caller::anonymous(),
            Caller::guest(guest),
            Caller::guest(me.clone()),
            Caller::shopper(me.clone()),
            Caller::shopper(other),
            Caller::vendor(me.clone(), atlas.clone(), VendorRole::Viewer),
            Caller::vendor(me.clone(), atlas.clone(), VendorRole::Staff),
            Caller::vendor(me.clone(), atlas, VendorRole::Owner),
            Caller::vendor(me.clone(), rif, VendorRole::Owner),
            Caller::operator(me),
            Caller::platform("orders"),
        ];
        let letter = |caller: &Caller| match rule.admit(caller, &tenant(addressed)) {
            Ok(()) => '+',
            Err(fault) if fault.code() == Code::Unauthenticated => 's',
            Err(fault) if fault.code() == Code::Forbidden => '-',
            Err(_) => '?',
        };
        callers.iter().map(letter).collect()
    }

    #[test]
    fn every_rule_meets_every_caller() {
        let plain = |who| rule(who, Role::Unspecified, false);
        let operator_too = |who| rule(who, Role::Unspecified, true);
        // anonymous, guest, own guest, own shopper, other shopper, viewer, staff, owner, other vendor's owner, operator, platform
        let table = [
            (plain(Who::Anyone), "users/me1", "++++++++++-"),
            (plain(Who::Self_), "users/me1", "s-++-------"),
            (operator_too(Who::Self_), "users/me1", "s-++-----+-"),
            (plain(Who::Self_), "vendors/atlas", "s----------"),
            (plain(Who::RegisteredSelf), "users/me1", "sss+-------"),
            (operator_too(Who::RegisteredSelf), "users/me1", "sss+-----+-"),
            (rule(Who::Vendor, Role::Viewer, false), "vendors/atlas", "sss--+++---"),
            (rule(Who::Vendor, Role::Staff, false), "vendors/atlas", "sss---++---"),
            (rule(Who::Vendor, Role::Staff, true), "vendors/atlas", "sss---++-+-"),
            (rule(Who::Vendor, Role::Owner, false), "vendors/rif", "sss-----+--"),
            (plain(Who::Operator), "vendors/atlas", "sss------+-"),
            (plain(Who::Registered), "vendors/atlas", "sss+++++++-"),
            (plain(Who::Internal), "users/me1", "-----------"),
            (operator_too(Who::Internal), "users/me1", "-----------"),
        ];
        for (rule, addressed, expected) in table {
            assert_eq!(row(rule, addressed), expected, "{rule:?} of {addressed}");
        }
    }

    #[test]
    fn a_rule_that_is_not_whole_is_refused() {
        let read = |who: Who, role: Role| {
            Rule::read(&Access { who: who.into(), role: role.into(), ..Access::default() })
        };
        assert!(read(Who::Unspecified, Role::Unspecified).is_err());
        assert!(read(Who::Vendor, Role::Unspecified).is_err());
        assert!(read(Who::Self_, Role::Owner).is_err());
    }
}
