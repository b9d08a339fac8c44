//! Journeys through the API, from home to home: what a person at the door does and hears.

use std::sync::atomic::Ordering;

use base_fault::Code;
use base_ids::Tenant;
use cell_kernel::{Caller, No};

use super::town::Town;
use crate::{Command, effect::Letter, wire};

const HOME: &str = "users/visitor";

fn register(town: &mut Town, email: &str) -> Result<String, No> {
    let asked = wire::RegisterRequest {
        email: email.to_owned(),
        password: "correct horse".to_owned(),
        display_name: "Leïla".to_owned(),
        locale: "fr-MA".to_owned(),
    };
    let answer: wire::RegisterResponse =
        town.call(HOME, "Register", &asked, Caller::anonymous())?;
    Ok(answer.user)
}

/// An account at users/leila, opened with the code from the mail.
fn with_account() -> (Town, wire::Tokens) {
    let mut town = Town::new();
    let asked = wire::CreateAccountRequest {
        name: "users/leila".to_owned(),
        email: "leila@example.ma".to_owned(),
        password: "correct horse".to_owned(),
        display_name: "Leïla".to_owned(),
        locale: "ar-MA".to_owned(),
    };
    let _: wire::RegisterResponse =
        town.call("users/leila", "CreateAccount", &asked, Caller::anonymous()).unwrap();
    let claim = town.account("users/leila").wish.claim.clone();
    town.hear("users/leila", &Command::NoteNameClaimed { claim });
    let asked = wire::ConfirmRegistrationRequest {
        name: "users/leila".to_owned(),
        code: town.code(),
        device: "Firefox".to_owned(),
    };
    let tokens =
        town.call("users/leila", "ConfirmRegistration", &asked, Caller::anonymous()).unwrap();
    (town, tokens)
}

fn sign_in(town: &mut Town, email: &str, password: &str) -> Result<wire::Tokens, No> {
    let asked = wire::SignInRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        device: String::new(),
    };
    town.call(HOME, "SignIn", &asked, Caller::anonymous())
}

fn request_code(town: &mut Town, email: &str, purpose: wire::CodePurpose) {
    let asked = wire::RequestCodeRequest { email: email.to_owned(), purpose: purpose.into() };
    let _: wire::RequestCodeResponse =
        town.call(HOME, "RequestCode", &asked, Caller::anonymous()).unwrap();
}

fn refresh(town: &mut Town, user: &str, token: &str) -> Result<wire::Tokens, No> {
    let asked =
        wire::RefreshSessionRequest { parent: user.to_owned(), refresh_token: token.to_owned() };
    town.call(user, "RefreshSession", &asked, Caller::anonymous())
}

fn shopper(user: &str) -> Caller {
    let user: Tenant = user.parse().unwrap();
    Caller { session: Some("s1".to_owned()), ..Caller::shopper(user) }
}

/// A no as a client sees it.
fn no<T: std::fmt::Debug>(answer: Result<T, No>) -> String {
    match answer {
        Err(No::Refused { code, status, text, .. }) => format!("{code} {} {text}", status.http()),
        Err(No::Fault(fault)) => format!("{} {fault}", fault.code().as_str()),
        Ok(answer) => unreachable!("a no was expected, not {answer:?}"),
    }
}

#[test]
fn a_registration_ends_with_the_code_from_the_mail_and_signs_in() {
    let (mut town, tokens) = with_account();
    assert_eq!(tokens.user, "users/leila");
    assert_eq!(tokens.access_token, "users/leila as shopper");
    assert_eq!(tokens.access_until_ms, 600_000);
    assert!(sign_in(&mut town, " Leila@Example.ma", "correct horse").is_ok());
}

#[test]
fn a_taken_email_gets_the_same_answer_and_its_owner_a_letter() {
    let (mut town, _) = with_account();
    let free = register(&mut town, "omar@example.ma").unwrap();
    let taken = register(&mut town, "leila@example.ma").unwrap();
    assert!(free.starts_with("users/id") && taken.starts_with("users/id"));
    let claim = town.account(&taken).wish.claim.clone();
    town.hear(&taken, &Command::NoteNameTaken { claim, confirmed: true, quiet: false });
    let letters = town.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].letter, Letter::AlreadyRegistered);
    assert_eq!(letters[0].to.as_str(), "leila@example.ma");
}

