//! What is remembered of a seller in order to decide.

use std::collections::BTreeMap;

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::VendorRole;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::{
    command::{BasisPoints, City, DisplayName, Handle, Window},
    event::{Event, Override},
    papers::{Check, Paper, Requirement},
};

/// What the stream remembers: a seller, once somebody has applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The seller.
    pub seller: Option<Box<Seller>>,
}

/// A seller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seller {
    /// Who applied.
    pub applicant: Tenant,
    /// When.
    pub applied_at: Timestamp,
    /// Its name.
    pub name: DisplayName,
    /// Its city.
    pub city: City,
    /// How far it is.
    pub status: Status,
    /// Why an operator put it there.
    pub status_reason: String,
    /// Why it was approved without everything that is required.
    pub despite: Option<Override>,
    /// What has to be known.
    pub required: Vec<Requirement>,
    /// What was submitted.
    pub papers: BTreeMap<Requirement, Submission>,
    /// Its handles.
    pub handles: Handles,
    /// What the platform keeps.
    pub rate: BasisPoints,
    /// What delivery costs: one fee per currency.
    pub fees: Vec<Money>,
    /// Its closed days.
    pub holiday: Option<Holiday>,
    /// Who may act for it.
    pub team: BTreeMap<Tenant, Member>,
    /// Who was asked into the team.
    pub invitations: BTreeMap<Tenant, Invitation>,
}

/// How far a seller is.
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
pub enum Status {
    /// Gathers what is required.
    Applied,
    /// Waits for an operator.
    Submitted,
    /// Was given back; may submit again.
    Rejected,
    /// Trades, unless on holiday.
    Open,
    /// Stopped for a time.
    Suspended,
    /// Ended.
    Terminated,
}

impl Status {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What was submitted for a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// What.
    pub paper: Paper,
    /// How far it can be relied on.
    pub check: Check,
    /// When.
    pub at: Timestamp,
}

/// The handle that a seller has and the one that it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handles {
    /// Its own.
    pub held: Option<Claim>,
    /// Being asked for.
    pub asked: Option<Claim>,
    /// Asked for in vain, last.
    pub lost: Option<Handle>,
}

/// A claim of a handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Which handle.
    pub handle: Handle,
    /// The claim's name.
    pub claim: ResourceId,
    /// The tenant that decides.
    pub name: Tenant,
}

/// Closed days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    /// When.
    pub window: Window,
    /// Whether they have begun.
    pub begun: bool,
}

/// A member of the team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What they may do.
    pub role: VendorRole,
    /// Since when they are in the team.
    pub since: Timestamp,
}

/// An invitation into the team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// As what.
    pub role: VendorRole,
    /// It is open until then.
    pub until: Timestamp,
}

