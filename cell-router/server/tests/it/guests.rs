//! Visitors without an account: a tenant of their own, the same at every visit.

use crate::fleet::{Fleet, bearer};

fn secret(answer: &crate::client::Answer) -> String {
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Lax; Max-Age="), "{cookie}");
    assert!(!cookie.contains("Secure"), "not configured");
    let pair = cookie.split(';').next().unwrap();
    pair.strip_prefix("souk_guest=").unwrap().to_owned()
}

#[tokio::test]
async fn a_visitor_becomes_a_guest_and_stays_the_same_one() {
    let fleet = Fleet::start(3).await;
    let first = fleet.client.get("/v1/users/me/carts/main").await;
    let secret = secret(&first);
    let tenant = base_ids::GuestSecret::parse(&secret).unwrap().tenant();
    assert_eq!(first.cell(), fleet.owner(tenant.as_str()).id.as_str());
    assert_eq!(first.json()["path"], format!("/v1/{tenant}/carts/main"));
    assert_eq!(first.told("authorization").unwrap(), format!("Guest {secret}"));

    let cookie = format!("souk_guest={secret}");
    let again = fleet.client.get_with("/v1/search", &[("cookie", &cookie)]).await;
    assert_eq!(again.told("souk-tenant").unwrap(), tenant.as_str());
    assert_eq!(again.told("authorization").unwrap(), format!("Guest {secret}"));
    assert!(!again.headers.contains_key("set-cookie"));

    let api = format!("Guest {secret}");
    let api = fleet.client.get_with("/v1/users/me", &[("authorization", &api)]).await;
    assert_eq!(api.told("souk-tenant").unwrap(), tenant.as_str());
    assert!(!api.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn two_visitors_are_two_guests_and_a_token_wins_over_the_cookie() {
    let fleet = Fleet::start(1).await;
    let (one, two) = (fleet.client.get("/").await, fleet.client.get("/").await);
    assert_ne!(secret(&one), secret(&two));
    let (cookie, authorization) = (format!("souk_guest={}", secret(&one)), bearer("users/u1"));
    let headers = [("cookie", cookie.as_str()), ("authorization", &authorization)];
    let answer = fleet.client.get_with("/v1/users/me", &headers).await;
    assert_eq!(answer.told("souk-tenant").unwrap(), "users/u1");
    assert_eq!(answer.told("authorization").unwrap(), authorization);
    assert_eq!(answer.told("cookie").unwrap(), cookie, "for the merge of the carts");
}

#[tokio::test]
async fn a_cookie_that_was_never_ours_is_replaced_and_a_bad_header_is_refused() {
    let fleet = Fleet::start(1).await;
    let answer = fleet.client.get_with("/", &[("cookie", "souk_guest=forged")]).await;
    secret(&answer);
    let answer = fleet.client.get_with("/", &[("authorization", "Guest forged")]).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (401, "unauthenticated"));
}
