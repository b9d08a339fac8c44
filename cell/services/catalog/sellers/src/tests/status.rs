//! Every status × every command that moves it.

use base_papers::{Paper, PaperKind};
use cell_kernel::story::Story;

use super::{approved, atlas, moved, operator, papers, rule, submitted, text};
use crate::{Command, Facts, Refusal, Sellers, command::Change, state::Status};

const ALL: [Status; 6] = [
    Status::Applied,
    Status::Submitted,
    Status::Rejected,
    Status::Open,
    Status::Suspended,
    Status::Terminated,
];

/// A shop with all its papers, in this status.
fn shop(status: Status) -> Story<Sellers> {
    let way = match status {
        Status::Applied => vec![],
        Status::Submitted => vec![moved(Status::Submitted, None)],
        Status::Rejected => {
            vec![moved(Status::Submitted, None), moved(Status::Rejected, Some(text("because")))]
        }
        Status::Open => vec![moved(Status::Submitted, None), approved()],
        Status::Suspended => {
            vec![
                moved(Status::Submitted, None),
                approved(),
                moved(Status::Suspended, Some(text("because"))),
            ]
        }
        Status::Terminated => {
            vec![
                moved(Status::Submitted, None),
                approved(),
                moved(Status::Terminated, Some(text("because"))),
            ]
        }
    };
    atlas().given(papers().iter().map(submitted)).given(way).by(operator())
}

/// What a command leads to: another status, the same one, or a no.
#[derive(Debug, PartialEq)]
enum Ends {
    In(Status),
    Same,
    No,
}

fn end(status: Status, command: &Command) -> Ends {
    let (told, decided) = shop(status).when_knowing(command, &Facts::default()).decided();
    match decided {
        Err(Refusal::StatusConflict { status: said, .. }) if said == status => Ends::No,
        Err(other) => panic!("{status:?} × {command:?}: {other}"),
        Ok(events) if events.is_empty() => Ends::Same,
        Ok(_) => Ends::In(told.state().seller.as_ref().unwrap().status),
    }
}

#[test]
fn every_status_answers_every_command() {
    use Ends::{In, No, Same};
    let (submitted, rejected, open) = (Status::Submitted, Status::Rejected, Status::Open);
    let (suspended, terminated) = (Status::Suspended, Status::Terminated);
    // In the order of ALL: applied, submitted, rejected, open, suspended, terminated.
    let table = [
        (Command::Submit, [In(submitted), Same, In(submitted), No, No, No]),
        (Command::Approve { override_reason: None }, [No, In(open), No, Same, No, No]),
        (rule(Status::Rejected), [No, In(rejected), Same, No, No, No]),
        (rule(Status::Suspended), [No, No, No, In(suspended), Same, No]),
        (rule(Status::Open), [No, No, No, Same, In(open), In(open)]),
        (rule(Status::Terminated), [No, No, No, In(terminated), In(terminated), Same]),
    ];
    for (command, ends) in &table {
        for (status, expected) in ALL.iter().zip(ends) {
            assert_eq!(end(*status, command), *expected, "{status:?} × {command:?}");
        }
    }
}

#[test]
fn only_a_seller_that_has_ended_takes_no_changes_of_its_shop() {
    let changes = [
        Command::SubmitPaper(Paper::TaxNumber(text("7654321"))),
        Command::ChangeProfile(Change { city: Some(text("Fès")), ..Change::default() }),
        Command::SetDeliveryFee(base_money::Money::new(base_money::Currency::MAD, 1)),
        Command::PlanHoliday(super::days(5, 6)),
    ];
    for status in ALL {
        for command in &changes {
            let ended = status == Status::Terminated;
            let expected = if ended { Ends::No } else { Ends::In(status) };
            assert_eq!(end(status, command), expected, "{status:?} × {command:?}");
        }
    }
}

#[test]
fn only_an_open_sellers_offers_sell() {
    for status in ALL {
        let told = shop(status);
        let open = super::closed_because(&told).is_none();
        assert_eq!(open, status == Status::Open, "seller-1: {status:?}");
    }
}

#[test]
fn nobody_opens_without_what_is_required_unless_an_operator_says_why() {
    let bank = &papers()[2];
    let some = papers().into_iter().filter(|paper| paper != bank);
    let told = atlas()
        .by(operator())
        .given(some.map(|paper| submitted(&paper)))
        .given([moved(Status::Submitted, None)])
        .when_knowing(&Command::Approve { override_reason: None }, &Facts::default())
        .refused(&Refusal::RequirementsMissing(vec![PaperKind::BankAccount]));
    let why = Command::Approve { override_reason: Some(text("paid by hand until January")) };
    let told = told.when_knowing(&why, &Facts::default()).decided().0;
    let despite = told.state().seller.as_ref().unwrap().despite.clone().unwrap();
    assert_eq!(despite.missing, [PaperKind::BankAccount]);
    assert_eq!(despite.by, "users/omar as operator");
}

#[test]
fn a_submission_that_was_found_wrong_is_missing_until_there_is_another() {
    let requirement = PaperKind::CompanyNumber;
    let reject = Command::RejectPaper { requirement, reason: text("not yours") };
    let told = shop(Status::Submitted).when_knowing(&reject, &Facts::default()).decided().0;
    let told = told
        .when_knowing(&Command::Approve { override_reason: None }, &Facts::default())
        .refused(&Refusal::RequirementsMissing(vec![requirement]));
    let again = Command::SubmitPaper(papers()[0].clone());
    told.when_knowing(&again, &Facts::default())
        .then([submitted(&papers()[0])])
        .when_knowing(&again, &Facts::default())
        .then_nothing()
        .when_knowing(&Command::Approve { override_reason: None }, &Facts::default())
        .then([approved()]);
}

#[test]
fn a_vendor_that_nobody_has_applied_for_says_so_but_passes_over_what_it_hears() {
    use cell_kernel::{Caller, story::story};
    let unknown = Refusal::SellerUnknown("vendors/nobody".parse().unwrap());
    story::<Sellers>("vendors/nobody")
        .by(operator())
        .when_knowing(&Command::Submit, &Facts::default())
        .refused(&unknown)
        .by(Caller::platform("names"))
        .when_knowing(&Command::NoteHandleHeld(text("c1")), &Facts::default())
        .then_nothing()
        .when_knowing(&Command::HolidayDue, &Facts::default())
        .then_nothing();
}
