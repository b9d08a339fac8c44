//! The team: invitations, roles, and the owner who stays.

use std::time::Duration;

use base_time::Timestamp;
use cell_kernel::VendorRole::{Manager, Owner, Staff};

use super::{joined, leila, open_shop, tenant};
use crate::{Command, Event, Facts, Refusal, event::InvitationEnd};

const FORTNIGHT: i64 = 14 * 24 * 3_600_000;

fn invited(user: &str, role: cell_kernel::VendorRole) -> Event {
    let until = Timestamp::default().after(Duration::from_hours(14 * 24));
    Event::MemberInvited { user: tenant(user), role, until }
}

fn invite(user: &str, role: cell_kernel::VendorRole) -> Command {
    Command::Invite { user: tenant(user), role }
}

fn accept(user: &str) -> Command {
    Command::AcceptInvitation { user: tenant(user) }
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
    let due = |until| Command::ExpireInvitation {
        user: tenant("users/samir"),
        until: Timestamp::from_millis(until),
    };
    let ended =
        Event::InvitationEnded { user: tenant("users/samir"), because: InvitationEnd::Expired };
    open_shop()
        .given([invited("users/samir", Staff)])
        .when_knowing(&due(FORTNIGHT), &none)
        .then_nothing()
        .at(FORTNIGHT)
        .when_knowing(&accept("users/samir"), &none)
        .refused(&Refusal::NotInvited(tenant("users/samir")))
        .when_knowing(&due(FORTNIGHT - 1), &none)
        .then_nothing()
        .when_knowing(&due(FORTNIGHT), &none)
        .then([ended]);
}

#[test]
fn an_invitation_can_be_declined_and_withdrawn() {
    let none = Facts::default();
    let ended = |because| Event::InvitationEnded { user: tenant("users/samir"), because };
    let decline = Command::DeclineInvitation { user: tenant("users/samir") };
    let withdraw = Command::RemoveMember { user: tenant("users/samir") };
    open_shop()
        .given([invited("users/samir", Staff)])
        .when_knowing(&decline, &none)
        .then([ended(InvitationEnd::Declined)])
        .when_knowing(&invite("users/samir", Staff), &none)
        .then([invited("users/samir", Staff)])
        .when_knowing(&withdraw, &none)
        .then([ended(InvitationEnd::Withdrawn)])
        .when_knowing(&withdraw, &none)
        .refused(&Refusal::MemberUnknown(tenant("users/samir")));
}

#[test]
fn the_last_owner_can_neither_leave_nor_be_demoted_nor_removed() {
    let none = Facts::default();
    let last = Refusal::LastOwner(leila());
    let leave = Command::Leave { user: leila() };
    let demote = Command::SetRole { user: leila(), role: Manager };
    let told = open_shop()
        .given([joined("users/samir", Manager)])
        .when_knowing(&leave, &none)
        .refused(&last)
        .when_knowing(&demote, &none)
        .refused(&last)
        .when_knowing(&Command::RemoveMember { user: leila() }, &none)
        .refused(&last);
    let promote = Command::SetRole { user: tenant("users/samir"), role: Owner };
    told.when_knowing(&promote, &none)
        .then([Event::RoleChanged { user: tenant("users/samir"), role: Owner }])
        .when_knowing(&leave, &none)
        .then([Event::MemberLeft { user: leila() }])
        .when_knowing(&Command::Leave { user: tenant("users/samir") }, &none)
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
