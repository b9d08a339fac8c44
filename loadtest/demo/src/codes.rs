//! Numbers with check digits: books, firms and bank accounts, all from sample ranges.

/// The three Moroccan group prefixes of ISBN-13.
const GROUPS: [&str; 3] = ["9789954", "9789981", "9789920"];
/// The sample block of each group: registrants 90 to 99, one for each invented publisher, with a
/// thousand titles each. No real book is claimed by a number out of it.
const REGISTRANTS: u32 = 10;
const TITLES: u32 = 1_000;
/// How many publishers own a registrant of the sample blocks.
pub(crate) const PUBLISHERS: u32 = 3 * REGISTRANTS;
/// How many ISBNs the sample blocks hold.
const SAMPLE_ISBNS: u32 = PUBLISHERS * TITLES;
/// Shares no factor with the number of ISBNs, so that stepping by it visits each one once.
const STEP: u64 = 7_919;
/// Check digits of ICE and RIB make the whole number divisible by this.
const MODULUS: u64 = 97;

/// The publisher of an edition and its number there.
fn place_in_sample(edition: u32) -> (u32, u32) {
    let stepped = u64::from(edition) * STEP % u64::from(SAMPLE_ISBNS);
    let place = u32::try_from(stepped).expect("a remainder is below its 32-bit divisor");
    (place % PUBLISHERS, place / PUBLISHERS)
}

/// Who published an edition, as a number below [`PUBLISHERS`].
pub(crate) fn publisher(edition: u32) -> u32 {
    place_in_sample(edition).0
}

/// The ISBN-13 of an edition, or, once the sample blocks are used up (beyond 30,000 editions), an
/// EAN-13 under prefix 2, which GS1 keeps for numbers that stay within one firm.
pub(crate) fn isbn13(edition: u32) -> String {
    if edition >= SAMPLE_ISBNS {
        return with_ean_check(&format!("2{edition:011}"));
    }
    let (publisher, title) = place_in_sample(edition);
    let group = GROUPS[usize::try_from(publisher % 3).unwrap_or(0)];
    with_ean_check(&format!("{group}{}{title:03}", 90 + publisher / 3))
}

/// Appends the check digit of EAN-13: weights 1 and 3, sum divisible by ten.
fn with_ean_check(twelve: &str) -> String {
    let weights = [1, 3].into_iter().cycle();
    let sum: u32 =
        twelve.bytes().zip(weights).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    format!("{twelve}{}", (10 - sum % 10) % 10)
}

/// An ICE: nine digits of a firm, four of an establishment, two that check them.
pub(crate) fn ice(firm: &str, establishment: &str) -> String {
    let body = format!("{firm}{establishment}");
    let rest = remainder(&format!("{body}00"));
    format!("{body}{:02}", (MODULUS - rest) % MODULUS)
}

/// A RIB: three digits of a bank, three of a town, sixteen of an account, two that check them.
pub(crate) fn rib(bank: &str, town: &str, account: &str) -> String {
    let body = format!("{bank}{town}{account}");
    format!("{body}{:02}", MODULUS - remainder(&format!("{body}00")))
}

/// The remainder of a long decimal number by 97.
fn remainder(digits: &str) -> u64 {
    digits.bytes().fold(0, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % MODULUS)
}
