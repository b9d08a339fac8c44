//! Follows the sessions that are ended while access tokens of theirs may still be about.

use std::{convert::Infallible, sync::Arc, time::Duration};

use base_fault::chain;
use souk_proto_fleet::{
    Planes, leader_of,
    v1::{WatchEndedSessionsRequest, fleet_client::FleetClient},
};
use tonic::{Status, transport::Channel};

use crate::{count::Counts, proxy::Learnt};

/// How long it waits before it comes back to a control plane that has left.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows for ever. While the control plane is away, nothing more is heard, and tokens last until they run out.
pub(crate) async fn follow(
    router: String,
    planes: Planes,
    learnt: Arc<Learnt>,
    counts: Counts,
) -> Infallible {
    loop {
        let plane = planes.current();
        let mut client = FleetClient::new(plane.channel.clone());
        let ended = tokio::select! {
            Err(ended) = follow_once(&router, &mut client, &learnt, &counts) => ended,
            () = planes.left(&plane) => continue,
        };
        planes.failed(&plane, &ended);
        tracing::debug!(cause = chain(&ended), "ended sessions are not followed, trying again");
        // Who leads is asked at once.
        if leader_of(&ended).is_none() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn follow_once(
    router: &str,
    client: &mut FleetClient<Channel>,
    learnt: &Learnt,
    counts: &Counts,
) -> Result<Infallible, Status> {
    let request = WatchEndedSessionsRequest { router: router.to_owned() };
    let mut told = client.watch_ended_sessions(request).await?.into_inner();
    loop {
        let Some(word) = told.message().await? else {
            return Err(Status::unavailable("the control plane has ended the stream"));
        };
        let sessions = word.sessions.iter();
        learnt.tokens.end(sessions.map(|ended| (ended.user.as_str(), ended.session.as_str())));
        counts.sessions_ended.inc_by(word.sessions.len() as u64);
    }
}
