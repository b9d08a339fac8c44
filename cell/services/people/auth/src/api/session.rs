//! Refreshing, listing and ending sessions.

use std::sync::Arc;

use base_fault::Fault;
use base_ids::ResourceId;
use cell_kernel::{Api, No, PageAsk, Request, ids_of};

use super::tokens;
use crate::{Auth, Ports, command::Command, view, wire};

pub(super) fn methods(api: Api<Auth>, ports: &Arc<Ports>) -> Api<Auth> {
    let reading = ports.clone();
    api.command(
        "RefreshSession",
        move |request, asked| refresh_session(&reading, request, asked),
        tokens::answering(ports),
    )
    .list("ListSessions", list_sessions)
    .command("RevokeSession", revoke_session, |_| wire::RevokeSessionResponse {})
    .command("RevokeAllSessions", revoke_all_sessions, |_| wire::RevokeAllSessionsResponse {})
}

fn refresh_session(
    ports: &Ports,
    request: &Request,
    asked: &wire::RefreshSessionRequest,
) -> Result<Command, Fault> {
    let read = ports.secret.read_refresh_token(&request.tenant, &asked.refresh_token);
    let (session, number) = read.ok_or_else(|| {
        Fault::invalid_field(
            "refresh_token",
            "is not a refresh token of this user's; sign in again",
        )
    })?;
    Ok(Command::RefreshSession { session, number })
}

async fn list_sessions(
    request: Request,
    asked: wire::ListSessionsRequest,
) -> Result<wire::ListSessionsResponse, No> {
    let ask = PageAsk::read(asked.page_size, &asked.page_token)?;
    let page = request.reading.list::<Auth, view::Sessions>(&request.tenant, "", &ask).await?;
    let current = current(&request);
    let page = page.map(|row| show(&request, &row, current.as_ref()));
    Ok(wire::ListSessionsResponse { sessions: page.rows, next_page_token: page.next_page_token })
}

fn show(
    request: &Request,
    view::SessionRow { id, session }: &view::SessionRow,
    current: Option<&ResourceId>,
) -> wire::Session {
    wire::Session {
        name: format!("{}/sessions/{id}", request.tenant),
        device: session.device.to_string(),
        proof: <&str>::from(session.proof).to_owned(),
        started_at_ms: session.family.started.as_millis(),
        refreshed_at_ms: session.family.refreshed.as_millis(),
        until_ms: session.family.until.as_millis(),
        current: current == Some(id),
    }
}

fn revoke_session(_: &Request, asked: &wire::RevokeSessionRequest) -> Result<Command, Fault> {
    let [_, session] = ids_of("name", "users/*/sessions/*", &asked.name)?;
    Ok(Command::RevokeSession { session })
}

/// Ends all sessions but the one that asks, if that is to stay; it has to be known then.
fn revoke_all_sessions(
    request: &Request,
    asked: &wire::RevokeAllSessionsRequest,
) -> Result<Command, Fault> {
    let keep = current(request).filter(|_| asked.keep_current);
    if asked.keep_current && keep.is_none() {
        let problem = "the token that asks belongs to no session; leave it out";
        return Err(Fault::invalid_field("keep_current", problem));
    }
    Ok(Command::RevokeAllSessions { keep })
}

/// The session that asks.
pub(super) fn current(request: &Request) -> Option<ResourceId> {
    request.caller.session.as_ref().and_then(|session| session.parse().ok())
}
