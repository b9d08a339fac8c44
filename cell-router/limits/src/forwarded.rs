//! Who the client is when proxies stand in front: `Forwarded` (RFC 7239) and `X-Forwarded-For`, read strictly.
//!
//! Only what the configured number of proxies has written is believed, counted from the end: each of them adds one element behind
//! what it was given, so the n-th from the end was written by the n-th proxy, about the client. All before it is hearsay. What cannot
//! be read, or is not there, makes the client the proxy that speaks to us: that is nobody else's name.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The header that the proxies in front write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`.
    Forwarded,
}

/// The proxies in front of us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxies {
    /// How many there are, one behind the other; 0 for none: what clients claim is not read at all.
    pub trusted: u8,
    /// Which header they write. The other one is not read.
    pub header: Header,
}

/// Who sends, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address.
    pub address: IpAddr,
    /// Whether the proxies in front should have told and did not.
    pub untold: bool,
}

impl Header {
    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

impl Proxies {
    /// The client of a request that came from `peer`. `lines` are the lines of the header that the proxies write, in their order.
    pub fn client<'h, L>(self, peer: IpAddr, lines: L) -> Client
    where
        L: DoubleEndedIterator<Item = &'h [u8]>,
    {
        let peer = canonical(peer);
        if self.trusted == 0 {
            return Client { address: peer, untold: false };
        }
        match self.told(lines) {
            Some(address) => Client { address: canonical(address), untold: false },
            None => Client { address: peer, untold: true },
        }
    }

    fn told<'h>(self, lines: impl DoubleEndedIterator<Item = &'h [u8]>) -> Option<IpAddr> {
        let mut behind = usize::from(self.trusted);
        for line in lines.rev() {
            let elements = self.elements(line)?;
            if let Some(at) = elements.len().checked_sub(behind) {
                // What the proxies behind that one wrote about each other must be readable, too.
                elements[at..].iter().all(Option::is_some).then_some(())?;
                return elements[at];
            }
            elements.iter().all(Option::is_some).then_some(())?;
            behind -= elements.len();
        }
        None
    }

    /// What each element of a line names, `None` for one that names no address; nothing at all if the line cannot be taken apart.
    fn elements(self, line: &[u8]) -> Option<Vec<Option<IpAddr>>> {
        let line = std::str::from_utf8(line).ok().filter(|line| line.is_ascii())?;
        match self.header {
            Header::XForwardedFor => Some(line.split(',').map(|text| node(text.trim())).collect()),
            Header::Forwarded => forwarded(line),
        }
    }
}

/// The network that a client is counted by: an IPv6 client has the whole of its /64 at hand.
pub fn network_of(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// One name for one address: `::ffff:10.0.0.1` is `10.0.0.1`.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// An address with or without a port, IPv6 with or without brackets.
fn node(text: &str) -> Option<IpAddr> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let alone = text.parse::<IpAddr>().ok();
    alone.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// The `for` of each element.
fn forwarded(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut elements = Vec::new();
    let mut rest = line;
    loop {
        let (found, behind) = element(rest)?;
        elements.push(found);
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => return behind.is_empty().then_some(elements),
        }
    }
}

/// One `forwarded-element`: pairs with `;` between them; no name twice.
fn element(text: &str) -> Option<(Option<IpAddr>, &str)> {
    let mut rest = text.trim_start_matches([' ', '\t']);
    let mut names: Vec<&str> = Vec::new();
    let mut found = None;
    loop {
        let (name, behind) = token(rest)?;
        if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return None;
        }
        names.push(name);
        let (value, behind) = value(behind.strip_prefix('=')?)?;
        if name.eq_ignore_ascii_case("for") {
            found = hop(&value);
        }
        let behind = behind.trim_start_matches([' ', '\t']);
        match behind.strip_prefix(';') {
            Some(next) => rest = next.trim_start_matches([' ', '\t']),
            None => return Some((found, behind)),
        }
    }
}

/// The address in the value of `for`; none in `unknown`, in an obfuscated name, and in what is neither.
fn hop(value: &str) -> Option<IpAddr> {
    // RFC 7239 §6: an IPv6 address stands in brackets.
    let bare_v6 = value.parse::<Ipv6Addr>().is_ok();
    if bare_v6 { None } else { node(value) }
}

