//! Ids that follow from what they stand for, so that whoever asks again finds the same one.

use sha2::{Digest as _, Sha256};

use crate::{Tenant, TenantKind};

/// The id that follows from a message: the first 32 hexadecimal digits of its HMAC-SHA-256. Under a secret key nobody else can tell
/// what an id stands for; under a public one the key only keeps different uses apart.
pub fn derived_id(key: &[u8], message: &str) -> String {
    hex::encode(&hmac_sha256(key, message.as_bytes())[..16])
}

impl Tenant {
    /// The tenant whose id follows from a message, by [`derived_id`].
    pub fn derived(kind: TenantKind, key: &[u8], message: &str) -> Self {
        let id = derived_id(key, message);
        Self::new(kind, &id).expect("hexadecimal digits are allowed in an id")
    }
}

/// HMAC-SHA-256 (RFC 2104).
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut padded = [0_u8; BLOCK];
    if key.len() > BLOCK {
        padded[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let inner =
        Sha256::new().chain_update(padded.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{derived_id, hmac_sha256};
    use crate::{Tenant, TenantKind};

    #[test]
    fn what_stands_for_a_message_is_pinned() {
        assert_eq!(
            derived_id(b"Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c7"
        );
        let vendor = Tenant::derived(TenantKind::Vendor, b"Jefe", "what do ya want for nothing?");
        assert_eq!(vendor.as_str(), "vendors/5bdcc146bf60754e6a042426089575c7");
    }

    #[test]
    fn the_mac_is_the_one_of_rfc_4231() {
        assert_eq!(
            hex::encode(hmac_sha256(&[0x0b; 20], b"Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex::encode(hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex::encode(hmac_sha256(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            )),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
