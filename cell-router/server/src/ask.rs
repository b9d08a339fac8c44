//! Asks a cell whether it would serve a request, before anything of the request is spent: it is held, or too large to be sent twice.

use std::time::Duration;

use base_ids::{Epoch, Generation};
use http::{HeaderMap, header};
use pingora::{
    Error, ErrorType, OkOrErr as _, OrErr as _, Result,
    connectors::{ConnectorOptions, http::Connector},
    http::RequestHeader,
    protocols::http::client::HttpSession,
    server::configuration::ServerConf,
    upstreams::peer::{HttpPeer, Peer as _},
};
use router_table::{ASK_HEADER, Hint, REFUSAL_HEADER, Refusal, Target};

/// Connections on which questions are asked; apart from those of requests, so that a question never waits for one.
pub(crate) struct Asker(Connector);

/// What the cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It would serve the request; under this generation and as of this epoch, if it says so.
    Mine(Option<Hint>),
    /// It would not.
    Refused(Refusal),
}

impl Asker {
    pub(crate) fn new(connectors: &ServerConf) -> Self {
        Self(Connector::new(Some(ConnectorOptions::from_server_conf(connectors))))
    }

    /// Asks the cell behind `peer`. `head` is that of the request as it is; an answer takes at most `patience`.
    pub(crate) async fn ask(
        &self,
        peer: &HttpPeer,
        target: &Target,
        tenant: &str,
        head: &RequestHeader,
        patience: Duration,
    ) -> Result<Word> {
        let asked = async {
            let (mut session, _) = self.0.get_http_session(peer).await?;
            session.set_read_timeout(Some(patience));
            session.write_request_header(Box::new(question(target, tenant, head)?)).await?;
            session.finish_request_body().await?;
            session.read_response_header().await?;
            let word = word(&session, target);
            while session.read_response_body().await?.is_some() {}
            if session.response_done() {
                self.0.release_http_session(session, peer, peer.idle_timeout()).await;
            }
            word
        };
        let in_time = tokio::time::timeout(2 * patience, asked).await;
        in_time.or_err(ErrorType::ReadTimedout, "the cell has not said whether it serves")?
    }
}

/// The question: the method and the path of the request, whom it is for, and no body.
fn question(target: &Target, tenant: &str, head: &RequestHeader) -> Result<RequestHeader> {
    let path = head.uri.path();
    let mut question = RequestHeader::build(head.method.clone(), path.as_bytes(), Some(8))?;
    question.insert_header(header::HOST, target.cell.as_str())?;
    question.insert_header(header::CONTENT_LENGTH, "0")?;
    question.insert_header(ASK_HEADER, "owner")?;
    question.insert_header("souk-tenant", tenant)?;
    question.insert_header("souk-generation", target.generation.0.to_string())?;
    question.insert_header("souk-epoch", target.epoch.0.to_string())?;
    if let Some(kind) = head.headers.get(header::CONTENT_TYPE) {
        question.insert_header(header::CONTENT_TYPE, kind)?;
    }
    Ok(question)
}

fn word(session: &HttpSession, target: &Target) -> Result<Word> {
    let answer = session.response_header();
    let answer = answer.or_err(ErrorType::InvalidHTTPHeader, "an answer without a head")?;
    let text = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(refusal) = text(REFUSAL_HEADER) {
        let refusal = refusal.parse::<Refusal>();
        return refusal.map(Word::Refused).map_err(|error| {
            Error::explain(ErrorType::InvalidHTTPHeader, error.to_string()).into_up()
        });
    }
    // A cell of an earlier version says something else: it refuses the request itself, if it does.
    Ok(Word::Mine(hint(&answer.headers, target)))
}

fn hint(headers: &HeaderMap, target: &Target) -> Option<Hint> {
    let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
    Some(Hint {
        cell: target.cell.clone(),
        generation: Generation(number("souk-generation")?),
        epoch: Epoch(number("souk-epoch")?),
    })
}