#[test]
fn who_is_not_there_who_is_wrong_and_who_is_locked_out_cannot_be_told_apart() {
    let (mut town, _) = with_account();
    let heard = |town: &mut Town, email: &str, password: &str| {
        let before = town.passwords.worked.load(Ordering::Relaxed);
        let no = no(sign_in(town, email, password));
        (no, town.passwords.worked.load(Ordering::Relaxed) - before)
    };
    let unknown = heard(&mut town, "nobody@example.ma", "correct horse");
    assert!(unknown.0.starts_with("sign_in_refused 401"), "{unknown:?}");
    assert_eq!(unknown.1, 1, "the same slow work");
    for _ in 0..5 {
        assert_eq!(heard(&mut town, "leila@example.ma", "wrong horse"), unknown);
    }
    assert_eq!(town.letters().last().map(|mail| mail.letter), Some(Letter::Locked));
    assert_eq!(heard(&mut town, "leila@example.ma", "correct horse"), unknown, "locked");
    town.at = 60_000;
    assert!(sign_in(&mut town, "leila@example.ma", "correct horse").is_ok());
}

#[test]
fn a_code_is_asked_for_and_used_from_another_home() {
    let (mut town, _) = with_account();
    town.at = 60_000;
    request_code(&mut town, "nobody@example.ma", wire::CodePurpose::SignIn);
    assert!(town.letters().is_empty());
    request_code(&mut town, "leila@example.ma", wire::CodePurpose::SignIn);
    let code = town.code();
    let with = |email: &str, code: &str| wire::SignInWithCodeRequest {
        email: email.to_owned(),
        code: code.to_owned(),
        device: String::new(),
    };
    let mut try_code = |email: &str, code: &str| -> Result<wire::Tokens, No> {
        town.call(HOME, "SignInWithCode", &with(email, code), Caller::anonymous())
    };
    let unknown = no(try_code("nobody@example.ma", &code));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(no(try_code("leila@example.ma", wrong)), unknown);
    assert!(try_code("leila@example.ma", &code).is_ok());
    assert_eq!(no(try_code("leila@example.ma", &code)), unknown, "a code works once");
}

#[test]
fn a_forgotten_password_is_replaced_and_old_sessions_end() {
    let (mut town, old) = with_account();
    town.at = 60_000;
    request_code(&mut town, "leila@example.ma", wire::CodePurpose::ResetPassword);
    let asked = wire::ResetPasswordRequest {
        email: "leila@example.ma".to_owned(),
        code: town.code(),
        new_password: "battery staple".to_owned(),
        device: String::new(),
    };
    let _: wire::Tokens = town.call(HOME, "ResetPassword", &asked, Caller::anonymous()).unwrap();
    assert_eq!(town.letters().last().map(|mail| mail.letter), Some(Letter::PasswordChanged));
    assert!(
        no(refresh(&mut town, "users/leila", &old.refresh_token)).starts_with("session_over 401")
    );
    assert!(sign_in(&mut town, "leila@example.ma", "battery staple").is_ok());
    assert!(sign_in(&mut town, "leila@example.ma", "correct horse").is_err());
}

#[test]
fn a_stolen_refresh_token_ends_the_session_for_both_and_the_owner_gets_a_letter() {
    let (mut town, first) = with_account();
    let second = refresh(&mut town, "users/leila", &first.refresh_token).unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(first.session, second.session);
    let reused = no(refresh(&mut town, "users/leila", &first.refresh_token));
    assert_eq!(reused, no(refresh(&mut town, "users/leila", &second.refresh_token)));
    assert!(town.letters().iter().any(|mail| mail.letter == Letter::SessionReused));
}

#[test]
fn tokens_of_a_session_that_was_taken_away_are_refused_everywhere() {
    let (mut town, first) = with_account();
    let second = sign_in(&mut town, "leila@example.ma", "correct horse").unwrap();
    town.at = 60_000;
    let asked = wire::RevokeSessionRequest { name: first.session.clone() };
    let _: wire::RevokeSessionResponse =
        town.call("users/leila", "RevokeSession", &asked, shopper("users/leila")).unwrap();
    assert_eq!(town.ended(), [(first.session, 660_000)], "until its last token has run out");
    let stolen = second.refresh_token.clone();
    refresh(&mut town, "users/leila", &stolen).unwrap();
    assert_eq!(town.ended(), []);
    refresh(&mut town, "users/leila", &stolen).unwrap_err();
    assert_eq!(town.ended(), [(second.session, 660_000)]);
}

