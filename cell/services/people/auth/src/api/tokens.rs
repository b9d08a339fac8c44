//! Writes the tokens of a session.

use std::sync::Arc;

use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use base_token::{AccessClaims, TokenAudience};
use cell_kernel::Done;

use crate::{Auth, Ports, command::Command, facts::ACCESS_FOR, wire};

/// Answers with the tokens of the session that the command started or refreshed.
pub(super) fn answering(
    ports: &Arc<Ports>,
) -> impl Fn(&Done<'_, Auth>) -> wire::Tokens + Send + Sync + 'static {
    let ports = ports.clone();
    move |done| after(&ports, done)
}

fn after(ports: &Ports, done: &Done<'_, Auth>) -> wire::Tokens {
    let id = match done.command {
        Command::Prove { start, .. } => &start.session,
        Command::RefreshSession { session, .. } => session,
        _ => unreachable!("only these commands answer with tokens"),
    };
    let session = done.state.account.as_ref().and_then(|account| account.sessions.get(id));
    let family = session.expect("a command that was carried out leaves its session").family;
    let (user, now) = (&done.asked.tenant, done.asked.at);
    let (access_token, access_until) = access(ports, user, id, TokenAudience::Shopper, now);
    let refresh_token = ports.secret.refresh_token(user, id, family.number);
    wire::Tokens {
        user: user.to_string(),
        session: format!("{user}/sessions/{id}"),
        access_token,
        access_until_ms: access_until.as_millis(),
        refresh_token: refresh_token.expose().to_owned(),
        refresh_until_ms: family.good_until().as_millis(),
    }
}

/// An access token and when it runs out. Tokens count in whole seconds.
pub(super) fn access(
    ports: &Ports,
    user: &Tenant,
    session: &ResourceId,
    audience: TokenAudience,
    now: Timestamp,
) -> (String, Timestamp) {
    let issued_at = Timestamp::from_millis(now.as_secs() * 1000);
    let (subject, session) = (user.clone(), session.to_string());
    let expires_at = issued_at.after(ACCESS_FOR);
    let claims = AccessClaims { subject, session, audience, issued_at, expires_at };
    (ports.signer.sign(&claims), expires_at)
}
