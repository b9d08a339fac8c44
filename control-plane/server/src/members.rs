//! Which routers and cells watch the table, and which one each of them holds. In memory only.

use std::{collections::BTreeMap, time::Duration};

use base_ids::{CellId, Epoch};
use base_time::Timestamp;
use souk_proto_fleet::v1::{TableHeld, Work, table_held};

use crate::works;

/// After this long without a stream a member is forgotten.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Router,
    Cell,
}

impl Role {
    pub(crate) fn of(role: table_held::Role) -> Option<Self> {
        match role {
            table_held::Role::Router => Some(Self::Router),
            table_held::Role::Cell => Some(Self::Cell),
            table_held::Role::Unspecified => None,
        }
    }

    /// As identities have it.
    pub(crate) fn identity(self) -> base_identity::Role {
        match self {
            Self::Router => base_identity::Role::Router,
            Self::Cell => base_identity::Role::Cell,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::Cell => "cell",
        }
    }
}

/// A member's role and name: of a pod with that of its cell, as `cell-1/0`.
pub(crate) type MemberKey = (Role, String);

/// What a member said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) admin_address: String,
    /// What it holds; 0 for none.
    pub(crate) epoch: Epoch,
    /// Whether its digest is ours for that epoch.
    pub(crate) digest_agrees: bool,
    pub(crate) last_ack: Timestamp,
    /// What it does of its cell's work; nothing of it if it is a router.
    pub(crate) works: Vec<Work>,
    /// Open streams; more than one for a moment while it reconnects.
    streams: u32,
}

impl Member {
    pub(crate) fn connected(&self) -> bool {
        self.streams > 0
    }
}

/// All members that were heard of since the control plane started.
#[derive(Debug, Default)]
pub(crate) struct Members(BTreeMap<MemberKey, Member>);

impl Members {
    /// A member opens a stream; forgets those that have been away for long.
    pub(crate) fn join(&mut self, key: &MemberKey, now: Timestamp) {
        self.0.retain(|_, member| member.connected() || now.since(member.last_ack) < FORGET_AFTER);
        self.0.entry(key.clone()).or_default().streams += 1;
    }

    /// A stream of the member has ended.
    pub(crate) fn leave(&mut self, key: &MemberKey) {
        if let Some(member) = self.0.get_mut(key) {
            member.streams = member.streams.saturating_sub(1);
        }
    }

    /// Notes what a member says that it holds.
    pub(crate) fn note(
        &mut self,
        key: &MemberKey,
        held: &TableHeld,
        digest_agrees: bool,
        now: Timestamp,
    ) {
        let member = self.0.entry(key.clone()).or_default();
        member.admin_address.clone_from(&held.admin_address);
        member.epoch = Epoch(held.epoch);
        member.digest_agrees = digest_agrees;
        member.last_ack = now;
        member.works = if key.0 == Role::Cell { works::said(held) } else { Vec::new() };
    }

    pub(crate) fn with_role(&self, role: Role) -> impl Iterator<Item = (&str, &Member)> {
        let mine = self.0.iter().filter(move |((of, _), _)| *of == role);
        mine.map(|((_, name), member)| (name.as_str(), member))
    }

    /// The pods of a cell that watch the table, by name.
    pub(crate) fn pods_of(&self, cell: &CellId) -> impl Iterator<Item = (&str, &Member)> {
        let pods = self.with_role(Role::Cell).filter(|(_, member)| member.connected());
        pods.filter_map(move |(name, member)| {
            let (of, pod) = name.split_once('/')?;
            (of == cell.as_str()).then_some((pod, member))
        })
    }

    pub(crate) fn get(&self, role: Role, name: &str) -> Option<&Member> {
        self.0.get(&(role, name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;

    use super::{Members, Role};

    #[test]
    fn a_member_that_reconnects_stays_connected_and_one_that_is_gone_for_long_is_forgotten() {
        let mut members = Members::default();
        let router = (Role::Router, "router-1".to_owned());
        members.join(&router, Timestamp::from_millis(0));
        members.join(&router, Timestamp::from_millis(1));
        members.leave(&router);
        assert!(members.get(Role::Router, "router-1").unwrap().connected());
        members.leave(&router);
        members.join(&(Role::Cell, "cell-1".into()), Timestamp::from_millis(3_600_000));
        assert!(members.get(Role::Router, "router-1").is_none());
        assert_eq!(members.with_role(Role::Cell).count(), 1);
    }
}
