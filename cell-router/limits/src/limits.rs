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

/// Who sends what to whom.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'s> {
    /// The client's address.
    pub address: IpAddr,
    /// The class of the request.
    pub class: RouteClass,
    /// Name of the tenant that it is for.
    pub tenant: &'s str,
    /// Whether the sender has proven to be that tenant: strangers must not use up what its owner may send.
    pub is_owner: bool,
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

    /// Charges one request to all limits that it meets; gives the one that is nearest to its end. The error is the limit that is
    /// used up. What is refused by a narrower limit is not charged to a wider one.
    pub fn charge(&self, sender: Sender<'_>, now: Duration) -> Result<Quota, Quota> {
        let network = network_of(sender.address);
        let address = |meter: &Meter, scope, rate| {
            // A meter holds one kind of key, and the class tells its own apart.
            let class = (scope == Scope::Route).then_some(sender.class);
            quota(scope, rate, meter.charge((network, class), rate, now))
        };
        let mut tightest = None;
        let mut note = |quota: Quota| {
            tightest = Some(tightest.map_or(quota, |other: Quota| quota.tighter(other)));
        };
        if let Some(rate) = self.config.routes.get(&sender.class) {
            note(address(&self.routes, Scope::Route, *rate)?);
        }
        note(address(&self.addresses, Scope::Address, self.config.address)?);
        if counts_for_tenant(sender.class) {
            let (rate, key) = (self.config.tenant, (sender.tenant, sender.is_owner));
            note(quota(Scope::Tenant, rate, self.tenants.charge(key, rate, now))?);
        }
        Ok(tightest.expect("the address always counts"))
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
    use std::{net::IpAddr, time::Duration};

    use super::{Limits, LimitsConfig, Sender};
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

    fn sender<'s>(address: &str, class: RouteClass, tenant: &'s str) -> Sender<'s> {
        Sender { address: address.parse::<IpAddr>().unwrap(), class, tenant, is_owner: false }
    }

    fn refused_by(limits: &Limits, sender: Sender<'_>) -> Option<Scope> {
        limits.charge(sender, NOW).err().map(|quota: Quota| quota.scope)
    }

    #[test]
    fn each_limit_stops_what_it_counts_and_nothing_else() {
        let limits = limits();
        let sign_in = sender("10.0.0.1", RouteClass::SignIn, "names/a");
        assert!((0..2).all(|_| refused_by(&limits, sign_in).is_none()));
        assert_eq!(refused_by(&limits, sign_in), Some(Scope::Route));
        let read = sender("10.0.0.1", RouteClass::Read, "users/a");
        assert!((0..2).all(|_| refused_by(&limits, read).is_none()), "refusals were not charged");
        assert_eq!(refused_by(&limits, read), Some(Scope::Address));
        assert_eq!(refused_by(&limits, sender("10.0.0.2", RouteClass::Read, "users/a")), None);
        assert_eq!(
            refused_by(&limits, sender("10.0.0.3", RouteClass::Read, "users/a")),
            Some(Scope::Tenant)
        );
        assert_eq!(refused_by(&limits, sender("10.0.0.3", RouteClass::Read, "users/b")), None);
    }

    #[test]
    fn a_flood_of_strangers_leaves_the_owner_and_the_checkouts_alone() {
        let limits = limits();
        for host in 1..=3 {
            let stranger = format!("10.0.1.{host}");
            assert_eq!(refused_by(&limits, sender(&stranger, RouteClass::Read, "users/u1")), None);
        }
        let stranger = sender("10.0.1.9", RouteClass::Read, "users/u1");
        assert_eq!(refused_by(&limits, stranger), Some(Scope::Tenant));
        let owner = Sender { is_owner: true, ..sender("10.0.2.1", RouteClass::Read, "users/u1") };
        assert_eq!(refused_by(&limits, owner), None);
        assert_eq!(refused_by(&limits, sender("10.0.2.2", RouteClass::Checkout, "users/u1")), None);
        assert_eq!(refused_by(&limits, sender("10.0.2.3", RouteClass::Callback, "users/u1")), None);
    }

    #[test]
    fn who_has_a_whole_network_is_one_sender() {
        let limits = limits();
        for host in 0..4 {
            let address = format!("2001:db8:1:2::{host:x}");
            let tenant = format!("users/u{host}");
            assert_eq!(refused_by(&limits, sender(&address, RouteClass::Read, &tenant)), None);
        }
        let fifth = sender("2001:db8:1:2:ffff::1", RouteClass::Read, "users/u9");
        assert_eq!(refused_by(&limits, fifth), Some(Scope::Address));
        let next_door = sender("2001:db8:1:3::1", RouteClass::Read, "users/u9");
        assert_eq!(refused_by(&limits, next_door), None);
    }

    #[test]
    fn the_tightest_limit_is_told() {
        let limits = limits();
        let told = limits.charge(sender("10.0.0.1", RouteClass::SignIn, "names/a"), NOW).unwrap();
        assert_eq!((told.scope, told.left), (Scope::Route, 1));
        let told = limits.charge(sender("10.0.0.2", RouteClass::Read, "users/a"), NOW).unwrap();
        assert_eq!((told.scope, told.left), (Scope::Tenant, 2));
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
