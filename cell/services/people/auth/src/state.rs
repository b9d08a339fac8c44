//! What is remembered of an account, and of the operators, in order to decide.

use std::collections::BTreeMap;

use base_ids::{ResourceId, Tenant};
use base_proof::{Codes, Failures, Family, PasswordHash};
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Device, Wish},
    event::{Event, Proof},
};

/// An account, or the operators of the platform; each stream fills its own part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Of the stream `account`.
    pub account: Option<Account>,
    /// Of the stream `operators`: who may operate the platform, and since when.
    pub operators: BTreeMap<Tenant, Timestamp>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// E-mail, name and language.
    pub wish: Wish,
    /// To sign in with; none if only codes are used.
    pub password: Option<PasswordHash>,
    /// How far it is.
    pub stage: Stage,
    /// Codes by mail.
    pub codes: Codes,
    /// Wrong passwords in a row.
    pub failures: Failures,
    /// Sessions that have not ended.
    pub sessions: BTreeMap<ResourceId, Session>,
}

/// How far an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The e-mail was asked for.
    Requested,
    /// The e-mail is kept; its owner has to prove it.
    Pending,
    /// The e-mail was proven at `at`; `confirmed` once names has said so too.
    Open { at: Timestamp, confirmed: bool },
    /// It cannot be used, and never will be.
    Closed,
}

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// What it is called.
    pub device: Device,
    /// By what it began.
    pub proof: Proof,
    /// Its refresh tokens.
    pub family: Family,
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match event {
            Event::AccountRequested { wish, password } => {
                self.account = Some(Account {
                    wish: wish.clone(),
                    password: Some(password.clone()),
                    stage: Stage::Requested,
                    codes: Codes::default(),
                    failures: Failures::default(),
                    sessions: BTreeMap::new(),
                });
            }
            Event::OperatorGranted { user, at, .. } => {
                self.operators.insert(user.clone(), *at);
            }
            Event::OperatorRevoked { user, .. } => {
                self.operators.remove(user);
            }
            _ => self.account.iter_mut().for_each(|account| account.evolve(event)),
        }
    }
}

impl Account {
    /// Since when the account can be used, if it can.
    pub fn open_since(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Open { at, .. } => Some(at),
            _ => None,
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::RegistrationFailed { .. } | Event::EmailLost => {
                self.stage = Stage::Closed;
                self.password = None;
                self.codes.used();
            }
            Event::CodeIssued { code } => {
                if self.stage == Stage::Requested {
                    self.stage = Stage::Pending;
                }
                self.codes.made(code);
            }
            Event::CodeFailed { tries_left } => self.codes.failed(*tries_left),
            Event::AccountOpened { at, keep_password } => {
                self.stage = Stage::Open { at: *at, confirmed: false };
                self.password.take_if(|_| !keep_password);
            }
            Event::EmailConfirmed => {
                if let Stage::Open { confirmed, .. } = &mut self.stage {
                    *confirmed = true;
                }
            }
            Event::PasswordFailed { failures, .. } => self.failures = *failures,
            Event::PasswordChanged { password } => {
                self.password = Some(password.clone());
                self.failures = Failures::default();
            }
            Event::SessionStarted { session, proof, device, at, .. } => {
                match proof {
                    Proof::Password => self.failures = Failures::default(),
                    Proof::Code | Proof::Registration => self.codes.used(),
                }
                let (device, proof, family) = (device.clone(), *proof, Family::begin(*at));
                self.sessions.insert(session.clone(), Session { device, proof, family });
            }
            Event::SessionRefreshed { session, number, at } => {
                if let Some(session) = self.sessions.get_mut(session) {
                    session.family.traded(*number, *at);
                }
            }
            Event::RefreshReused { session, .. } | Event::SessionEnded { session, .. } => {
                self.sessions.remove(session);
            }
            _ => {}
        }
    }
}
