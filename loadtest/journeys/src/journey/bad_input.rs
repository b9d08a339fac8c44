//! Everything that a client can get wrong, from outside: a clear no with a code, never a failure of ours.

mod documents;
mod tokens;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::stage::{Set, Stage};
use crate::{
    http::{Api, As, Ask, list, text},
    market::Size,
    people::Buyer,
    say,
};

const SIZE: Size = Size { vendors_per_cell: 1, offers: 1, copies: 10 };

/// One thing done wrong.
struct Case {
    what: &'static str,
    ask: Ask,
    status: u16,
    /// One of these codes.
    codes: &'static [&'static str],
    /// A field that the answer must name.
    field: Option<&'static str>,
}

/// Walks the battery; true if every answer is the right no, and nobody fell over.
///
/// Errors: what could not be carried out at all.
pub async fn bad_input(stage: &Stage) -> anyhow::Result<bool> {
    let mut set = stage.set("bad-input", SIZE).await?;
    let (visitor, stranger) = (set.market.visitor_of("cell-1"), set.market.visitor_of("cell-2"));
    let mut cases = cases(&set, &visitor, &stranger).await?;
    cases.extend(tokens::cases(&set).await?);
    let ordinary = cases.len();
    cases.extend(documents::cases(&set).await?);
    say::step(format!("{} bad requests", cases.len()));
    let (api, over_http2) = (&set.market.api, set.market.api.over_http2());
    let again = cases[ordinary..].iter().map(|case| (&over_http2, case));
    let all: Vec<_> = cases.iter().map(|case| (api, case)).chain(again).collect();
    let mut wrong = 0;
    for (api, case) in &all {
        if let Err(why) = judge(api, case).await? {
            say::bad(format!("{}: {why}", case.what));
            wrong += 1;
        }
    }
    wrong += usize::from(!documents::is_kept_as_it_is(&set).await?);
    wrong += usize::from(!documents::is_heard_after_all_was_sent(&set).await?);
    wrong += usize::from(!replayed_key(&set, &visitor).await?);
    wrong += usize::from(!smuggled(&set).await?);
    wrong += usize::from(!tokens::after_sign_out(&set).await?);
    for ended in set.fleet.ended()? {
        say::bad(format!("{} ended ({})", ended.member, ended.status));
        wrong += 1;
    }
    let count = all.len() + 5;
    let verdict = format!("{} of {count} answered with the right no", count - wrong);
    say::verdict(wrong == 0, verdict);
    stage.strike(set, wrong == 0).await
}

async fn judge(api: &Api, case: &Case) -> anyhow::Result<Result<(), String>> {
    let answer = api.once(&case.ask).await?;
    let problem = answer.json();
    let kind =
        answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or_default();
    let fields: Vec<&str> =
        list(&problem, "/fields").iter().filter_map(|field| field["field"].as_str()).collect();
    let named = case.field.is_none_or(|wanted| fields.iter().any(|field| field.contains(wanted)));
    let complete = ["type", "title", "detail"]
        .iter()
        .all(|member| problem[member].as_str().is_some_and(|text| !text.is_empty()));
    let right = answer.status == case.status
        && case.codes.contains(&code)
        && kind == "application/problem+json";
    Ok(if right && named && complete {
        Ok(())
    } else {
        Err(format!(
            "{} {kind} {problem}; expected {} {:?} {:?}",
            answer.status, case.status, case.codes, case.field
        ))
    })
}