fn token(text: &str) -> Option<(&str, &str)> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A token or a quoted string, without its quotes.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = token(text)?;
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            '\t' | ' '..='~' => value.push(letter),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::{Header, Proxies, network_of};

    fn client(trusted: u8, header: Header, lines: &[&str]) -> String {
        let proxies = Proxies { trusted, header };
        let lines = lines.iter().map(|line| line.as_bytes());
        let client = proxies.client([192, 0, 2, 9].into(), lines);
        format!("{}{}", client.address, if client.untold { " untold" } else { "" })
    }

    fn list(trusted: u8, lines: &[&str]) -> String {
        client(trusted, Header::XForwardedFor, lines)
    }

    fn forwarded(trusted: u8, lines: &[&str]) -> String {
        client(trusted, Header::Forwarded, lines)
    }

    const PEER: &str = "192.0.2.9 untold";

    #[test]
    fn without_proxies_nobody_is_believed() {
        assert_eq!(list(0, &["1.2.3.4"]), "192.0.2.9");
        assert_eq!(forwarded(0, &["for=1.2.3.4"]), "192.0.2.9");
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        assert_eq!(list(1, &["6.6.6.6, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(list(2, &["6.6.6.6, 1.2.3.4, 10.0.0.1"]), "1.2.3.4");
        assert_eq!(list(2, &["6.6.6.6", "1.2.3.4", "10.0.0.1"]), "1.2.3.4");
        assert_eq!(list(1, &["not, an, address", "1.2.3.4"]), "1.2.3.4", "hearsay on its own line");
        assert_eq!(list(1, &["unknown, x y, \"evil, 1.2.3.4"]), "1.2.3.4", "and on the same");
        assert_eq!(list(1, &["1.2.3.4:5678"]), "1.2.3.4");
        assert_eq!(list(1, &["[2001:db8::1]:5678"]), "2001:db8::1");
        assert_eq!(list(1, &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(list(1, &["::ffff:1.2.3.4"]), "1.2.3.4");
    }

    #[test]
    fn what_cannot_be_read_names_the_proxy() {
        for lines in [
            &[][..],
            &[""],
            &["1.2.3.4,"],
            &["1.2.3"],
            &["1.2.3.4.5"],
            &["01.2.3.4"],
            &["1.2.3.4 5.6.7.8"],
            &["localhost"],
            &["1.2.3.4", "x"],
            &["1.2.3.4;x"],
            &["\u{661}.2.3.4"],
            &["for=1.2.3.4"],
        ] {
            assert_eq!(list(1, lines), PEER, "{lines:?}");
        }
        assert_eq!(list(2, &["1.2.3.4"]), PEER, "came around a proxy");
        assert_eq!(list(2, &["1.2.3.4, nonsense"]), PEER);
        assert_eq!(list(2, &["1.2.3.4", "nonsense"]), PEER);
    }

    #[test]
    fn the_standard_header_is_read_by_its_grammar() {
        for (line, expected) in [
            ("for=1.2.3.4", "1.2.3.4"),
            ("For=\"1.2.3.4:80\";proto=https;by=10.0.0.1", "1.2.3.4"),
            ("proto=https ; for=\"[2001:db8::1]:99\"", "2001:db8::1"),
            ("for=\"[2001:db8::1]\"", "2001:db8::1"),
            ("for=6.6.6.6, for=1.2.3.4;host=\"a,b;c\\\"d\"", "1.2.3.4"),
            ("for=\"evil, for=1.2.3.4", PEER),
            ("for=2001:db8::1", PEER),
            ("for=\"2001:db8::1\"", PEER),
            ("for=unknown", PEER),
            ("for=_hidden", PEER),
            ("for=\"_hidden:80\"", PEER),
            ("for=1.2.3.4;for=5.6.7.8", PEER),
            ("proto=https", PEER),
            ("for=1.2.3.4,", PEER),
            ("for=1.2.3.4;", PEER),
            ("for = 1.2.3.4", PEER),
            ("1.2.3.4", PEER),
            ("", PEER),
        ] {
            assert_eq!(forwarded(1, &[line]), expected, "{line}");
        }
        assert_eq!(forwarded(1, &["for=\"evil", "for=1.2.3.4"]), "1.2.3.4", "a line is whole");
        assert_eq!(forwarded(2, &["for=1.2.3.4, for=10.0.0.1"]), "1.2.3.4");
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let of = |text: &str| network_of(text.parse::<IpAddr>().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("1.2.3.4"), "1.2.3.4");
        assert_eq!(of("::ffff:1.2.3.4"), "1.2.3.4");
    }

    proptest! {
        /// Whatever a client writes, the address is the one that the proxy added behind it, or the proxy's own.
        #[test]
        fn a_client_never_chooses_its_address(claim in "[ -~]{0,40}", own_line: bool, standard: bool) {
            let header = if standard { Header::Forwarded } else { Header::XForwardedFor };
            let added = if standard { "for=203.0.113.5" } else { "203.0.113.5" };
            let joined = format!("{claim}, {added}");
            let lines = if own_line { vec![claim.as_str(), added] } else { vec![joined.as_str()] };
            let found = client(1, header, &lines);
            prop_assert!(found == "203.0.113.5" || found == PEER, "{found}");
            if own_line {
                prop_assert_eq!(found, "203.0.113.5");
            }
        }
    }
}
