//! What kind of request it is, from method and path alone: decides which limits it meets and when it is shed.

use serde::{Deserialize, Serialize};

/// A kind of request. The order is that of shedding: what stands first goes first, a checkout goes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteClass {
    /// Reads that belong to nobody: pages of the storefront, the catalogue, search.
    Browse,
    /// Reads of a tenant.
    Read,
    /// What stays open: events, watches, WebSockets, streaming calls. Counted apart from what is soon over.
    Stream,
    /// Changes.
    Write,
    /// Registration, signing in, trading tokens: where guessing happens.
    SignIn,
    /// What a provider tells under an address that we handed out.
    Callback,
    /// Buying: checkouts and their payments, reads too.
    Checkout,
}

/// What the head of a request says besides method and path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The request is gRPC.
    pub grpc: bool,
    /// The sender asks for events or an upgrade.
    pub stays_open: bool,
}

impl RouteClass {
    /// All of them, in the order of shedding.
    pub const ALL: [Self; 7] = [
        Self::Browse,
        Self::Read,
        Self::Stream,
        Self::Write,
        Self::SignIn,
        Self::Callback,
        Self::Checkout,
    ];

    /// The class of a request. Total: any text has one. `path` may have its query.
    pub fn of(method: &str, path: &str, form: Form) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        if form.grpc { of_call(path) } else { of_rest(method, path, form.stays_open) }
    }

    /// Its name in metrics and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browse => "browse",
            Self::Read => "read",
            Self::Stream => "stream",
            Self::Write => "write",
            Self::SignIn => "sign_in",
            Self::Callback => "callback",
            Self::Checkout => "checkout",
        }
    }

    /// The part of a cell's cap that it may fill, in percent: the rest is kept for those behind it in the order of shedding.
    pub const fn share(self) -> u32 {
        match self {
            Self::Browse => 70,
            Self::Read | Self::Stream => 80,
            Self::Write | Self::SignIn => 90,
            Self::Callback | Self::Checkout => 100,
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// `/souk.<service>.v1.<Service>/<Method>`.
fn of_call(path: &str) -> RouteClass {
    let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
    let starts = |words: &[&str]| words.iter().any(|word| method.starts_with(word));
    let service = service.strip_prefix("souk.").and_then(|rest| rest.split('.').next());
    if starts(&["Watch", "Follow", "Stream"]) {
        return RouteClass::Stream;
    }
    match service {
        Some("payments") if method == "ProviderEvent" => RouteClass::Callback,
        Some("checkout" | "payments") => RouteClass::Checkout,
        _ if starts(&["Get", "List", "Search", "Export", "Simulate"]) => RouteClass::Read,
        Some("auth") => RouteClass::SignIn,
        _ => RouteClass::Write,
    }
}

fn of_rest(method: &str, path: &str, stays_open: bool) -> RouteClass {
    let reads = matches!(method, "GET" | "HEAD" | "OPTIONS");
    let mut segments = path.strip_prefix("/v1/").unwrap_or_default().split('/');
    let collection = segments.next().unwrap_or_default();
    let (resource, below) = (segments.next(), segments.next());
    let verb = path.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, verb)| verb);
    if stays_open || (reads && verb == Some("watch")) {
        return RouteClass::Stream;
    }
    let of_tenant = matches!(collection, "users" | "vendors" | "names" | "platform");
    if reads && !(of_tenant && resource.is_some_and(|resource| resource != "-")) {
        return RouteClass::Browse;
    }
    let below = below.map(|below| below.split(':').next().unwrap_or_default());
    if collection == "users" && matches!(below, Some("checkouts" | "payments")) {
        return if verb == Some("providerEvent") {
            RouteClass::Callback
        } else {
            RouteClass::Checkout
        };
    }
    if reads {
        return RouteClass::Read;
    }
    let proves = [
        "register",
        "confirmRegistration",
        "requestCode",
        "resetPassword",
        "signIn",
        "signInWithCode",
        "changePassword",
        "token",
        "refresh",
    ];
    let signs_in =
        collection.starts_with("auth:") || verb.is_some_and(|verb| proves.contains(&verb));
    if signs_in { RouteClass::SignIn } else { RouteClass::Write }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Form, RouteClass};

    fn rest(method: &str, path: &str) -> &'static str {
        RouteClass::of(method, path, Form::default()).as_str()
    }

    fn call(path: &str) -> &'static str {
        RouteClass::of("POST", path, Form { grpc: true, stays_open: false }).as_str()
    }

    #[test]
    fn method_and_path_say_the_class() {
        for (method, path, class) in [
            ("GET", "/", "browse"),
            ("GET", "/v1/catalog/products?q=x", "browse"),
            ("GET", "/v1/users/-/orders", "browse"),
            ("GET", "/v1/users/me/carts/main", "read"),
            ("HEAD", "/v1/vendors/atlas/offers", "read"),
            ("GET", "/v1/users/u1/orders/o1:watch", "stream"),
            ("POST", "/v1/users/me/carts/main:addLine", "write"),
            ("PATCH", "/v1/vendors/atlas/offers/o1", "write"),
            ("POST", "/v1/vendors/atlas:token", "sign_in"),
            ("POST", "/v1/auth:signIn", "sign_in"),
            ("POST", "/v1/users:register", "sign_in"),
            ("POST", "/v1/users/u1/sessions:refresh", "sign_in"),
            ("GET", "/v1/users/me/checkouts/c1", "checkout"),
            ("POST", "/v1/users/me/checkouts", "checkout"),
            ("POST", "/v1/users/me/checkouts/c1:place", "checkout"),
            ("GET", "/v1/users/me/payments/p1?x=1", "checkout"),
            ("POST", "/v1/users/u1/payments/p1:providerEvent", "callback"),
            ("POST", "/v1/vendors/atlas/checkouts", "write"),
            ("", "", "write"),
        ] {
            assert_eq!(rest(method, path), class, "{method} {path}");
        }
        let stays = Form { grpc: false, stays_open: true };
        assert_eq!(RouteClass::of("GET", "/v1/users/u1/chat", stays), RouteClass::Stream);
    }

    #[test]
    fn calls_have_the_class_of_their_route() {
        for (path, class) in [
            ("/souk.carts.v1.Carts/GetCart", "read"),
            ("/souk.carts.v1.Carts/AddLine", "write"),
            ("/souk.checkout.v1.Checkouts/GetCheckout", "checkout"),
            ("/souk.orders.v1.Orders/WatchOrder", "stream"),
            ("/souk.payments.v1.Payments/ProviderEvent", "callback"),
            ("/souk.auth.v1.Auth/SignIn", "sign_in"),
            ("/grpc.health.v1.Health/Check", "write"),
            ("nonsense", "write"),
        ] {
            assert_eq!(call(path), class, "{path}");
        }
    }

    #[test]
    fn a_checkout_is_shed_last() {
        let shares: Vec<_> = RouteClass::ALL.iter().map(|class| class.share()).collect();
        assert!(shares.is_sorted() && shares[6] == 100, "{shares:?}");
        assert!(RouteClass::ALL.is_sorted());
        for (at, class) in RouteClass::ALL.iter().enumerate() {
            assert_eq!(class.index(), at);
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_class(method in ".{0,8}", path in ".{0,60}", grpc: bool, stays_open: bool) {
            RouteClass::of(&method, &path, Form { grpc, stays_open });
        }
    }
}