#[expect(clippy::too_many_lines, reason = "a list of what can be wrong, a line each")]
async fn cases(set: &Set, visitor: &Buyer, stranger: &Buyer) -> anyhow::Result<Vec<Case>> {
    let me = visitor.caller().await?;
    let (stall, user) = (&set.market.stalls[0], &visitor.user);
    let (vendor, offer) = (stall.vendor.name.as_str(), stall.wares[0].offer.as_str());
    let shopper = stall.vendor.owner.caller().await?;
    let seller = stall.vendor.owner.role(vendor).await?;
    let other = &set.market.stalls[1].vendor;
    let other_seller = other.owner.role(&other.name).await?;
    let add = format!("/v1/{user}/carts/main:addLine");
    let key = || set.market.keys.next();
    let raw = |body: &[u8]| {
        Ask::of(Method::POST, &add).bytes("application/json", body.to_vec()).by(&me).key(key())
    };
    let line = |quantity: Value| {
        Ask::post(&add, &json!({"vendor": vendor, "offer": offer, "quantity": quantity}))
            .by(&me)
            .key(key())
    };
    let as_whom = |caller: &As| Ask::get(format!("/v1/{user}/carts/main")).by(caller);
    let stock = |verb: &str, body: &Value, caller: &As| {
        Ask::post(format!("/v1/{vendor}/stock:{verb}"), body).by(caller).key(key())
    };
    let offered = |price: Value| {
        Ask::post(
            format!("/v1/{vendor}/offers"),
            &json!({"sku": "x-1", "product": "9789954000007", "price": price}),
        )
        .by(&seller)
        .key(key())
    };
    let forged = {
        let As::Token(token) = &shopper else { anyhow::bail!("the owner has no token") };
        let cut = token.rfind('.').map_or(0, |dot| dot + 1);
        As::Token(format!("{}{}", &token[..cut], "A".repeat(token.len() - cut)))
    };
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let huge = format!("{{\"vendor\": \"{}\"}}", "x".repeat(12 << 20));
    let case = |what, ask, status, codes, field| Case { what, ask, status, codes, field };
    let malformed: &[&str] = &["malformed_request"];
    let invalid: &[&str] = &["invalid_field"];
    let nobody: &[&str] = &["unauthenticated"];
    let forbidden: &[&str] = &["forbidden"];
    Ok(vec![
        case("no JSON", raw(b"{\"vendor\": "), 400, malformed, None),
        case("text after the JSON", raw(b"{} {}"), 400, malformed, None),
        case(
            "a list where an object belongs",
            raw(b"[]"),
            400,
            &["malformed_request", "invalid_field"],
            None,
        ),
        case("bytes that are no UTF-8", raw(b"{\"vendor\": \"\xff\xfe\"}"), 400, malformed, None),
        case("nested too deep", raw(deep.as_bytes()), 400, malformed, None),
        case("a body over the limit", raw(huge.as_bytes()), 413, &["body_too_large"], None),
        case(
            "a key given twice",
            raw(b"{\"vendor\": \"vendors/a\", \"vendor\": \"vendors/b\"}"),
            400,
            &["invalid_field", "malformed_request"],
            None,
        ),
        case(
            "a field that does not exist",
            raw(b"{\"vendor\": \"vendors/a\", \"prise\": 1}"),
            400,
            &["unknown_field"],
            Some("prise"),
        ),
        case(
            "a price of the client's own",
            raw(b"{\"vendor\": \"vendors/a\", \"price\": {\"minor\": 1}}"),
            400,
            &["unknown_field"],
            Some("price"),
        ),
        case("an object where a number belongs", line(json!({})), 400, invalid, Some("quantity")),
        case(
            "a fraction where a whole number belongs",
            line(json!(1.5)),
            400,
            invalid,
            Some("quantity"),
        ),
        case(
            "a number beyond 64 bits",
            line(json!("9223372036854775808")),
            400,
            invalid,
            Some("quantity"),
        ),
        case("a negative quantity", line(json!("-1")), 400, invalid, Some("quantity")),
        case("more than a line may have", line(json!("100")), 400, invalid, Some("quantity")),
        case(
            "the largest number there is",
            line(json!("9223372036854775807")),
            400,
            invalid,
            Some("quantity"),
        ),
        case(
            "no key on a change",
            Ask::post(&add, &json!({"vendor": vendor, "offer": offer})).by(&me),
            400,
            &["idempotency_key_missing"],
            None,
        ),
        case(
            "a key that is too long",
            Ask::post(&add, &json!({})).by(&me).key("k".repeat(300)),
            400,
            &["invalid_field", "malformed_request"],
            None,
        ),
        case(
            "an offer that does not exist",
            Ask::post(&add, &json!({"vendor": vendor, "offer": "none"})).by(&me).key(key()),
            404,
            &["offer_not_found"],
            None,
        ),
        case(
            "a name that is none",
            Ask::post(&add, &json!({"vendor": "vendors/A B", "offer": offer})).by(&me).key(key()),
            400,
            invalid,
            Some("vendor"),
        ),
        case(
            "a path that hides another",
            Ask::get("/v1/users/%2e%2e/carts/main").by(&me),
            400,
            &["malformed_request", "invalid_field"],
            None,
        ),
        case(
            "a route that does not exist",
            Ask::get(format!("/v1/{user}/treasures")).by(&me),
            404,
            &["route_unknown"],
            None,
        ),
        case(
            "a method that the route does not take",
            Ask::of(Method::DELETE, &add).by(&me),
            405,
            &["method_not_allowed"],
            None,
        ),
        case(
            "a page of less than nothing",
            Ask::get(format!("/v1/{user}/orders?pageSize=-1")).by(&me),
            400,
            invalid,
            Some("page"),
        ),
        case(
            "a page of nobody's",
            Ask::get(format!("/v1/{user}/orders?pageToken=nonsense")).by(&me),
            400,
            invalid,
            Some("page"),
        ),
        case(
            "a parameter that does not exist",
            Ask::get(format!("/v1/{user}/orders?limit=3")).by(&me),
            400,
            &["unknown_field"],
            Some("limit"),
        ),
        case("somebody else's cart", as_whom(&stranger.caller().await?), 403, forbidden, None),
        case("another shopper's token", as_whom(&shopper), 403, forbidden, None),
        case(
            "another vendor's token",
            Ask::get(format!("/v1/{vendor}/stock")).by(&other_seller),
            403,
            forbidden,
            None,
        ),
        case("a cart without a token", as_whom(&As::Nobody), 401, nobody, None),
        case("a token that is none", as_whom(&As::Token("nonsense".into())), 401, nobody, None),
        case("a token whose signature is forged", as_whom(&forged), 401, nobody, None),
        case(
            "a guest's secret that is none",
            as_whom(&As::Guest("short".into())),
            401,
            nobody,
            None,
        ),
        case(
            "a seller's token for the shopper's profile",
            Ask::get(format!("/v1/{}/profile", stall.vendor.owner.user)).by(&seller),
            403,
            forbidden,
            None,
        ),
        case(
            "a shopper's token for the seller's stock",
            Ask::get(format!("/v1/{vendor}/stock")).by(&shopper),
            403,
            forbidden,
            None,
        ),
        case(
            "a guest for the seller's stock",
            Ask::get(format!("/v1/{vendor}/stock")).by(&me),
            401,
            nobody,
            None,
        ),
        case(
            "a seller at the operators' door",
            Ask::post(format!("/v1/{vendor}:approve"), &json!({})).by(&seller).key(key()),
            403,
            forbidden,
            None,
        ),
        case(
            "stock from nowhere",
            stock("receive", &json!({"offer": offer, "quantity": "0"}), &seller),
            400,
            invalid,
            Some("quantity"),
        ),
        case(
            "more stock than there can be",
            stock("receive", &json!({"offer": offer, "quantity": "1000001"}), &seller),
            400,
            invalid,
            Some("quantity"),
        ),
        case(
            "a correction below nothing",
            stock("adjust", &json!({"offer": offer, "change": "-1000", "reason": "lost"}), &seller),
            409,
            &["stock_promised"],
            None,
        ),
        case(
            "an offer for nothing",
            offered(json!({"currency": "MAD", "minor": "0"})),
            400,
            invalid,
            Some("price"),
        ),
        case(
            "a price below nothing",
            offered(json!({"currency": "MAD", "minor": "-5"})),
            400,
            invalid,
            Some("price"),
        ),
        case(
            "a currency that does not exist",
            offered(json!({"currency": "XQX", "minor": "500"})),
            400,
            invalid,
            Some("price"),
        ),
        case(
            "a price beyond 64 bits",
            offered(json!({"currency": "MAD", "minor": "99999999999999999999"})),
            400,
            invalid,
            Some("price"),
        ),
        case(
            "a book number whose check digit is wrong",
            Ask::get("/v1/catalog/products/9789954000001").by(&me),
            400,
            invalid,
            Some("product"),
        ),
        case(
            "a checkout of an empty cart",
            Ask::post(format!("/v1/{}/checkouts", stranger.user), &json!({}))
                .by(&stranger.caller().await?)
                .key(key()),
            409,
            &["cart_empty", "cart_not_open", "checkout_cart_empty"],
            None,
        ),
        case(
            "a checkout that does not exist",
            Ask::get(format!("/v1/{user}/checkouts/none")).by(&me),
            404,
            &["not_found", "checkout_unknown"],
            None,
        ),
        case(
            "a provider's word that the provider did not say",
            Ask::post(
                format!("/v1/{user}/payments/p1:providerEvent"),
                &json!({"type": "payment_intent.succeeded"}),
            )
            .header("stripe-signature", "t=1,v1=00"),
            400,
            &["malformed_request", "invalid_field", "unauthenticated", "signature_invalid"],
            None,
        ),
        case(
            "a sign-in of nobody",
            Ask::post(
                "/v1/auth:signIn",
                &json!({"email": "nobody@post.example", "password": "wrong-password-1"}),
            ),
            401,
            &["sign_in_refused", "unauthenticated"],
            None,
        ),
    ])
}