impl Seller {
    /// Why its offers do not sell: `onboarding`, `suspended`, `terminated` or `holiday`; `None` if they do (Invariant seller-1).
    pub fn closed_because(&self) -> Option<&'static str> {
        match self.status {
            Status::Applied | Status::Submitted | Status::Rejected => Some("onboarding"),
            Status::Suspended => Some("suspended"),
            Status::Terminated => Some("terminated"),
            Status::Open if self.on_holiday().is_some() => Some("holiday"),
            Status::Open => None,
        }
    }

    /// The closed days, if they have begun.
    pub fn on_holiday(&self) -> Option<Window> {
        self.holiday.filter(|holiday| holiday.begun).map(|holiday| holiday.window)
    }

    /// What is required and not there, or was found wrong.
    pub fn missing(&self) -> Vec<Requirement> {
        let met = |requirement: &Requirement| {
            let submission = self.papers.get(requirement);
            submission.is_some_and(|submission| !matches!(submission.check, Check::Wrong(_)))
        };
        self.required.iter().copied().filter(|requirement| !met(requirement)).collect()
    }

    /// How many owners the team has (Invariant seller-3: never none).
    pub fn owners(&self) -> usize {
        self.team.values().filter(|member| member.role == VendorRole::Owner).count()
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Applied { .. } | Event::HandleKept { .. } => {}
            Event::HandleAsked { .. }
            | Event::HandleHeld { .. }
            | Event::HandleLost { .. }
            | Event::HandleGivenBack { .. } => self.handles.evolve(event),
            Event::ProfileChanged { name, city } => {
                self.name = name.clone().unwrap_or_else(|| self.name.clone());
                self.city = city.clone().unwrap_or_else(|| self.city.clone());
            }
            Event::PaperSubmitted { paper, check, at } => {
                let (paper, check) = (paper.clone(), check.clone());
                self.papers.insert(paper.requirement(), Submission { paper, check, at: *at });
            }
            Event::PaperVerified { requirement } => self.recheck(*requirement, Check::Verified),
            Event::PaperRejected { requirement, reason } => {
                self.recheck(*requirement, Check::Wrong(reason.clone()));
            }
            Event::Submitted => self.enter(Status::Submitted, ""),
            Event::Approved { despite } => {
                self.despite.clone_from(despite);
                self.enter(Status::Open, "");
            }
            Event::Rejected { reason } => self.enter(Status::Rejected, reason.as_str()),
            Event::Suspended { reason } => self.enter(Status::Suspended, reason.as_str()),
            Event::Reinstated { reason } => self.enter(Status::Open, reason.as_str()),
            Event::Terminated { reason } => self.enter(Status::Terminated, reason.as_str()),
            Event::CommissionSet { rate, .. } => self.rate = *rate,
            Event::DeliveryFeeSet { fee } => {
                self.fees.retain(|known| known.currency != fee.currency);
                self.fees.push(*fee);
                self.fees.sort_by_key(|fee| fee.currency);
            }
            Event::HolidayPlanned { window } => {
                self.holiday = Some(Holiday { window: *window, begun: false });
            }
            Event::HolidayBegan { window } => {
                self.holiday = Some(Holiday { window: *window, begun: true });
            }
            Event::HolidayEnded { .. } => self.holiday = None,
            Event::MemberInvited { user, role, until } => {
                let invitation = Invitation { role: *role, until: *until };
                self.invitations.insert(user.clone(), invitation);
            }
            Event::InvitationEnded { user, .. } => {
                self.invitations.remove(user);
            }
            Event::MemberJoined { user, role, at } => {
                self.invitations.remove(user);
                self.team.insert(user.clone(), Member { role: *role, since: *at });
            }
            Event::RoleChanged { user, role } => {
                if let Some(member) = self.team.get_mut(user) {
                    member.role = *role;
                }
            }
            Event::MemberLeft { user } => {
                self.team.remove(user);
            }
        }
    }

    fn enter(&mut self, status: Status, reason: &str) {
        self.status = status;
        reason.clone_into(&mut self.status_reason);
    }

    fn recheck(&mut self, requirement: Requirement, check: Check) {
        if let Some(submission) = self.papers.get_mut(&requirement) {
            submission.check = check;
        }
    }
}

impl Handles {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::HandleAsked { handle, claim, name } => {
                let (handle, claim, name) = (handle.clone(), claim.clone(), name.clone());
                self.asked = Some(Claim { handle, claim, name });
                self.lost = None;
            }
            Event::HandleHeld { claim } => {
                if let Some(held) = self.asked.take_if(|asked| asked.claim == *claim) {
                    self.held = Some(held);
                }
            }
            Event::HandleLost { claim } => {
                let lost = self.asked.take_if(|asked| asked.claim == *claim);
                let lost = lost.or_else(|| self.held.take_if(|held| held.claim == *claim));
                self.lost = lost.map(|claim| claim.handle);
            }
            Event::HandleGivenBack { claim, .. } => {
                self.asked.take_if(|asked| asked.claim == *claim);
                self.held.take_if(|held| held.claim == *claim);
            }
            _ => {}
        }
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match (&mut self.seller, event) {
            (Some(seller), event) => seller.evolve(event),
            (None, Event::Applied { applicant, name, city, required, rate, at }) => {
                let owner = Member { role: VendorRole::Owner, since: *at };
                self.seller = Some(Box::new(Seller {
                    applicant: applicant.clone(),
                    applied_at: *at,
                    name: name.clone(),
                    city: city.clone(),
                    status: Status::Applied,
                    status_reason: String::new(),
                    despite: None,
                    required: required.clone(),
                    papers: BTreeMap::new(),
                    handles: Handles::default(),
                    rate: *rate,
                    fees: Vec::new(),
                    holiday: None,
                    team: BTreeMap::from([(applicant.clone(), owner)]),
                    invitations: BTreeMap::new(),
                }));
            }
            (None, _) => {}
        }
    }
}
