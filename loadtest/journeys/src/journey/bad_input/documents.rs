//! Documents that a vendor may not send, read or name; each no is heard, over HTTP/1.1 and HTTP/2, by who listens and by who sends first.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::Case;
use crate::{
    http::{As, Ask},
    journey::stage::Set,
    people::Paper,
    say,
};

/// The most that the platform takes, in bytes.
const SIZE_MAX: usize = 20_000_000;
/// How long a client that sends all first waits for its answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A vendor and a document that it may send.
struct Desk<'s> {
    vendor: &'s str,
    owner: As,
    paper: Paper,
}

impl<'s> Desk<'s> {
    async fn of(set: &'s Set) -> anyhow::Result<Self> {
        let vendor = &set.market.stalls[0].vendor;
        let owner = vendor.owner.role(&vendor.name).await?;
        Ok(Self { vendor: &vendor.name, owner, paper: Paper::that_says("a lease", 6_000_000) })
    }

    fn sent(&self, kind: &str, body: Vec<u8>) -> Ask {
        Ask::of(Method::PUT, self.path()).bytes(kind, body).by(&self.owner)
    }

    fn path(&self) -> String {
        format!("/v1/{}", self.paper.place(self.vendor))
    }
}

/// What is wrong with each.
pub(super) async fn cases(set: &Set) -> anyhow::Result<Vec<Case>> {
    let desk = Desk::of(set).await?;
    let (vendor, owner) = (desk.vendor, &desk.owner);
    let stranger = &set.market.stalls[1].vendor;
    let stranger = stranger.owner.role(&stranger.name).await?;
    let bytes = || desk.paper.bytes.to_vec();
    let other = Paper::that_says("another lease", 6_000_000);
    let unsent = Paper::that_says("a lease that was never sent", 10);
    let named = |document: Value| {
        let paper = json!({"requirement": "PREMISES", "document": document});
        Ask::post(format!("/v1/{vendor}/submissions"), &paper).by(owner).key(set.market.keys.next())
    };
    // It is there under its hash, and the submission says something else of it.
    let sent = Paper::that_says("a lease that was sent", 10);
    set.market.api.surely(&sent.sent(vendor, owner)).await?;
    let mut differs = sent.kept(vendor);
    differs["sizeBytes"] = json!("7");
    let case = |what, ask, status, codes, field| Case { what, ask, status, codes, field };
    let invalid: &[&str] = &["invalid_field"];
    let forbidden: &[&str] = &["forbidden"];
    let nobody: &[&str] = &["unauthenticated"];
    let pdf = crate::people::PDF;
    let long = [bytes(), vec![b' '; SIZE_MAX]].concat();
    Ok(vec![
        case("a document over the limit", desk.sent(pdf, long), 413, &["body_too_large"], None),
        case("a document of nothing", desk.sent(pdf, Vec::new()), 400, invalid, Some("Length")),
        case(
            "a document under another's hash",
            desk.sent(pdf, other.bytes.to_vec()),
            400,
            invalid,
            Some("sha256"),
        ),
        case(
            "a document of a kind that is not taken",
            desk.sent("image/gif", bytes()),
            400,
            invalid,
            Some("Content-Type"),
        ),
        case(
            "a document that is not what it says",
            desk.sent("image/png", bytes()),
            400,
            invalid,
            Some("media_type"),
        ),
        case(
            "a document that is packed",
            desk.sent(pdf, bytes()).header("content-encoding", "gzip"),
            400,
            invalid,
            Some("Content-Encoding"),
        ),
        case(
            "a document whose name is no hash",
            Ask::of(Method::PUT, format!("/v1/{vendor}/documents/lease.pdf"))
                .bytes(pdf, bytes())
                .by(owner),
            400,
            invalid,
            Some("name"),
        ),
        case(
            "a document into another vendor's drawer",
            desk.paper.sent(vendor, &stranger),
            403,
            forbidden,
            None,
        ),
        case("a document from nobody", desk.paper.sent(vendor, &As::Nobody), 401, nobody, None),
        case(
            "another vendor's document",
            Ask::get(format!("/v1/{}", sent.place(vendor))).by(&stranger),
            403,
            forbidden,
            None,
        ),
        case(
            "a document that was not sent",
            Ask::get(format!("/v1/{}", unsent.place(vendor))).by(owner),
            404,
            &["not_found"],
            None,
        ),
        case(
            "a submission of a document that was not sent",
            named(unsent.kept(vendor)),
            409,
            &["seller_document_missing"],
            None,
        ),
        case(
            "a submission of a document that is something else",
            named(differs),
            409,
            &["seller_document_differs"],
            None,
        ),
    ])
}

/// After all that was refused under its name a document is not there; sent as it is it is there, for its owner and for operators, as a file.
pub(super) async fn is_kept_as_it_is(set: &Set) -> anyhow::Result<bool> {
    let desk = Desk::of(set).await?;
    let operator = set.market.operator.account.role("platform/operators").await?;
    let api = &set.market.api;
    let read = |who: &As| Ask::get(desk.path()).by(who);
    let before = api.once(&read(&desk.owner)).await?;
    let kept = api.surely(&desk.paper.sent(desk.vendor, &desk.owner)).await?;
    let mut holds = before.status == 404 && kept == desk.paper.kept(desk.vendor);
    for who in [&desk.owner, &operator] {
        let answer = api.once(&read(who)).await?;
        let says = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
        holds &= answer.status == 200
            && answer.body == desk.paper.bytes
            && says("content-disposition").is_some_and(|how| how.starts_with("attachment"))
            && says("x-content-type-options") == Some("nosniff");
    }
    if !holds {
        say::bad(format!("a document: {} before, then {kept}, and not as it was", before.status));
    }
    Ok(holds)
}

/// A client that sends all before it listens hears why it was refused.
pub(super) async fn is_heard_after_all_was_sent(set: &Set) -> anyhow::Result<bool> {
    let desk = Desk::of(set).await?;
    let As::Token(token) = &desk.owner else { anyhow::bail!("the owner has no token") };
    let mut holds = true;
    for (kind, len, expected) in [
        ("image/gif", SIZE_MAX, "HTTP/1.1 400"),
        ("image/png", SIZE_MAX, "HTTP/1.1 400"),
        ("application/pdf", SIZE_MAX + 1, "HTTP/1.1 413"),
    ] {
        let head = format!(
            "PUT {} HTTP/1.1\r\nHost: souk\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\n\r\n",
            desk.path()
        );
        let answer = tokio::time::timeout(PATIENCE, sent_first(set, &head, len)).await?;
        let heard = answer.as_ref().is_ok_and(|answer| answer.starts_with(expected));
        if !heard {
            say::bad(format!("{kind}, all sent before listening: {answer:?}, not {expected}"));
        }
        holds &= heard;
    }
    Ok(holds)
}

async fn sent_first(set: &Set, head: &str, len: usize) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(set.fleet.router_plain()).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![b'x'; len]).await?;
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}
