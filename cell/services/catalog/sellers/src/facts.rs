//! What must be learned before a seller's decisions: what the platform requires, and which tenant decides on a handle.

use std::{future::ready, sync::Arc};

use base_ids::Tenant;
use cell_kernel::{Answer, Asked, Gather};
use serde::{Deserialize, Serialize};

use crate::{Command, Sellers, State, command::BasisPoints, papers::Requirement};

/// The platform's terms for sellers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What must be known of a seller before it opens.
    pub required: Vec<Requirement>,
    /// The commission that everybody begins with, in hundredths of a percent.
    pub commission_basis_points: BasisPoints,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            required: vec![
                Requirement::CompanyNumber,
                Requirement::TaxNumber,
                Requirement::BankAccount,
                Requirement::Terms,
            ],
            commission_basis_points: BasisPoints::try_from(1_000)
                .expect("a tenth is not more than the whole"),
        }
    }
}

/// What was learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// With an application: the platform's terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Config>,
    /// With a handle: the tenant that decides on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<Tenant>,
}

pub(crate) struct Ports {
    config: Config,
    pepper: Arc<[u8]>,
}

impl Ports {
    pub(crate) fn new(config: Config, pepper: &[u8]) -> Self {
        Self { config, pepper: pepper.into() }
    }
}

impl Gather<Sellers> for Ports {
    fn gather<'a>(&'a self, _: &'a State, command: &'a Command, _: &'a Asked) -> Answer<'a, Facts> {
        let facts = match command {
            Command::FileApplication { handle, .. } => {
                Facts { terms: Some(self.config.clone()), handle: Some(handle.name(&self.pepper)) }
            }
            Command::ChangeProfile { handle: Some(handle), .. } => {
                Facts { terms: None, handle: Some(handle.name(&self.pepper)) }
            }
            _ => Facts::default(),
        };
        Box::pin(ready(Ok(facts)))
    }
}
