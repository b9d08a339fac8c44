//! All limits on senders together: by client address, by address and class of routes, by tenant.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Charge, Meter, Quota, Rate, RouteClass, Scope, network_of};

/// How much senders may send. The limits hold in each router for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// All requests of one client address; an IPv6 client counts by its /64.
    pub address: Rate,
    /// Requests of one client address for a class of routes; a class that is not named has no limit of its own.
    pub routes: BTreeMap<RouteClass, Rate>,
    /// Requests to one tenant by its owner, or by all others together.
    pub tenant: Rate,
    /// For how many tenants, and for how many addresses, there is room at once; 16 bytes each.
    pub places: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let routes = [
            (RouteClass::SignIn, Rate::new(2, 20)),
            (RouteClass::Checkout, Rate::new(10, 60)),
            (RouteClass::Write, Rate::new(50, 200)),
            (RouteClass::Stream, Rate::new(10, 60)),
        ];
        Self {
            // Whole offices and mobile networks share one address.
            address: Rate::new(200, 600),
            routes: routes.into(),
            tenant: Rate::new(1_000, 2_000),
            places: 65_536,
        }
    }
}

impl LimitsConfig {
    /// All that is wrong with it: field and problem.
    pub fn mistakes(&self) -> Vec<(String, &'static str)> {
        let mut rates =
            vec![("address".to_owned(), self.address), ("tenant".to_owned(), self.tenant)];
        rates.extend(
            self.routes.iter().map(|(class, rate)| (format!("routes.{}", class.as_str()), *rate)),
        );
        let mut mistakes: Vec<_> =
            rates.into_iter().filter_map(|(field, rate)| Some((field, rate.mistake()?))).collect();
        if !(1_024..=16_777_216).contains(&self.places) {
            mistakes.push(("places".to_owned(), "must be 1024 to 16777216"));
        }
        mistakes
    }
}

/// The limits and how far each sender has used them up.
pub struct Limits {
    config: LimitsConfig,
    addresses: Meter,
    routes: Meter,
    tenants: Meter,
}

impl Limits {
    /// Limits that nobody has used yet.
    pub fn new(config: LimitsConfig) -> Self {
        let meter = || Meter::new(config.places);
        Self { addresses: meter(), routes: meter(), tenants: meter(), config }
    }

    /// Charges a request to its sender, before anything else is done for it; gives the limit that is nearest to its end. The error
    /// is the limit that is used up. What the narrower limit refuses is not charged to the wider one.
    pub fn knock(&self, from: IpAddr, class: RouteClass, now: Duration) -> Result<Quota, Quota> {
        let network = network_of(from);
        let of_route = self.config.routes.get(&class).map(|rate| {
            quota(Scope::Route, *rate, self.routes.charge((network, class), *rate, now))
        });
        let of_route = of_route.transpose()?;
        let rate = self.config.address;
        let of_address = quota(Scope::Address, rate, self.addresses.charge(network, rate, now))?;
        Ok(of_route.map_or(of_address, |of_route| of_route.tighter(of_address)))
    }

    /// Charges a request to the tenant that it is for. `is_owner` if its sender has proven to be that tenant: strangers must not
    /// use up what the owner may send. `None` if its class is not counted here.
    pub fn visit(
        &self,
        tenant: &str,
        is_owner: bool,
        class: RouteClass,
        now: Duration,
    ) -> Result<Option<Quota>, Quota> {
        if !counts_for_tenant(class) {
            return Ok(None);
        }
        let rate = self.config.tenant;
        quota(Scope::Tenant, rate, self.tenants.charge((tenant, is_owner), rate, now)).map(Some)
    }
}

/// A flood on a tenant by strangers must stop neither its checkouts nor what its payment provider tells.
fn counts_for_tenant(class: RouteClass) -> bool {
    !matches!(class, RouteClass::Checkout | RouteClass::Callback)
}

