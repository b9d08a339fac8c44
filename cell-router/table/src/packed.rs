//! Tenants' names in few bytes: a table of a million overrides has to fit into 64 MB.
//!
//! The first byte says the collection (low two bits) and how the id is written behind it: as it is (0), as the 16 bytes of a
//! hyphenated UUID (1), or as the bytes of an even number of hexadecimal digits (2). Each name has exactly one packed form.

use base_ids::TenantKind;

/// Longest tenant id, in bytes.
const ID_LEN_MAX: usize = 80;
const KINDS: [TenantKind; 4] =
    [TenantKind::User, TenantKind::Vendor, TenantKind::Name, TenantKind::Platform];
const PLAIN: u8 = 0;
const UUID: u8 = 1;
const HEX: u8 = 2;
/// Where a UUID's text has its hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// A packed name on the stack, so that a look-up allocates nothing.
pub(crate) struct Packed {
    bytes: [u8; ID_LEN_MAX + 1],
    len: usize,
}

impl Packed {
    /// Packs a name; `None` for a text that cannot be a tenant's name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let (collection, id) = name.split_once('/')?;
        let kind = TenantKind::of_collection(collection)?;
        let kind_bits = KINDS.iter().position(|known| *known == kind)?;
        let id = id.as_bytes();
        if id.is_empty() || id.len() > ID_LEN_MAX {
            return None;
        }
        let mut packed = Self { bytes: [0; ID_LEN_MAX + 1], len: 1 };
        let form = if packed.push_uuid(id) {
            UUID
        } else if packed.push_hex(id.iter().copied(), id.len()) {
            HEX
        } else {
            packed.bytes[1..=id.len()].copy_from_slice(id);
            packed.len = id.len() + 1;
            PLAIN
        };
        packed.bytes[0] = u8::try_from(kind_bits).ok()? | form << 2;
        Some(packed)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push_uuid(&mut self, id: &[u8]) -> bool {
        id.len() == 36
            && HYPHENS.iter().all(|at| id[*at] == b'-')
            && self.push_hex(id.iter().copied().filter(|byte| *byte != b'-'), 32)
    }

    fn push_hex(&mut self, mut digits: impl Iterator<Item = u8>, count: usize) -> bool {
        if !count.is_multiple_of(2) {
            return false;
        }
        for at in 1..=count / 2 {
            let (Some(high), Some(low)) =
                (digits.next().and_then(hex_value), digits.next().and_then(hex_value))
            else {
                return false;
            };
            self.bytes[at] = high << 4 | low;
        }
        self.len = count / 2 + 1;
        digits.next().is_none()
    }
}

/// The name that was packed into `bytes`.
pub(crate) fn unpack(bytes: &[u8]) -> String {
    let (Some(head), Some(id)) = (bytes.first(), bytes.get(1..)) else {
        return String::new();
    };
    let mut name = KINDS[usize::from(head & 3)].collection().to_owned();
    name.push('/');
    let start = name.len();
    match head >> 2 {
        PLAIN => name.push_str(&String::from_utf8_lossy(id)),
        form => {
            for byte in id {
                if form == UUID && HYPHENS.contains(&(name.len() - start)) {
                    name.push('-');
                }
                name.extend([hex_digit(byte >> 4), hex_digit(byte & 15)]);
            }
        }
    }
    name
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

const fn hex_digit(value: u8) -> char {
    (if value < 10 { b'0' + value } else { b'a' + value - 10 }) as char
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Packed, unpack};

    #[test]
    fn usual_ids_take_half_of_their_text() {
        let length = |name| Packed::of(name).unwrap().as_bytes().len();
        assert_eq!(length("users/01936f0e-7a5c-7cc1-8d2e-5c1f3ab0a001"), 17);
        assert_eq!(length("users/01936f0e7a5c7cc18d2e5c1f3ab0a001"), 17);
        assert_eq!(length("vendors/atlas"), 6);
    }

    #[test]
    fn what_cannot_be_a_tenant_is_not_packed() {
        for name in ["", "users", "users/", "orders/a"] {
            assert!(Packed::of(name).is_none(), "{name}");
        }
        assert!(Packed::of(&format!("users/{}", "a".repeat(81))).is_none());
        assert!(Packed::of(&format!("users/{}", "a".repeat(80))).is_some());
    }

    proptest! {
        #[test]
        fn a_packed_name_reads_back(
            kind in prop::sample::select(vec!["users", "vendors", "names", "platform"]),
            id in "[a-z0-9]([a-z0-9-]{0,79}|[0-9a-f]{31}|[0-9a-f]{7}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
        ) {
            let name = format!("{kind}/{id}");
            prop_assert_eq!(unpack(Packed::of(&name).unwrap().as_bytes()), name);
        }
    }
}
