//! All who read access tokens, told through the control plane that a session is over.

use std::{sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_time::Clock;
use cell_kernel::Answer;
use cell_runtime::ephemeral::Ephemeral;
use souk_proto_fleet::{
    Planes, leader_of,
    v1::{self, EndSessionsRequest, fleet_client::FleetClient},
};
use svc_auth::effect::{EndedSession, TokenReaders};
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

/// Sessions that wait to be told; whoever ends another one waits.
const WAITING_MAX: usize = 1_000;
/// How long the control plane may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// When it is worth trying again.
const RETRY: Duration = Duration::from_secs(1);

/// A session with whoever waits until it is told.
type Waiting = (v1::EndedSession, oneshot::Sender<Result<(), Fault>>);

/// The way for those who end sessions.
pub(crate) struct Readers {
    /// None without a control plane: nobody can be told, and tokens last until they run out.
    told: Option<mpsc::Sender<Waiting>>,
    /// Through which every process of this cell knows at once.
    ephemeral: Arc<dyn Ephemeral>,
    clock: Arc<dyn Clock>,
}

/// Tells the control plane.
pub(crate) struct Telling(mpsc::Receiver<Waiting>);

/// Both ends of the way.
pub(crate) fn open(
    has_control_plane: bool,
    ephemeral: Arc<dyn Ephemeral>,
    clock: Arc<dyn Clock>,
) -> (Readers, Telling) {
    let (told, waiting) = mpsc::channel(WAITING_MAX);
    (Readers { told: has_control_plane.then_some(told), ephemeral, clock }, Telling(waiting))
}

impl Readers {
    async fn tell(&self, ended: &EndedSession) -> Result<(), Fault> {
        // What cannot be told for so long needs no telling.
        let now = self.clock.now();
        if now >= ended.tokens_until {
            return Ok(());
        }
        let (user, session) = (ended.user.as_str(), ended.session.to_string());
        self.ephemeral.end_session(user, &session, ended.tokens_until.since(now)).await;
        let Some(told) = &self.told else { return Ok(()) };
        let session = v1::EndedSession {
            user: ended.user.to_string(),
            session: ended.session.to_string(),
            tokens_until_ms: ended.tokens_until.as_millis(),
        };
        let (answer, answered) = oneshot::channel();
        let stopping = || Fault::downstream(Code::Unavailable, RETRY, "the cell is stopping");
        told.send((session, answer)).await.map_err(|_| stopping())?;
        answered.await.unwrap_or_else(|_| Err(stopping()))
    }
}

impl TokenReaders for Readers {
    fn end_session<'a>(&'a self, ended: &'a EndedSession) -> Answer<'a, ()> {
        Box::pin(self.tell(ended))
    }
}

impl Telling {
    /// Tells until the process ends. Those that come while the control plane is being told go together with the next message.
    pub(crate) async fn run(mut self, planes: Planes) {
        let mut waiting = Vec::new();
        while self.0.recv_many(&mut waiting, WAITING_MAX).await > 0 {
            let (sessions, answers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
            let why = tell(&planes, EndSessionsRequest { sessions }).await.err();
            let why = why.map(|status| status.message().to_owned());
            for answer in answers {
                let outcome = why.as_ref().map_or(Ok(()), |why| {
                    let text =
                        format!("the control plane cannot be told that a session is over: {why}");
                    Err(Fault::downstream(Code::Unavailable, RETRY, text))
                });
                // Whoever no longer waits tries again.
                let _ = answer.send(outcome);
            }
        }
    }
}

/// Tells the control plane; if another one leads, that one.
async fn tell(planes: &Planes, request: EndSessionsRequest) -> Result<(), Status> {
    let mut sent_on = false;
    loop {
        let plane = planes.current();
        let mut client = FleetClient::new(plane.channel.clone());
        let told = tokio::time::timeout(PATIENCE, client.end_sessions(request.clone())).await;
        let told = told.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
        let Err(status) = told else { return Ok(()) };
        planes.failed(&plane, &status);
        if leader_of(&status).is_none() || std::mem::replace(&mut sent_on, true) {
            return Err(status);
        }
    }
}
