//! What must be learned before a seller's decisions: what the platform requires, which tenant decides on a handle, what is kept of a
//! document.

use std::sync::Arc;

use base_ids::Tenant;
use base_money::BasisPoints;
use base_papers::{Document, KeptDocument, PaperKind};
use cell_kernel::{Answer, Asked, Gather};
use serde::{Deserialize, Serialize};

use crate::{
    Sellers, State,
    command::{Application, Change, Command},
};

/// The platform's terms for sellers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What must be known of a seller before it opens.
    pub required: Vec<PaperKind>,
    /// The commission that everybody begins with, in hundredths of a percent.
    pub commission_basis_points: BasisPoints,
}

impl Default for Config {
    fn default() -> Self {
        use PaperKind::{BankAccount, CompanyNumber, TaxNumber, Terms};
        let required = vec![CompanyNumber, TaxNumber, BankAccount, Terms];
        Self { required, commission_basis_points: BasisPoints::TENTH }
    }
}

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// With an application: the platform's terms.
    pub terms: Option<Config>,
    /// With a handle: the tenant that decides on it.
    pub handle: Option<Tenant>,
    /// With a document: what is kept where it says, if anything is.
    pub kept: Option<KeptDocument>,
}

/// Answers what is kept of documents.
pub trait Documents: Send + Sync {
    /// What this vendor has sent there, if anything.
    fn kept<'a>(&'a self, of: &'a Tenant, said: &'a Document) -> Answer<'a, Option<KeptDocument>>;
}

pub(crate) struct Ports {
    config: Config,
    pepper: Arc<[u8]>,
    documents: Arc<dyn Documents>,
}

impl Ports {
    pub(crate) fn new(config: Config, pepper: &[u8], documents: Arc<dyn Documents>) -> Self {
        Self { config, pepper: pepper.into(), documents }
    }
}

impl Gather<Sellers> for Ports {
    fn gather<'a>(&'a self, _: &'a State, to: &'a Command, by: &'a Asked) -> Answer<'a, Facts> {
        let applies = matches!(to, Command::FileApplication(_));
        let terms = applies.then(|| self.config.clone());
        let handle = match to {
            Command::FileApplication(Application { handle, .. })
            | Command::ChangeProfile(Change { handle: Some(handle), .. }) => {
                Some(handle.to_claim().tenant(&self.pepper))
            }
            _ => None,
        };
        Box::pin(async move {
            let mut facts = Facts { terms, handle, kept: None };
            if let Command::SubmitPaper(paper) = to
                && let Some(said) = paper.document()
            {
                facts.kept = self.documents.kept(&by.tenant, said).await?;
            }
            Ok(facts)
        })
    }
}