/// The same key with another body is refused; with the same body the answer is the same, byte for byte.
async fn replayed_key(set: &Set, visitor: &Buyer) -> anyhow::Result<bool> {
    let (stall, key) = (&set.market.stalls[0], set.market.keys.next());
    let caller = visitor.caller().await?;
    let add = |quantity: &str| {
        let body = json!({"vendor": stall.vendor.name, "offer": stall.wares[0].offer, "quantity": quantity});
        Ask::post(format!("/v1/{}/carts/main:addLine", visitor.user), &body).by(&caller).key(&key)
    };
    let first = set.market.api.once(&add("1")).await?;
    let again = set.market.api.once(&add("1")).await?;
    let other = set.market.api.once(&add("2")).await?;
    let cart = visitor.read(&format!("{}/carts/main", visitor.user)).await?;
    let holds = first.status == 200
        && (first.status, &first.body) == (again.status, &again.body)
        && (other.status, other.code().as_str()) == (422, "idempotency_key_reused")
        && text(&cart, "/lines/0/quantity").is_ok_and(|quantity| quantity == "1");
    if !holds {
        say::bad(format!(
            "a key that comes back: {} {:?}, {} {:?}, {} {}, {cart}",
            first.status,
            first.body,
            again.status,
            again.body,
            other.status,
            other.code()
        ));
    }
    Ok(holds)
}

/// Two lengths for one body never reach a cell.
async fn smuggled(set: &Set) -> anyhow::Result<bool> {
    let mut stream = TcpStream::connect(set.fleet.router_plain()).await?;
    let request = "POST /v1/auth:signIn HTTP/1.1\r\nHost: souk\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 64];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer)).await??;
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    let holds = answer.starts_with("HTTP/1.1 400");
    if !holds {
        say::bad(format!("two lengths for one body: {answer}"));
    }
    Ok(holds)
}
