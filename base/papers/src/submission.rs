//! What was submitted, and how far it can be relied on.

use std::collections::BTreeMap;

use base_ids::Text;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{Paper, PaperKind};

/// A paper that was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// What.
    pub paper: Paper,
    /// How far it can be relied on.
    pub check: Check,
    /// When.
    pub at: Timestamp,
}

/// How far a paper can be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Check {
    /// Nobody has looked yet.
    Received,
    /// Its check digits are right.
    Computed,
    /// The owner has declared it.
    Attested,
    /// Somebody has looked and found it right.
    Verified,
    /// Somebody has looked and found it wrong, for this reason.
    FoundWrong(Text<500>),
}

impl Check {
    /// Its name, such as `found_wrong`.
    pub fn as_str(&self) -> &'static str {
        self.into()
    }

    /// Why it was found wrong, if it was.
    pub fn reason(&self) -> Option<&Text<500>> {
        match self {
            Self::FoundWrong(reason) => Some(reason),
            _ => None,
        }
    }

    /// How far a paper can be relied on before anybody has looked.
    pub fn first(paper: &Paper) -> Self {
        match paper.kind() {
            PaperKind::CompanyNumber | PaperKind::BankAccount => Self::Computed,
            PaperKind::TaxNumber | PaperKind::TradeRegister | PaperKind::Terms => Self::Attested,
            PaperKind::Identity | PaperKind::Premises => Self::Received,
        }
    }
}

/// What was submitted last, of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dossier(BTreeMap<PaperKind, Submission>);

impl Dossier {
    /// Puts a submission in the place of the one before of its kind.
    pub fn put(&mut self, submission: Submission) {
        self.0.insert(submission.paper.kind(), submission);
    }

    /// The newest submission of a kind.
    pub fn get(&self, kind: PaperKind) -> Option<&Submission> {
        self.0.get(&kind)
    }

    /// All submissions, by kind.
    pub fn iter(&self) -> impl Iterator<Item = &Submission> {
        self.0.values()
    }

    /// Whether exactly this is there, and nobody has looked at it since.
    pub fn has_unchecked(&self, paper: &Paper) -> bool {
        self.get(paper.kind())
            .is_some_and(|known| known.paper == *paper && known.check == Check::first(paper))
    }

    /// Those of `required` that are not there, or were found wrong.
    pub fn missing(&self, required: &[PaperKind]) -> Vec<PaperKind> {
        let met =
            |kind: &PaperKind| self.get(*kind).is_some_and(|known| known.check.reason().is_none());
        required.iter().copied().filter(|kind| !met(kind)).collect()
    }
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;

    use super::{Check, Dossier, Submission};
    use crate::{Paper, PaperKind};

    #[test]
    fn what_was_found_wrong_is_missing_until_there_is_another() {
        let paper = Paper::TaxNumber("1234567".parse().unwrap());
        let required = [PaperKind::TaxNumber, PaperKind::BankAccount];
        let mut dossier = Dossier::default();
        let mut put = |check: Check| {
            dossier.put(Submission { paper: paper.clone(), check, at: Timestamp::default() });
            (dossier.missing(&required), dossier.has_unchecked(&paper))
        };
        assert_eq!(put(Check::first(&paper)), (vec![PaperKind::BankAccount], true));
        assert_eq!(
            put(Check::FoundWrong("not yours".parse().unwrap())),
            (required.to_vec(), false)
        );
        assert_eq!(put(Check::Verified), (vec![PaperKind::BankAccount], false));
    }
}