fn quota(scope: Scope, rate: Rate, charge: Charge) -> Result<Quota, Quota> {
    match charge {
        Charge::Paid { left, full_in } => Ok(Quota { scope, rate, left, full_in, wait: None }),
        Charge::Empty { wait, full_in } => {
            Err(Quota { scope, rate, left: 0, full_in, wait: Some(wait) })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Limits, LimitsConfig};
    use crate::{Quota, Rate, RouteClass, Scope};

    const NOW: Duration = Duration::from_secs(9);

    fn limits() -> Limits {
        Limits::new(LimitsConfig {
            address: Rate::new(1, 4),
            routes: [(RouteClass::SignIn, Rate::new(1, 2))].into(),
            tenant: Rate::new(1, 3),
            places: 1024,
        })
    }

    fn knock(limits: &Limits, from: &str, class: RouteClass) -> Option<Scope> {
        limits.knock(from.parse().unwrap(), class, NOW).err().map(|quota: Quota| quota.scope)
    }

    fn visit(limits: &Limits, tenant: &str, is_owner: bool, class: RouteClass) -> bool {
        limits.visit(tenant, is_owner, class, NOW).is_ok()
    }

    #[test]
    fn each_limit_stops_what_it_counts_and_nothing_else() {
        let limits = limits();
        let sign_in = || knock(&limits, "10.0.0.1", RouteClass::SignIn);
        assert!((0..2).all(|_| sign_in().is_none()));
        assert_eq!(sign_in(), Some(Scope::Route));
        let read = || knock(&limits, "10.0.0.1", RouteClass::Read);
        assert!((0..2).all(|_| read().is_none()), "refusals were not charged");
        assert_eq!(read(), Some(Scope::Address));
        assert_eq!(knock(&limits, "10.0.0.2", RouteClass::Read), None);
        assert!((0..3).all(|_| visit(&limits, "users/a", false, RouteClass::Read)));
        assert!(!visit(&limits, "users/a", false, RouteClass::Read));
        assert!(visit(&limits, "users/b", false, RouteClass::Read));
    }

    #[test]
    fn a_flood_of_strangers_leaves_the_owner_and_the_checkouts_alone() {
        let limits = limits();
        while visit(&limits, "users/u1", false, RouteClass::Read) {}
        assert!(visit(&limits, "users/u1", true, RouteClass::Read));
        assert!(visit(&limits, "users/u1", false, RouteClass::Checkout));
        assert!(visit(&limits, "users/u1", false, RouteClass::Callback));
    }

    #[test]
    fn who_has_a_whole_network_is_one_sender() {
        let limits = limits();
        for host in 0..4 {
            assert_eq!(knock(&limits, &format!("2001:db8:1:2::{host:x}"), RouteClass::Read), None);
        }
        let fifth = knock(&limits, "2001:db8:1:2:ffff::1", RouteClass::Read);
        assert_eq!(fifth, Some(Scope::Address));
        assert_eq!(knock(&limits, "2001:db8:1:3::1", RouteClass::Read), None, "next door");
    }

    #[test]
    fn the_tightest_limit_is_told() {
        let limits = limits();
        let told = limits.knock([10, 0, 0, 1].into(), RouteClass::SignIn, NOW).unwrap();
        assert_eq!((told.scope, told.left), (Scope::Route, 1));
        let told = limits.knock([10, 0, 0, 2].into(), RouteClass::Read, NOW).unwrap();
        assert_eq!((told.scope, told.left), (Scope::Address, 3));
    }

    #[test]
    fn a_configuration_reads_and_its_mistakes_are_told() {
        assert!(LimitsConfig::default().mistakes().is_empty());
        let text = "places = 5\naddress = { per_second = 0, burst = 1 }\n[routes]\nsign_in = { per_second = 1, burst = 0 }\n";
        let config: LimitsConfig = toml::from_str(text).unwrap();
        let fields: Vec<_> = config.mistakes().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["address", "routes.sign_in", "places"]);
    }
}
