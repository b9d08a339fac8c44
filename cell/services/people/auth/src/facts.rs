//! What auth must learn before it decides, and the ports that it asks.

use std::{sync::Arc, time::Duration};

use base_ids::Tenant;
use base_proof::{OneTimeCode, Password, PasswordHash, PlatformSecret, Secret};
use base_token::AccessClaims;
use cell_kernel::{Answer, Asked, Gather, VendorRole};
use serde::Serialize;

use crate::{
    Auth, Ports, State,
    command::{Command, ProvenBy},
};

/// Hashes and checks passwords; slow on purpose, and bounded in how many at once.
pub trait Passwords: Send + Sync + 'static {
    /// The hash of a new password, with a fresh salt.
    fn hash<'a>(&'a self, password: &'a Password) -> Answer<'a, PasswordHash>;

    /// Whether the password is the hash's. Without a hash it is not, and that takes as long to find out.
    fn is_right<'a>(
        &'a self,
        password: &'a Secret,
        hash: Option<&'a PasswordHash>,
    ) -> Answer<'a, bool>;
}

/// Who holds the name (of this cell) that the tenant `names/<hash>` stands for, claimed or confirmed?
pub trait OwnerOf: Send + Sync + 'static {
    /// The holder, if any.
    fn owner_of<'a>(&'a self, name: &'a Tenant) -> Answer<'a, Option<Tenant>>;
}

/// What is the user in the team of the vendor (of this cell)?
pub trait MembershipOf: Send + Sync + 'static {
    /// The role, if any.
    fn role_of<'a>(
        &'a self,
        vendor: &'a Tenant,
        user: &'a Tenant,
    ) -> Answer<'a, Option<VendorRole>>;
}

/// How long an access token lives: what was taken away is gone for good after that, whoever could not be told.
pub(crate) const ACCESS_FOR: Duration = Duration::from_mins(10);

/// Signs access tokens with the cell's newest key.
pub trait TokenSigner: Send + Sync + 'static {
    /// The token.
    fn sign(&self, claims: &AccessClaims) -> String;
}

/// What a decision of auth rests on.
#[derive(Debug, Default, Serialize)]
pub struct Facts {
    /// What was given to prove who it is, is right.
    pub right: bool,
    /// The hash of the password to set; kept in the event alone.
    #[serde(skip)]
    pub new_password: Option<PasswordHash>,
}

pub(crate) struct Asking {
    passwords: Arc<dyn Passwords>,
    secret: Arc<PlatformSecret>,
}

impl Asking {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { passwords: ports.passwords.clone(), secret: ports.secret.clone() }
    }

    fn is_right(&self, state: &State, given: &OneTimeCode, asked: &Asked) -> bool {
        let code = state.account.as_ref().and_then(|account| account.codes.current());
        code.is_some_and(|code| self.secret.is_code(&asked.tenant, code, given))
    }
}

impl Gather<Auth> for Asking {
    fn gather<'a>(
        &'a self,
        state: &'a State,
        command: &'a Command,
        asked: &'a Asked,
    ) -> Answer<'a, Facts> {
        Box::pin(async move {
            let hash = state.account.as_ref().and_then(|account| account.password.as_ref());
            let (mut right, mut new) = (false, None);
            match command {
                Command::CreateAccount { password, .. } => new = Some(password),
                Command::Prove { by: ProvenBy::Password(password), .. } => {
                    right = self.passwords.is_right(password, hash).await?;
                }
                Command::Prove {
                    by: ProvenBy::Code(code) | ProvenBy::Registration(code), ..
                } => {
                    right = self.is_right(state, code, asked);
                }
                Command::Prove { by: ProvenBy::Reset(code, password), .. } => {
                    (right, new) = (self.is_right(state, code, asked), Some(password));
                }
                // One after the other: both want the same few cores.
                Command::ChangePassword { old, new: password, .. } => {
                    (right, new) = (self.passwords.is_right(old, hash).await?, Some(password));
                }
                _ => {}
            }
            let new_password = match new {
                Some(password) => Some(self.passwords.hash(password).await?),
                None => None,
            };
            Ok(Facts { right, new_password })
        })
    }
}