#[test]
fn a_refresh_token_that_was_forged_or_is_anothers_is_worth_nothing() {
    let (mut town, tokens) = with_account();
    let forged = tokens.refresh_token.replace(".1.", ".2.");
    assert!(no(refresh(&mut town, "users/leila", &forged)).starts_with("invalid_field"));
    let others = no(refresh(&mut town, "users/omar", &tokens.refresh_token));
    assert!(others.starts_with("invalid_field"), "{others}");
    assert!(refresh(&mut town, "users/leila", &tokens.refresh_token).is_ok(), "nothing was lost");
}

#[test]
fn a_member_gets_a_token_for_the_vendor_and_nobody_else_does() {
    let (mut town, _) = with_account();
    let mut ask = |vendor: &str, caller: Caller| -> Result<wire::RoleToken, No> {
        let asked = wire::IssueVendorTokenRequest { name: vendor.to_owned() };
        town.call(vendor, "IssueVendorToken", &asked, caller)
    };
    let token = ask("vendors/atlas", shopper("users/leila")).unwrap();
    assert_eq!(token.access_token, "users/leila as vendors/atlas Manager");
    assert_eq!(token.role, "manager");
    assert!(no(ask("vendors/atlas", shopper("users/omar"))).starts_with("not_a_member 403"));
    assert!(no(ask("vendors/rif", shopper("users/leila"))).starts_with("not_a_member 403"));
    let (user, vendor) = ("users/leila".parse().unwrap(), "vendors/atlas".parse().unwrap());
    let acting = Caller::vendor(user, vendor, cell_kernel::VendorRole::Manager);
    let begotten = no(ask("vendors/atlas", Caller { session: Some("s1".to_owned()), ..acting }));
    assert!(begotten.starts_with(Code::Forbidden.as_str()), "{begotten}");
}

#[test]
fn an_operator_gets_a_token_until_the_right_is_taken_away() {
    let (mut town, _) = with_account();
    let platform = "platform/operators";
    let issue = |town: &mut Town, tenant: &str| -> Result<wire::RoleToken, No> {
        let asked = wire::IssueOperatorTokenRequest { name: tenant.to_owned() };
        town.call(tenant, "IssueOperatorToken", &asked, shopper("users/leila"))
    };
    assert!(no(issue(&mut town, platform)).starts_with("not_an_operator 403"));
    let grant = wire::GrantOperatorRequest {
        name: platform.to_owned(),
        user: "users/leila".to_owned(),
        reason: "on call".to_owned(),
    };
    let admin = || Caller::platform("admin");
    let granted: wire::Operator = town.call(platform, "GrantOperator", &grant, admin()).unwrap();
    assert!(granted.active);
    assert_eq!(issue(&mut town, platform).unwrap().access_token, "users/leila as operator");
    assert!(no(issue(&mut town, "platform/other")).starts_with("invalid_field"));
    let revoke = wire::RevokeOperatorRequest {
        name: platform.to_owned(),
        user: "users/leila".to_owned(),
        reason: "left".to_owned(),
    };
    let revoked: wire::Operator = town.call(platform, "RevokeOperator", &revoke, admin()).unwrap();
    assert!(!revoked.active);
    assert!(no(issue(&mut town, platform)).starts_with("not_an_operator 403"));
}

#[test]
fn what_is_wrong_is_told_by_field_before_anything_is_passed_on() {
    let mut town = Town::new();
    let field = |town: &mut Town, change: fn(&mut wire::RegisterRequest)| {
        let mut asked = wire::RegisterRequest {
            email: "leila@example.ma".to_owned(),
            password: "correct horse".to_owned(),
            ..Default::default()
        };
        change(&mut asked);
        let answer: Result<wire::RegisterResponse, No> =
            town.call(HOME, "Register", &asked, Caller::anonymous());
        match answer {
            Err(No::Fault(fault)) => fault.fields()[0].field.clone(),
            other => unreachable!("{other:?}"),
        }
    };
    assert_eq!(field(&mut town, |asked| asked.email = "leila".to_owned()), "email");
    assert_eq!(field(&mut town, |asked| asked.password = "short".to_owned()), "password");
    assert_eq!(field(&mut town, |asked| asked.display_name = "a\nb".to_owned()), "display_name");
    assert_eq!(field(&mut town, |asked| asked.locale = "de".to_owned()), "locale");
    assert_eq!(town.passwords.worked.load(Ordering::Relaxed), 0);
}
