//! The laws that sellers keep, whatever is asked in whatever order.

use base_money::{Currency, Money};
use base_papers::PaperKind;
use base_time::Timestamp;
use cell_kernel::{
    VendorRole,
    story::{old_events_still_lift, replay_equals_live, story},
};
use proptest::prelude::*;
use strum::VariantNames as _;

use super::{HANDLE_NAME, OTHER_NAME, apply, operator, papers, rate, rule, tenant, terms, text};
use crate::{
    Command, Event, Facts, Sellers,
    command::Change,
    state::{Seller, Status},
};

#[test]
fn every_event_ever_written_still_reads() {
    let golden = include_str!("events.jsonl");
    let state = old_events_still_lift::<Sellers>(golden);
    let seller = state.seller.unwrap();
    assert_eq!(seller.status, Status::Open);
    assert_eq!(seller.handles.held.unwrap().wanted.as_str(), "rif");
    for kind in Event::VARIANTS {
        assert!(golden.contains(&format!("\"kind\":\"{kind}\"")), "no golden line of {kind}");
    }
}

fn any_user() -> impl Strategy<Value = base_ids::Tenant> {
    prop::sample::select(vec!["users/leila", "users/samir", "users/aya"]).prop_map(tenant)
}

fn any_role() -> impl Strategy<Value = VendorRole> {
    prop::sample::select(vec![
        VendorRole::Viewer,
        VendorRole::Staff,
        VendorRole::Manager,
        VendorRole::Owner,
    ])
}

fn any_command() -> impl Strategy<Value = Command> {
    let reason = || text::<crate::command::Reason>("because");
    let trade = prop_oneof![
        Just(apply("atlas")),
        prop::sample::select(papers().to_vec()).prop_map(Command::SubmitPaper),
        Just(Command::VerifyPaper(PaperKind::BankAccount)),
        Just(Command::RejectPaper { requirement: PaperKind::TaxNumber, reason: reason() }),
        Just(Command::Submit),
        prop::option::of(Just(reason()))
            .prop_map(|override_reason| Command::Approve { override_reason }),
        Just(rule(Status::Rejected)),
        Just(rule(Status::Suspended)),
        Just(rule(Status::Open)),
        Just(rule(Status::Terminated)),
        (0..=10_000i32).prop_map(move |points| Command::SetCommission {
            rate: rate(points),
            reason: reason()
        }),
    ];
    let days = (0..60i64, 1..30i64).prop_map(|(from, span)| super::days(from, from + span));
    let shop = prop_oneof![
        (0..500i64).prop_map(|minor| Command::SetDeliveryFee(Money::new(Currency::MAD, minor))),
        days.prop_map(Command::PlanHoliday),
        Just(Command::HolidayDue),
        Just(Command::EndHoliday),
        prop::sample::select(vec!["atlas", "rif"]).prop_map(|handle| {
            Command::ChangeProfile(Change { handle: Some(text(handle)), ..Change::default() })
        }),
    ];
    let team = prop_oneof![
        (any_user(), any_role()).prop_map(|(user, role)| Command::Invite { user, role }),
        any_user().prop_map(Command::AcceptInvitation),
        any_user().prop_map(Command::DeclineInvitation),
        any_user().prop_map(Command::ExpireInvitation),
        (any_user(), any_role()).prop_map(|(user, role)| Command::SetRole { user, role }),
        any_user().prop_map(Command::RemoveMember),
        any_user().prop_map(Command::Leave),
    ];
    prop_oneof![trade, shop, team]
}

/// What a gather would answer.
fn facts_of(command: &Command) -> Facts {
    match command {
        Command::FileApplication(_) => terms(HANDLE_NAME),
        Command::ChangeProfile(Change { handle: Some(handle), .. }) => {
            let name = if handle.as_str() == "atlas" { HANDLE_NAME } else { OTHER_NAME };
            Facts { handle: Some(tenant(name)), ..Facts::default() }
        }
        _ => Facts::default(),
    }
}

/// Names answer every question that is open, sometimes with a no.
fn answer(seller: &Seller, yes: bool) -> Vec<Command> {
    let asked = seller.handles.asked.iter();
    let claims = asked.map(|asked| asked.claim.clone());
    let answers = claims.flat_map(|claim| {
        if yes {
            vec![Command::NoteHandleKept(claim.clone()), Command::NoteHandleHeld(claim)]
        } else {
            vec![Command::NoteHandleLost(claim)]
        }
    });
    answers.collect()
}

proptest! {
    #[test]
    fn invariants_hold_whatever_is_asked(
        commands in prop::collection::vec((any_command(), any::<Option<bool>>()), 1..80)
    ) {
        let mut told = story::<Sellers>("vendors/atlas").by(operator());
        let mut now = 0;
        for (command, named) in commands {
            now += 1;
            told = told.at(now).when_knowing(&command, &facts_of(&command)).decided().0;
            let answers = match (&told.state().seller, named) {
                (Some(seller), Some(yes)) => answer(seller, yes),
                _ => Vec::new(),
            };
            for heard in answers {
                told = told.when_knowing(&heard, &Facts::default()).decided().0;
            }
            if let Some(seller) = &told.state().seller {
                keeps_its_promises(seller, Timestamp::from_millis(now))?;
            }
        }
        replay_equals_live(&told);
    }
}

fn keeps_its_promises(seller: &Seller, now: Timestamp) -> Result<(), TestCaseError> {
    prop_assert!(seller.owners() >= 1, "seller-3");
    let open = seller.closed_because().is_none();
    prop_assert!(!open || seller.status == Status::Open, "seller-1");
    prop_assert!(!open || seller.holiday.is_none_or(|holiday| !holiday.begun), "seller-1");
    for submission in seller.papers.iter() {
        let kind = submission.paper.kind();
        prop_assert_eq!(seller.papers.get(kind), Some(submission), "seller-4");
    }
    let begun = seller.holiday.filter(|holiday| holiday.begun);
    prop_assert!(begun.is_none_or(|holiday| holiday.days.from <= now), "begun before its time");
    Ok(())
}
