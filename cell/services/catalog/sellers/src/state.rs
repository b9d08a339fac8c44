//! What is remembered of a seller in order to decide.

use std::collections::BTreeMap;

use base_claims::Claims;
use base_ids::{Handle, Tenant};
use base_money::{Currency, Money};
use base_papers::{Dossier, PaperKind};
use base_time::{Period, Timestamp};
use cell_kernel::VendorRole;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::{
    command::{Profile, Reason},
    event::{CommissionRate, Event, Holiday, Override},
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
    /// How it shows itself.
    pub profile: Profile,
    /// How far it is.
    pub status: Status,
    /// Why an operator put it there.
    pub status_reason: Option<Reason>,
    /// Why it was approved without everything that is required.
    pub despite: Option<Override>,
    /// What has to be known.
    pub required: Vec<PaperKind>,
    /// What was submitted.
    pub papers: Dossier,
    /// Its handles.
    pub handles: Claims<Handle>,
    /// What the platform keeps.
    pub rate: CommissionRate,
    /// What delivery costs.
    pub fees: BTreeMap<Currency, Money>,
    /// Its closed days.
    pub holiday: Option<Holiday>,
    /// Who may act for it, and who was asked to.
    pub team: BTreeMap<Tenant, Member>,
}

/// How far a seller is. Written and read as its name, such as `open`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
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

/// A member of the team, or somebody who was asked into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What they may do, or might if they joined.
    pub role: VendorRole,
    /// Whether they have not joined yet.
    pub invited: bool,
    /// Since when they are in the team; until when the invitation is open.
    pub at: Timestamp,
}

impl Seller {
    /// Why its offers do not sell: `onboarding`, `suspended`, `terminated` or `holiday`; `None` if they do (Invariant seller-1).
    pub fn closed_because(&self) -> Option<&'static str> {
        match self.status {
            Status::Applied | Status::Submitted | Status::Rejected => Some("onboarding"),
            Status::Suspended => Some("suspended"),
            Status::Terminated => Some("terminated"),
            Status::Open => self.on_holiday().map(|_| "holiday"),
        }
    }

    /// The closed days, if they have begun.
    pub fn on_holiday(&self) -> Option<Period> {
        self.holiday.filter(|holiday| holiday.begun).map(|holiday| holiday.days)
    }

    /// What is required and not there, or was found wrong.
    pub fn missing(&self) -> Vec<PaperKind> {
        self.papers.missing(&self.required)
    }

    /// How many owners the team has (Invariant seller-3: never none).
    pub fn owners(&self) -> usize {
        let is_owner = |member: &&Member| !member.invited && member.role == VendorRole::Owner;
        self.team.values().filter(is_owner).count()
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Applied { .. } => {}
            Event::HandleMoved(moved) => self.handles.evolve(moved),
            Event::ProfileChanged(profile) => self.profile = profile.clone(),
            Event::PaperSubmitted(submission) | Event::PaperChecked(submission) => {
                self.papers.put(submission.clone());
            }
            Event::StatusChanged { to, reason, despite } => {
                (self.status, self.status_reason) = (*to, reason.clone());
                self.despite = despite.clone().or(self.despite.take());
            }
            Event::CommissionSet(rate) => self.rate = rate.clone(),
            Event::DeliveryFeeSet(fee) => {
                self.fees.insert(fee.currency, *fee);
            }
            Event::HolidayChanged { holiday } => self.holiday = *holiday,
            Event::MemberMoved { user, member: Some(member), .. } => {
                self.team.insert(user.clone(), *member);
            }
            Event::MemberMoved { user, member: None, .. } => {
                self.team.remove(user);
            }
        }
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match (&mut self.seller, event) {
            (Some(seller), event) => seller.evolve(event),
            (None, Event::Applied { applicant, profile, required, rate, at }) => {
                let owner = Member { role: VendorRole::Owner, invited: false, at: *at };
                let (reason, by) = (None, String::new());
                self.seller = Some(Box::new(Seller {
                    applicant: applicant.clone(),
                    applied_at: *at,
                    profile: profile.clone(),
                    status: Status::Applied,
                    status_reason: None,
                    despite: None,
                    required: required.clone(),
                    papers: Dossier::default(),
                    handles: Claims::default(),
                    rate: CommissionRate { rate: *rate, from: *at, reason, by },
                    fees: BTreeMap::new(),
                    holiday: None,
                    team: BTreeMap::from([(applicant.clone(), owner)]),
                }));
            }
            (None, _) => {}
        }
    }
}
