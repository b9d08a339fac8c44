//! The name of a process: its fleet, what it is, and which one. SPIFFE's form: one URI that a certificate carries.

use std::{fmt, str::FromStr, sync::Arc};

/// Longest name of a process: as long as a cell's may be.
const NAME_LEN_MAX: usize = 40;
/// Longest name of a fleet; with a role and a name in front it is still a name of DNS.
const FLEET_LEN_MAX: usize = 180;
/// Longest label of a DNS name.
const LABEL_LEN_MAX: usize = 63;

/// What a process is. Nobody has two roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Takes requests from clients and passes them to cells.
    Router,
    /// Serves tenants.
    Cell,
    /// Decides who owns what.
    ControlPlane,
    /// A person with `soukctl`, or a machine that works for one.
    Operator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Router, Self::Cell, Self::ControlPlane, Self::Operator];

    /// As it stands in an identity.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::Cell => "cell",
            Self::ControlPlane => "control-plane",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| InvalidIdentity::Role(shortened(text)))
    }
}

/// Who a process is, such as `spiffe://souk.example/cell/cell-1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    fleet: Arc<str>,
    role: Role,
    name: Arc<str>,
}

/// Why a text is no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// Not of the form.
    #[error("`{0}` is no identity: expected such as spiffe://souk.example/cell/cell-1")]
    Form(String),
    /// Not the name of a fleet.
    #[error(
        "`{0}` is no fleet's name: expected labels of a-z, 0-9 and - with dots between, such as souk.example"
    )]
    Fleet(String),
    /// No such role.
    #[error("`{0}` is no role: expected router, cell, control-plane or operator")]
    Role(String),
    /// Not the name of a process.
    #[error("`{0}` is no process's name: expected 1 to 40 of a-z, 0-9 and -, with no - at an end")]
    Name(String),
}

impl Identity {
    /// Puts an identity together.
    ///
    /// Errors: the fleet or the name has another form.
    pub fn new(fleet: &str, role: Role, name: &str) -> Result<Self, InvalidIdentity> {
        fleet_name(fleet)?;
        if name.len() > NAME_LEN_MAX || !is_label(name) {
            return Err(InvalidIdentity::Name(shortened(name)));
        }
        Ok(Self { fleet: fleet.into(), role, name: name.into() })
    }

    /// The fleet: SPIFFE's trust domain.
    pub fn fleet(&self) -> &str {
        &self.fleet
    }

    /// What it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Which one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same as a name of DNS, such as `cell-1.cell.souk.example`: some libraries know servers by no other. Nobody looks it up.
    pub fn dns_name(&self) -> String {
        dns_name(&self.name, self.role, &self.fleet)
    }
}

/// The name of DNS by which a process of a fleet is known.
pub fn dns_name(name: &str, role: Role, fleet: &str) -> String {
    let mut whole = String::with_capacity(name.len() + fleet.len() + 16);
    for part in [name, ".", role.as_str(), ".", fleet] {
        whole.push_str(part);
    }
    whole
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}/{}/{}", self.fleet, self.role, self.name)
    }
}

impl FromStr for Identity {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        let parts = text.strip_prefix("spiffe://").map(|rest| rest.split('/').collect::<Vec<_>>());
        match parts.as_deref() {
            Some([fleet, role, name]) => Self::new(fleet, role.parse()?, name),
            _ => Err(InvalidIdentity::Form(shortened(text))),
        }
    }
}

/// Checks the name of a fleet.
///
/// Errors: it has another form.
pub fn fleet_name(text: &str) -> Result<(), InvalidIdentity> {
    if text.len() <= FLEET_LEN_MAX && text.split('.').all(is_label) {
        Ok(())
    } else {
        Err(InvalidIdentity::Fleet(shortened(text)))
    }
}

fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_LEN_MAX).contains(&text.len())
        && text.bytes().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::{Identity, InvalidIdentity, Role};

    #[test]
    fn an_identity_is_written_and_read_in_one_way() {
        let cell = Identity::new("souk.example", Role::Cell, "cell-1").unwrap();
        assert_eq!(cell.to_string(), "spiffe://souk.example/cell/cell-1");
        assert_eq!(cell.to_string().parse(), Ok(cell.clone()));
        assert_eq!(cell.dns_name(), "cell-1.cell.souk.example");
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
    }

    #[test]
    fn what_only_looks_like_an_identity_is_refused() {
        for text in [
            "",
            "spiffe://souk.example",
            "spiffe://souk.example/cell",
            "spiffe://souk.example/cell/cell-1/x",
            "spiffe://souk.example/cell/cell-1/",
            "SPIFFE://souk.example/cell/cell-1",
            "https://souk.example/cell/cell-1",
            "spiffe://souk.example:1/cell/cell-1",
            "spiffe://souk.example/cell/cell-1?x",
            "spiffe://Souk.example/cell/cell-1",
            "spiffe://souk..example/cell/cell-1",
            "spiffe:///cell/cell-1",
            "spiffe://souk.example/Cell/cell-1",
            "spiffe://souk.example/cell/-1",
            "spiffe://souk.example/cell/",
        ] {
            assert!(text.parse::<Identity>().is_err(), "{text}");
        }
        let long = "c".repeat(41);
        assert_eq!(
            Identity::new("souk.example", Role::Cell, &long),
            Err(InvalidIdentity::Name(long))
        );
    }
}
