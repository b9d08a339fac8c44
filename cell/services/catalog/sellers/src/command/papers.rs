//! What must be known of a seller, with the check digits of Moroccan numbers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use base_ids::Text;

/// Check digits of ICE and RIB make the whole number divisible by this.
const MODULUS: u32 = 97;

/// What must be known of a seller.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Requirement {
    /// The ICE.
    CompanyNumber,
    /// The IF.
    TaxNumber,
    /// The RC.
    TradeRegister,
    /// The RIB: where the seller is paid.
    BankAccount,
    /// Who the owner is.
    Identity,
    /// Where the firm is.
    Premises,
    /// The owner accepts the terms of the market.
    Terms,
}

impl Requirement {
    /// Its name, such as `bank_account`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What was submitted for a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Paper {
    /// The ICE.
    CompanyNumber(Ice),
    /// The IF.
    TaxNumber(TaxNumber),
    /// The RC.
    TradeRegister {
        /// The number there.
        number: RegisterNumber,
        /// The town of the court that keeps it.
        court: Text<60>,
    },
    /// The RIB.
    BankAccount(Rib),
    /// A document that proves who the owner is.
    Identity(Document),
    /// A document that proves where the firm is.
    Premises(Document),
    /// The owner accepts the terms.
    Terms {
        /// Which text.
        text_version: Text<40>,
    },
}

/// How far a submission can be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Nobody has looked yet.
    Received,
    /// Its check digits are right.
    Computed,
    /// The owner has declared it.
    Attested,
    /// An operator has found it right.
    Verified,
    /// An operator has found it wrong.
    Wrong(Text<500>),
}

impl Paper {
    /// What it is for.
    pub fn requirement(&self) -> Requirement {
        match self {
            Self::CompanyNumber(_) => Requirement::CompanyNumber,
            Self::TaxNumber(_) => Requirement::TaxNumber,
            Self::TradeRegister { .. } => Requirement::TradeRegister,
            Self::BankAccount(_) => Requirement::BankAccount,
            Self::Identity(_) => Requirement::Identity,
            Self::Premises(_) => Requirement::Premises,
            Self::Terms { .. } => Requirement::Terms,
        }
    }

    /// How far it can be relied on before anybody has looked.
    pub fn first_check(&self) -> Check {
        match self {
            Self::CompanyNumber(_) | Self::BankAccount(_) => Check::Computed,
            Self::TaxNumber(_) | Self::TradeRegister { .. } | Self::Terms { .. } => Check::Attested,
            Self::Identity(_) | Self::Premises(_) => Check::Received,
        }
    }
}

/// A document, kept outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Where it is kept.
    pub blob: Blob,
    /// What it must hash to.
    pub sha256: Sha256Hex,
    /// What it is.
    pub media_type: MediaType,
    /// How large it is, in bytes: 1 to [`Document::SIZE_MAX`].
    pub size: u32,
}

impl Document {
    /// The largest document, in bytes.
    pub const SIZE_MAX: u32 = 20_000_000;
}

/// What kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
pub enum MediaType {
    /// PDF.
    #[serde(rename = "application/pdf")]
    #[strum(serialize = "application/pdf")]
    Pdf,
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    #[strum(serialize = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    #[strum(serialize = "image/png")]
    Png,
}

/// Why a text is not what it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPaper {
    /// Not an ICE.
    #[error("not an ICE: expected 15 digits")]
    Ice,
    /// Not an IF.
    #[error("not an IF: expected 7 or 8 digits")]
    TaxNumber,
    /// Not an RC.
    #[error("not a number of a trade register: expected 1 to 10 digits")]
    RegisterNumber,
    /// Not a RIB.
    #[error("not a RIB: expected 24 digits")]
    Rib,
    /// The check digits are not those of the rest.
    #[error("the last two digits do not agree with the others; look for a mistyped digit")]
    CheckDigits,
    /// Not a place.
    #[error("expected 1 to 200 of a-z, A-Z, 0-9, -, _, . and /, without `..`")]
    Blob,
    /// Not a hash.
    #[error("expected 64 hexadecimal digits in small letters")]
    Sha256,
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = BadPaper;

            fn from_str(text: &str) -> Result<Self, BadPaper> {
                let text: String = text.split_whitespace().collect();
                let check: fn(&str) -> Result<(), BadPaper> = $check;
                check(&text).map(|()| Self(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// The number of a firm (ICE): 15 digits; ISO 7064 mod 97-10 with remainder 0.
    Ice, |text| {
        if !is_digits(text, 15..=15) {
            return Err(BadPaper::Ice);
        }
        if remainder(text) == 0 { Ok(()) } else { Err(BadPaper::CheckDigits) }
    }
}
checked_text! {
    /// The number of a taxpayer (IF): 7 or 8 digits.
    TaxNumber, |text| if is_digits(text, 7..=8) { Ok(()) } else { Err(BadPaper::TaxNumber) }
}
checked_text! {
    /// The number in a trade register (RC): 1 to 10 digits.
    RegisterNumber, |text| if is_digits(text, 1..=10) { Ok(()) } else { Err(BadPaper::RegisterNumber) }
}
checked_text! {
    /// The number of a bank account (RIB): 24 digits: bank, town, account and a key from 01 to 97 that makes the whole divisible
    /// by 97.
    Rib, |text| {
        if !is_digits(text, 24..=24) {
            return Err(BadPaper::Rib);
        }
        let key = ("01"..="97").contains(&&text[22..]);
        if key && remainder(text) == 0 { Ok(()) } else { Err(BadPaper::CheckDigits) }
    }
}
checked_text! {
    /// Where a document is kept.
    Blob, |text| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        let right = (1..=200).contains(&text.len()) && text.bytes().all(allowed);
        if right && !text.contains("..") { Ok(()) } else { Err(BadPaper::Blob) }
    }
}
checked_text! {
    /// A SHA-256.
    Sha256Hex, |text| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 64 && text.bytes().all(digit) { Ok(()) } else { Err(BadPaper::Sha256) }
    }
}

fn is_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The remainder of a long decimal number by 97.
fn remainder(digits: &str) -> u32 {
    digits.bytes().fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % MODULUS)
}
