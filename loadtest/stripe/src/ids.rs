//! Identifiers as Stripe shapes them: a prefix that names the kind, then random base-62 digits.

use uuid::Uuid;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A fresh identifier, for example `pi_3Jk…` for the prefix `pi_3`.
pub(crate) fn fresh(prefix: &str) -> String {
    let mut id = String::with_capacity(prefix.len() + 22);
    id.push_str(prefix);
    let mut rest = Uuid::new_v4().as_u128();
    for _ in 0..22 {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        id.push(char::from(DIGITS[digit]));
        rest /= 62;
    }
    id
}
