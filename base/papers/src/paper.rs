//! A paper: what a firm or its owner shows, and of which kind it is.

use std::fmt::Display;

use base_ids::Text;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::{Document, Ice, RegisterNumber, Rib, TaxNumber};

/// What a firm, or its owner, shows.
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
    /// The RIB: where the firm is paid.
    BankAccount(Rib),
    /// A document that proves who the owner is.
    Identity(Document),
    /// A document that proves where the firm is.
    Premises(Document),
    /// The owner accepts terms.
    Terms {
        /// Which text.
        text_version: Text<40>,
    },
}

/// Of which kind a paper is. Written and read as its name, such as `bank_account`.
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
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PaperKind {
    /// The ICE.
    CompanyNumber,
    /// The IF.
    TaxNumber,
    /// The RC.
    TradeRegister,
    /// The RIB.
    BankAccount,
    /// Who the owner is.
    Identity,
    /// Where the firm is.
    Premises,
    /// Accepted terms.
    Terms,
}

impl PaperKind {
    /// Its name, such as `bank_account`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Paper {
    /// The document that it is, if it is one.
    pub fn document(&self) -> Option<&Document> {
        match self {
            Self::Identity(document) | Self::Premises(document) => Some(document),
            _ => None,
        }
    }

    /// Its number, if papers of its kind have one.
    pub fn number(&self) -> Option<&dyn Display> {
        match self {
            Self::CompanyNumber(number) => Some(number),
            Self::TaxNumber(number) => Some(number),
            Self::TradeRegister { number, .. } => Some(number),
            Self::BankAccount(number) => Some(number),
            Self::Identity(_) | Self::Premises(_) | Self::Terms { .. } => None,
        }
    }

    /// Of which kind it is.
    pub fn kind(&self) -> PaperKind {
        match self {
            Self::CompanyNumber(_) => PaperKind::CompanyNumber,
            Self::TaxNumber(_) => PaperKind::TaxNumber,
            Self::TradeRegister { .. } => PaperKind::TradeRegister,
            Self::BankAccount(_) => PaperKind::BankAccount,
            Self::Identity(_) => PaperKind::Identity,
            Self::Premises(_) => PaperKind::Premises,
            Self::Terms { .. } => PaperKind::Terms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Paper, PaperKind};

    #[test]
    fn a_paper_is_stored_under_the_name_of_its_kind() {
        let rib = Paper::BankAccount("990901123456789012345687".parse().unwrap());
        let stored = serde_json::to_value(&rib).unwrap();
        assert_eq!(stored[rib.kind().as_str()], "990901123456789012345687");
        assert_eq!(rib.number().unwrap().to_string(), "990901123456789012345687");
        assert_eq!("bank_account".parse(), Ok(PaperKind::BankAccount));
        assert_eq!(serde_json::from_value::<Paper>(stored).unwrap(), rib);
    }
}
