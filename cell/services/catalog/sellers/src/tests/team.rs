//! The team: invitations, roles, and the owner who stays.

use std::time::Duration;

use base_time::Timestamp;
use cell_kernel::VendorRole::{Manager, Owner, Staff};

use super::{joined, leila, open_shop, tenant};
use crate::{Command, Event, Facts, Refusal, event::TeamStep, state::Member};

const FORTNIGHT: i64 = 14 * 24 * 3_600_000;

fn invited(user: &str, role: cell_kernel::VendorRole) -> Event {
    let at = Timestamp::default().after(Duration::from_hours(14 * 24));
    let member = Some(Member { role, invited: true, at });
    Event::MemberMoved { user: tenant(user), how: TeamStep::Invited, member }
}

fn left(user: &str, how: TeamStep) -> Event {
    Event::MemberMoved { user: tenant(user), how, member: None }
}

fn invite(user: &str, role: cell_kernel::VendorRole) -> Command {
    Command::Invite { user: tenant(user), role }
}

fn accept(user: &str) -> Command {
    Command::AcceptInvitation(tenant(user))
}

#[test]
fn a_user_joins_only_where_invited() {
    let none = Facts::default();
    open_shop()
        .when_knowing(&accept("users/samir"), &none)
        .refused(&Refusal::NotInvited(tenant("users/samir")))
        .when_knowing(&invite("users/samir", Staff), &none)
        .then([invited("users/samir", Staff)])
        .when_knowing(&accept("users/aya"), &none)
        .refused(&Refusal::NotInvited(tenant("users/aya")))
        .when_knowing(&accept("users/samir"), &none)
        .then([joined("users/samir", Staff)])
        .when_knowing(&accept("users/samir"), &none)
        .then_nothing()
        .when_knowing(&invite("users/samir", Manager), &none)
        .refused(&Refusal::MemberKnown(tenant("users/samir")));
}

#[test]
fn an_invitation_ends_when_its_time_is_over_even_if_its_timer_is_late() {
    let none = Facts::default();
    let due = Command::ExpireInvitation(tenant("users/samir"));
    let ended = left("users/samir", TeamStep::Expired);
    open_shop()
        .given([invited("users/samir", Staff)])
        .at(FORTNIGHT - 1)
        .when_knowing(&due, &none)
        .then_nothing()
        .at(FORTNIGHT)
        .when_knowing(&accept("users/samir"), &none)
        .refused(&Refusal::NotInvited(tenant("users/samir")))
        .when_knowing(&due, &none)
        .then([ended])
        .when_knowing(&due, &none)
        .then_nothing();
}

#[test]
fn the_timer_of_an_invitation_that_was_given_anew_changes_nothing() {
    let none = Facts::default();
    let told = open_shop()
        .given([invited("users/samir", Staff)])
        .at(5)
        .when_knowing(&invite("users/samir", Manager), &none)
        .decided()
        .0;
    told.at(FORTNIGHT)
        .when_knowing(&Command::ExpireInvitation(tenant("users/samir")), &none)
        .then_nothing()
        .when_knowing(&accept("users/samir"), &none)
        .decided()
        .1
        .unwrap();
}

#[test]
fn an_invitation_can_be_declined_and_withdrawn() {
    let none = Facts::default();
    let decline = Command::DeclineInvitation(tenant("users/samir"));
    let withdraw = Command::RemoveMember(tenant("users/samir"));
    open_shop()
        .given([invited("users/samir", Staff)])
        .when_knowing(&decline, &none)
        .then([left("users/samir", TeamStep::Declined)])
        .when_knowing(&invite("users/samir", Staff), &none)
        .then([invited("users/samir", Staff)])
        .when_knowing(&withdraw, &none)
        .then([left("users/samir", TeamStep::Withdrawn)])
        .when_knowing(&withdraw, &none)
        .refused(&Refusal::MemberUnknown(tenant("users/samir")));
}

#[test]
fn the_last_owner_can_neither_leave_nor_be_demoted_nor_removed() {
    let none = Facts::default();
    let last = Refusal::LastOwner(leila());
    let leave = Command::Leave(leila());
    let demote = Command::SetRole { user: leila(), role: Manager };
    let told = open_shop()
        .given([joined("users/samir", Manager)])
        .when_knowing(&leave, &none)
        .refused(&last)
        .when_knowing(&demote, &none)
        .refused(&last)
        .when_knowing(&Command::RemoveMember(leila()), &none)
        .refused(&last);
    let promote = Command::SetRole { user: tenant("users/samir"), role: Owner };
    let member = Some(Member { role: Owner, invited: false, at: Timestamp::default() });
    let how = TeamStep::RoleChanged;
    let promoted = Event::MemberMoved { user: tenant("users/samir"), how, member };
    told.when_knowing(&promote, &none)
        .then([promoted])
        .when_knowing(&leave, &none)
        .then([left("users/leila", TeamStep::Left)])
        .when_knowing(&Command::Leave(tenant("users/samir")), &none)
        .refused(&Refusal::LastOwner(tenant("users/samir")));
}

#[test]
fn a_team_is_bounded() {
    let crowd = (1..100).map(|n| joined(&format!("users/u{n}"), Staff));
    open_shop()
        .given(crowd)
        .when_knowing(&invite("users/one-more", Staff), &Facts::default())
        .refused(&Refusal::TeamFull);
}
